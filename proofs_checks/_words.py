"""Numbers that a check uses, against the words of its claim: whoever changes one must change the other."""

from proofs_checks._store import certified
from zotheory.checks.evidence import Evidence
from zotheory.ledger.claim import Claim


def worded(claim: Claim, part: str, *texts: str) -> Evidence:
    """Return whether the title, the words, the source or the conditions of a claim contain these texts.

    Args:
        claim: which.
        part: of the claim.
        *texts: made from the numbers and names that its checks use.
    """
    words = "\n".join((claim.title, claim.plain, claim.source, *claim.conditions))
    missing = [text for text in texts if text not in words]
    told = f"not said in words: {missing[0]}" if missing else f"as said in words: {'; '.join(texts)}"
    return certified(not missing, part, told)
