"""The methods that attack, their options, and where the search for their learning rates begins."""

from collections.abc import Callable
from typing import Any, Literal

from experiments._problem_attack import BAND, SIDE, Attack, Norm
from experiments._training import METHODS, make
from zotheory.optim import Block, ZerothOrderOptimizer

MethodName = Literal[
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
    "dap-momentum",
    "guided-es",
    "mezo-bcd-uniform",
]
LawName = Literal["sphere", "gaussian", "rademacher", "coordinate", "block", "low-rank"]
# Pairs that are also compared at one learning rate: the method, and whose rate it is given.
SHARED = (
    ("r-adazo", "zo-adamm"),
    ("zo-adamm", "r-adazo"),
    ("r-adazo", "zo-sgd"),
    ("zo-sgd", "r-adazo"),
)
# Of these the rate is tuned again, each time on other images, to see how far that moves it and the result.
RETUNED = ("zo-sgd", "momentum-sgd", "zo-adamm", "r-adazo")
# Laws with perturbations that leave most pixels as they are: their rates are tuned anew for every method.
# All others move every pixel, with the same second moments, and take the rate tuned with the sphere.
SPARSE = ("coordinate", "block")
# Of these the rates of dense laws are tuned anew too, to see whether that makes a difference.
CHECKED = ("zo-sgd", "r-adazo")
# What a cell calls the method's own rate: tuned on the first group of images, or on the next ones.
OWN_RATES = ("tuned", "tuned-1", "tuned-2", "tuned-3")

# Middle of the first grid for the cube and for the ball; the grid goes on while its best rate is an end.
_MIDDLE: dict[str, tuple[float, float]] = {
    "zo-sgd": (4e-3, 4e-3),
    "momentum-sgd": (5e-4, 5e-4),
    "zo-signsgd": (8e-3, 8e-3),
    "zo-adamm": (8e-3, 8e-3),
    "r-adazo": (2e-3, 2e-3),
    "r-adazo-code": (2e-3, 2e-3),
    "dap": (4e-3, 4e-3),
    "dap-published": (2e-3, 2e-3),
    "guided": (4e-3, 4e-3),
    "mezo-bcd-cyclic": (8e-3, 8e-3),
    "mezo-bcd-importance": (4e-3, 4e-3),
    "dap-momentum": (1e-3, 1e-3),
    "guided-es": (1e-3, 1e-3),
    "mezo-bcd-uniform": (8e-3, 8e-3),
}
# Methods whose perturbations are not drawn from a law, but for those of steps that have no guide yet.
_WITHOUT_LAW = ("guided", "guided-es", "dap-momentum")


def first_grid(method: str, norm: Norm, ratio: float) -> list[float]:
    """Return three learning rates of which the middle one is a guess."""
    middle = _MIDDLE[method][norm == "l2"]
    return [middle / ratio, middle, middle * ratio]


def admits(method: str, law: str) -> bool:
    """Return whether a method is another one with this law than with the sphere, or than with signs.

    Of guided perturbations and of Guided ES the law is only that of the first step, which has no guide
    yet; DAP along the momentum has no first stage and so no law. Methods of blocks draw the law within a
    band of rows, where a block of rows is nothing but random signs. (Of DAP it is the law of the first
    stage; the second has perturbations of its own.)
    """
    if law == "sphere" or method in _WITHOUT_LAW:
        return False
    return not (in_bands(method) and law == "block")


def in_bands(method: str) -> bool:
    """Return whether a method needs the change in blocks."""
    return METHODS[_named(method)].needs_model


def _named(method: str) -> str:
    return "dap" if method == "dap-momentum" else method


def maker(
    method: str, law: str, lr: float, mu: float, queries: int, seed: int
) -> Callable[[Attack], ZerothOrderOptimizer]:
    """Return a function that makes a new optimizer for an attack: forward differences, delta = 1.

    The law "block" moves one of four bands of rows, as the methods of blocks do. "dap-momentum" is DAP with
    all perturbations aligned with the momentum, without a first stage; its momentum is "momentum-sgd"'s.
    """

    def made(attack: Attack) -> ZerothOrderOptimizer:
        chosen = Block(BAND * SIDE) if law == "block" else law
        # Of so small a model layers are not worth to be reused, nor weights to be restored one by one.
        small = {"engine": "plain", "restore": "block"}
        options: dict[str, Any] = {} if attack.module is None else {"model": attack.module, **small}
        if method == "dap-momentum":
            momentum = METHODS["momentum-sgd"].options["momentum"]
            options = {"alignment": "momentum", "momentum": momentum, "first": 0, "second": queries}
        named = _named(method)
        return make(named, chosen, attack.parameters, lr, mu=mu, seed=seed, queries=queries, **options)

    return made
