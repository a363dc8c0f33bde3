"""One image, what methods made of it within the cube, and the changes."""

import numpy as np
from numpy.typing import NDArray

from paper_figs._attack import NAMES
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source
from zotheory.plotting.style import BLUE, VERMILLION, number

SIDE = 28
METHODS = ("zo-sgd", "zo-signsgd", "r-adazo", "guided")
MOST = 3
# Ink and changes are drawn in this many shades.
SHADES = 4
INK = ("#C8C8C8", "#8C8C8C", "#505050", "#000000")


def methods(source: Source) -> list[str]:
    """Return the methods that are shown: those measured, three at most."""
    return [name for name in METHODS if name in source.config.methods][:MOST]


def pictured(source: Source) -> tuple[int, int, NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Return image, digit, pixels, and the changed pixels of each method that was kept for it.

    The image is the first that most of the methods changed.
    """
    config = source.config
    results = source.results.where(
        norm=config.norms[0], targeted=config.targeted[0], rate_of="tuned", seed=0
    )
    kept: dict[int, dict[str, NDArray[np.float64]]] = {}
    originals: dict[int, tuple[int, NDArray[np.float64]]] = {}
    for method in methods(source):
        rows = results.where(method=method, law="sphere")
        columns = (rows[name].tolist() for name in ("image", "label", "original", "picture"))
        for image, label, original, picture in zip(*columns, strict=True):
            if picture:
                kept.setdefault(image, {})[method] = _pixels(picture)
                originals[image] = (label, _pixels(original))
    if not kept:
        return -1, -1, np.zeros((SIDE, SIDE)), {}
    image = max(kept, key=lambda one: (len(kept[one]), -one))
    return image, *originals[image], kept[image]


def panels(source: Source) -> list[Panel]:
    """Return the image, what it became, and the changes."""
    _, label, original, found = pictured(source)
    title = f"before: a {label}" if label >= 0 else "no success"
    images = [_panel(NAMES[name], _ink(picture)) for name, picture in found.items()]
    changes = [
        _panel(f"{NAMES[name]}, change", _change(picture - original)) for name, picture in found.items()
    ]
    # The changes stand below what they lead to where a row holds four panels.
    return [*images, _panel(title, _ink(original)), *changes]


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    image, label, original, found = pictured(source)
    config = source.config
    norm, targeted = config.norms[0], config.targeted[0]
    budget = f"{config.radius(norm, targeted):g}"
    most = f"no pixel by more than {budget}" if norm == "linf" else f"no change longer than {budget}"
    said = [
        f"Held-out image {image}, which the network reads as {label}, and the first image of each attack "
        f"that it reads otherwise ({most}, in units of a pixel's range).",
        "Ink is drawn in four shades; changes of at least a twentieth of the range, brighter in orange "
        "and darker in blue.",
    ]
    for method, picture in found.items():
        change = picture - original
        said.append(
            f"{NAMES[method]}: length {number(float(np.linalg.norm(change)))}, largest change "
            f"{number(float(np.abs(change).max()))}."
        )
    return said


def _pixels(text: str) -> NDArray[np.float64]:
    return np.frombuffer(bytes.fromhex(text), np.uint8).reshape(SIDE, SIDE) / 255


def _ink(picture: NDArray[np.float64]) -> list[Series]:
    level = np.ceil(picture * SHADES - 0.5)
    return [
        _pixels_of(f"ink {shade / SHADES:g}", level == shade, INK[shade - 1])
        for shade in range(1, SHADES + 1)
        if (level == shade).any()
    ]


def _change(change: NDArray[np.float64]) -> list[Series]:
    parts = {"brighter": (change >= 0.05, VERMILLION), "darker": (change <= -0.05, BLUE)}
    return [_pixels_of(name, where, color) for name, (where, color) in parts.items() if where.any()]


def _pixels_of(name: str, where: NDArray[np.bool_], color: str) -> Series:
    rows, columns = np.nonzero(where)
    return Series(name, Kind.MEASURED, columns, SIDE - 1 - rows, color, marker="s")


def _panel(title: str, series: list[Series]) -> Panel:
    empty = Series("nothing", Kind.MEASURED, [np.nan], [np.nan], BLUE)
    limits = (-0.7, SIDE - 0.3)
    shown = series or [empty]
    return Panel(title, "column", "row, from below", shown, x_limits=limits, y_limits=limits, square=True)


FIGURE = PaperFigure(
    experiment="black-box-attack",
    title="An image, attacked",
    panels=panels,
    facts=facts,
    columns=4,
    narrowest=0.75,
    height=1.0,
)
