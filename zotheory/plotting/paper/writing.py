"""Writing a figure: the drawing, its numbers, and its caption."""

from collections.abc import Sequence
from pathlib import Path

from zotheory.errors import InvalidArgument
from zotheory.experiment.faults import choose_from
from zotheory.experiment.request import counted
from zotheory.plotting.formats import SUFFIXES
from zotheory.plotting.paper.figure import PaperFigure
from zotheory.plotting.paper.pages import page_of
from zotheory.plotting.paper.panels import Kind, Panel, csv_of
from zotheory.plotting.paper.source import Source

FORMATS = tuple(suffix[1:] for suffix in SUFFIXES)
DEFAULT_FORMATS, DEFAULT_STYLE = ("pdf", "png"), "neurips"


def parsed_formats(text: str) -> tuple[str, ...]:
    """Return formats of a list such as "pdf,png".

    Raises:
        InvalidArgument: an unknown format (the nearest ones are offered), or none.
    """
    formats = tuple(
        dict.fromkeys(word.strip().lower().lstrip(".") for word in text.split(",") if word.strip())
    )
    for item in formats:
        if item not in FORMATS:
            raise InvalidArgument("format", item, choose_from(item, FORMATS))
    if not formats:
        raise InvalidArgument("format", text, f"give some of {', '.join(FORMATS)}, with commas between")
    return formats


def require_writable_folder(folder: Path) -> None:
    """Make a folder, and check that files can be written to it.

    Raises:
        InvalidArgument: they cannot.
    """
    probe = folder / ".zotheory-figures"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        remedy = f"{folder} cannot be written ({error.strerror}); give another folder"
        raise InvalidArgument("out", folder.name, remedy) from error


def write_figure(
    figure: PaperFigure,
    source: Source,
    folder: str | Path,
    formats: Sequence[str] = DEFAULT_FORMATS,
    style: str = DEFAULT_STYLE,
) -> list[Path]:
    """Write NAME.csv with all plotted numbers, NAME.md with the caption, and NAME.FORMAT for each format.

    The same results give the same bytes, with the same version of matplotlib.

    Raises:
        InvalidArgument: an unknown style or format, or a folder that cannot be written.
    """
    from zotheory.plotting.paper.drawing import draw
    from zotheory.plotting.plane import save

    page, chosen, folder = page_of(style), parsed_formats(",".join(formats)), Path(folder)
    require_writable_folder(folder)
    panels = figure.panels(source)
    drawn = draw(figure, panels, page)
    paths = [folder / f"{figure.name}.{suffix}" for suffix in (*chosen, "csv", "md")]
    for path in paths[:-2]:
        save(drawn, path)
    for path, text in zip(paths[-2:], (csv_of(panels), caption(figure, panels, source)), strict=True):
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            remedy = f"cannot be written ({error.strerror}); give another folder"
            raise InvalidArgument("out", str(path), remedy) from error
    return paths


def caption(figure: PaperFigure, panels: Sequence[Panel], source: Source) -> str:
    """Return the caption as Markdown: what is shown, what was measured, and how to measure it again."""
    facts = " ".join(figure.facts(source))
    kinds = {series.kind for panel in panels for series in panel.series}
    read = [text for kind, text in _READING.items() if kind in kinds]
    intervals = any(
        (series.high == series.high).any()  # type: ignore[union-attr]
        for panel in panels
        for series in panel.series
        if series.kind in (Kind.MEASURED, Kind.RUN)
    )
    reading = f"{'; '.join(read)}." if read else ""
    if intervals and "95%" not in facts:  # else the figure says which of them are no more than ranges
        reading += " Intervals: 95%."
    seeds = counted(source.seeds, "seed")
    commits = f", at commit {', '.join(source.commits)}" if source.commits else ""
    others = ", and others told here" if Kind.TOLD in kinds else ""
    made = (
        f"Measured by `{source.command}` ({seeds}, {source.results.queries} function values{commits}). "
        f"Plotted numbers{others}: `{figure.name}.csv`."
    )
    paragraphs = [f"**{figure.title}.** {facts}", f"{reading[:1].upper()}{reading[1:]}", made]
    if figure.table is not None:
        paragraphs.append(_markdown(figure.table(source)))
    return "\n\n".join(text for text in paragraphs if text) + "\n"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    head, *others = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *others])


_READING = {
    Kind.MEASURED: "points are measured",
    Kind.RUN: "curves with bands are measured",
    Kind.SAMPLES: "dots are single draws or runs",
    Kind.THEORY: "lines are theory",
    Kind.MARK: "open marks are predicted by theory",
}
