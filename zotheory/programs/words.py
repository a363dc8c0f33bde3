"""The contact set in words."""

from fractions import Fraction

from zotheory.programs.component import Component
from zotheory.programs.program import Program

LONGEST = 10**12
# So many pieces of a contact set are written out.
LISTED = 6


def describe(
    program: Program, components: tuple[Component, ...], tight: tuple[str, ...], attained: bool
) -> str:
    """Return the necessary and sufficient condition for optimality as a sentence."""
    parts = [_component(program, component) for component in components[:LISTED]]
    left = len(components) - len(parts)
    if left:
        parts.append(f"one of {left} more cases like these, listed in the components")
    condition = ", or ".join(parts)
    words = {
        "fourth_moment": "the fourth-moment budget is used up",
        "nonnegative_covariance": "Cov(s, t) = 0",
    }
    extra = "".join(f", and {words[name]}" for name in tight)
    if not attained:
        return (
            f"No law is optimal: the contact set is {condition} (almost surely), which cannot have "
            f"E[v v^T] = delta I; the value is an infimum, approached as a vanishing mass carries the "
            f"missing energy to infinity."
        )
    return f"A feasible law is optimal if and only if almost surely {condition}{extra}."


def _component(program: Program, component: Component) -> str:
    if component.along is not None:
        text = f"s = (a.v)^2/|a|^2 = {_number(component.along)}"
        if component.norm is not None:
            text += f" and |v|^2 = {_number(component.norm)}"
        return text
    assert component.norm is not None
    length = f"|v|^2 = {_number(component.norm)}"
    if len(component.blocks) == len(program.blocks):
        return length
    return f"{_space(program, component.blocks)} with {length}"


def _space(program: Program, blocks: tuple[int, ...]) -> str:
    if program.knowledge == "prior":
        values = ", ".join(_number(program.blocks[i].weight) for i in blocks)
        space = "eigenspace" if len(blocks) == 1 else "span of the eigenspaces"
        return f"v lies in the {space} of A for {values}"
    name = "the gradient" if program.knowledge == "known" else "the guide"
    return f"v is parallel to {name}" if blocks == (0,) else f"v is orthogonal to {name}"


def _number(x: Fraction) -> str:
    # Python refuses to write out integers of more than a few thousand digits.
    exact = str(x) if x.denominator < LONGEST and abs(x.numerator) < LONGEST else ""
    return exact if 0 < len(exact) <= 12 else f"{float(x):.12g}"
