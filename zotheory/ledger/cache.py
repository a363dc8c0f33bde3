"""Findings of claims kept between runs, each under a hash of everything that it follows from."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zotheory.checks.evidence import Evidence, Outcome, Witness
from zotheory.errors import ClaimError
from zotheory.ledger.claim import Claim
from zotheory.ledger.examine import Findings
from zotheory.ledger.sources import Fingerprint, Sources
from zotheory.ledger.verdict import require_known_parts


def default_folder() -> Path | None:
    """Return the folder "zotheory" among the user's caches; None for a user without a home."""
    from platformdirs import user_cache_dir

    folder = Path(user_cache_dir("zotheory", appauthor=False))
    return folder if folder.is_absolute() else None


class Cache:
    """A folder with an entry for each claim file: what its checks found last, and the code they ran.

    An entry counts only as long as that code is unchanged, and only if it is whole. That guards against
    damage, not against forgery: whoever may write to the folder can write an entry that counts. Entries are
    replaced at one stroke, so that several runs may share a folder. Trouble with the folder costs a warning
    and the entries, never a result.

    Args:
        folder: where; made when the first entry is kept.
        recompute: find nothing, so that everything is found and kept anew.
        warn: called with one line, once, if an entry cannot be written.
    """

    def __init__(self, folder: Path, recompute: bool, warn: Callable[[str], None]) -> None:
        self._folder, self._recompute, self._warn = folder, recompute, warn
        self._usable = True
        self._sources = Sources()
        self._fingerprints: dict[str, Fingerprint] = {}

    def find(self, claim: Claim) -> Findings | None:
        """Return what an earlier run of the same code found of a claim, if it was kept."""
        if not claim.file:
            return None
        fingerprint = self._sources.fingerprint(Path(claim.file), claim.data)
        # The file may have changed after this claim was loaded from it.
        if fingerprint is None or fingerprint.sources[0].digest != claim.digest:
            return None
        self._fingerprints[claim.file] = fingerprint
        if self._recompute:
            return None
        try:
            text = self._entry(claim).read_text(encoding="utf-8")
            found = _findings(json.loads(text), fingerprint.key)
            for item in found.evidence:
                require_known_parts(claim, item)
        # Absent, unreadable, cut short, damaged, or of other code: found anew.
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, ClaimError):
            return None
        return found if _is_final(found) else None

    def keep(self, claim: Claim, found: Findings) -> None:
        """Keep what the checks of a claim found, unless they may find something else another time."""
        fingerprint = self._fingerprints.get(claim.file)
        if fingerprint is None or not self._usable or not _is_final(found):
            return
        if not fingerprint.unchanged:  # the checks may have run either version
            return
        try:
            text = json.dumps(_entry(found, fingerprint.key), allow_nan=False)
            if _findings(json.loads(text), fingerprint.key) != found:
                return
        except (ValueError, TypeError, RecursionError):  # integers too long for JSON, say
            return
        try:
            replace_file(self._entry(claim), text)
        except OSError as error:
            self._usable = False
            reason = error.strerror or type(error).__name__
            self._warn(f"findings are not kept: {self._folder} cannot be written ({reason})")

    def _entry(self, claim: Claim) -> Path:
        # One entry a file, not one a version of it: the folder does not grow with the number of edits.
        path = str(Path(claim.file).resolve()).encode("utf-8", "surrogateescape")
        return self._folder / f"{hashlib.sha256(path).hexdigest()}.json"


def replace_file(entry: Path, text: str) -> None:
    """Write a file at one stroke, and its folder if need be.

    Raises:
        OSError: it cannot be written.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=entry.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, entry)
    except BaseException:  # an interrupt too
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _is_final(found: Findings) -> bool:
    # What raised, gave no answer or died is inconclusive, and may end otherwise another time.
    outcomes = [item.outcome for item in found.evidence]
    return bool(outcomes) and Outcome.INCONCLUSIVE not in outcomes


def _entry(found: Findings, key: str) -> dict[str, Any]:
    content = {
        "key": key,
        "seconds": found.seconds,
        "evidence": [_evidence_object(item) for item in found.evidence],
    }
    return {"checksum": _checksum(content), "content": content}


def _findings(entry: dict[str, Any], key: str) -> Findings:
    """Return the findings in an entry.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is not whole, or of another key.
    """
    content = entry["content"]
    if entry["checksum"] != _checksum(content) or content["key"] != key:
        raise ValueError("not the entry that was written, or of another key")
    return Findings(tuple(map(_evidence, content["evidence"])), content["seconds"])


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


def _evidence_object(item: Evidence) -> dict[str, Any]:
    witness = item.witness
    return {
        "outcome": item.outcome.value,
        "grade": item.grade.value,
        "scope": item.scope.value,
        "detail": item.detail,
        "falsifier": item.falsifier,
        "value": item.value,
        "parts": list(item.parts),
        "witness": witness and {"description": witness.description, "data": dict(witness.data)},
        "route": item.route,
        "seconds": item.seconds,
    }


def _evidence(fields: dict[str, Any]) -> Evidence:
    witness = fields["witness"]
    known = {**fields, "parts": tuple(fields["parts"]), "witness": witness and Witness(**witness)}
    return Evidence(**known)
