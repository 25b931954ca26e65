"""The public types, tested like behaviour: right uses pass mypy, each mistake has its own error.

Law: as in a project of a user's own, whose mypy has neither plugins nor settings of this one. `make types`
checks the same two files with them.
"""

import inspect
import json
import re
from doctest import DocTestParser
from pathlib import Path
from types import ModuleType

import pytest
from mypy import api

import aws_executors
from aws_executors import batch, ecs
from doc_tables import PAGES

HERE = Path(__file__).parent
RIGHT, MISTAKES = HERE / "typing" / "right_uses.py", HERE / "typing" / "mistakes.py"
NOTEBOOK = HERE.parent / "examples" / "preview_requests.ipynb"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CAUGHT = re.compile(r":(\d+): error: .*\[([a-z-]+)\]$", re.MULTILINE)
EXPECTED = re.compile(r"  # type: ignore\[([a-z, -]+)\]$")


def as_a_user(*paths: Path) -> str:
    """What mypy tells a user of these files."""
    told, faults, _ = api.run(
        [
            *("--strict", "--no-pretty", "--config-file", ""),
            *("--allow-redefinition", "--cache-dir", ".mypy_cache/uses"),
            *map(str, paths),
        ]
    )
    assert faults == ""
    return told


def test_right_uses_and_what_the_pages_show_pass_and_mistakes_are_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one run, for the first one reads all that is imported."""
    monkeypatch.chdir(HERE.parent)
    lines = MISTAKES.read_text().splitlines()
    bare = tmp_path / "mistakes_without_comments.py"
    bare.write_text("\n".join(EXPECTED.sub("", line) for line in lines))
    examples = _examples()
    assert len([text for text in examples.values() if text]) > 10
    for name, text in examples.items():
        (tmp_path / f"shown_on_{name}.py").write_text(text)
    told = as_a_user(RIGHT, tmp_path)
    expected = {
        (n, code)
        for n, line in enumerate(lines, 1)
        for found in EXPECTED.finditer(line)
        for code in found[1].split(", ")
    }
    assert {(int(line), code) for line, code in CAUGHT.findall(told)} == expected
    *lines_told, found_in_all = told.splitlines()
    places = {Path(line.partition(":")[0]).name for line in lines_told}  # its cache keeps an older folder
    assert (places, found_in_all[:5]) == ({bare.name}, "Found"), told
    assert len(expected) > 30


def _typed(block: str) -> str:
    """What a person types of an example: all of it, or what stands behind the prompts."""
    prompted = DocTestParser().get_examples(block)
    return "".join(one.source for one in prompted) if prompted else block


def _examples() -> dict[str, str]:
    """The Python of each page and of the notebook, without DAGs: each is a file of its own."""
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    found = {page.stem: BLOCK.findall(page.read_text()) for page in PAGES}
    found["notebook"] = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return {
        name: "\n".join(_typed(block) for block in blocks if "DAG(" not in block)
        for name, blocks in found.items()
    }


@pytest.mark.parametrize("module", [aws_executors, ecs, batch])
def test_help_shows_of_each_public_name_its_types_and_what_it_is_for(module: ModuleType) -> None:
    public = {name: getattr(module, name) for name in module.__all__}
    shown = {name: part for name, part in public.items() if inspect.isroutine(part) or inspect.isclass(part)}
    assert len(shown) > 20
    assert [name for name, part in shown.items() if not inspect.getdoc(part)] == []
    made = {
        name: str(inspect.signature(part))
        for name, part in shown.items()
        if inspect.isclass(part) and not issubclass(part, Exception)
    }
    assert [name for name, text in made.items() if "Annotated" in text or "unnamed" in text] == []
