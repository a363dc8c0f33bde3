"""What pyproject.toml cannot say: a wheel carries the claims, and the results that they read."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("proofs_checks", "results")


class BuildWithClaims(build_py):
    """Copies the claims into the package; an installation from a working tree uses those of the tree."""

    def run(self):
        """Build, then copy."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "zotheory" / "_shipped"
        for name in SHIPPED:
            shutil.rmtree(target / name, ignore_errors=True)
            ignored = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(Path(__file__).parent / name, target / name, ignore=ignored)


setup(cmdclass={"build_py": BuildWithClaims})
