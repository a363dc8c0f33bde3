"""The experiments import each other by the name of their folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
