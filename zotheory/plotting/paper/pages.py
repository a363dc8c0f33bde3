"""Widths and fonts of the pages that figures go on."""

from dataclasses import dataclass
from typing import Any

from zotheory.errors import InvalidArgument
from zotheory.experiment.faults import choose_from


@dataclass(frozen=True)
class Page:
    """A kind of page.

    Attributes:
        width: of a column of text, in inches.
        font_size: of labels, in points: one less than that of the text.
        family: of the fonts. Both families come with matplotlib, so that every machine draws the same.
    """

    width: float
    font_size: float
    family: str

    @property
    def small_font_size(self) -> float:
        """The size of numbers at ticks, and of labels in a panel, in points."""
        return self.font_size - 1.5

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of matplotlib."""
        serif = self.family == "STIXGeneral"
        return {
            "font.family": self.family,
            "mathtext.fontset": "stix" if serif else "dejavusans",
            "font.size": self.font_size,
            "axes.labelsize": self.font_size,
            "axes.titlesize": self.font_size,
            "xtick.labelsize": self.small_font_size,
            "ytick.labelsize": self.small_font_size,
            "axes.linewidth": 0.6,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "xtick.minor.width": 0.4,
            "ytick.minor.width": 0.4,
            "xtick.major.size": 2.5,
            "ytick.major.size": 2.5,
            "xtick.minor.size": 1.5,
            "ytick.minor.size": 1.5,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.unicode_minus": True,
        }


# Widths of text in the conferences' LaTeX styles; ICML has two columns. Slides of 16:9 are 16 cm wide.
PAGES = {
    "neurips": Page(5.5, 9.0, "STIXGeneral"),
    "iclr": Page(5.5, 9.0, "STIXGeneral"),
    "icml": Page(3.25, 8.0, "STIXGeneral"),
    "beamer": Page(5.5, 9.0, "DejaVu Sans"),
}


def page_of(style: str) -> Page:
    """Return a page by name.

    Raises:
        InvalidArgument: an unknown name; the nearest ones are offered.
    """
    if style not in PAGES:
        raise InvalidArgument("style", style, choose_from(style, PAGES))
    return PAGES[style]
