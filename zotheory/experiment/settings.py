"""Configurations from text: values parsed and checked against the annotations of a frozen dataclass."""

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from zotheory.errors import InvalidArgument
from zotheory.experiment.faults import choose_from

Config = TypeVar("Config")
PLAIN = (int, float, bool, str, type(None))
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
NONE = ("none", "null")
QUOTES = ("'", '"')


def check_fields(kind: type) -> None:
    """Check that every field of a configuration can be set from text.

    Raises:
        InvalidArgument: an annotation other than int, float, bool, str, None, Literal, tuples or unions.
    """
    for name, annotation in _hints(kind).items():
        if not _is_supported(annotation):
            shown = described(annotation)
            remedy = f"{name} is a {shown}: use int, float, bool, str, None, Literal, or tuples of them"
            raise InvalidArgument(kind.__name__, name, remedy)


def plain_config(config: Any) -> dict[str, Any]:
    """Return a configuration as plain values: tuples as lists, 1 as 1.0 where the field is a float.

    Raises:
        InvalidArgument: a value that does not fit the annotation of its field, or a list without entries.
    """
    hints = _hints(type(config))
    plain = {name: fitted(getattr(config, name), hints[name], name) for name in hints}
    _require_entries(type(config), plain)
    return {name: _as_lists(value) for name, value in plain.items()}


def configured(base: Config, file: Mapping[str, Any], texts: Sequence[str]) -> Config:
    """Return a configuration with some fields replaced.

    Args:
        base: where the other fields come from.
        file: values by field, as a TOML file gives them.
        texts: "key=value", as the command line gives them; they win over the file.

    Raises:
        InvalidArgument: an unknown field (the nearest ones are offered), one given twice, a value of the
            wrong type, a list without entries, or what the configuration itself refuses.
    """
    hints = _hints(type(base))
    table = next((name for name, value in file.items() if isinstance(value, dict)), None)
    if table is not None and table not in hints:
        remedy = f"a table: write KEY = VALUE above all tables; the keys are: {', '.join(hints)}"
        raise InvalidArgument("config", f"[{table}]", remedy)
    changes = {_known(name, hints): fitted(value, hints[name], name) for name, value in file.items()}
    seen = set()
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise InvalidArgument("set", text, "write key=value")
        if _known(name, hints) in seen:
            raise InvalidArgument("set", text, f"{name} is given twice: give it once")
        seen.add(name)
        changes[name] = parsed(value, hints[name], name)
    _require_entries(type(base), changes)
    return dataclasses.replace(base, **changes)  # type: ignore[type-var]


def written(value: Any) -> str:
    """Return a plain value as `--set` takes it."""
    if isinstance(value, (list, tuple)):
        return ",".join(written(item) for item in value) + ("," if len(value) == 1 else "")
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return str(value)


def fitted(value: Any, annotation: Any, name: str) -> Any:
    """Return a value as its annotation has it: whole numbers become floats, lists tuples.

    Raises:
        InvalidArgument: it does not fit, or is not finite.
    """
    if isinstance(value, np.generic):
        value = value.item()
    origin, options = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        # The type that a value already has comes first: 1 is an int in int | float.
        for option in sorted(options, key=lambda option: option is not type(value)):
            try:
                return fitted(value, option, name)
            except InvalidArgument:
                continue
    elif origin is Literal:
        if any(value == option and type(value) is type(option) for option in options):
            return value
        if isinstance(value, str):
            raise InvalidArgument(name, value, choose_from(value, map(str, options)))
    elif origin is tuple:
        if isinstance(value, (list, tuple, np.ndarray)):
            return tuple(fitted(*pair, name) for pair in _paired(list(value), annotation, name))
    elif annotation is float:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    elif annotation in (None, type(None)):
        if value is None:
            return None
    elif type(value) is annotation:
        return value
    raise InvalidArgument(name, value, f"give {described(annotation)}")


