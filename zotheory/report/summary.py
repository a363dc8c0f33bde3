"""What every report says of a run as a whole: the count, what was not expected, how strong it is."""

from collections.abc import Sequence

from zotheory.checks.evidence import Grade, Outcome
from zotheory.kernel.script import ROUTE
from zotheory.ledger.claim import Verdict
from zotheory.ledger.discover import LoadFailure
from zotheory.ledger.run import Result

# A sign for each verdict, so that the table reads without colour.
SYMBOLS = {
    Verdict.PROVED: "✓",
    Verdict.REFUTED: "✗",
    Verdict.SUPPORTED: "~",
    Verdict.UNDECIDED: "?",
}

# The strength of what is not decided.
OPEN = "–"


def count_line(
    results: Sequence[Result], failures: Sequence[LoadFailure] = (), *, cached: bool = True
) -> str:
    """Return a line such as "27 claims: 24 proved, 3 refuted (as expected); 20 from the cache".

    Args:
        results: of the ledger.
        failures: claim files that did not load.
        cached: whether to say how many come from the cache.
    """
    counts = []
    for verdict in Verdict:
        reached = [result for result in results if result.verdict is verdict]
        expected = sum(result.as_expected for result in reached)
        if expected:
            note = "" if verdict is Verdict.PROVED else " (as expected)"
            counts.append(f"{expected} {verdict}{note}")
        if len(reached) > expected:
            counts.append(f"{len(reached) - expected} {verdict} (not expected)")
    if failures:
        counts.append(f"{plural(len(failures), 'file')} not loaded")
    line = plural(len(results), "claim")
    kept = sum(result.cached for result in results) if cached else 0
    note = f"; {kept} from the cache" if kept else ""
    return (f"{line}: {', '.join(counts)}" if counts else line) + note + _kernel_note(results)


def _kernel_note(results: Sequence[Result]) -> str:
    """Return what became of the Coq scripts; nothing if no claim has any."""
    scripted = [result for result in results if result.scripted]
    answers = [item.outcome for result in scripted for item in result.evidence if item.route == ROUTE]
    if not scripted:
        return ""
    if not answers:
        return f"; {plural(len(scripted), 'Coq script')} not read in this run (--kernel coq)"
    accepted = sum(not refused_script(result) for result in scripted)
    return f"; {accepted} of {plural(len(scripted), 'Coq script')} accepted"


def refused_script(result: Result) -> bool:
    """Return whether Coq refused the claim's script, whatever the other routes say."""
    return any(i.route == ROUTE and i.outcome is Outcome.INCONCLUSIVE for i in result.evidence)


def complaints(results: Sequence[Result], failures: Sequence[LoadFailure] = ()) -> list[str]:
    """Return a line for each unexpected verdict, each refused script and each file that did not load."""
    unexpected = [
        f"{result.id} is {result.verdict}, expected {result.expected}: {result.reason}"
        for result in results
        if not result.as_expected
    ]
    refused = [
        f"{result.id} has a Coq script that is refused: {item.detail}"
        for result in results
        for item in result.evidence
        if result.as_expected and item.route == ROUTE and item.outcome is Outcome.INCONCLUSIVE
    ]
    return unexpected + refused + [f"not loaded: {failure}" for failure in failures]


def strength(result: Result) -> str:
    """Return how strong the evidence behind the verdict is, and the number of routes: "exact, 3 routes".

    What is proved or refuted is so by its strongest evidence; what is supported is no more certain than the
    weakest of what it rests on. A proof assistant's word counts as the strongest if it is on every part.
    Nothing is behind an open verdict, however strong the evidence for some of the claim's parts: a dash.
    """
    if result.verdict is Verdict.UNDECIDED:
        return OPEN
    outcome = Outcome.FAILS if result.verdict is Verdict.REFUTED else Outcome.HOLDS
    behind = [item for item in result.evidence if item.outcome is outcome]
    if not behind:
        return "none"
    read = [item for item in result.evidence if item.grade is Grade.KERNEL]
    if not {part for item in read for part in item.parts or result.parts}.issuperset(result.parts):
        behind = [item for item in behind if item.grade is not Grade.KERNEL] or behind
    order = list(Grade)  # the strongest first
    choose = max if result.verdict is Verdict.SUPPORTED else min
    grade = choose((item.grade for item in behind), key=order.index)
    return f"{grade}, {plural(len({item.route for item in behind}), 'route')}"


def plural(count: int, noun: str) -> str:
    """Return a number with its noun: "1 claim", "3 claims"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
