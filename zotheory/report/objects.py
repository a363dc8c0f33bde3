"""Results as JSON, for other programs."""

import json
from collections.abc import Sequence
from typing import Any

from zotheory.checks.evidence import Evidence
from zotheory.ledger.run import Result


def render_json(results: Sequence[Result]) -> str:
    """Return a JSON list with an object for each result."""
    objects = [result_object(result) for result in results]
    return json.dumps(objects, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def result_object(result: Result) -> dict[str, Any]:
    """Return a result as dicts, lists, strings and numbers."""
    return {
        "id": result.id,
        "title": result.title,
        "source": result.source,
        "kind": str(result.kind),
        "verdict": str(result.verdict),
        "expected": str(result.expected),
        "reason": result.reason,
        "conditions": list(result.conditions),
        "depends": list(result.depends),
        "statement": result.plain,
        "latex": result.latex,
        "formulas": dict(result.formulas),
        "parts": list(result.parts),
        "file": result.file,
        "seconds": round(result.seconds, 6),
        "evidence": [_evidence_object(item, result.parts) for item in result.evidence],
    }


def _evidence_object(evidence: Evidence, parts: Sequence[str]) -> dict[str, Any]:
    witness = evidence.witness
    return {
        "route": evidence.route,
        "grade": str(evidence.grade),
        "outcome": str(evidence.outcome),
        "scope": str(evidence.scope),
        "value": evidence.value,
        "detail": evidence.detail,
        "falsifier": evidence.falsifier,
        # No part named means every part; a reader should not have to know that.
        "parts": list(evidence.parts or parts),
        "seconds": round(evidence.seconds, 6),
        "witness": witness and {"description": witness.description, "data": dict(witness.data)},
    }
