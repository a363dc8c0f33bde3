"""The recursion against every sequence of perturbations, in exact arithmetic."""

from fractions import Fraction as Q
from itertools import product

import numpy as np
import pytest

from zotheory.bounds.dynamics.quadratic import Following, QuadraticDynamics
from zotheory.errors import InvalidArgument
from zotheory.laws import DAP, Coordinate, Empirical, FirstAxis, Mixture, Rademacher, RandomBlock, TwoAtom

H2 = [[Q(2), Q(1, 2)], [Q(1, 2), Q(1)]]
INDEFINITE = [[Q(1), Q(2)], [Q(2), Q(-1, 2)]]
ETA = Q(1, 5)

SIGNS = [(Q(1, 4), np.array(v) * 2) for v in product((Q(1), Q(-1)), repeat=2)]  # delta = 4
AXES = [(Q(1, 4), s * np.array(v)) for v in ((Q(3), Q(0)), (Q(0), Q(3))) for s in (1, -1)]  # delta = 9/2
SKEWED = [
    (Q(1, 8), np.array([Q(4), Q(0)])),
    (Q(1, 8), np.array([Q(-2), Q(2)])),
    (Q(1, 8), np.array([Q(-2), Q(-2)])),
    (Q(1, 8), np.array([Q(0), Q(4)])),
    (Q(1, 2), np.array([Q(0), Q(0)])),
]  # delta = 3
LAWS = {
    "rademacher": (Rademacher(2, 4), SIGNS),
    "coordinate": (Coordinate(2, Q(9, 2)), AXES),
    "skewed": (Empirical([v for _, v in SKEWED], [w for w, _ in SKEWED]), SKEWED),
    "blocks": (RandomBlock(2, 1, Rademacher, Q(9, 2)), AXES),
    "mixture": (
        Mixture([Rademacher(2, 4), Coordinate(2, Q(9, 2))], [Q(1, 3), Q(2, 3)]),
        [(w / 3, v) for w, v in SIGNS] + [(2 * w / 3, v) for w, v in AXES],
    ),
    # A fixed direction; in two dimensions the complement is a pair of signs.
    "DAP": (
        DAP([3, 4]),
        [
            (Q(1, 4), (s * np.array([3, 4]) + t * np.array([-4, 3])) * Q(1, 5))
            for s in (1, -1)
            for t in (1, -1)
        ],
    ),
    # p = delta = 4/5: length 1 along (3, 4)/5, length 2 across it.
    "two atoms": (
        TwoAtom([3, 4], Q(4, 5), Q(4, 5)),
        [(Q(2, 5), s * np.array([Q(3, 5), Q(4, 5)])) for s in (1, -1)]
        + [(Q(1, 10), 2 * s * np.array([Q(-4, 5), Q(3, 5)])) for s in (1, -1)],
    ),
}
NOISES = {
    "none": [(Q(1), np.array([Q(0), Q(0)]))],
    "pair": [(Q(1, 2), s * np.array([Q(1, 2), Q(1)])) for s in (1, -1)],
}


def value(h, x):
    return x @ h @ x / 2


def enumerated(h, points, noises, start, steps, mu, central, batch):
    """Weighted points after every step, from function values of the noisy objective f(x) + xi.x alone."""
    h, states = np.array(h), [(Q(1), np.array(start))]
    trajectory = [sum(w * value(h, x) for w, x in states)]
    for _ in range(steps):
        after: dict = {}
        for (w, x), (p, xi) in product(states, noises):
            for draws in product(points, repeat=batch):
                weight, g = w * p, np.array([Q(0), Q(0)])
                for q, v in draws:
                    weight *= q

                    def f(y, xi=xi):
                        return value(h, y) + xi @ y

                    slope = (
                        (f(x + mu * v) - f(x - mu * v)) / (2 * mu)
                        if central
                        else (f(x + mu * v) - f(x)) / mu
                    )
                    g = g + slope * v / batch
                key = tuple(x - ETA * g)
                after[key] = after.get(key, 0) + weight
        states = [(w, np.array(key)) for key, w in after.items()]
        trajectory.append(sum(w * value(h, x) for w, x in states))
    second = sum(w * np.outer(x, x) for w, x in states)
    return trajectory, second, sum(w * x for w, x in states)


CASES = [
    # law, Hessian, central, mu, batch, noise, steps
    *(
        (law, "convex", central, Q(2, 3), 1, noise, 3)
        for law in LAWS
        for central in (True, False)
        for noise in NOISES
    ),
    *((law, "indefinite", False, Q(1, 2), 2, "pair", 1) for law in ("skewed", "rademacher", "coordinate")),
    ("skewed", "convex", False, Q(1, 2), 2, "none", 2),
    ("rademacher", "convex", True, Q(7), 3, "pair", 1),
]


