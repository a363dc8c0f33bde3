"""What can be set in attacks, with ranges."""

from dataclasses import dataclass

from experiments._problem_attack import EPOCHS, Norm
from experiments.black_box_attack.methods import OWN_RATES, LawName, MethodName
from zotheory.errors import InvalidArgument
from zotheory.validation import check_count

MOST_TUNING, MOST_IMAGES = 100, 700


@dataclass(frozen=True)
class Config:
    """Attacks by forward differences, delta = 1; every method takes equally many queries a step.

    Each seed has a network of its own, trained on 4000 images of MNIST and attacked on others.

    Attributes:
        methods: compared, with the law "sphere" and others. "zo-sgd", "momentum-sgd", "zo-signsgd",
            "zo-adamm", "r-adazo", "r-adazo-code", "dap" (both stages), "dap-published" (stage 2 alone),
            "guided", "mezo-bcd-cyclic", "mezo-bcd-importance" (four bands of rows); beyond the default ones
            "mezo-bcd-uniform", "guided-es", "dap-momentum" (aligned with the momentum, no first stage).
        laws: besides the sphere, in every method in which they make a difference (`methods.admits`):
            "gaussian", "rademacher", "coordinate", "block" (a band of seven rows), "low-rank".
        norms: of the changes: "linf", "l2".
        targeted: False for any wrong answer, True for one that is drawn.
        shared_rates: whether to compare R-AdaZO with ZO-AdaMM and ZO-SGD also at one learning rate, in
            the kinds of attack that ``targeted`` names first; and, where all four kinds are, these and
            momentum with rates tuned again on up to three further groups of images, as many as fit into
            100 images in all.
        linf_radius: largest change of a pixel in untargeted attacks, as a share of its range.
        linf_radius_targeted: likewise in targeted ones.
        l2_radius: greatest length of the change in untargeted attacks.
        l2_radius_targeted: likewise in targeted ones.
        perturbations: K of a step, even and at least 2; it takes K + 1 queries.
        mu: smoothing distance, from 1e-4 to 0.1.
        budget: queries an attack, at least K + 1.
        images: attacked for each seed, from 1 to 700.
        tuning_images: other images that learning rates are tuned on, from 1 to 100; a group.
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

    @property
    def own_rates(self) -> tuple[str, ...]:
        """The groups of images that rates are tuned on, as cells name them: "tuned" is the first."""
        whole = self.shared_rates and len(set(self.norms)) * len(set(self.targeted)) == 4
        return OWN_RATES[: max(1, MOST_TUNING // self.tuning_images) if whole else 1]
