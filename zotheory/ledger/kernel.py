"""A kernel's word on claims: evidence from Coq scripts, and which of them it has accepted before."""

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from zotheory.checks.evidence import Evidence, Grade, Outcome, Scope, Witness
from zotheory.errors import ZotheoryError
from zotheory.kernel.coqc import Answer, Coqc, compile_script
from zotheory.kernel.dependence import complaint
from zotheory.kernel.script import ROUTE, CoqProof, script
from zotheory.ledger.cache import replace_file
from zotheory.ledger.claim import Claim
from zotheory.ledger.examine import inconclusive


def claim_script(claim: Claim) -> str:
    """Return a claim's Coq script.

    Raises:
        InvalidArgument: it has none, or it cannot be written; see `zotheory.kernel.script.script`.
    """
    return script(claim.coq, claim.formulas, Path(claim.file).parent, f"{claim.id}: {claim.title}")


class Kernel:
    """Has `coqc` read the scripts of claims, and remembers those that it accepted.

    Args:
        coqc: the compiler.
        folder: where accepted scripts are remembered, by their hash; None for nowhere.
        recompute: have every script read.
        warn: called with a line, once, if the folder cannot be written.
    """

    def __init__(
        self, coqc: Coqc, folder: Path | None, recompute: bool, warn: Callable[[str], None]
    ) -> None:
        self._coqc, self._folder, self._recompute, self._warn = coqc, folder, recompute, warn
        self._usable = True

    def evidence(self, claim: Claim) -> tuple[Evidence, ...]:
        """Return what the kernel says of a claim: nothing if it has no script.

        A script that is refused, or cannot be written, is inconclusive evidence: the claim stays open.
        """
        if claim.coq is None:
            return ()
        try:
            text = claim_script(claim)
        except ZotheoryError as error:
            return (inconclusive(ROUTE, f"there is no script to read: {error}"),)
        answer = self._remembered(claim, text) or self._read(claim, claim.coq, text)
        if not answer.accepted:
            return (inconclusive(ROUTE, answer.detail, answer.seconds),)
        self._remember(claim, text, answer)
        return tuple(self._items(claim, claim.coq, answer))

    def _read(self, claim: Claim, proof: CoqProof, text: str) -> Answer:
        """Have a script read, and what it accepts held against other formulas."""
        answer = compile_script(text, self._coqc)
        if not answer.accepted:
            return answer
        start = perf_counter()
        wrong = complaint(proof, claim.formulas, Path(claim.file).parent, self._coqc)
        return replace(
            answer,
            accepted=not wrong,
            detail=wrong or answer.detail,
            seconds=answer.seconds + perf_counter() - start,
        )

    def _items(self, claim: Claim, proof: CoqProof, answer: Answer) -> list[Evidence]:
        found: list[Evidence] = []
        for outcome, names in (
            (Outcome.HOLDS, [name for name in proof.theorems if name not in proof.refuting]),
            (Outcome.FAILS, list(proof.refuting)),
        ):
            if not names:
                continue
            said = f"Coq {self._coqc.version} accepts {', '.join(names)}: {proof.detail} ({answer.detail})"
            if silent := [name for name in names if name in proof.without_formulas]:
                said += f"; of no formula speaks {', '.join(silent)}"
            data = {"theorems": names, "script": f"zotheory show {claim.id} --coq FILE.v"}
            refuted = outcome is Outcome.FAILS
            found.append(
                Evidence(
                    outcome,
                    Grade.KERNEL,
                    Scope.GENERAL,
                    said,
                    "a formula for which coqc refuses the script",
                    parts=tuple(dict.fromkeys(part for name in names for part in proof.theorems[name])),
                    witness=Witness("a proof in Coq of the opposite", data) if refuted else None,
                    route=ROUTE,
                    seconds=0.0 if found else answer.seconds,
                )
            )
        return found

    def _entry(self, claim: Claim) -> Path | None:
        if self._folder is None or not claim.file:
            return None
        # One entry a claim file, as the ledger's findings are kept.
        path = str(Path(claim.file).resolve()).encode("utf-8", "surrogateescape")
        return self._folder / f"coq-{hashlib.sha256(path).hexdigest()}.json"

    def _key(self, text: str) -> str:
        # What counts as accepted is part of it: by rule 2, theorems are held against other formulas too.
        return hashlib.sha256(f"coqc {self._coqc.version}, rule 2\n{text}".encode()).hexdigest()

    def _remembered(self, claim: Claim, text: str) -> Answer | None:
        entry = self._entry(claim)
        if entry is None or self._recompute:
            return None
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            kept = json.loads(entry.read_text(encoding="utf-8"))
            if kept["accepted"] == self._key(text):
                return Answer(True, str(kept["detail"]), float(kept["seconds"]))
        return None

    def _remember(self, claim: Claim, text: str, answer: Answer) -> None:
        entry = self._entry(claim)
        if entry is None or not self._usable:
            return
        kept = {"accepted": self._key(text), "detail": answer.detail, "seconds": answer.seconds}
        try:
            replace_file(entry, json.dumps(kept))
        except OSError as error:
            self._usable = False
            reason = error.strerror or type(error).__name__
            self._warn(f"accepted scripts are not kept: {entry.parent} cannot be written ({reason})")