@pytest.mark.parametrize(("name", "curvature", "central", "mu", "batch", "noise", "steps"), CASES)
def test_every_sequence(name, curvature, central, mu, batch, noise, steps):
    law, points = LAWS[name]
    h = H2 if curvature == "convex" else INDEFINITE
    start = [Q(1), Q(-2)]
    covariance = sum(p * np.outer(xi, xi) for p, xi in NOISES[noise])
    dynamics = QuadraticDynamics(
        h,
        law,
        ETA,
        mu=mu,
        difference="central" if central else "forward",
        batch=batch,
        noise=covariance,
        digits="exact",
    )
    trajectory, second, mean = enumerated(h, points, NOISES[noise], start, steps, mu, central, batch)
    found = dynamics.run(start, steps, keep=True)
    assert found.values.tolist() == trajectory
    assert found.moments[-1].tolist() == second.tolist()
    assert found.moments[0].tolist() == np.outer(start, start).tolist()
    assert found.mean is not None
    assert found.mean.tolist() == mean.tolist()
    assert dynamics.mean(start, steps).tolist() == mean.tolist()


@pytest.mark.parametrize("name", ["rademacher", "coordinate", "mixture"])
@pytest.mark.parametrize("central", [True, False])
def test_reduced_states(name, central):
    law, points = LAWS[name]
    h, start = [Q(3), Q(1, 2)], [Q(1), Q(-2)]
    noise = [Q(1, 4), Q(1)]
    sequence = [(Q(1, 4), np.array([s * Q(1, 2), t])) for s in (1, -1) for t in (1, -1)]
    dynamics = QuadraticDynamics(
        h, law, ETA, mu=Q(1, 3), difference="central" if central else "forward", noise=noise, digits="exact"
    )
    assert dynamics.reduced
    trajectory, second, _ = enumerated(np.diag(h), points, sequence, start, 2, Q(1, 3), central, 1)
    found = dynamics.run(start, 2)
    assert found.values.tolist() == trajectory
    assert found.moments[-1].tolist() == np.diag(second).tolist()
    assert dynamics.step(dynamics.state(start)).tolist() == dynamics.run(start, 1).moments[-1].tolist()


def test_following_laws():
    """DAP and two atoms in the frame of the gradient: lengths enter squared, so no root is taken."""
    h, start = np.array(H2), np.array([Q(1), Q(-2)])
    # Atoms (weight, x, y) of v = x a/|a| + y b/|a| with b orthogonal to a, |b| = |a|.
    dap = [(Q(1, 4), s, t) for s in (Q(1), Q(-1)) for t in (Q(1), Q(-1))]
    two = [(Q(2, 5), s, Q(0)) for s in (Q(1), Q(-1))] + [(Q(1, 10), Q(0), 2 * s) for s in (Q(1), Q(-1))]
    # Directions at cosine 3/5, the rest on either side: rotate the atoms by both angles.
    rho, rest = Q(3, 5), Q(4, 5)
    guided = [
        (w / 2, x * rho - side * y * rest, side * x * rest + y * rho) for w, x, y in two for side in (1, -1)
    ]
    two_atom = TwoAtom(FirstAxis(2), Q(4, 5), Q(4, 5))
    cases = [
        (Following(DAP(FirstAxis(2))), dap),
        (Following(two_atom), two),
        (Following(two_atom, alignment=Q(3, 5)), guided),
    ]
    for law, atoms in cases:
        states = [(Q(1), start)]
        expected = [value(h, start)]
        for _ in range(3):
            after: list = []
            for w, x in states:
                a = h @ x
                b = np.array([-a[1], a[0]])
                # g = v (v.a) with v = (x a + y b)/|a|: v.a = x |a|, so g = x (x a + y b), rational.
                after += [(w * p, x - ETA * s * (s * a + t * b)) for p, s, t in atoms]
            states = after
            expected.append(sum(w * value(h, x) for w, x in states))
        dynamics = QuadraticDynamics(h, law, ETA, digits="exact")
        assert dynamics.run(start, 3).values.tolist() == expected


def test_skewed_laws_need_the_mean():
    law, _ = LAWS["skewed"]
    dynamics = QuadraticDynamics(H2, law, ETA, mu=Q(1), difference="forward", digits="exact")
    start = np.array([Q(1), Q(-2)])
    with pytest.raises(InvalidArgument, match="the mean matters"):
        dynamics.run(np.outer(start, start), 1)
    with pytest.raises(InvalidArgument, match="the mean matters"):
        dynamics.step(np.outer(start, start))
    after = dynamics.step(np.outer(start, start), mean=start)
    assert after.tolist() == dynamics.run(start, 1).moments[-1].tolist()
    # Central differences, or mu = 0, know nothing of odd moments.
    central = QuadraticDynamics(H2, law, ETA, mu=Q(1), digits="exact")
    limit = QuadraticDynamics(H2, law, ETA, difference="forward", digits="exact")
    assert central.run(start, 2).values.tolist() == limit.run(np.outer(start, start), 2).values.tolist()
