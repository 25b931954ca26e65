"""What was met in the field, as data: one case a file, tried by the reader of its folder.

Law: a file is `<kind>/<name>.json` and says where it comes from (`source`), what was met (`given`) and what
must be so (`expect`): a part of what the kind's reader returns. `<key>_has` and `<key>_lacks` list what must
and what must not stand in the text under `<key>`. Readers stand in `readers_<subject>.py`, each module with
its `READERS` by kind. Nothing is left out in silence: a folder without a reader and a file without its three
members fail.
"""

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

Reader = Callable[[Any], Mapping[str, object]]

HERE = Path(__file__).parent
MEMBERS = {"source", "given", "expect"}


def readers() -> dict[str, Reader]:
    """The readers of all modules beside this one, by the kind that they read."""
    found: dict[str, Reader] = {}
    for module in sorted(HERE.glob("readers_*.py")):
        for kind, reader in import_module(f"field.{module.stem}").READERS.items():
            assert kind not in found, f"{kind} has two readers, one of them in {module.name}"
            found[kind] = reader
    return found


READERS = readers()
CASES = sorted(HERE.glob("*/*.json"))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def wrong(shown: Mapping[str, object], key: str, value: Any) -> str:
    """What is not as it must be; empty where all is well."""
    for suffix, wanted in (("_has", True), ("_lacks", False)):
        plain = key.removesuffix(suffix)
        if plain != key and key not in shown:
            text = shown[plain]
            assert isinstance(text, str), f"{plain} is no text: {text!r}"
            assert isinstance(value, list), f"{key} must be a list of texts"
            assert value, f"{key} lists nothing"
            odd = [part for part in value if (part in text) is not wanted]
            return f"{key}: {odd}, in: {text}" if odd else ""
    return "" if shown[key] == value else f"{key}: {shown[key]!r}, must be {value!r}"


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_as_in_the_field(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    assert set(case) == MEMBERS
    assert case["source"]
    assert case["expect"]
    shown = READERS[path.parent.name](case["given"])
    assert [odd for key, value in case["expect"].items() if (odd := wrong(shown, key, value))] == []


def test_every_folder_has_a_reader_and_every_reader_a_case() -> None:
    folders = {path.name for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(READERS)
    assert {path.parent.name for path in CASES} == folders
    assert {
        path for path in HERE.glob("*/**/*") if path.is_file() and "__pycache__" not in path.parts
    } == set(CASES)


@pytest.mark.parametrize(
    ("key", "value", "odd"),
    [
        ("phase", "failed", ""),
        ("phase", "running", "phase: 'failed', must be 'running'"),
        ("sentence_has", ["image"], ""),
        ("sentence_has", ["image", "tea"], "sentence_has: ['tea'], in: The image"),
        ("sentence_lacks", ["tea"], ""),
        ("sentence_lacks", ["The"], "sentence_lacks: ['The'], in: The image"),
    ],
)
def test_the_runner_itself(key: str, value: object, odd: str) -> None:
    assert wrong({"phase": "failed", "sentence": "The image"}, key, value) == odd


@pytest.mark.parametrize(
    ("key", "value"), [("sentence_has", []), ("sentence_has", "image"), ("code_has", ["1"])]
)
def test_an_expectation_that_can_not_fail_is_refused(key: str, value: object) -> None:
    with pytest.raises(AssertionError):
        wrong({"sentence": "The image", "code": 1}, key, value)


def test_an_expectation_of_what_no_reader_returns_is_refused() -> None:
    with pytest.raises(KeyError):
        wrong({"phase": "failed"}, "phrase", "failed")
