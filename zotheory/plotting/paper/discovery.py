"""Finding figures by path: files that define `FIGURE`."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from zotheory.errors import InvalidArgument, ZotheoryError
from zotheory.experiment.faults import choose_from
from zotheory.ledger.faults import line_in, name_and_message
from zotheory.ledger.loading import import_root, neighbours_importable, quiet
from zotheory.plotting.paper.figure import PaperFigure

DEFAULT_FOLDER = Path("paper_figs")


class FigureError(ZotheoryError):
    """A figure that cannot be loaded, or that raises when it is drawn."""


def find_figures(folder: str | Path = DEFAULT_FOLDER) -> dict[str, Path]:
    """Return the files of the figures by name, sorted; "law_geometry.py" is named "law-geometry".

    Args:
        folder: every Python file in it is a figure, except where its name begins with "_" or ".".

    Raises:
        InvalidArgument: no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        remedy = f"{folder} is not a folder here; change to the folder that holds it, or give --folder"
        raise InvalidArgument("folder", folder.name, remedy)
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith(("_", ".")))
    return {path.stem.replace("_", "-"): path for path in files}


def load_figure(name: str, folder: str | Path = DEFAULT_FOLDER) -> PaperFigure:
    """Return a figure.

    Raises:
        InvalidArgument: no figure of this name (the nearest ones are offered), or no such folder.
        FigureError: its file raises, or defines no `FIGURE`.
    """
    found = find_figures(folder)
    if name not in found:
        raise InvalidArgument("figure", name, choose_from(name, found))
    file = found[name]
    try:
        with neighbours_importable(file), quiet():
            module = _execute(file)
    except (Exception, SystemExit) as error:
        raise FigureError(described(error, file)) from error
    figure = getattr(module, "FIGURE", None)
    if not isinstance(figure, PaperFigure):
        raise FigureError(f"{file}: defines no FIGURE: end it with FIGURE = PaperFigure(...)")
    return figure.named(name)


def described(error: BaseException, file: Path) -> str:
    """Return where a file of a figure raised what."""
    line = line_in(error, file.resolve())
    where = f"line {line}: " if line else ""
    return f"{file}: {where}{name_and_message(error)}; correct the file"


def _execute(file: Path) -> ModuleType:
    _, package = import_root(file)
    # A name of its own keeps a file outside of packages apart from modules of the same name.
    name = f"{package}.{file.stem}" if package else f"{file.stem}__figure"
    spec = importlib.util.spec_from_file_location(name, file.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
