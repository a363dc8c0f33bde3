"""The ledger: claims, the checks that decide them, and their verdicts."""

from zotheory.ledger.claim import Check, Claim, Kind, Verdict

__all__ = ["Check", "Claim", "Kind", "Verdict"]
