"""How Sphinx makes a site of these pages: `make docs`, or the test that does the same.

Law: settings only. Pages are Markdown that reads well as it stands; what is made from code is in them already
(`tests/doc_tables.py`), except for the API, which Sphinx reads from the docstrings.
"""

project = "aws-executors"
html_title = project
author = "the authors of aws-executors"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns: list[str] = []
templates_path: list[str] = []

myst_heading_anchors = 3  # as on GitHub, so that a link works in both places

default_role = "code"  # docstrings write `names` like this
autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
add_module_names = False

html_theme = "furo"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
