"""Running the checks of one claim: each timed, none able to stop the others."""

import signal
import warnings
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import NamedTuple, NoReturn

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope
from zotheory.checks.sequential import Interrupted
from zotheory.errors import ClaimError
from zotheory.ledger.claim import Check, Claim
from zotheory.ledger.faults import line_in, name_and_message, one_line
from zotheory.ledger.loading import load_claim, neighbours_importable, quiet
from zotheory.ledger.plain import plain_evidence
from zotheory.ledger.verdict import require_known_parts


class Findings(NamedTuple):
    """What the checks of one claim found, how long they took, and whether Ctrl-C ended them."""

    evidence: tuple[Evidence, ...]
    seconds: float
    interrupted: bool = False


class Stopped(KeyboardInterrupt):
    """Ctrl-C while a claim was examined; ``findings`` says what its checks had found by then.

    The last piece of evidence is inconclusive, so that no verdict but undecided follows from it.
    """

    def __init__(self, findings: Findings) -> None:
        super().__init__(findings)
        self.findings = findings


def examine(claim: Claim) -> Findings:
    """Run every check of a claim.

    Args:
        claim: the claim. An exception in a check, or a check that returns something else than
            evidence, becomes inconclusive evidence that says so.

    Returns:
        Findings: the evidence in the order of the checks, with plain data only.

    Raises:
        Stopped: Ctrl-C; it carries the findings so far.
    """
    start = perf_counter()
    found: list[Evidence] = []
    try:
        with neighbours_importable(Path(claim.file)) if claim.file else nullcontext():
            for check in claim.checks:
                _take(claim, check, found)
    except KeyboardInterrupt as stop:
        raise Stopped(Findings(tuple(found), perf_counter() - start, interrupted=True)) from stop
    return Findings(tuple(found), perf_counter() - start)


def examine_file(file: str) -> Findings:
    """Load a claim file and run the checks of its claim; a worker process begins here.

    The first Ctrl-C ends the checks, and what they had found is returned; further ones are ignored.
    """
    try:
        claim = load_claim(Path(file))
    except (Exception, SystemExit) as error:
        detail = f"the worker could not load {file}: {name_and_message(error)}"
        return Findings((inconclusive("loading", detail),), 0.0)
    before = signal.signal(signal.SIGINT, _interrupt_once)
    try:
        return examine(claim)
    except Stopped as stop:
        return stop.findings
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt_once(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def inconclusive(route: str, detail: str, seconds: float = 0.0) -> Evidence:
    """Return evidence that decides nothing, of the weakest grade and scope."""
    return Evidence(
        outcome=Outcome.INCONCLUSIVE,
        grade=Grade.STATISTICAL,
        scope=Scope.INSTANCE,
        detail=detail,
        falsifier="nothing: the check gave no answer",
        route=route,
        seconds=seconds,
    )


def _take(claim: Claim, check: Check, everything: list[Evidence]) -> None:
    """Run one check. A generator is timed from yield to yield, and keeps what it has yielded."""
    found: list[Evidence] = []
    mark = perf_counter()
    with quiet() as caught:
        try:
            for item in _items(check.function(claim)):
                found.append(_accept(claim, check, item, perf_counter() - mark))
                mark = perf_counter()
            if not found:
                detail = "returned no evidence: return an Evidence or some"
                found.append(inconclusive(check.route, detail, perf_counter() - mark))
        except (Exception, SystemExit) as error:
            detail = f"raised {name_and_message(error)}{_place(error, claim)}"
            found.append(inconclusive(check.route, detail, perf_counter() - mark))
        except KeyboardInterrupt as stop:
            seconds = perf_counter() - mark
            if isinstance(stop, Interrupted):
                found.append(_accept(claim, check, stop.evidence, seconds))
            else:
                found.append(inconclusive(check.route, "interrupted", seconds))
            everything += found
            raise
    warned = _worth_knowing(caught)
    if warned:
        found[-1] = replace(found[-1], detail=f"{found[-1].detail} [warned: {warned}]")
    everything += found


def _items(returned: object) -> Iterable[object]:
    """Return what a check returned as things to accept one by one."""
    if isinstance(returned, Iterable) and not isinstance(returned, (str, bytes)):
        return returned
    return (returned,)


def _accept(claim: Claim, check: Check, item: object, seconds: float) -> Evidence:
    if not isinstance(item, Evidence):
        detail = f"returned {one_line(repr(item), 80)}, a {type(item).__name__}, not Evidence"
        return inconclusive(check.route, detail, seconds)
    evidence = replace(item, route=check.route, seconds=seconds)
    try:
        require_known_parts(claim, evidence)
    except ClaimError as error:
        return inconclusive(check.route, str(error), seconds)
    return plain_evidence(evidence)


def _place(error: BaseException, claim: Claim) -> str:
    line = line_in(error, claim.file)
    return f" ({Path(claim.file).name}, line {line})" if line else ""


def _worth_knowing(caught: Sequence[warnings.WarningMessage]) -> str:
    """Return the warnings that may bear on the result; those about old names never do."""
    dull = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ResourceWarning)
    messages = [
        one_line(f"{item.category.__name__}: {item.message}", 160)
        for item in caught
        if not issubclass(item.category, dull)
    ]
    return "; ".join(list(dict.fromkeys(messages))[:3])
