"""What the published comparisons mix with the law itself: one switch for each, and where it applies."""

from dataclasses import dataclass

PROBLEMS = ("product", "quadratic", "matrix", "mesh")

# For each switch the problems it applies to, as the published code does it -> corrected.
SWITCHES = {
    # "DAP with the estimated gradient" is aligned with the exact one -> with its own rough estimate
    "exact-gradient": ("product", "quadratic"),
    # the error of DAP is summed over the large coordinates, that of the others over more -> one threshold
    "thresholds": ("product", "quadratic"),
    # one x and one run -> several of both
    "one-point": PROBLEMS,
    # Rademacher and coordinate run as the uniform law -> as themselves
    "dead-branches": ("matrix", "mesh"),
    # uniform (normalised by rows) and DAP have delta = rows, the others 1 -> all have delta = rows
    "rows-delta": ("matrix", "mesh"),
    # DAP is aligned with an estimate from one probe -> from several
    "one-probe": ("matrix",),
    # DAP's component along that estimate has length 1 -> the length sqrt(delta) of a delta-unbiased law
    "aligned-length": ("matrix",),
    # DAP takes more function values a step -> all take as many
    "more-queries": ("matrix", "mesh"),
    # DAP's step is its second stage -> the mean over all of its differences
    "second-stage": ("matrix",),
    # the branch that aligns is not reached: DAP is uniform with twice the draws -> it is reached
    "aligned-never": ("mesh",),
}
PUBLISHED, CORRECTED = "published", "all"


@dataclass(frozen=True)
class Setting:
    """Which switches are as in the published code.

    Attributes:
        published: their names.
    """

    published: frozenset[str]

    def keeps(self, switch: str) -> bool:
        """Whether a switch is as published."""
        if switch not in SWITCHES:
            raise KeyError(switch)
        return switch in self.published


def settings(problem: str) -> dict[str, Setting]:
    """Return by name: the published setting, each switch corrected alone, and all corrected."""
    every = frozenset(switch for switch, problems in SWITCHES.items() if problem in problems)
    alone = {switch: Setting(every - {switch}) for switch in SWITCHES if switch in every}
    return {PUBLISHED: Setting(every), **alone, CORRECTED: Setting(frozenset())}
