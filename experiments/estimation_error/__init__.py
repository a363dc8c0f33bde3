"""Error of gradient estimates against the batch, law by law, with theory: the paper's Figure 3."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from experiments._batch_groups import Group, groups
from experiments._measurements import KINDS, errors, large_coordinates, measured, predicted
from experiments._methods import KNOWN, Knowledge, MethodName, estimator
from experiments._predictions import error_covariance
from experiments._targets import Function, target
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.validation import check_count

# Up to this batch estimates are cheap, and there are more of them.
SMALL_BATCHES = 16

# All but the Gaussian complement, which law-geometry shows.
METHODS: tuple[MethodName, ...] = (
    "dap-two-stage",
    "dap-two-stage-average",
    "dap-exact",
    "sphere",
    "gaussian",
    "rademacher",
    "coordinate",
    "frame",
    "guided",
    "guided-exact",
    "importance",
    "importance-coordinates",
)


@dataclass(frozen=True)
class Config:
    """Estimates at one random point a seed, all methods with delta = 1 and the same number of queries.

    Attributes:
        functions: indefinite or definite quadratic, half of x zero; or product of coordinates, one zero.
        quadratic_dim: dimension of the quadratics, at least 2.
        product_dim: dimension of the product, at least 2.
        methods: laws and two-stage estimators; all but those told "nothing" know more than function values.
        mus: smoothing distances, at least 0; 0 is the limit mu -> 0, of the linearised function.
        batches: increasing numbers of perturbations of an estimate, even ones.
        trials: independent estimates of the largest batch a cell, and of the others above 16, at least 2;
            smaller ones have as many more as the same draws make. Frames have this many of each batch.
        threshold: tau over the largest |a_i|, in (0, 1]: the same for all methods.
        difference: forward (batch + 1 queries) or central (2 batch queries).
        alignment: cosine of the guide and the gradient, in (0, 1).
        probability: with which guided-exact probes along the gradient, in (0, 1).
        block_size: of the blocks of importance, which must divide the dimensions.
        mixing: share of the energies of importance that is spread evenly, in (0, 1].
    """

    functions: tuple[Function, ...] = ("indefinite", "definite", "product")
    quadratic_dim: int = 8
    product_dim: int = 16
    methods: tuple[MethodName, ...] = METHODS
    mus: tuple[float, ...] = (0.0, 1e-8, 1e-3)
    batches: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 128, 256, 512)
    trials: int = 1000
    threshold: float = 0.5
    difference: Literal["forward", "central"] = "forward"
    alignment: float = 0.8
    probability: float = 0.9
    block_size: int = 2
    mixing: float = 0.1

    def __post_init__(self) -> None:
        for name in ("quadratic_dim", "product_dim", "trials"):
            if check_count(getattr(self, name), name) < 2:
                raise InvalidArgument(name, getattr(self, name), "give at least 2")
        sizes = [0, *self.batches]
        if not self.batches or any(a >= b for a, b in pairwise(sizes)) or any(b % 2 for b in self.batches):
            raise InvalidArgument("batches", self.batches, "give increasing even integers of at least 2")
        if any(not (mu == 0 or 1e-12 <= mu <= 1) for mu in self.mus):
            raise InvalidArgument("mus", self.mus, "give 0 or numbers from 1e-12 to 1")
        if not 0 < self.threshold <= 1:
            raise InvalidArgument("threshold", self.threshold, "give a number above 0 and at most 1")
        dims = {self.dim(name) for name in self.functions}
        if any(dim % self.told.block_size for dim in dims) and "importance" in self.methods:
            raise InvalidArgument("block_size", self.block_size, f"give a divisor of {sorted(dims)}")
        for dim in dims:
            if "frame" in self.methods and any(b > dim and b % dim for b in self.batches):
                remedy = f"with frames of dimension {dim} those above it must be multiples of it"
                raise InvalidArgument("batches", self.batches, remedy)

    @property
    def told(self) -> Knowledge:
        """What methods are told of the gradient."""
        return Knowledge(self.alignment, self.probability, self.block_size, self.mixing)

    def dim(self, function: str) -> int:
        """Return the dimension of a function."""
        return self.product_dim if function == "product" else self.quadratic_dim


def cells(config: Config) -> list[Cell]:
    """Return a cell for each function, smoothing distance and method."""
    return [
        {"function": function, "mu": mu, "method": method}
        for function in config.functions
        for mu in config.mus
        for method in config.methods
    ]


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Measure the error of estimates g of a = grad f(x), in units of |a|^2, for each batch.

    The same seed has the same x (and the same |a_i| for both quadratics) and guide for all methods. Batches
    share draws: their points depend on each other; frames are drawn anew for each batch. Predicted is the
    limit mu -> 0, exact but for two stages (0.25% in the moments of the alignment).

    Columns:
        batch: perturbations of an estimate; queries_per_estimate: function values it takes.
        total, tau_mse, directional: mean over trials of |g - a|^2, of |(g - a)_T|^2 on the coordinates T
            with |a_i| >= tau, and of ((g - a).a)^2/|a|^2.
        total_standard_error, ...: of these means.
        predicted_total, ...: closed forms.
        large_coordinates: |T|; large_share: |a_T|^2/|a|^2.
        trials: independent estimates of the batch; dimension: of the cell.
        known: what the method is told of the gradient: "nothing" for those that can be used as they are.
    """
    function, method, mu = cell["function"], cell["method"], cell["mu"]
    shared = "product" if function == "product" else "quadratic"
    at = target(function, config.dim(function), seed.shared("point", shared))
    seen = at if mu else at.linearised()
    made = []
    for batch in config.batches:
        guide, scale = seed.shared("guide", shared), mu or 1.0
        made.append(estimator(method, at.gradient, batch, scale, config.difference, config.told, guide))
    if method == "frame":
        parts = [Group((batch,), config.trials) for batch in config.batches]
    else:
        parts = groups(config.batches, config.trials, SMALL_BATCHES)
    by_batch = dict(zip(config.batches, made, strict=True))
    found = [
        errors(
            by_batch[part.batches[-1]],
            seen,
            part.batches,
            part.trials,
            seed.stream("draws", part.batches[-1]),
        )
        for part in parts
    ]
    values = [row for part in found for row in part.values]
    columns: dict[str, object] = {
        "batch": list(config.batches),
        "queries_per_estimate": [one.queries for one in made],
    }
    means = [measured(row, at.gradient, config.threshold) for row in values]
    theory = [predicted(error_covariance(one, at.gradient), at.gradient, config.threshold) for one in made]
    for kind in KINDS:
        columns[kind] = [row[kind].value for row in means]
        columns[f"{kind}_standard_error"] = [row[kind].standard_error for row in means]
        columns[f"predicted_{kind}"] = [row[kind] for row in theory]
    large = large_coordinates(at.gradient, config.threshold)
    columns["large_coordinates"] = int(large.sum())
    columns["large_share"] = float((at.gradient[large] ** 2).sum() / (at.gradient**2).sum())
    columns |= {"dimension": at.gradient.size, "trials": [len(row) for row in values]}
    columns["known"] = KNOWN.get(method, "nothing")
    return Table(columns, queries=sum(int(part.queries.sum()) for part in found))


EXPERIMENT = Experiment(
    title="error of gradient estimates against the batch: in all, on large coordinates, along the gradient",
    presets={
        "quick": Preset(Config(trials=300, mus=(0.0, 1e-8)), seeds=3),
        "paper": Preset(Config(), seeds=10),
    },
    cells=cells,
    run=run,
    version=2,
    source="arXiv 2510.19975, Figure 3, as summarised",
)
