"""black-box-attack: the network, budgets of changes, what counts as success, how queries are counted."""

import dataclasses
import math
import subprocess
import sys

import cloudpickle
import numpy as np
import pytest
import torch

from experiments import _problem_attack
from experiments._problem_attack import Attack, Bands, digits, victim
from experiments.black_box_attack import EXPERIMENT, Config, cells, run
from experiments.black_box_attack.attempts import Attempt, attempt
from experiments.black_box_attack.methods import RETUNED, SHARED, in_bands, maker
from experiments.black_box_attack.tuning import (
    FOR_TUNING,
    TUNINGS,
    Setting,
    attacked_images,
    chosen_images,
    cost,
    tuned_rate,
)
from zotheory.errors import InvalidArgument
from zotheory.experiment import Seed
from zotheory.optim import ZOSGD

QUICK = EXPERIMENT.presets["quick"].config
METHODS = Config().methods
FURTHER = EXPERIMENT.presets["evidence-further"].config
SMALL = Config(
    methods=("zo-sgd", "r-adazo"), budget=60, images=5, tuning_images=2, perturbations=4, epochs=3
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def attacked():
    return victim(0, 3)


def seed(index: int = 0) -> Seed:
    return Seed(index, "black-box-attack", "")


def attack_on(attacked, number=0, *, norm="linf", radius=0.2, target=None, bands=False) -> Attack:
    right = np.flatnonzero(attacked.answers == attacked.labels)[number]
    image, label = attacked.images[right], int(attacked.labels[right])
    return Attack(attacked, image, label, target, norm, radius, bands=bands)


def test_the_network_reads_images_that_it_has_not_seen(attacked):
    images, labels = digits()
    assert images.shape == (5000, 28, 28)
    assert (float(images.min()), float(images.max())) == (0, 1)
    assert np.bincount(labels).tolist() == [500] * 10
    found = attacked.network(attacked.images[:, None]).numpy().argmax(axis=1)
    # A network of three epochs; guessing is right in one of ten.
    assert np.mean(found == attacked.labels) == attacked.accuracy > 0.85
    assert not any(weight.requires_grad for weight in attacked.network.parameters())
    again = _problem_attack._trained(0, 3)
    assert torch.equal(again.network[0].weight, attacked.network[0].weight)
    # Layer by layer, bit for bit, of one image and of many.
    for images in (attacked.images[:1, None], attacked.images[:50, None]):
        passed = images
        for layer in attacked.network:
            passed = layer(passed)
        assert torch.equal(attacked.network(images), passed)
    # With labels of another image each, it would read no better than chance.
    assert np.mean(found == np.roll(attacked.labels, 1)) < 0.2


def test_no_image_is_in_training_and_held_out(monkeypatch):
    # Every image of its own mean value, to be told apart.
    images = torch.linspace(0, 1, 5000).repeat_interleave(784).reshape(5000, 28, 28)
    monkeypatch.setattr(_problem_attack, "digits", lambda: (images, digits()[1]))
    seen = []

    def watched(scores, targets):
        return torch.nn.functional.cross_entropy(scores, targets)

    def network(rng):
        made = original(rng)
        made.register_forward_pre_hook(lambda _, given: seen.append(given[0][:, 0, 0, 0].clone()))
        return made

    original = _problem_attack._network
    monkeypatch.setattr(_problem_attack, "_network", network)
    monkeypatch.setattr(_problem_attack, "cross_entropy", watched)
    held_out = set(_problem_attack._trained(0, 2).images[:, 0, 0].tolist())
    *batches, last = seen
    trained = torch.cat(batches).tolist()
    assert len(trained) == 2 * 4000
    assert len(set(trained)) == 4000
    assert held_out == set(last.tolist())
    assert len(held_out) == 1000
    assert not held_out & set(trained)


def test_margins_say_who_wins(attacked):
    attack = attack_on(attacked)
    scores = attacked.network(attack.image[None, None])[0].double().numpy()
    others = np.delete(scores, attack.label)
    assert attack.loss() == pytest.approx(scores[attack.label] - others.max(), abs=1e-6)
    wanted = int(np.argsort(scores)[-2])
    aimed = attack_on(attacked, target=wanted)
    assert aimed.loss() == pytest.approx(np.delete(scores, wanted).max() - scores[wanted], abs=1e-6)
    rng = np.random.default_rng(0)
    for row in rng.normal(size=(50, 10)):
        assert (attack.margin(row.tolist()) < 0) == (row.argmax() != attack.label)
        assert (aimed.margin(row.tolist()) < 0) == (row.argmax() == wanted)


@pytest.mark.parametrize("bands", [False, True])
@pytest.mark.parametrize(("norm", "order"), [("linf", math.inf), ("l2", 2)])
def test_changes_keep_to_the_norm_and_the_range_of_pixels(attacked, norm, order, bands):
    torch.manual_seed(0)
    for size in (1e-3, 0.1, 10.0):
        attack = attack_on(attacked, norm=norm, radius=0.3, bands=bands)
        drawn = size * torch.randn(28, 28)
        with torch.no_grad():
            for part, rows in zip(
                attack.parameters, drawn.split(attack.parameters[0].shape[0]), strict=True
            ):
                part.copy_(rows)
        before = attack.change().clone()
        attack.project()
        after = attack.change()
        assert float(torch.linalg.vector_norm(after.flatten(), order)) <= 0.3 * (1 + 1e-6)
        image = attack.image + after
        assert float(image.min()) >= 0
        assert float(image.max()) <= 1
        if norm == "linf":
            # The nearest point of the box.
            low, high = torch.clamp(-attack.image, min=-0.3), torch.clamp(1 - attack.image, max=0.3)
            assert torch.allclose(after, before.clamp(low, high), atol=1e-6)
        else:
            scaled = before * min(1, 0.3 / float(before.norm()))
            assert torch.allclose(after, (attack.image + scaled).clamp(0, 1) - attack.image, atol=1e-6)
        kept = after.clone()
        attack.project()
        assert torch.allclose(attack.change(), kept, atol=1e-6)


@pytest.mark.parametrize("method", [*METHODS, *FURTHER.methods])
def test_each_step_asks_about_the_change_first_and_then_about_as_many_as_it_should(attacked, method):
    attack = attack_on(attacked, norm="l2", radius=3.0, bands=in_bands(method))
    taken = maker(method, "sphere", 1e-3, 5e-3, 4, 7)(attack)
    for _ in range(12):
        before, asked = attack.change().clone(), []

        def closure(asked=asked):
            asked.append(attack.change().clone())
            return attack.loss()

        with torch.no_grad():
            taken.step(closure)
        assert len(asked) == 5
        assert torch.equal(asked[0], before)
        assert all(not torch.equal(other, before) for other in asked[1:])
        attack.project()


def test_what_is_left_out_would_repeat_another_cell(attacked):
    def first_steps(method, law, steps):
        attack = attack_on(attacked, norm="l2", radius=3.0, bands=in_bands(method))
        taken, found = maker(method, law, 1e-3, 5e-3, 4, 7)(attack), []

        def closure():
            found[-1].append(attack.change().abs())
            return attack.loss()

        with torch.no_grad():
            for _ in range(steps):
                found.append([])
                taken.step(closure)
        return found

    # Within a band a block of its size is displaced as by signs: all of it, by one size.
    for law in ("block", "rademacher"):
        ((_, *displaced),) = first_steps("mezo-bcd-cyclic", law, 1)
        for size in displaced:
            assert size.count_nonzero() == 7 * 28
            assert float(size.max()) == pytest.approx(5e-3, rel=1e-4)
    # With a guide, perturbations are not the law's: probes of one pixel are those of the first step only.
    (_, *first), (before, *second) = first_steps("guided", "coordinate", 2)
    assert all(one.count_nonzero() == 1 for one in first)
    assert all((one - before).count_nonzero() > 700 for one in second)


def test_dap_along_the_momentum_probes_along_what_the_step_before_did(attacked):
    attack, mu = attack_on(attacked), 5e-3
    taken, asked = maker("dap-momentum", "sphere", 1e-3, mu, 4, 7)(attack), []

    def closure():
        asked.append(attack.change().double().flatten())
        return attack.loss()

    with torch.no_grad():
        for _ in range(3):
            taken.step(closure)
    # Without projection a step is lr times the momentum m_t = 0.9 m_{t - 1} + g_t.
    points = [asked[0], asked[5], asked[10]]
    for step in (1, 2):
        moved = points[step] - points[step - 1]
        along = moved / moved.norm()
        for point in asked[5 * step + 1 : 5 * step + 5]:
            v = (point - points[step]) / mu
            assert float((v @ along).abs()) == pytest.approx(1, rel=1e-3)
            assert float(v @ v) == pytest.approx(784, rel=1e-3)


@pytest.mark.parametrize("law", [*Config().laws, "sphere"])
def test_laws_reach_the_shape_that_they_need(attacked, law):
    attack, mu = attack_on(attacked), 5e-3
    taken, asked = maker("zo-sgd", law, 1e-3, mu, 4, 7)(attack), []

    def closure():
        asked.append(attack.change().clone())
        return attack.loss()

    with torch.no_grad():
        taken.step(closure)
    for v in (change.double().numpy() / mu for change in asked[1:]):
        if law != "gaussian":
            assert (v**2).sum() == pytest.approx(784, rel=1e-4)
        if law == "low-rank":
            assert np.linalg.matrix_rank(v, tol=1e-3) == 1
        if law in ("block", "coordinate"):
            assert np.count_nonzero(v) == (7 * 28 if law == "block" else 1)
            assert len({row // 7 for row in np.nonzero(v)[0]}) == 1


def constant(value):
    """Return a network whose scores are always the same."""
    return lambda image: torch.tensor([value])


class Scripted:
    """An attack whose margins are given, one a query."""

    def __init__(self, margins):
        self.margins, self.asked, self.module = list(margins), 0, None
        self.parameter = torch.nn.Parameter(torch.zeros(28, 28))
        self.parameters = [self.parameter]

    def loss(self):
        self.asked += 1
        return self.margins[self.asked - 1]

    def change(self):
        return self.parameter.detach()

    def changed(self):
        return 0.5 + self.change().clamp(-0.5, 0.5)

    def project(self):
        pass


def sgd(attack, lr=1e-3):
    return ZOSGD(attack.parameters, lr=lr, law="sphere", mu=1e-2, queries=2, difference="forward")


def test_success_is_what_the_network_says_about_the_change_itself():
    # Displaced points are not within the norm: a negative margin there is no success.
    margins = [3.0, -1.0, -1.0, 2.0, 2.0, 2.0, -0.5, 9.0]
    attack = Scripted(margins)
    found = attempt(attack, sgd, budget=20, step_cost=3)
    assert (found.success, found.queries, found.diverged, found.margin) == (True, 7, False, -0.5)
    assert attack.asked == 7
    # The image is the one that was asked about.
    assert torch.equal(found.image, attack.changed())


@pytest.mark.parametrize(("budget", "asked"), [(3, 3), (4, 4), (5, 4), (6, 6), (7, 7), (11, 10)])
def test_the_budget_is_never_exceeded_and_ends_with_a_question_about_the_change(budget, asked):
    attack = Scripted([1.0] * 50)
    found = attempt(attack, sgd, budget=budget, step_cost=3)
    assert (found.success, found.queries, attack.asked) == (False, asked, asked)
    if budget % 3:
        attack = Scripted([1.0] * (asked - 1) + [-1.0])
        assert attempt(attack, sgd, budget=budget, step_cost=3).success


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("place", [0, 3, 4])
def test_a_loss_that_is_not_finite_is_recorded_as_divergence(bad, place):
    margins = [1.5] * 20
    margins[place] = bad
    found = attempt(Scripted(margins), sgd, budget=20, step_cost=3)
    assert (found.success, found.diverged) == (False, True)
    assert found.queries in (place + 1, 3 * (place // 3 + 1))
    assert found.margin == (1.5 if place else math.inf)
    assert cost(found, 1.5, 20) == math.inf


def test_an_attack_whose_steps_overflow_diverges_with_its_last_finite_image(attacked):
    attack = attack_on(attacked, norm="l2", radius=3.0)
    start = attack.loss()
    found = attempt(attack, lambda one: maker("zo-sgd", "sphere", 1e38, 5e-3, 4, 1)(one), 60, 5)
    assert found.diverged
    assert not found.success
    assert found.margin == start
    assert torch.equal(found.image, attack.image)


def test_cost_of_failures_is_above_that_of_successes():
    image = torch.zeros(28, 28)
    assert cost(Attempt(True, 37, False, -0.1, image), 2.0, 100) == 37
    assert cost(Attempt(False, 100, False, 1.0, image), 2.0, 100) == 150
    assert cost(Attempt(False, 100, False, 8.0, image), 2.0, 100) == 200


def test_misread_images_are_skipped_and_counted(attacked):
    config = Config(images=150, epochs=3)
    chosen = chosen_images(attacked, config, seed(), "evaluation")
    order = seed().shared("images").permutation(1000)[FOR_TUNING:].tolist()
    reached = order[: order.index(chosen.indices[-1]) + 1]
    wrong = [i for i in reached if attacked.answers[i] != attacked.labels[i]]
    assert len(wrong) == chosen.skipped > 0
    assert [i for i in reached if i not in wrong] == chosen.indices
    assert all(t != attacked.labels[i] for i, t in zip(chosen.indices, chosen.targets, strict=True))
    groups = [set(chosen_images(attacked, config, seed(), name).indices) for name in TUNINGS]
    assert len(set.union(*groups)) == len(TUNINGS) * config.tuning_images
    assert not set.union(*groups) & set(chosen.indices)
    with pytest.raises(InvalidArgument, match="images = 700: the network reads"):
        chosen_images(_answering(attacked), Config(images=700), seed(), "evaluation")


def _answering(attacked):
    return type(attacked)(attacked.network, attacked.images, attacked.labels, attacked.labels * 0)


def test_tables_have_a_row_for_each_image_with_pixels_of_the_successes():
    cell = {"method": "r-adazo", "law": "sphere", "rate_of": "tuned", "norm": "linf", "targeted": False}
    table = run(SMALL, cell, seed())
    columns = table.columns
    assert table.rows == SMALL.images
    assert table.queries == columns["queries_spent"].sum() + columns["tuning_queries"][0]
    assert columns["queries_spent"].max() <= SMALL.budget
    assert np.array_equal(np.isfinite(columns["censored_queries"]), columns["success"])
    assert np.array_equal(columns["margin"] < 0, columns["success"])
    assert columns["largest"].max() <= SMALL.linf_radius * (1 + 1e-6)
    network = victim(0, SMALL.epochs).network
    kept = [row for row in range(table.rows) if columns["picture"][row]]
    assert kept
    for row in kept:
        original, picture = (
            np.frombuffer(bytes.fromhex(columns[name][row]), np.uint8).reshape(28, 28) / 255
            for name in ("original", "picture")
        )
        assert np.abs(original - picture).max() <= SMALL.linf_radius + 1 / 255
        scores = network(torch.tensor(original, dtype=torch.float32)[None, None])
        assert int(scores.argmax()) == columns["label"][row]
    # Another run of the same cell, and one at its rate from the other cell.
    again = run(SMALL, cell, seed())
    assert again.columns["queries_spent"].tolist() == columns["queries_spent"].tolist()
    shared = run(SMALL, {**cell, "method": "zo-sgd", "rate_of": "r-adazo"}, seed())
    assert shared.columns["learning_rate"][0] == columns["learning_rate"][0]
    assert shared.columns["image"].tolist() == columns["image"].tolist()
    assert shared.queries == shared.columns["queries_spent"].sum()
    # A dense law at the rate of the same method with the sphere.
    dense = run(SMALL, {**cell, "law": "rademacher", "rate_of": "r-adazo"}, seed())
    assert dense.columns["learning_rate"][0] == columns["learning_rate"][0]
    assert dense.columns["queries_spent"].tolist() != columns["queries_spent"].tolist()
    # Tuned on other images: the same are attacked, and the rate is that of tuning there.
    other = run(SMALL, {**cell, "rate_of": "tuned-1"}, seed())
    rate = tuned_rate(SMALL, Setting("r-adazo", "sphere", "linf", False), seed(), "tuning-1")
    assert other.columns["learning_rate"][0] == rate.lr
    assert other.columns["image"].tolist() == columns["image"].tolist()
    assert other.queries == other.columns["queries_spent"].sum() + rate.spent_queries
    assert not any(other.columns["picture"])


def test_tuning_takes_the_best_of_its_rates_on_images_of_its_own():
    setting = Setting("zo-sgd", "sphere", "linf", False)
    tuned = tuned_rate(SMALL, setting, seed())
    assert not tuned.at_edge
    spent = 0
    means = {}
    for rate, told in tuned.table:
        found = attacked_images(SMALL, setting, seed(), "tuning", rate)
        spent += sum(one.queries for one in found)
        if all(one.success for one in found):
            assert told == np.mean([one.queries for one in found])
        means[rate] = told
    assert spent == tuned.spent_queries
    assert tuned.lr == min(means, key=lambda rate: (means[rate], rate))


def test_a_network_with_an_answer_that_never_changes_is_not_fooled(attacked, monkeypatch):
    attack = attack_on(attacked)
    scores = [0.0] * 10
    scores[attack.label] = 1.0
    monkeypatch.setattr(attack, "network", constant(scores))
    found = attempt(attack, lambda one: maker("r-adazo", "sphere", 1e-2, 5e-3, 4, 1)(one), 50, 5)
    assert (found.success, found.queries, found.margin) == (False, 50, 1.0)


def test_white_box_steps_fool_the_network_within_the_same_budget(attacked):
    # An independent route: signs of the exact gradient, not of estimates.
    fooled = 0
    for number in range(20):
        attack = attack_on(attacked, number)
        change = torch.zeros(28, 28, requires_grad=True)
        for _ in range(20):
            scores = attacked.network((attack.image + change).clamp(0, 1)[None, None])[0]
            margin = scores[attack.label] - scores[torch.arange(10) != attack.label].max()
            (slope,) = torch.autograd.grad(margin, change)
            with torch.no_grad():
                low, high = torch.clamp(-attack.image, min=-0.2), torch.clamp(1 - attack.image, max=0.2)
                change.copy_((change - 0.03 * slope.sign()).clamp(low, high))
        fooled += bool(margin < 0)
    found = [
        attempt(
            attack_on(attacked, number),
            lambda one: maker("r-adazo", "sphere", 2e-3, 5e-3, 4, 1)(one),
            300,
            5,
        )
        for number in range(20)
    ]
    assert 10 <= sum(one.success for one in found) <= fooled


def test_bands_are_the_rows_of_the_image():
    bands = Bands()
    with torch.no_grad():
        for number, part in enumerate(bands.parameters()):
            part.fill_(number)
    assert bands()[:, 0].tolist() == [row // 7 for row in range(28)]


def test_grid_has_every_method_law_and_shared_rate():
    grid = cells(Config())
    # Ten methods have a law; of them two are of blocks themselves. Two methods, three dense laws checked.
    assert len(grid) == 4 * 11 + 2 * (2 * 3 + 4) + 4 * 4 * 3 + 4 * (10 * 5 - 2)
    pairs = {(cell["method"], cell["law"]) for cell in grid}
    missing = {(name, law) for name in METHODS for law in Config().laws} - pairs
    assert missing == {("guided", law) for law in Config().laws} | {
        (f"mezo-bcd-{order}", "block") for order in ("cyclic", "importance")
    }
    # All in every kind of attack; those that leave most pixels alone at a rate of their own.
    for name, law in pairs:
        mine = [cell for cell in grid if (cell["method"], cell["law"]) == (name, law)]
        rate = "tuned" if law in ("sphere", "coordinate", "block") else name
        kinds = [(cell["norm"], cell["targeted"]) for cell in mine if cell["rate_of"] == rate]
        assert sorted(kinds) == [("l2", False), ("l2", True), ("linf", False), ("linf", True)]
    again = {(cell["method"], cell["rate_of"]) for cell in grid if cell["rate_of"].startswith("tuned-")}
    assert again == {(name, f"tuned-{group}") for name in RETUNED for group in (1, 2, 3)}
    # Those that were added: of three methods one draws from a law, within blocks.
    added = cells(FURTHER)
    assert len(added) == 4 * 3 + 4 * 4
    assert {cell["method"] for cell in added if cell["law"] != "sphere"} == {"mezo-bcd-uniform"}
    assert not set(FURTHER.methods) & set(METHODS)
    changed = {"methods": Config().methods, "shared_rates": True, "pictures": Config().pictures}
    assert dataclasses.replace(FURTHER, **changed) == Config()
    # No more groups than there are images for.
    assert [len(Config(tuning_images=n).own_rates) for n in (1, 8, 20, 40, 50, 51, 100)] == [
        4,
        4,
        4,
        2,
        2,
        1,
        1,
    ]
    checked = [cell for cell in grid if cell["law"] == "gaussian" and cell["rate_of"] == "tuned"]
    assert {(cell["method"], cell["targeted"]) for cell in checked} == {
        ("zo-sgd", False),
        ("r-adazo", False),
    }
    assert len(cells(QUICK)) == 3 + 4 + 2 + 3
    assert {cell["method"] for cell in grid} == set(METHODS)
    alone = [cell for cell in cells(Config(shared_rates=False)) if cell["rate_of"] != "tuned"]
    assert all(cell["rate_of"] == cell["method"] and cell["law"] != "sphere" for cell in alone)
    assert SHARED[0] == ("r-adazo", "zo-adamm")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ()}, "methods = (): give at least one"),
        ({"linf_radius": 0.0}, "linf_radius = 0.0: give a number from 0.001 to 1"),
        ({"l2_radius_targeted": 30.0}, "l2_radius_targeted = 30.0: give a number from 0.001 to 28"),
        ({"perturbations": 3}, "perturbations = 3: give an even number"),
        ({"budget": 4}, "budget = 4: a step takes 5 queries"),
        ({"images": 701}, "images = 701: give a number from 1 to 700"),
        ({"tuning_images": 0}, "tuning_images = 0: give a number from 1 to 100"),
        ({"mu": 0.5}, "mu = 0.5: give a number from 0.0001 to 0.1"),
        ({"grid_ratio": 1.0}, "grid_ratio = 1.0: give a number from 1.1 to 10"),
        ({"pictures": -1}, "pictures = -1: give 0 or more"),
    ],
)
def test_bad_configurations(changes, message):
    with pytest.raises(InvalidArgument) as caught:
        Config(**changes)
    assert str(caught.value).startswith(message)


def test_bad_attacks(attacked):
    label = attack_on(attacked).label
    for target in (label, 10, -1):
        with pytest.raises(InvalidArgument, match=f"target = {target}: give a digit other than {label}"):
            attack_on(attacked, target=target)
    with pytest.raises(InvalidArgument, match="radius = 0: give a positive number"):
        attack_on(attacked, radius=0)


def test_workers_get_all_that_they_need(tmp_path):
    # A worker does not have this folder on its path: what is sent must not name modules of it.
    blob = cloudpickle_of(run)
    script = (
        "import pickle, sys; from zotheory.experiment import Seed; "
        f"run, config, cell = pickle.load(open({str(tmp_path / 'job')!r}, 'rb')); "
        "table = run(config, cell, Seed(0, 'black-box-attack', '')); print(table.rows)"
    )
    (tmp_path / "job").write_bytes(blob)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "2", done.stderr[-500:]


def cloudpickle_of(function):
    """Return what workers are sent: everything of `experiments` as it is, not by name."""
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "experiments"]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        config = Config(images=2, tuning_images=1, budget=20, epochs=1, linf_radius=0.9)
        cell = {"method": "zo-sgd", "law": "sphere", "rate_of": "tuned", "norm": "linf", "targeted": False}
        return cloudpickle.dumps((function, config, cell))
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)
