"""The package as PyPI gets it: what its page says, what it asks of Python, and what is in it.

Law: the wheel is built by the backend itself; each thing is asked of the wheel, not of `pyproject.toml`.
"""

import re
import subprocess
import sys
from email.message import Message
from email.parser import Parser
from importlib.metadata import distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from doc_tables import ROOT

PYTHON = "Programming Language :: Python :: "


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """Our wheel."""
    made = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(made)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    (built,) = made.iterdir()
    return ZipFile(built)


@pytest.fixture(scope="module")
def metadata(wheel: ZipFile) -> Message:
    """Its metadata; the payload is the page on PyPI."""
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(wheel.read(name).decode())


def test_the_page_on_pypi_has_no_link_into_the_repository(metadata: Message) -> None:
    page = str(metadata.get_payload())
    without_code = re.sub(r"^```.*?^```$|`[^`\n]+`", "", page, flags=re.MULTILINE | re.DOTALL)
    assert [to for to in re.findall(r"\]\(([^)]*)\)", without_code) if not to.startswith("https://")] == []
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_the_page_on_pypi_says_how_to_install_from_there(metadata: Message) -> None:
    page = str(metadata.get_payload())
    assert "not on PyPI" not in page
    assert "```sh\npip install aws-executors\n```" in page


def test_the_page_on_pypi_is_the_readme_otherwise(metadata: Message) -> None:
    headings = re.compile(r"^#+ .*$", re.MULTILINE)
    readme = (ROOT / "README.md").read_text()
    assert headings.findall(str(metadata.get_payload())) == headings.findall(readme)


def test_newer_pythons_are_not_refused_and_those_that_are_named_are_tested(metadata: Message) -> None:
    assert metadata["Requires-Python"] == ">=3.11"
    named = {one.removeprefix(PYTHON) for one in metadata.get_all("Classifier", []) if one.startswith(PYTHON)}
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    tested = ci["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert sorted(one for one in named if "." in one) == tested


def test_what_is_pinned_takes_the_first_python_that_is_promised() -> None:
    """Distributions keep theirs for years: Debian's is 3.11.2, which a pin has kept from `make test` once."""
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.partition("==")[0] for line in pins if ";" not in line}  # the others are for some machines
    asked = {
        one.name: ", ".join(one.metadata.get_all("Requires-Python", []))
        for one in distributions()
        if canonicalize_name(one.name) in pinned
    }
    assert len(asked) > 200
    assert [name for name, pythons in asked.items() if "3.11.0" not in SpecifierSet(pythons)] == []


def test_addresses_are_whole(metadata: Message) -> None:
    """A place that is left open in `[project.urls]` is no address."""
    for url in metadata.get_all("Project-URL", []):
        assert re.fullmatch(r"\w+, https://[\w.-]+\.\w+/\S*", url)


def test_the_wheel_has_all_of_the_package_and_nothing_else(wheel: ZipFile) -> None:
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    src = ROOT / "src"
    files = {
        str(path.relative_to(src))
        for path in (src / "aws_executors").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == files
    assert {Path(name).name for name in wheel.namelist()} >= {"LICENSE", "py.typed", "entry_points.txt"}


def test_the_changelog_begins_with_what_is_not_released_or_with_this_version(metadata: Message) -> None:
    found = re.search(
        r"^## \[(.+?)\](?: - \d{4}-\d\d-\d\d)?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert found is not None
    assert found[1] in ("Unreleased", metadata["Version"])
