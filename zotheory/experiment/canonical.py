"""Canonical spellings: the same values always give the same text, and so the same key."""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from zotheory.experiment.faults import ExperimentError


def spelled(value: Any) -> str:
    """Return plain values as text: JSON with sorted keys and shortest floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def digest(value: Any) -> str:
    """Return the SHA-256 of plain values, in hexadecimal digits."""
    return hashlib.sha256(spelled(value).encode("ascii")).hexdigest()


def plain_cell(cell: Any) -> dict[str, Any]:
    """Return a cell with numpy's scalars as Python's.

    Raises:
        ExperimentError: not a mapping from names to finite numbers, strings, booleans and None.
    """
    if not isinstance(cell, Mapping) or not cell:
        raise ExperimentError(f"cell {cell!r:.80}: give a mapping from names to plain values")
    plain = {}
    for name, value in cell.items():
        item = value.item() if isinstance(value, np.generic) else value
        finite = not isinstance(item, float) or math.isfinite(item)
        if not isinstance(name, str) or not isinstance(item, (str, int, float, type(None))) or not finite:
            raise ExperimentError(
                f"cell value {name!r}: {value!r:.60}: give a finite number, a string, a boolean or None"
            )
        plain[name] = item
    return plain


def configuration_key(experiment: str, version: int, config: Mapping[str, Any]) -> str:
    """Return the key of a configuration: sixteen hexadecimal digits."""
    return digest({"experiment": experiment, "version": version, "config": config})[:16]


def cell_key(configuration: str, cell: Mapping[str, Any], seed: int) -> str:
    """Return the key of a cell at one seed: thirty-two hexadecimal digits."""
    return digest({"configuration": configuration, "cell": cell, "seed": seed})[:32]
