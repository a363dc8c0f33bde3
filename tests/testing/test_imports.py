"""hypothesis is needed by zotheory.testing alone, which says so where it is missing."""

import re
import subprocess
import sys
from pathlib import Path

import zotheory

PACKAGE = Path(zotheory.__file__).parent


def test_without_hypothesis_the_message_says_what_to_install():
    code = "import sys; sys.modules['hypothesis'] = None; import zotheory.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert 'pip install "zotheory[testing]"' in done.stderr


def test_hypothesis_is_imported_nowhere_else():
    users = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^\s*(import|from) hypothesis", path.read_text(), re.MULTILINE)
    }
    assert users == {"testing"}
