"""How Sphinx makes a site of these pages: `make docs`, or the test that does the same.

Law: pages are Markdown that reads well as it stands; what is made from code is in them already
(`tests/doc_tables.py`), except for the API, which Sphinx reads from the docstrings. Here are settings, and
what of the code is not for readers of the API.
"""

from sphinx.application import Sphinx

project = "aws-executors"
html_title = project
author = "the authors of aws-executors"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns: list[str] = []
templates_path: list[str] = []

myst_heading_anchors = 3  # as on GitHub, so that a link works in both places

default_role = "code"  # docstrings write `names` like this
autodoc_default_options = {"exclude-members": "about, kwargs_option, members, model_config, section"}
autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
add_module_names = False
maximum_signature_line_length = 100  # of a longer one each argument is on a line of its own

html_theme = "furo"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Tell Sphinx what to leave out."""
    app.connect("autodoc-process-docstring", without_the_law)


def without_the_law(
    app: Sphinx, what: str, name: str, found: object, options: object, lines: list[str]
) -> None:
    """Of a module's docstring what is not for those who write it."""
    if what == "module" and any(line.startswith("Law:") for line in lines):
        start = next(place for place, line in enumerate(lines) if line.startswith("Law:"))
        end = next((place for place in range(start, len(lines)) if not lines[place]), len(lines))
        del lines[start:end]
