"""`zotheory solve`: values against closed forms, and the JSON object."""

import json
import math
from fractions import Fraction

import pytest
from typer.testing import CliRunner

from zotheory.cli import app

runner = CliRunner()


def run(*args):
    return runner.invoke(app, ["solve", *map(str, args)])


def solved(*args, status=0):
    result = run(*args, "--format", "json")
    assert result.exit_code == status, result.output
    assert result.stderr == ""
    return json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))


def close(value, expected):
    return abs(value - expected) <= 1e-15 * abs(expected)


def exact(pair):
    return Fraction(pair["exact"])


@pytest.mark.parametrize(
    ("d", "delta", "cap"), [(10, 1, 20), (10, "0.1", "7.3"), (1000, "1/3", 500), (10**6, 1, 2 * 10**6)]
)
def test_the_minimum_under_a_cap(d, delta, cap):
    found = solved("--dim", d, "--delta", delta, "--norm-cap", cap)
    delta, cap = Fraction(delta), Fraction(cap)
    expected = delta**2 / (1 - delta * (d - 1) / cap)
    assert found["status"] == "certified"
    assert close(found["value"], float(expected))
    assert close(found["dimension_factor"], float(expected / delta**2))
    certificate = found["certificate"]
    assert certificate["verified"] is True
    assert exact(certificate["lower"]) <= expected <= exact(certificate["upper"])
    assert certificate["gap"] < 1e-40


def test_the_fixed_length_has_every_law_of_that_length():
    found = solved("--dim", 10, "--norm-cap", 10)
    assert found["value"] == 10.0
    (component,) = found["contact_set"]["components"]
    assert component["eigenspaces"] == [0, 1]
    assert component["norm"] == {"float": 10.0, "exact": "10"}
    assert component["along"] is None


@pytest.mark.parametrize("delta", [1, "0.25"])
def test_without_limits_it_is_an_infimum_with_a_sequence_of_laws(delta):
    found = solved("--dim", 10, "--delta", delta)
    square = float(Fraction(delta)) ** 2
    assert found["status"] == "infimum"
    assert found["value"] == square
    assert found["contact_set"]["attained"] is False
    sequence = found["minimising_sequence"]
    assert [step["epsilon"] for step in sequence] == [1e-1, 1e-2, 1e-4]
    for step in sequence:
        assert close(step["value"], square / (1 - step["epsilon"]))
        mean_s, mean_t, value, mass = (
            sum(f(a) * a["mass"] for a in step["atoms"])
            for f in (
                lambda a: a["s"],
                lambda a: a["t"],
                lambda a: a["s"] * (a["s"] + a["t"]),
                lambda a: 1,
            )
        )
        unit = math.sqrt(square)
        assert [mean_s, mean_t, mass] == pytest.approx([unit, 9 * unit, 1], rel=1e-14)
        assert value == pytest.approx(step["value"], rel=1e-14)


@pytest.mark.parametrize("rho", ["0.3", "1/2", "0.99"])
@pytest.mark.parametrize("d", [2, 10, 10**6])
def test_a_guide(d, rho):
    value = solved("--dim", d, "--alignment", rho)["value"]
    r = float(Fraction(rho))
    assert value == pytest.approx((r + math.sqrt((1 - r * r) * (d - 1))) ** 2, rel=2e-15)


def test_blind():
    found = solved("--dim", 12, "--blind", "--delta", "0.5")
    assert found["value"] == 3.0  # delta^2 d
    assert found["dimension_factor"] == 12.0
    assert found["program"]["knowledge"] == "blind"


@pytest.mark.parametrize(("d", "kappa"), [(10, "1.5"), (3, "1.01"), (100, "3")])
def test_a_fourth_moment_budget(d, kappa):
    found = solved("--dim", d, "--fourth-moment", kappa)
    k = float(kappa)
    b = k * d - d + 2
    # The conjugate of the difference of two nearly equal numbers.
    expected = d / 2 * (d * 4 * k) / (d * b + d * math.sqrt(b * b - 4 * k))
    assert found["value"] == pytest.approx(expected, rel=4e-15)
    assert found["contact_set"]["tight"] == ["fourth_moment"]
    assert found["certificate"]["multipliers"]["fourth_moment"]["float"] > 0


def test_nonnegative_covariance():
    found = solved("--dim", 7, "--nonnegative-covariance")
    assert found["value"] == 7.0
    assert found["contact_set"]["tight"] == ["nonnegative_covariance"]
    assert found["contact_set"]["components"][0]["along"] == {"float": 1.0, "exact": "1"}


