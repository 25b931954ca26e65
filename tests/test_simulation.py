"""Thousands of schedules of faults, in virtual time; and a proof that the judge has eyes.

Law: bounded by count, never by time. What a schedule is made of is `simulation/plan.py`, what must hold
`simulation/judge.py`. Longer: ``make soak SECONDS=600``.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import pytest

from aws_executors.core.job import Policy

SCHEDULES, CHUNK, PROCESSES = 2000, 100, 2


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


@pytest.mark.parametrize(
    ("broken", "service", "found"),
    [
        (lambda policy: replace(policy, idempotent=True), "batch", "live containers for the queueing"),
        (lambda policy: replace(policy, looks=1), "batch", "live containers for the queueing"),
        (lambda policy: replace(policy, attempts=1), "ecs", "has never run, and pays for it with a try"),
        (lambda policy: replace(policy, linger=10_000.0), "ecs", "nobody waits for"),
    ],
)
def test_the_judge_sees_what_is_broken(broken: Callable[[Policy], Policy], service: str, found: str) -> None:
    """A policy that is wrong is found out within a few hundred schedules."""
    from simulation.plan import POLICY, plan
    from simulation.run import run

    plans = (plan(seed, broken(POLICY)) for seed in range(800))
    assert any(found in fault for one in plans if one.service == service for fault in run(one).faults)
