"""The directive `claims` lists claims with their statements; the role `claim` links to one."""

from functools import lru_cache
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from zotheory.ledger.claim import Claim
from zotheory.ledger.discover import discover
from zotheory.report.html.mathml import statement_html
from zotheory.report.summary import SYMBOLS

FOLDER = Path(__file__).resolve().parents[2] / "proofs_checks"


@lru_cache(maxsize=1)
def known() -> dict[str, Claim]:
    """Return all claims by id, in the order of their files."""
    claims, failures = discover([FOLDER])
    if failures:
        raise RuntimeError(f"claims that do not load: {', '.join(map(str, failures))}")
    return {claim.id: claim for claim in claims}


class Claims(SphinxDirective):
    """List the claims whose ids begin with the given letters."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a definition list; each claim is a target."""
        chosen = [claim for claim in known().values() if claim.id.startswith(self.arguments[0])]
        if not chosen:
            raise self.error(f"no claim begins with {self.arguments[0]!r}")
        terms = nodes.definition_list()
        for claim in chosen:
            terms += self.entry(claim)
        return [terms]

    def entry(self, claim: Claim) -> nodes.definition_list_item:
        """Return a claim: id and verdict, then statement, conditions and source."""
        target = f"claim-{claim.id}"
        term = nodes.term("", "", ids=[target])
        verdict = f"{SYMBOLS[claim.expected]} {claim.expected}"
        term += [nodes.strong("", claim.id), nodes.Text(f"  {claim.title}  "), nodes.emphasis("", verdict)]
        self.env.domains.standard_domain.note_object("claim", claim.id, target, location=term)
        text = nodes.paragraph("", "", nodes.raw("", str(statement_html(claim.latex)), format="html"))
        about = "; ".join([*claim.conditions, f"source: {claim.source}"])
        return nodes.definition_list_item("", term, nodes.definition("", text, nodes.paragraph("", about)))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both."""
    app.add_object_type("claim", "claim", objname="claim")
    app.add_directive("claims", Claims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
