"""The README's Python examples do what it says."""

import doctest
import re
from pathlib import Path

from zotheory.ledger.claim import Verdict
from zotheory.ledger.discover import discover
from zotheory.ledger.run import run

README = Path(__file__).parent.parent / "README.md"


def test_the_session_in_the_readme():
    failed, tried = doctest.testfile(str(README), module_relative=False)
    assert tried >= 5
    assert failed == 0


def test_the_claim_in_the_readme(tmp_path):
    snippets = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (text,) = (snippet for snippet in snippets if "Claim(" in snippet)
    second = text + (
        '\n\n@claim.check("again")\ndef again(claim):\n'
        '    return check_identity(claim.formulas["nu"], d**2 / d, detail="a second route")\n'
    )
    wrong = text.replace('formulas={"nu": d}', 'formulas={"nu": d + 1}')
    verdicts = []
    for index, version in enumerate((text, second, wrong)):
        folder = tmp_path / str(index)
        folder.mkdir()
        (folder / "mine.py").write_text(version)
        claims, failures = discover([folder])
        assert not failures
        (result,) = run(claims, jobs=1)
        verdicts.append(result.verdict)
    assert verdicts == [Verdict.SUPPORTED, Verdict.PROVED, Verdict.REFUTED]
