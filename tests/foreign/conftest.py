"""One moto for all tests that ask for it, as it was at its start for each.

Law: nothing of a test is left for the next one, not even who may do what.
"""

from collections.abc import Iterator

import pytest

from foreign.moto_world import Moto, moto_server


@pytest.fixture(scope="session")
def moto_process() -> Iterator[Moto]:
    with moto_server() as found:
        yield found


@pytest.fixture
def moto(moto_process: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moto]:
    """An empty account of moto's, and an environment in which boto3 asks it."""
    moto_process.judges(after=float("inf"))
    moto_process.tell("reset", "")
    for name, value in moto_process.environment.items():
        monkeypatch.setenv(name, value)
    yield moto_process
    moto_process.judges(after=float("inf"))
