"""Ctrl-C during a long check: it says what it had established, and the interrupt goes on."""

import pickle
import signal

import pytest

from zotheory.checks import Grade, Interrupted, Outcome, check_mean, check_unbiased


class Impatient:
    """A normal sampler whose user presses Ctrl-C after so many draws."""

    def __init__(self, draws, shape=(), press=None):
        self.left, self.shape, self.press = draws, shape, press

    def __call__(self, n, rng):
        if n != 64:  # not while the sampler itself is being looked at
            self.left -= n
        if self.left < 0:
            if self.press is None:
                raise KeyboardInterrupt
            self.press(signal.SIGINT)
        return rng.standard_normal((n, *self.shape))


@pytest.fixture(autouse=True)
def usual_handler():
    """Have Ctrl-C as in a terminal: where the tests run in the background it is ignored."""
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, kept)


@pytest.mark.parametrize("press", [None, signal.raise_signal])
def test_what_was_established_is_carried_and_printed(press, capsys):
    with pytest.raises(Interrupted) as caught:
        check_mean(Impatient(120_000, press=press), 0, resolvable=1e-3, rng=1, detail="a normal")
    evidence = caught.value.evidence
    assert (evidence.outcome, evidence.grade) == (Outcome.INCONCLUSIVE, Grade.STATISTICAL)
    assert "interrupted; this was established after 100000 draws" in evidence.detail
    assert "over 100000 draws (cap 2000000)" in evidence.detail
    low, high = map(float, evidence.detail.split("interval [")[1].split("]")[0].split(", "))
    assert low < 0 < high
    # 1e-6 over two sides and seven looks: 5.26 standard errors of 100000 draws.
    assert high - low == pytest.approx(2 * 5.26 / 100_000**0.5, rel=0.02)
    assert str(caught.value) == evidence.detail
    assert capsys.readouterr().err == f"Interrupted: {evidence.detail}\n"


def test_it_is_a_keyboard_interrupt_and_no_ordinary_exception():
    with pytest.raises(KeyboardInterrupt):
        check_mean(Impatient(3000), 0, resolvable=1e-3, rng=1)
    assert not issubclass(Interrupted, Exception)


def test_before_the_first_look_nothing_is_established():
    with pytest.raises(Interrupted, match="nothing is established") as caught:
        check_unbiased(Impatient(1000, (3,)), 1, dim=3, rng=1)
    assert caught.value.evidence.value is None


def test_the_evidence_survives_the_way_out_of_a_worker_process():
    with pytest.raises(Interrupted) as caught:
        check_mean(Impatient(120_000), 0, resolvable=1e-3, rng=1, parts=("p",))
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, Interrupted)
    assert again.evidence == caught.value.evidence
    assert again.evidence.parts == ("p",)
    assert again.evidence.witness is None  # nothing failed


def test_an_interrupt_while_the_sampler_is_being_looked_at_says_so_too():
    def impatient(n, rng):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="nothing is established"):
        check_mean(impatient, 0, resolvable=1e-3, rng=1)