def test_a_prior_and_its_eigenspaces():
    found = solved("--dim", 6, "--prior", "1/2,0.2*2,1/30*3")
    expected = (math.sqrt(1 / 2) + 2 * math.sqrt(1 / 5) + 3 * math.sqrt(1 / 30)) ** 2
    assert found["value"] == pytest.approx(expected, rel=2e-15)
    spaces = found["program"]["eigenspaces"]
    assert [(exact(s["eigenvalue"]), s["dimension"]) for s in spaces] == [
        (Fraction(1, 2), 1),
        (Fraction(1, 5), 2),
        (Fraction(1, 30), 3),
    ]
    means = [sum(a["mass"] * a["energies"][i] for a in found["atoms"]) for i in range(3)]
    assert means == pytest.approx([1, 2, 3], rel=1e-14)
    assert sum(a["s"] * a["mass"] for a in found["atoms"]) == pytest.approx(1, rel=1e-14)


def test_smoothing_adds_to_the_value_and_not_to_the_dimension_factor():
    found = solved("--dim", 5, "--smoothing", "0.1", "--norm-cap", 5)
    assert close(found["value"], 5 + 0.1 * 125)
    assert found["dimension_factor"] == 5.0


def test_dimension_one():
    found = solved("--dim", 1, "--norm-cap", 3)
    assert found["value"] == 1.0
    assert found["coordinates"] == "s = |v|^2, t = 0"


def test_the_json_object_can_be_checked_again_from_its_own_fractions():
    found = solved("--dim", 10, "--delta", "0.5", "--norm-cap", 20, "--fourth-moment", "1.5")
    assert set(found) == {
        *("status", "value", "dimension_factor", "coordinates", "atoms", "contact_set", "certificate"),
        *("program", "route", "solver", "solver_value", "primal_residual", "dual_residual"),
    }
    certificate = found["certificate"]
    unit = Fraction(1, 4)
    atoms = [([exact(q) for q in a["energies"]], exact(a["mass"])) for a in certificate["atoms"]]
    assert sum(mass for _, mass in atoms) == 1
    assert [sum(m * q[i] for q, m in atoms) for i in (0, 1)] == [1, 9]
    assert max(sum(q) for q, _ in atoms) <= 40
    assert sum(m * sum(q) ** 2 for q, m in atoms) <= 150
    assert sum(m * q[0] * sum(q) for q, m in atoms) * unit == exact(certificate["upper"])
    y = certificate["multipliers"]
    dual = exact(y["mass"]) + exact(y["means"][0]) + 9 * exact(y["means"][1])
    assert (dual - exact(y["fourth_moment"]) * 150) * unit == exact(certificate["lower"])
    assert exact(y["nonnegative_covariance"]) == 0
    for name, sign in (("lower", 1), ("upper", -1)):
        bound = certificate[name]
        assert sign * (exact(bound) - Fraction(bound["float"])) >= 0
    assert found["program"]["delta"] == {"float": 0.5, "exact": "1/2"}
    assert found["program"]["alignment"] is None
    assert found["route"] == "reduced"
    assert found["solver"].startswith("highs ")


def test_a_prior_of_many_eigenvalues_has_huge_fractions():
    weights = [Fraction(1, k * k + 1) for k in range(1, 61)]
    prior = ",".join(str(w / sum(weights)) for w in weights)
    found = solved("--dim", 60, "--prior", prior)
    assert found["status"] == "certified"
    assert found["certificate"]["verified"] is True
    assert run("--dim", 60, "--prior", prior).exit_code == 0


def test_the_solvers_agree():
    values = [solved("--dim", 10, "--norm-cap", 20, "--solver", s) for s in ("highs", "clarabel")]
    assert values[0]["value"] == values[1]["value"]
    assert values[1]["solver"].startswith("clarabel ")


@pytest.mark.parametrize(
    ("dim", "options", "expected"),
    [
        (2, ["--norm-cap", "3"], 1.5),
        (3, ["--blind", "--norm-cap", "4"], 3.0),
        (4, ["--alignment", "0.8", "--delta", "2"], 4 * (0.8 + 0.6 * math.sqrt(3)) ** 2),
    ],
)
def test_the_full_route_agrees_without_using_symmetry(dim, options, expected):
    found = solved("--dim", dim, *options, "--route", "full")
    assert found["status"] == "certified"
    assert found["value"] == pytest.approx(expected, rel=1e-5)
    assert found["certificate"]["verified"] is True
    assert found["certificate"]["lower"]["float"] <= expected
    assert found["contact_set"] is None
    delta = found["program"]["delta"]["float"]
    for i in range(dim):
        for j in range(dim):
            moment = sum(a["mass"] * a["vector"][i] * a["vector"][j] for a in found["atoms"])
            assert moment == pytest.approx(delta * (i == j), abs=1e-9)
    for atom in found["atoms"]:
        assert atom["s"] + atom["t"] == pytest.approx(sum(atom["energies"]), rel=1e-9)
