from itertools import product

import pytest
import sympy as sp

from zotheory.derive.constructions import (
    aligned_tensor,
    importance_block_tensor,
    random_block_tensor,
    two_atom_tensor,
)
from zotheory.derive.moments import (
    coordinate_atoms,
    enumerated_moment,
    gaussian_moment,
    isserlis,
    paired_moments,
    rademacher_atoms,
    sphere_moment,
)
from zotheory.derive.tensor import (
    Coefficients,
    classical_tensor,
    enumerated_tensor,
    exponents_of,
    set_partitions,
)
from zotheory.errors import InvalidArgument

d, m = sp.symbols("d m", integer=True, positive=True)
delta, p = sp.symbols("delta p", positive=True)
KINDS = ("gaussian", "sphere", "rademacher", "coordinate")


def moment_of(kind, size):
    return {
        "gaussian": lambda k: gaussian_moment(k, delta),
        "sphere": lambda k: sphere_moment(k, size, delta * size),
        "rademacher": lambda k: enumerated_moment(k, rademacher_atoms(size, delta)),
        "coordinate": lambda k: enumerated_moment(k, coordinate_atoms(size, size, delta)),
    }[kind]


def test_gaussian_density_agrees_with_pairings():
    for indices in product(range(3), repeat=4):
        paired = isserlis(indices, lambda i, j: delta * int(i == j))
        assert sp.expand(gaussian_moment(exponents_of(indices, 3), delta) - paired) == 0
    assert isserlis((0, 0, 0), lambda i, j: 1) == 0
    assert isserlis((0,) * 6, lambda i, j: 1) == 15 == gaussian_moment((6,))


@pytest.mark.parametrize("exponents", [(2, 0), (4, 0), (2, 2), (4, 2), (3, 1), (6, 0)])
def test_circle_moments_agree_with_polar_integrals(exponents):
    angle = sp.Symbol("phi", real=True)
    density = sp.cos(angle) ** exponents[0] * sp.sin(angle) ** exponents[1] / (2 * sp.pi)
    assert sphere_moment(exponents, 2) == sp.integrate(density, (angle, 0, 2 * sp.pi))


@pytest.mark.parametrize("exponents", [(4, 0, 0), (2, 2, 0), (2, 2, 2), (0, 2, 4)])
def test_three_sphere_moments_agree_with_area_integrals(exponents):
    angle, z = sp.symbols("phi z", real=True)
    a, b, c = exponents
    circle = sp.integrate(sp.cos(angle) ** a * sp.sin(angle) ** b, (angle, 0, 2 * sp.pi))
    height = sp.integrate(sp.expand((1 - z**2) ** ((a + b) // 2) * z**c), (z, -1, 1))
    assert sp.simplify(sphere_moment(exponents, 3) - circle * height / (4 * sp.pi)) == 0


def test_sphere_moments_are_symmetric_and_normalised():
    assert sp.simplify(sphere_moment((2, 4), d) - sphere_moment((4, 2), d)) == 0
    assert sp.simplify(d * sphere_moment((4,), d) + d * (d - 1) * sphere_moment((2, 2), d) - 1) == 0
    assert sphere_moment((4,), 1) == 1
    assert sphere_moment((0, 0), d) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_second_moment_is_delta(kind):
    assert sp.simplify(moment_of(kind, 3)((2, 0, 0)) - delta) == 0
    assert moment_of(kind, 3)((1, 1, 0)) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [2, 3])
def test_tensor_rule_agrees_with_full_enumeration(kind, size):
    a = sp.symbols(f"a1:{size + 1}", real=True)
    rule = classical_tensor(kind, d, delta).matrix(a).subs(d, size)
    assert sp.expand(enumerated_tensor(moment_of(kind, size), a) - rule) == sp.zeros(size, size)


@pytest.mark.parametrize(
    ("kind", "factor"), [("gaussian", d + 2), ("sphere", d), ("rademacher", d), ("coordinate", d)]
)
def test_traces_are_the_known_dimension_factors(kind, factor):
    assert sp.simplify(classical_tensor(kind, d, delta).trace(d) / delta**2 - factor) == 0


def test_paired_moments_refuse_unknown_kinds():
    with pytest.raises(InvalidArgument, match="kind"):
        paired_moments("cauchy", d)


@pytest.mark.parametrize("call", [lambda: gaussian_moment((-2,)), lambda: sphere_moment((2, 2), 1)])
def test_impossible_exponents_are_refused(call):
    with pytest.raises(InvalidArgument, match="exponents"):
        call()


def test_set_partitions_are_counted_by_the_bell_numbers():
    assert [sum(1 for _ in set_partitions("abcde"[:n])) for n in range(6)] == [1, 1, 2, 5, 15, 52]


def axis_by_enumeration(tensor, size):
    """T4 of x e_1 + w from the moments of the entries, w isotropic in the last size - 1."""
    w4 = 3 * tensor.w22

    def moment(k):
        if any(power % 2 for power in k):
            return 0
        first, rest = k[0], sorted(k[1:], reverse=True)
        return {
            (4, 0): tensor.x4,
            (2, 2): tensor.x2w2,
            (0, 4): w4,
            (0, 2): tensor.w22,
        }[(first, rest[0])]

    a = sp.symbols(f"a1:{size + 1}", real=True)
    return a, enumerated_tensor(moment, a)


@pytest.mark.parametrize("complement", ["sphere", "gaussian"])
def test_axis_tensor_agrees_with_enumeration(complement):
    for tensor in (aligned_tensor(3, delta, complement), two_atom_tensor(3, p, delta)):
        a, full = axis_by_enumeration(tensor, 3)
        assert sp.simplify(tensor.matrix(a[0], a[1:]) - full) == sp.zeros(3, 3)
        energy = sum(x**2 for x in a)
        trace = tensor.trace(3, a[0] ** 2 / energy) * energy
        assert sp.simplify(full.trace() - trace) == 0


def test_aligned_constructions_have_the_known_traces():
    assert sp.simplify(aligned_tensor(d, delta).trace(d, p) - d * delta**2) == 0
    gaussian = aligned_tensor(d, delta, "gaussian").trace(d, p)
    assert sp.simplify(gaussian - delta**2 * (d + 2 * (1 - p))) == 0
    assert sp.simplify(two_atom_tensor(d, p, delta).trace(d) - delta**2 / p) == 0
    assert aligned_tensor(d, delta).aligned() == Coefficients(delta**2, 0, 0)


def test_block_tensors():
    assert sp.simplify(random_block_tensor("gaussian", d, m).trace(m) - d * (m + 2) / m) == 0
    assert sp.simplify(random_block_tensor("sphere", d, m).trace(m) - d) == 0
    assert sp.simplify(importance_block_tensor(m, p, delta).trace(m) - delta**2 * m / p) == 0
    a = sp.symbols("a1:5", real=True)
    blocks = random_block_tensor("gaussian", 4, 2).matrix(a, 2)
    assert blocks[0, 2] == 0
    assert sp.expand(blocks[0, 1] - 4 * a[0] * a[1]) == 0


def test_coefficients_report_their_parts():
    tensor = Coefficients(1, 2, 3)
    assert tensor.trace(d) == d + 5
    assert tensor.on_set(4, p) == 4 + 5 * p
    assert tensor.along_gradient(p) == 3 + 3 * p
    assert tensor.error_covariance(delta).as_dict() == {"identity": 1, "outer": 2 - delta**2, "diagonal": 3}
    assert tensor.in_units(2) == Coefficients(sp.Rational(1, 2), 1, sp.Rational(3, 2))
