"""How figures name, colour and mark laws and estimators: the same everywhere."""

from dataclasses import dataclass

from zotheory.plotting.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    INDIGO,
    OLIVE,
    ORANGE,
    PINK,
    SKY,
    VERMILLION,
    WINE,
)


@dataclass(frozen=True)
class Look:
    """How a law is drawn.

    Attributes:
        name: in labels.
        color: of its series.
        marker: of its points.
    """

    name: str
    color: str
    marker: str


SPHERE = Look("sphere", BLUE, "o")
GAUSSIAN = Look("Gaussian", SKY, "s")
RADEMACHER = Look("Rademacher", GREEN, "^")
COORDINATE = Look("coordinate", PINK, "v")
FRAME = Look("frame", BLACK, "p")
ALIGNED = Look("DAP, exact", VERMILLION, "D")
ALIGNED_GAUSSIAN = Look("DAP, exact, normal", ORANGE, "d")
SECOND = Look("DAP, stage 2 only", ORANGE, "P")
AVERAGED = Look("DAP, both stages", WINE, "X")
TWO_ATOM = Look("two atoms, exact", INDIGO, "*")
GUIDED = Look("guided", GREY, "h")
IMPORTANCE = Look("importance", OLIVE, "<")
IMPORTANCE_COORDINATES = Look("importance, per entry", PINK, ">")

# Experiments have names of their own for the same thing.
LOOKS = {
    "sphere": SPHERE,
    "gaussian": GAUSSIAN,
    "rademacher": RADEMACHER,
    "coordinate": COORDINATE,
    "frame": FRAME,
    "orthonormal": FRAME,
    "dap-exact": ALIGNED,
    "aligned-exact": ALIGNED,
    "dap-exact-gaussian": ALIGNED_GAUSSIAN,
    "dap-two-stage": SECOND,
    "two-stage-refined": SECOND,
    "aligned-two-stage": SECOND,
    "dap-two-stage-average": AVERAGED,
    "two-stage-combined": AVERAGED,
    "aligned-averaged": AVERAGED,
    "guided-exact": TWO_ATOM,
    "two-atom-exact": TWO_ATOM,
    "guided": GUIDED,
    "importance": IMPORTANCE,
    "importance-coordinates": IMPORTANCE_COORDINATES,
}


def look(name: str) -> Look:
    """Return how a law is drawn; grey, by its own name, where it is not known here."""
    return LOOKS.get(name, Look(name, GREY, "o"))
