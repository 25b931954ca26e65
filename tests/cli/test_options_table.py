"""The tables of options in the documentation are those that the settings models make."""

import re
from pathlib import Path

import pytest

from aws_executors.cli.options_table import SECTIONS, main, markdown

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_a_row_per_option_mandatory_ones_first() -> None:
    rows = markdown(SECTIONS["batch"]).splitlines()
    assert rows[:3] == [
        "| option | default | meaning | example |",
        "|---|---|---|---|",
        "| `region` | *mandatory* | The AWS Region, also with a custom request. | `us-east-1` |",
    ]
    assert len(rows) == 2 + len(SECTIONS["batch"].model_fields)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_option_says_what_it_means_and_gives_an_example(section: str) -> None:
    for option in SECTIONS[section].options():
        assert option.meaning.endswith(".")
        assert option.example
        assert "|" not in option.meaning + option.example


@pytest.mark.parametrize("section", SECTIONS)
def test_every_default_reads_as_what_it_is(section: str) -> None:
    """What Airflow hands back for an option that nobody wrote makes the same settings as nothing."""
    model = SECTIONS[section]
    mandatory = {option.name: option.example for option in model.options() if option.mandatory}
    texts = {option.name: option.default for option in model.options() if option.default is not None}
    needed = {"subnets": "subnet-1"} if "subnets" in model.model_fields else {}
    bare = model.from_section(mandatory | needed)
    assert model.from_section(texts | mandatory | needed) == bare


@pytest.mark.parametrize("section", SECTIONS)
def test_the_command_prints_the_table(section: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([section]) == 0
    assert capsys.readouterr().out == markdown(SECTIONS[section]) + "\n"


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_has_it(section: str) -> None:
    """If not: python -m aws_executors.cli.options_table SECTION, between the markers."""
    marked = re.findall(rf"<!-- options:{section} -->\n(.*?)\n<!-- /options -->", PAGE.read_text(), re.DOTALL)
    assert [table.strip() for table in marked] == [markdown(SECTIONS[section])]
