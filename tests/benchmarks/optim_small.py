"""What a step costs beyond its closure on a problem of a thousand parameters, on one thread.

    python tests/benchmarks/optim_small.py

Microseconds, the least of several runs; and as a ratio to a step of torch.optim.SGD with its backward pass.
"""

import time
from collections.abc import Callable

import torch

from zotheory.optim import ZOSGD, MeZO, RAdaZO, ZOAdaMM

STEPS, RUNS, SIZE = 50, 150, 1000


def microseconds(action: Callable[[], object]) -> float:
    """Least mean time of a call."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        for _ in range(STEPS):
            action()
        times.append((time.perf_counter() - start) / STEPS)
    return min(times) * 1e6


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    x = torch.nn.Parameter(torch.randn(SIZE))

    def closure() -> torch.Tensor:
        return (x * x).sum()

    with torch.no_grad():
        evaluation = microseconds(closure)
    first_order = torch.optim.SGD([x], lr=1e-6)

    def backward() -> None:
        first_order.zero_grad()
        closure().backward()
        first_order.step()

    reference = microseconds(backward)
    print(f"closure {evaluation:.1f}; torch.optim.SGD with backward {reference:.1f}")
    print(f"{'step':24}{'beyond closures':>16}{'/ SGD step':>12}")
    made = {
        "ZOSGD rademacher": ZOSGD([x], lr=1e-6),
        "ZOSGD sphere": ZOSGD([x], lr=1e-6, law="sphere"),
        "MeZO": MeZO([x], lr=1e-6),
        "ZOAdaMM": ZOAdaMM([x], lr=1e-6),
        "RAdaZO, two queries": RAdaZO([x], lr=1e-6),
    }
    for name, optimizer in made.items():
        whole = microseconds(lambda optimizer=optimizer: optimizer.step(closure))
        beyond = whole - 2 * optimizer.perturbations * evaluation
        print(f"{name:24}{beyond:16.1f}{whole / reference:12.2f}")


if __name__ == "__main__":
    main()
