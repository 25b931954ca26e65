"""Every case of docs/reliability.md has its test, and every test that claims a case is of one that is there.

Law: the page's table is the list. A row names the tests that hold its case; each of them exists, and bears
the case's number in its name.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
ROW = re.compile(r"^\| C(?P<number>\d+) \|(?P<text>.*)\|(?P<tests>[^|]*)\|$", re.MULTILINE)
NAMED = re.compile(r"`(?P<path>tests/[\w/]+\.py)::(?P<name>\w+)`")
NUMBER = re.compile(r"(?<=_)c(\d+)(?=_)")
KNOWN = 37
"""How many cases there are at least: a row may be added, never taken away."""

ROWS = {int(row["number"]): row for row in ROW.finditer(PAGE.read_text())}


@cache
def names_in(path: Path) -> tuple[str, ...]:
    """The names of the tests in a file."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return tuple(
        node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_no_case_is_missing() -> None:
    assert list(ROWS) == list(range(1, max(KNOWN, *ROWS) + 1))


@pytest.mark.parametrize("number", range(1, max(KNOWN, *ROWS) + 1))
def test_a_case_says_what_is_promised_and_has_its_tests(number: int) -> None:
    row = ROWS[number]
    assert all(cell.strip() for cell in row["text"].split("|"))
    named = list(NAMED.finditer(row["tests"]))
    assert named, f"C{number} names no test"
    for one in named:
        assert one["name"] in names_in(ROOT / one["path"]), f"C{number}: there is no {one[0]}"
        assert str(number) in NUMBER.findall(one["name"]), (
            f"{one['name']} does not say that it holds C{number}"
        )


def test_no_test_claims_a_case_that_is_not_there() -> None:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in names_in(path):
            assert set(map(int, NUMBER.findall(name))) <= set(ROWS), f"{path}: {name}"
