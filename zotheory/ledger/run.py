"""Running claims: from claims to results, each with its evidence, verdict and reason."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from zotheory.checks.evidence import Evidence
from zotheory.errors import InvalidArgument, UnknownClaim
from zotheory.kernel.coqc import Coqc
from zotheory.ledger.cache import Cache
from zotheory.ledger.claim import Claim, Kind, Verdict
from zotheory.ledger.examine import Findings
from zotheory.ledger.graph import nearest, require_no_cycle, require_unique_ids
from zotheory.ledger.kernel import Kernel
from zotheory.ledger.plain import formula_text
from zotheory.ledger.pool import gather
from zotheory.ledger.verdict import decide


@dataclass(frozen=True)
class Result:
    """What a run found of one claim, as plain data.

    Attributes:
        id, title, kind, plain, latex, conditions, source, depends, parts, file: as in the claim.
        formulas: the claim's formulas as text.
        expected: the verdict that its author expects.
        verdict: the verdict of the ledger.
        reason: why it is that verdict.
        evidence: what each check found, in the order of the checks.
        seconds: how long the checks took together, when they ran.
        cached: whether the evidence comes from an earlier run.
        interrupted: whether Ctrl-C ended the checks.
        scripted: whether the claim has theorems for Coq, read in this run or not.
    """

    id: str
    title: str
    kind: Kind
    plain: str
    latex: str
    conditions: tuple[str, ...]
    source: str
    depends: tuple[str, ...]
    parts: tuple[str, ...]
    file: str
    formulas: Mapping[str, str]
    expected: Verdict
    verdict: Verdict
    reason: str
    evidence: tuple[Evidence, ...]
    seconds: float
    cached: bool = False
    interrupted: bool = False
    scripted: bool = False

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the author of the claim expects."""
        return self.verdict is self.expected


# Called with each result as it is settled, how many are, and how many there will be.
Progress: TypeAlias = Callable[[Result, int, int], None]


def run(
    claims: Sequence[Claim],
    only: Iterable[str] | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
    recompute: bool = False,
    warn: Callable[[str], None] | None = None,
    kernel: Coqc | None = None,
) -> list[Result]:
    """Decide claims.

    Args:
        claims: the claims, as `discover` returns them.
        only: ids of the claims to decide; all of them by default. Their dependencies are not
            added: the reason then names them as not in this run.
        jobs: how many processes work side by side; by default as many as there are processors,
            and 1 does everything in this process.
        progress: called after each claim.
        cache: a folder for what the checks find, made if need be; None for none. A claim whose code has
            not changed since (see `zotheory.ledger.sources`) is decided from the evidence found there.
        recompute: run every check, and store what it finds anew.
        warn: called with a line if the folder cannot be used; by default `warnings.warn`.
        kernel: Coq's compiler, which reads the scripts of those claims that have one; their evidence then
            has one route more. What it has accepted is kept in the same folder, and not read again.

    Returns:
        The results in the order of the claims. After Ctrl-C those settled by then, and, undecided, those
        that were being examined, with what their checks had found.

    Raises:
        UnknownClaim: an id in `only` that no claim has.
        InvalidArgument: `jobs` below 1, or an empty `only`.
        ClaimError: two claims with one id, or claims that rest on each other.
    """
    jobs = check_jobs(jobs)
    require_unique_ids((claim.file or "this process", claim) for claim in claims)
    require_no_cycle(claims)
    chosen = select(claims, only)
    stored = None if cache is None else Cache(cache, recompute, warn or warnings.warn)
    reader = None if kernel is None else Kernel(kernel, cache, recompute, warn or warnings.warn)
    findings: dict[str, tuple[Findings, bool]] = {}
    results: dict[str, Result] = {}
    try:
        for claim, found, cached in _found(chosen, jobs, stored):
            if reader is not None and not found.interrupted:
                # The scripts are written from the formulas as they are now, whatever the cache holds.
                found = found._replace(evidence=found.evidence + reader.evidence(claim))
            findings[claim.id] = found, cached
            for result in _settle(chosen, findings, results):
                if progress is not None:
                    progress(result, len(results), len(chosen))
    except KeyboardInterrupt:
        pass  # what is settled is worth more than the traceback; the caller sees what is missing
    return [results[claim.id] for claim in chosen if claim.id in results]


def select(claims: Sequence[Claim], only: Iterable[str] | None) -> list[Claim]:
    """Return the claims with the given ids, in the order of the claims; all of them for None.

    Raises:
        UnknownClaim: an id that no claim has; the message names the nearest ids.
        InvalidArgument: no ids at all.
    """
    if only is None:
        return list(claims)
    wanted = list(only)
    if not wanted:
        raise InvalidArgument("only", wanted, "name at least one claim id")
    ids = [claim.id for claim in claims]
    for name in wanted:
        if name not in ids:
            listed = nearest(name, ids) or f" (there are: {', '.join(ids)})"
            raise UnknownClaim(f"no claim has the id {name!r}{listed}")
    return [claim for claim in claims if claim.id in wanted]


def check_jobs(jobs: int | None) -> int:
    """Return the number of worker processes, by default one for each processor.

    Raises:
        InvalidArgument: it is below 1.
    """
    if jobs is None:
        from joblib import cpu_count  # knows the limits of containers and batch systems

        return cpu_count()
    if jobs < 1:
        raise InvalidArgument("jobs", jobs, "give 1 or more processes")
    return jobs


def _found(
    chosen: Sequence[Claim], jobs: int, stored: Cache | None
) -> Iterator[tuple[Claim, Findings, bool]]:
    """Yield each claim with its findings, and whether they come from the cache."""
    waiting: list[Claim] = []
    for claim in chosen:
        found = stored.find(claim) if stored is not None else None
        if found is None:
            waiting.append(claim)
        else:
            yield claim, found, True
    # A single claim is not worth a worker. The last one left by the cache is: it may be left because it
    # takes its process down.
    for claim, found in gather(waiting, jobs if len(chosen) > 1 else 1):
        if stored is not None:
            stored.keep(claim, found)
        yield claim, found, False


def _settle(
    chosen: Sequence[Claim],
    findings: Mapping[str, tuple[Findings, bool]],
    results: dict[str, Result],
) -> Iterable[Result]:
    """Decide, into `results`, every claim whose own findings and dependencies are in."""
    ids = {claim.id for claim in chosen}
    moved = True
    while moved:
        moved = False
        for claim in chosen:
            ready = claim.id in findings and claim.id not in results
            if ready and all(name in results for name in claim.depends if name in ids):
                results[claim.id] = _result(claim, *findings[claim.id], results)
                moved = True
                yield results[claim.id]


def _result(claim: Claim, found: Findings, cached: bool, results: Mapping[str, Result]) -> Result:
    # The verdict is never stored: it is decided from the evidence in every run.
    decision = decide(claim, found.evidence, results)
    return Result(
        id=claim.id,
        title=claim.title,
        kind=claim.kind,
        plain=claim.plain,
        latex=claim.latex,
        conditions=claim.conditions,
        source=claim.source,
        depends=claim.depends,
        parts=claim.parts,
        file=claim.file,
        formulas={name: formula_text(item) for name, item in claim.formulas.items()},
        expected=claim.expected,
        verdict=decision.verdict,
        reason=decision.reason,
        evidence=found.evidence,
        seconds=found.seconds,
        cached=cached,
        interrupted=found.interrupted,
        scripted=claim.coq is not None,
    )
