"""What the published comparisons mix with the law itself: one switch for each, and where it applies.

As summarised: the prompt's trainer (here `matrix`), a notebook (product, quadratic) and the mesh's code.
"""

from dataclasses import dataclass

PROBLEMS = ("product", "quadratic", "matrix", "mesh")

# For each switch the problems it applies to, as the published code does it -> corrected.
SWITCHES = {
    # DAP is aligned with the exact gradient, on the product even where the label says "estimated" -> with
    # its own rough estimate
    "exact-gradient": ("product", "quadratic"),
    # the error of DAP is summed over the large coordinates, that of the others over more -> one threshold
    "thresholds": ("product", "quadratic"),
    # half of x (quadratic), or one coordinate (product), is zero, and so is most of the gradient -> none
    "sparse-point": ("product", "quadratic"),
    # a quadratic with weights of both signs -> with positive ones
    "indefinite": ("quadratic",),
    # mu = 1e-8 -> a larger one
    "tiny-mu": ("product", "quadratic"),
    # one x and one run (and for the mesh the regular one) -> several of both (and jittered ones)
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
    # DAP's estimate is its second stage -> the mean over all of its differences. Alone it changes nothing
    # on product and quadratic, where DAP has one stage if it is told the gradient, nor on the mesh, where
    # the stages are not reached.
    "second-stage": PROBLEMS,
    # the branch that aligns is not reached: DAP is uniform with twice the draws -> it is reached
    "aligned-never": ("mesh",),
}
# Confounds of the published code that the published setting here leaves out; shown added to it.
ADDED = {
    # the loss triangulates the vertices anew, and jumps at the regular mesh: at a small mu the differences
    # are so large that almost no step is taken, with any law, so it comes with a larger mu
    "re-triangulated": ("mesh",),
    # that larger mu alone, with the loss that does not jump
    "jumping-mu": ("mesh",),
}
# Switches that are also shown as the only one left as published: second-stage acts only where DAP estimates
# its direction, and sparse gradients are where DAP is said to be best.
LAST = ("sparse-point", "second-stage")
PUBLISHED, CORRECTED, ALL_BUT = "published", "all", "all-but-"


@dataclass(frozen=True)
class Setting:
    """Which switches are as in the published code.

    Attributes:
        published: their names.
    """

    published: frozenset[str]

    def keeps(self, switch: str) -> bool:
        """Whether a switch is as published."""
        if switch not in SWITCHES and switch not in ADDED:
            raise KeyError(switch)
        return switch in self.published


def settings(problem: str) -> dict[str, Setting]:
    """Return by name the settings of a problem.

    The published one; what is added to it; each switch corrected alone; all corrected but one; and all.
    """
    every = frozenset(switch for switch, problems in SWITCHES.items() if problem in problems)
    added = {name: Setting(every | {name}) for name, problems in ADDED.items() if problem in problems}
    alone = {switch: Setting(every - {switch}) for switch in SWITCHES if switch in every}
    last = {f"{ALL_BUT}{switch}": Setting(frozenset({switch})) for switch in LAST if switch in every}
    return {PUBLISHED: Setting(every), **added, **alone, **last, CORRECTED: Setting(frozenset())}
