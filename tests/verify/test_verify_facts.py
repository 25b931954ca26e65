"""docs/aws.md and the command hold each other: what the page marks is measured, and nothing else is.

The pages' tables of checks and of facts that are not measured are made from the code (`doc_tables.py`).
"""

import re
from pathlib import Path

import pytest

from aws_executors.verify.proof.checks import CHECKS
from aws_executors.verify.proof.facts import FACTS, Fact

PAGE = (Path(__file__).parents[2] / "docs/aws.md").read_text()
TABLES = {"ECS": ("ecs",), "Batch": ("batch",), "All services": ("ecs", "batch")}


def rows(title: str) -> list[list[str]]:
    """The rows of the table below a heading."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


@pytest.mark.parametrize(("title", "services"), TABLES.items())
def test_the_page_marks_what_is_measured(title: str, services: tuple[str, ...]) -> None:
    marked, left = set(), set()
    for row in rows(title):
        names = re.findall(r"\*?`([a-z-]+)`\*?", row[2])
        left |= set(re.findall(r"\*`([a-z-]+)`\*", row[2]))
        marked |= set(names)
    own = [one for one in FACTS if one.services == services]
    assert marked == {one.name for one in own}
    assert left == {one.name for one in own if one.measure is None}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_the_page_says_what_the_code_says(fact: Fact) -> None:
    (title,) = (title for title, services in TABLES.items() if services == fact.services)
    (row,) = (row for row in rows(title) if f"`{fact.name}`" in row[2])
    assert fact.says in row[0]


def test_each_fact_and_check_has_a_name_of_its_own() -> None:
    assert len({one.name for one in FACTS}) == len(FACTS)
    assert len({one.name for one in CHECKS}) == len(CHECKS)
