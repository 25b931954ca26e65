"""Thousands of schedules of faults, in virtual time; and a proof that the judge has eyes.

Law: bounded by count, never by time. What a schedule is made of is `simulation/plan.py`, what must hold
`simulation/judge.py`. Longer: ``make soak SECONDS=600``.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UNKNOWABLE = r"callback \w+ went well, and is reported a failure"
SCHEDULES, CHUNK = 1200, 50
CHUNKS = [range(first, first + CHUNK) for first in range(0, SCHEDULES, CHUNK)]
"""Every seed once, in parts that are run side by side."""
WARM = [range(first, first + 30) for first in range(2000, 2090, 30)]


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """A schedule goes deep, and is quiet about what is meant to fail: not so the tests after it."""
    deep, quiet = sys.getrecursionlimit(), logging.root.manager.disable
    yield
    sys.setrecursionlimit(deep)
    logging.disable(quiet)


@pytest.mark.parametrize("seeds", CHUNKS, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_no_schedule_loses_doubles_or_misjudges_anything(seeds: range) -> None:
    """What fails here is told in full: its shortest story, and the command that repeats it."""
    from simulation.plan import plan
    from simulation.run import many, run, shrunk, told

    total = many(seeds)
    print(total)
    assert total.schedules == CHUNK
    assert not total.failed, told(run(shrunk(plan(total.failed[0]))))


@pytest.mark.parametrize("seeds", WARM, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_no_schedule_with_warm_containers_does(seeds: range) -> None:
    """The same with containers that take one workload after another; writes to cells land late, or twice."""
    from simulation.plan import plan
    from simulation.run import many, run, shrunk, told

    total = many(seeds, warm=True)
    print(total)
    assert not total.failed, told(run(shrunk(plan(total.failed[0], warm=True))))


@pytest.mark.parametrize("warm", [False, True])
def test_the_same_seed_is_the_same_story(*, warm: bool) -> None:
    from simulation.plan import plan
    from simulation.run import run

    assert run(plan(24, warm=warm)).story == run(plan(24, warm=warm)).story


def test_what_may_have_run_is_not_run_again_where_aws_tells_no_exit_code() -> None:
    """Half of the ended ECS tasks are shown without one. The row decides; and of a callback, which has none,
    nobody can know that it went well: it is failed, and never begun a second time."""
    from simulation.plan import plan
    from simulation.run import run

    schedules = [replace(plan(seed), silent=0.5) for seed in range(60) if plan(seed).service == "ecs"]
    wrong = [fault for schedule in schedules for fault in run(schedule).faults]
    assert len(schedules) >= 20
    assert [fault for fault in wrong if not re.fullmatch(UNKNOWABLE, fault)] == []


def test_the_judge_sees_what_is_broken() -> None:
    """Some lines of the code, broken one at a time: each is found out. ``make mutants`` tries all of them."""
    command = [sys.executable, "-m", "simulation.mutants", "--quick"]
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
