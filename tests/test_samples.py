"""What `make test` draws is the same on every run, whatever a worker has run before.

Law: the draws of a process are compared with those of another one, in which one more module of ours is there.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from samples import SOAK, STEADY

ROOT = Path(__file__).parents[1]
DRAWS = """
import sys
from pathlib import Path
from hypothesis import given, settings, strategies as st
import samples

settings.load_profile(sys.argv[1])
sys.path.insert(0, sys.argv[2])
if sys.argv[3]:
    __import__(sys.argv[3])
drawn = []

@given(st.integers(), st.text())
def draw(number, text):
    drawn.append((number, text))

draw()
print(ascii(drawn))
"""


def draws(profile: str, folder: Path, module: str = "") -> str:
    """What a property test draws in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", DRAWS, profile, str(folder), module],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests"), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is no library, with a module that has constants."""
    module = f"NUMBERS = {[*range(123_000, 123_200)]}\nTEXTS = {[f'text {n}' for n in range(200)]}\n"
    (tmp_path / "ours.py").write_text(module, encoding="utf-8")
    return tmp_path


def test_what_is_imported_does_not_change_what_make_test_draws(folder: Path) -> None:
    assert draws(STEADY, folder) == draws(STEADY, folder, "ours")


def test_chance_draws_our_constants_too(folder: Path) -> None:
    assert "'text " in draws(SOAK, folder, "ours")
