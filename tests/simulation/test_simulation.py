"""Hundreds of schedules of faults, in virtual time; and a proof that the judge finds bugs.

Law: bounded by count, never by time. `simulation/plan.py` defines a schedule, `simulation/judge.py` what must
hold. As schedules are the same on every run, those are run here that are known to find something out: the
first seeds, and the own seed of every change of the code that `simulation/breakages.py` lists. ``make
mutants`` shows that each of these changes is found out in this way. More: ``make soak SECONDS=600``.
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

from simulation.breakages import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
UNKNOWABLE = r"callback \w+ went well, and is reported a failure"
UNKNOWABLE_HERE = rf"({UNKNOWABLE}|callback \w+ has never begun, and is reported a failure)"
FIRST, CHUNK = 150, 25
CHUNKS = [range(first, first + CHUNK) for first in range(0, FIRST, CHUNK)]
"""The first seeds, in parts; they alone find out most of the changes without warm containers."""
WARM = range(2000, 2030)
AWAY = (4062, 4097, 4279, 4300, 4387, 4392, 4556)
"""The seeds, of 370, that found something out while the store was away."""
OWN = [one for one in MUTANTS if one.warm or one.events is not None or one.seed >= FIRST]
"""The changes whose seeds are not among the first."""


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Restore the recursion limit and the logging, which schedules change, for the tests after them."""
    deep, quiet = sys.getrecursionlimit(), logging.root.manager.disable
    yield
    sys.setrecursionlimit(deep)
    logging.disable(quiet)


@pytest.mark.parametrize("seeds", CHUNKS, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_no_schedule_loses_doubles_or_misjudges_anything(seeds: range) -> None:
    """A failure shows its shortest story, and the command that repeats it."""
    from simulation.plan import plan
    from simulation.run import many, run, shrunk, told

    total = many(seeds)
    print(total)
    assert total.schedules == CHUNK
    assert not total.failed, told(run(shrunk(plan(total.failed[0]))))


def test_no_schedule_with_warm_containers_does() -> None:
    """With containers that take one workload after another; writes to cells land late, or twice."""
    from simulation.plan import plan
    from simulation.run import many, run, shrunk, told

    total = many(WARM, warm=True)
    print(total)
    assert not total.failed, told(run(shrunk(plan(total.failed[0], warm=True))))


@pytest.mark.parametrize("mutant", OWN, ids=lambda mutant: mutant.name)
def test_no_schedule_does_that_finds_a_change_out(mutant: Mutant) -> None:
    from simulation.plan import plan
    from simulation.run import run, shrunk, told

    logging.disable(logging.WARNING)
    schedule = plan(mutant.seed, events=mutant.events, warm=mutant.warm)
    assert not run(schedule).faults, told(run(shrunk(schedule)))


@pytest.mark.parametrize("warm", [False, True])
def test_the_same_seed_is_the_same_story(*, warm: bool) -> None:
    from simulation.plan import plan
    from simulation.run import run

    assert run(plan(24, warm=warm)).story == run(plan(24, warm=warm)).story


def test_what_may_have_run_is_not_run_again_where_aws_tells_no_exit_code() -> None:
    """Half of the ended ECS tasks are shown without an exit code. The row decides; a callback has no row, so
    its success cannot be known: it is failed, and never begun a second time."""
    from simulation.plan import plan
    from simulation.run import run

    schedules = [replace(plan(seed), silent=0.5) for seed in range(60) if plan(seed).service == "ecs"]
    wrong = [fault for schedule in schedules for fault in run(schedule).faults]
    assert len(schedules) >= 20
    assert [fault for fault in wrong if not re.fullmatch(UNKNOWABLE, fault)] == []


def test_a_store_that_is_away_for_long_costs_no_try_and_makes_no_failure_a_success() -> None:
    """While the store is away, which may be for long, a callback's end that only a cell has is unknown."""
    from simulation.plan import NO_OUTAGE, plan
    from simulation.run import run

    schedules = [replace(plan(seed, warm=True), store_away=130.0) for seed in AWAY]
    assert not NO_OUTAGE & {one.theme for one in schedules}
    wrong = [f"seed {one.seed}: {fault}" for one in schedules for fault in run(one).faults]
    assert [fault for fault in wrong if not re.fullmatch(rf"seed \d+: {UNKNOWABLE_HERE}", fault)] == []


def test_the_judge_sees_what_is_broken() -> None:
    """Some lines of the code are broken, one at a time: each is found out. ``make mutants`` tries all."""
    command = [sys.executable, "-m", "simulation.mutants", "--quick"]
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
