"""Finding experiments by path: folders whose `__init__.py` defines `EXPERIMENT`."""

import ast
import hashlib
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

from zotheory.errors import InvalidArgument
from zotheory.experiment.experiment import Experiment
from zotheory.experiment.faults import ExperimentError, choose_from
from zotheory.ledger.faults import line_in, name_and_message
from zotheory.ledger.loading import import_root, neighbours_importable, quiet
from zotheory.ledger.sources import _imported as imported
from zotheory.ledger.sources import _located as located

DEFAULT_FOLDER = Path("experiments")


def find(folder: str | Path = DEFAULT_FOLDER) -> dict[str, Path]:
    """Return the folders of the experiments by name, sorted; "law_geometry" is named "law-geometry".

    Args:
        folder: every folder in it that has an `__init__.py` is an experiment, except where its name begins
            with "_" or ".".

    Raises:
        InvalidArgument: no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        remedy = f"{folder} is not a folder here; change to the folder that holds it, or give --folder"
        raise InvalidArgument("folder", folder.name, remedy)
    inside = sorted(path.parent for path in folder.glob("*/__init__.py"))
    return {path.name.replace("_", "-"): path for path in inside if not path.name.startswith(("_", "."))}


def load(name: str, folder: str | Path = DEFAULT_FOLDER) -> Experiment:
    """Return an experiment.

    Raises:
        InvalidArgument: no experiment of this name (the nearest ones are offered), or no such folder.
        ExperimentError: its file raises, or defines no `EXPERIMENT`.
    """
    found = find(folder)
    if name not in found:
        raise InvalidArgument("experiment", name, choose_from(name, found))
    file = found[name] / "__init__.py"
    _, package = import_root(file)
    try:
        with neighbours_importable(file), quiet():
            experiment = getattr(importlib.import_module(package), "EXPERIMENT", None)
    except (Exception, SystemExit) as error:
        line = line_in(error, file.resolve())
        where = f"line {line}: " if line else ""
        raise ExperimentError(f"{file}: {where}{name_and_message(error)}; correct the file") from error
    if not isinstance(experiment, Experiment):
        raise ExperimentError(f"{file}: defines no EXPERIMENT: end it with EXPERIMENT = Experiment(...)")
    return experiment.named(name, str(found[name].resolve()), _code_digest(found[name]))


def modules_below(folder: Path) -> list[ModuleType]:
    """Return the imported modules whose files lie below a folder."""
    start = f"{folder.resolve()}{os.sep}"
    modules = list(sys.modules.values())
    return [module for module in modules if (getattr(module, "__file__", None) or "").startswith(start)]


def own_files(folder: Path) -> list[Path]:
    """Return an experiment's files and what they import, at any remove, beside its folder; sorted."""
    file = (folder / "__init__.py").resolve()
    root, _ = import_root(file)
    reached, waiting = set(), [*file.parent.rglob("*.py")]
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        for module in imported(ast.parse(path.read_bytes())):
            found = located(module, path, root)
            waiting += [other for other in found if other.resolve().is_relative_to(file.parent.parent)]
    return sorted(reached)


def _code_digest(folder: Path) -> str:
    """Return a hash of an experiment's own files."""
    text, above = hashlib.sha256(), folder.resolve().parent
    for path in own_files(folder):
        text.update(f"{path.relative_to(above).as_posix()} ".encode())
        text.update(hashlib.sha256(path.read_bytes()).digest())
    return text.hexdigest()[:16]
