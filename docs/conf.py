"""The documentation as a site: ``sphinx-build -W -c docs . build/site`` in the root of the project.

The root is the source folder, so that links between README, docs and notebooks hold in the site as
in the repository.  The pages of the reference and the pictures are made before pages are read.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_ext")]

import nefsim  # noqa: E402  (of this folder, not an installed one)
from nefsim._extras import EXTRAS, modules  # noqa: E402

project = "nefsim"
author = "nefsim developers"
copyright = "nefsim developers"
release = version = nefsim.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
    "folded",
    "gallery",
    "mathml",
    "pictures",
    "reference",
]
root_doc = "docs/index"
include_patterns = [
    "docs/**",
    "notebooks/*.ipynb",
    "course/*.ipynb",
    "course/README.md",
    "benchmarks/*.md",
    "examples/README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
]
exclude_patterns = [".git", ".venv*", "build", "docs/_*", "**/.ipynb_checkpoints"]
suppress_warnings = ["misc.highlighting_failure"]

# Notebooks are shown with their stored outputs; tests execute them.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False

# Packages that are not installed are replaced, so that the reference is complete without them.
_packages = [name for extra in EXTRAS.values() for name in modules(extra.packages)]
_packages += ["tornado", "quantities"]  # which come with bokeh and neo
autodoc_mock_imports = [name for name in _packages if find_spec(name) is None]
autodoc_typehints = "none"  # numpydoc's sections describe types with shapes and units
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
default_role = "literal"

html_theme = "pydata_sphinx_theme"
html_title = f"nefsim {release}"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_extra_path = ["_extra"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navigation_with_keys": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
    "show_toc_level": 2,
}
html_sidebars: dict[str, list[str]] = {
    f"docs/{page}": []
    for page in (
        *("index", "start", "errors", "questions", "reproductions", "speed"),
        *("from-nengo", "from-nengodl", "from-snntorch", "from-brian2"),
    )
}
