"""From evidence to verdict: the rules by which a claim is proved, refuted, supported or undecided."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope
from zotheory.errors import ClaimError
from zotheory.ledger.claim import Claim, Kind, Verdict

# Only these grades can prove or refute; the others are floating point or chance.
STRONG = frozenset({Grade.KERNEL, Grade.EXACT, Grade.RIGOROUS})


class Decision(NamedTuple):
    """A verdict and, in words, why it is that one."""

    verdict: Verdict
    reason: str


class Settled(Protocol):
    """Anything that has a verdict beside the expected one, such as a `Result`."""

    @property
    def verdict(self) -> Verdict:
        """What the ledger said."""
        ...

    @property
    def expected(self) -> Verdict:
        """What its author expected the ledger to say."""
        ...


def require_known_parts(claim: Claim, evidence: Evidence) -> None:
    """Check that the evidence speaks only about parts that the claim has.

    Raises:
        ClaimError: it names a part that is not in `claim.parts`.
    """
    for part in evidence.parts:
        if part not in claim.parts:
            raise ClaimError(
                f"claim {claim.id}: check {evidence.route!r} speaks of part {part!r}; "
                f"the parts are {', '.join(claim.parts)}"
            )


def decide(
    claim: Claim,
    evidence: Sequence[Evidence],
    dependency_verdicts: Mapping[str, Settled] | None = None,
) -> Decision:
    """Decide a claim.

    Args:
        claim: the claim; its kind, parts and dependencies set what is asked of the evidence.
        evidence: everything that its checks found.
        dependency_verdicts: the dependencies decided in this run, by id. A dependency that is
            missing here is named in the reason and changes nothing else.

    Returns:
        Decision: the verdict with its reason.

    Raises:
        ClaimError: evidence names a part that the claim does not have.
    """
    for item in evidence:
        require_known_parts(claim, item)
    decision = _from_evidence(claim, evidence)
    if decision.verdict in (Verdict.PROVED, Verdict.SUPPORTED):
        return _with_dependencies(claim, decision, dependency_verdicts or {})
    return decision


def _from_evidence(claim: Claim, evidence: Sequence[Evidence]) -> Decision:
    if not evidence:
        return Decision(Verdict.UNDECIDED, "no evidence: the claim has no checks")
    fails = [item for item in evidence if item.outcome is Outcome.FAILS]
    holds = [item for item in evidence if item.outcome is Outcome.HOLDS]
    if fails:
        return _from_failures(fails, holds)
    for item in evidence:
        if item.outcome is Outcome.INCONCLUSIVE:
            reason = f"check {item.route!r} is inconclusive: {item.detail}"
            return Decision(Verdict.UNDECIDED, reason)
    missing = _missing_for_proof(claim, holds)
    routes = _names(holds)
    if missing:
        return Decision(Verdict.SUPPORTED, f"holds by {routes}, but {'; '.join(missing)}")
    return Decision(Verdict.PROVED, f"every part in general; holds by {routes}")


def _from_failures(fails: Sequence[Evidence], holds: Sequence[Evidence]) -> Decision:
    strong_holds = [item for item in holds if item.grade in STRONG]
    for item in fails:
        if item.grade in STRONG and item.witness is not None:
            reason = f"{item.grade} counterexample by {item.route!r}: {item.witness.description}"
            # A route that fails somewhere has not found that the claim holds, whatever else it has checked.
            failing = {other.route for other in fails}
            if others := [other for other in strong_holds if other.route not in failing]:
                reason += f" (what {_names(others)} checked of it holds)"
            return Decision(Verdict.REFUTED, reason)
    if strong_holds:
        reason = (
            f"routes disagree: fails by {_names(fails)}, holds by {_names(strong_holds)}; "
            f"{fails[0].route!r} found: {fails[0].detail}"
        )
        return Decision(Verdict.UNDECIDED, reason)
    for item in fails:
        if item.grade in STRONG:
            reason = f"check {item.route!r} fails but brings no witness: {item.detail}"
            return Decision(Verdict.UNDECIDED, reason)
    reason = f"fails by {_names(fails)}, too weak a grade to refute: {fails[0].detail}"
    return Decision(Verdict.UNDECIDED, reason)


def _missing_for_proof(claim: Claim, holds: Sequence[Evidence]) -> list[str]:
    """Return in words what the evidence that holds still lacks for a proof."""
    strong = [item for item in holds if item.grade in STRONG]
    general = [item for item in strong if item.scope is Scope.GENERAL]
    missing: list[str] = []
    for part in claim.parts:
        if not _about(part, general):
            missing.append(f"no general evidence for part {part!r}")
        routes = _about(part, holds)
        if len({item.route for item in routes}) < 2:
            only = f" ({_names(routes)})" if routes else ""
            missing.append(f"part {part!r} by one route only{only}")
    if claim.kind is Kind.EXISTENCE and all(item.witness is None for item in strong):
        missing.append("no exact or rigorous witness that it exists")
    return missing


def _about(part: str, items: Iterable[Evidence]) -> list[Evidence]:
    """Return the evidence that speaks of a part; evidence that names no part speaks of all."""
    return [item for item in items if not item.parts or part in item.parts]


def _with_dependencies(claim: Claim, decision: Decision, settled: Mapping[str, Settled]) -> Decision:
    """Lower a verdict to what the claims it rests on allow."""
    verdict, reason = decision
    for name in claim.depends:
        if name in settled and settled[name].verdict is not settled[name].expected:
            state = settled[name]
            why = f"rests on {name}, which is {state.verdict}, not {state.expected}"
            return Decision(Verdict.UNDECIDED, why)
    # Expected or not, nothing is firmer than what it rests on. A refuted dependency that its
    # author expected refuted is firm: then it is the refutation that the claim rests on.
    for name in claim.depends:
        if name in settled and settled[name].verdict is Verdict.UNDECIDED:
            return Decision(Verdict.UNDECIDED, f"rests on {name}, which is undecided")
    for name in claim.depends:
        only = name in settled and settled[name].verdict is Verdict.SUPPORTED
        if only and verdict is Verdict.PROVED:
            verdict, reason = Verdict.SUPPORTED, f"rests on {name}, which is only supported"
    absent = [name for name in claim.depends if name not in settled]
    if absent:
        reason += f" (rests on {', '.join(absent)}, not in this run)"
    return Decision(verdict, reason)


def _names(items: Iterable[Evidence]) -> str:
    """Return the routes, each once, in the order in which they come."""
    return ", ".join(dict.fromkeys(item.route for item in items))
