"""The assertion that a claim has a verdict."""

import json
import os
from pathlib import Path
from typing import Any

from zotheory.errors import ClaimError, InvalidArgument
from zotheory.ledger.claim import Claim, Verdict
from zotheory.ledger.discover import discover
from zotheory.ledger.run import Result, run


def assert_claim(claim: Any, verdict: Verdict | str = "proved") -> None:
    """Assert that the ledger gives a claim, or every claim of a file or folder, this verdict.

    Args:
        claim: a `Claim`, or the path of a claim file or of a folder of them.
        verdict: "proved", "refuted", "supported" or "undecided".

    Raises:
        AssertionError: another verdict; the message gives it with its reason, what each check found,
            and the witness.
        InvalidArgument: neither a claim nor a path that exists, or an unknown verdict.
        ClaimError: a file that does not load, or claims that do not fit together.
    """
    __tracebackhide__ = True
    try:
        wanted = Verdict(verdict)
    except ValueError:
        known = ", ".join(repr(str(item)) for item in Verdict)
        raise InvalidArgument("verdict", verdict, f"give one of {known}") from None
    claims = [claim] if isinstance(claim, Claim) else _load(claim)
    results = run(claims, jobs=1)
    # The ledger returns what it has after Ctrl-C; a test must stop.
    if len(results) < len(claims) or any(result.interrupted for result in results):
        raise KeyboardInterrupt
    wrong = [result for result in results if result.verdict is not wanted]
    if wrong:
        raise AssertionError("\n".join(_words(result, wanted) for result in wrong))


def _load(path: Any) -> list[Claim]:
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidArgument("claim", path, "give a Claim, or the path of a claim file or folder")
    claims, failures = discover([Path(path)])
    if failures:
        raise ClaimError("; ".join(map(str, failures)))
    return claims


def _words(result: Result, wanted: Verdict) -> str:
    lines = [
        f"claim {result.id} ({result.title}) is {result.verdict}, not {wanted}",
        f"  statement: {result.plain}",
        f"  reason: {result.reason}",
    ]
    for item in result.evidence:
        lines.append(f"  {item.route}: {item.outcome} ({item.grade}, {item.scope}): {item.detail}")
        if item.witness is not None:
            lines.append(f"    witness: {item.witness.description}")
            data = item.witness.data.items()
            lines += [f"      {name} = {json.dumps(value, ensure_ascii=False)}" for name, value in data]
    return "\n".join(lines)
