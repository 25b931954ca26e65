"""Thousands of schedules of faults, in virtual time; and a proof that the judge has eyes.

Law: bounded by count, never by time. What a schedule is made of is `simulation/plan.py`, what must hold
`simulation/judge.py`. Longer: ``make soak SECONDS=600``.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
SCHEDULES, CHUNK, PROCESSES = 2000, 100, 2
UNKNOWABLE = r"callback \w+ went well, and is reported a failure"


def test_no_schedule_loses_doubles_or_misjudges_anything() -> None:
    """What fails here is told in full: its shortest story, and the command that repeats it."""
    from simulation.plan import plan
    from simulation.run import Sum, many, run, shrunk, told

    total = Sum()
    chunks = [range(first, first + CHUNK) for first in range(0, SCHEDULES, CHUNK)]
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        for part in pool.map(many, chunks):
            total += part
    print(total)
    assert total.schedules == SCHEDULES
    assert not total.failed, told(run(shrunk(plan(total.failed[0]))))


def test_the_same_seed_is_the_same_story() -> None:
    from simulation.plan import plan
    from simulation.run import run

    assert run(plan(24)).story == run(plan(24)).story


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
