"""How the documentation is built: `make docs`, without warnings."""

import sys
from pathlib import Path

import zotheory

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "zotheory"
copyright = "2026, the zotheory authors"
version = release = zotheory.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_parser", "claims", "docstrings", "mathml"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "extensions", "tutorial.py"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_inherit_docstrings = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
html_theme = "furo"
html_title = f"zotheory {version}"
html_show_sphinx = False
html_copy_source = False
html_math_renderer = "mathml"
