"""What a step costs beyond its closure on a problem of a thousand parameters, on one thread.

    python tests/benchmarks/optim_small.py

Microseconds, the least of several runs, in which all take turns; and as a ratio to a step of
torch.optim.SGD with its backward pass.
"""

import time
from collections.abc import Callable
from functools import partial

import torch

from zotheory.optim import DAPSGD, ZOSGD, GuidedSGD, MeZO, RAdaZO, ZOAdaMM

STEPS, RUNS, SIZE = 20, 400, 1000


def microseconds(actions: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Least mean time of a call of each."""
    least = dict.fromkeys(actions, float("inf"))
    for _ in range(RUNS):
        for name, action in actions.items():
            start = time.perf_counter()
            for _ in range(STEPS):
                action()
            least[name] = min(least[name], (time.perf_counter() - start) / STEPS * 1e6)
    return least


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    x = torch.nn.Parameter(torch.randn(SIZE))

    def closure() -> torch.Tensor:
        return (x * x).sum()

    first_order = torch.optim.SGD([x], lr=1e-6)

    def backward() -> None:
        first_order.zero_grad()
        closure().backward()
        first_order.step()

    made = {
        "ZOSGD rademacher": ZOSGD([x], lr=1e-6),
        "ZOSGD sphere": ZOSGD([x], lr=1e-6, law="sphere"),
        "MeZO": MeZO([x], lr=1e-6),
        "ZOAdaMM": ZOAdaMM([x], lr=1e-6),
        "RAdaZO, one query": RAdaZO([x], lr=1e-6, queries=1),
        "RAdaZO, two queries": RAdaZO([x], lr=1e-6),
        "DAPSGD, one and one": DAPSGD([x], lr=1e-6),
        "GuidedSGD": GuidedSGD([x], lr=1e-6),
    }
    steps = {name: partial(optimizer.step, closure) for name, optimizer in made.items()}
    with torch.no_grad():
        evaluation = microseconds({"closure": closure})["closure"]
    found = microseconds({"backward": backward, **steps})
    reference = found["backward"]
    print(f"closure {evaluation:.1f}; torch.optim.SGD with backward {reference:.1f}")
    print(f"{'step':24}{'beyond closures':>16}{'/ SGD step':>12}")
    for name, optimizer in made.items():
        beyond = found[name] - 2 * optimizer.perturbations * evaluation
        print(f"{name:24}{beyond:16.1f}{found[name] / reference:12.2f}")


if __name__ == "__main__":
    main()
