"""The public types, tested like behaviour: right uses pass mypy, each mistake has its own error."""

import re
from pathlib import Path

import pytest
from mypy import api

HERE = Path(__file__).parent
RIGHT, MISTAKES = HERE / "typing" / "right_uses.py", HERE / "typing" / "mistakes.py"
CAUGHT = re.compile(r":(\d+): error: .*\[([a-z-]+)\]$", re.MULTILINE)
EXPECTED = re.compile(r"  # type: ignore\[([a-z-]+)\]$")


def test_right_uses_pass_and_mistakes_are_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE.parent)
    lines = MISTAKES.read_text().splitlines()
    bare = tmp_path / "mistakes_without_comments.py"
    bare.write_text("\n".join(EXPECTED.sub("", line) for line in lines))
    told, faults, _ = api.run(["--config-file", "mypy.ini", "--no-pretty", str(RIGHT), str(bare)])
    expected = {(n, found[1]) for n, line in enumerate(lines, 1) if (found := EXPECTED.search(line))}
    assert {(int(line), code) for line, code in CAUGHT.findall(told)} == expected
    assert "right_uses.py" not in told
    assert faults == ""
    assert len(expected) > 30
