import sys
from pathlib import Path

# `support` is shared by the tests of this folder, and `proofs_checks` is not an installed package;
# importlib mode makes neither importable.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
