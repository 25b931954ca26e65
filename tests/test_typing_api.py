"""The public types, tested like behaviour: right uses pass mypy, each mistake has its own error.

Law: as in a project of a user's own, whose mypy has neither plugins nor settings of this one. `make types`
checks the same two files with them.
"""

import re
from pathlib import Path

import pytest
from mypy import api

HERE = Path(__file__).parent
RIGHT, MISTAKES = HERE / "typing" / "right_uses.py", HERE / "typing" / "mistakes.py"
CAUGHT = re.compile(r":(\d+): error: .*\[([a-z-]+)\]$", re.MULTILINE)
EXPECTED = re.compile(r"  # type: ignore\[([a-z, -]+)\]$")
AS_A_USER = ["--config-file", "", "--strict", "--cache-dir", ".mypy_cache/as_a_user", "--no-pretty"]


def test_right_uses_pass_and_mistakes_are_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE.parent)
    lines = MISTAKES.read_text().splitlines()
    bare = tmp_path / "mistakes_without_comments.py"
    bare.write_text("\n".join(EXPECTED.sub("", line) for line in lines))
    told, faults, _ = api.run([*AS_A_USER, str(RIGHT), str(bare)])
    expected = {
        (n, code)
        for n, line in enumerate(lines, 1)
        for found in EXPECTED.finditer(line)
        for code in found[1].split(", ")
    }
    assert {(int(line), code) for line, code in CAUGHT.findall(told)} == expected
    assert "right_uses.py" not in told
    assert faults == ""
    assert len(expected) > 30