def parsed(text: str, annotation: Any, name: str) -> Any:
    """Return the value that a text stands for; tuples are separated by commas.

    Raises:
        InvalidArgument: the text is not of that type.

    >>> parsed("1e-3,1", tuple[float, ...], "mu"), parsed("none", int | None, "limit")
    ((0.001, 1.0), None)
    """
    origin, options = get_origin(annotation), get_args(annotation)
    word = text.strip().lower()
    try:
        if origin in (Union, types.UnionType):
            # Text fits anything, so that a string is tried last; 3 is an int before it is a float.
            ranks = {type(None): 0, bool: 1, int: 2, float: 3, str: 9}
            for option in sorted(options, key=lambda option: ranks.get(option, 5)):
                try:
                    return parsed(text, option, name)
                except InvalidArgument:
                    continue
        elif origin is Literal:
            for option in options:
                if text.strip() == written(option):
                    return option
            raise InvalidArgument(name, text, choose_from(text.strip(), map(written, options)))
        elif origin is tuple:
            inner = text.strip()
            if inner[:1] + inner[-1:] in ("()", "[]"):
                inner = inner[1:-1].strip()
            items = [item.strip() for item in inner.removesuffix(",").split(",")] if inner else []
            if any(item[:1] in QUOTES and item[:1] == item[-1:] for item in items if item):
                plain = ",".join(item.strip("'\"") for item in items)
                raise InvalidArgument(name, text, f"write values with commas and no quotes: {name}={plain}")
            return tuple(parsed(*pair, name) for pair in _paired(items, annotation, name))
        elif annotation is bool:
            if word in TRUE + FALSE:
                return word in TRUE
        elif annotation in (None, type(None)):
            if word in NONE:
                return None
        elif annotation is str:
            return text
        else:
            return fitted(annotation(text), annotation, name)
    except ValueError as error:
        if isinstance(error, InvalidArgument):
            raise
    raise InvalidArgument(name, text, f"give {described(annotation)}")


def described(annotation: Any) -> str:
    """Return an annotation in words, for messages."""
    origin, options = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(described(option) for option in options)
    if origin is Literal:
        return "one of " + ", ".join(map(written, options))
    if origin is tuple:
        if len(options) == 2 and options[1] is Ellipsis:
            return f"{_several(options[0])}, separated by commas"
        return f"{len(options)} values separated by commas: {', '.join(map(described, options))}"
    words = {
        int: "an integer",
        float: "a finite number",
        bool: "true or false",
        str: "text",
        type(None): "none",
    }
    return words.get(annotation, str(annotation))


def _several(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "some of " + ", ".join(map(written, get_args(annotation)))
    words = {int: "integers", float: "finite numbers", bool: "true or false each", str: "texts"}
    return words.get(annotation, f"a list of {described(annotation)}")


def _require_entries(kind: type, values: Mapping[str, Any]) -> None:
    """Check that no list is empty: it would quietly take cells or columns away.

    Lists that are empty by default may be so.

    Raises:
        InvalidArgument: one is.
    """
    for item in dataclasses.fields(kind):
        if values.get(item.name) == () and item.default != ():
            remedy = f"give at least one: {described(_hints(kind)[item.name])}"
            raise InvalidArgument(item.name, (), remedy)


def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in dataclasses.fields(kind)}


def _known(name: str, hints: Mapping[str, Any]) -> str:
    if name not in hints:
        raise InvalidArgument("key", name, choose_from(name, hints))
    return name


def _is_supported(annotation: Any) -> bool:
    origin, options = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return all(isinstance(option, PLAIN) for option in options)
    if origin is tuple:
        inner = [option for option in options if option is not Ellipsis]
        return bool(inner) and all(
            _is_supported(option) and get_origin(option) is not tuple for option in inner
        )
    if origin in (Union, types.UnionType):
        return all(_is_supported(option) for option in options)
    return annotation in PLAIN or annotation is None


def _paired(items: list[Any], annotation: Any, name: str) -> list[tuple[Any, Any]]:
    options = get_args(annotation)
    if len(options) == 2 and options[1] is Ellipsis:
        return [(item, options[0]) for item in items]
    if len(items) != len(options):
        raise InvalidArgument(name, items, f"give {described(annotation)}")
    return list(zip(items, options, strict=True))


def _as_lists(value: Any) -> Any:
    return [_as_lists(item) for item in value] if isinstance(value, tuple) else value
