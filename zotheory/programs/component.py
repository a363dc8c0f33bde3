"""A piece of a contact set."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Component:
    """A piece of the contact set: v in the sum of some eigenspaces, at one length.

    Attributes:
        blocks: indices of the eigenspaces that v may lie in.
        norm: |v|^2 there; None if only ``along`` is fixed.
        along: s = (a.v)^2 / |a|^2 if it is fixed too, else None.
    """

    blocks: tuple[int, ...]
    norm: Fraction | None
    along: Fraction | None = None
