"""Events of containers in virtual time: whose they are, what they change, and what silence does.

Law: the real dispatcher, table and machine; only the clock and the cloud are of the tests.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from aws_executors.core.lifecycle.effects import Report
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase, Source
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.shell.engine.aws_events.feed import News
from aws_executors.shell.engine.dispatcher import Dispatcher, EngineConfig
from shell.engine.clerk import Clerk
from support.worlds import Cloud, Order, Unmeasured

PACE = PollInterval(quickest=1.0, slowest=1.0)


class Told(Clerk):
    """A clerk whose dispatcher is promised events."""

    def __init__(self, rows_every: float = 1.0) -> None:
        super().__init__(Cloud())
        config = EngineConfig(
            policy=Policy(), pace=PACE, rows_every=rows_every, workers=1_000_000, events=True
        )
        self.dispatcher: Dispatcher[str, Order] = Dispatcher(
            self, config, lambda: self.now, self.share, Unmeasured()
        )
        self.not_ours: list[frozenset[str]] = []

    def news(self) -> News:
        return self.dispatcher.event_feed.news

    def begin(self) -> None:
        """A job comes, its container `c1` runs after a second, and an event says so."""
        self.hand_over("t1")
        self.run(1.0)
        self.cloud.run("c1")
        self.event("c1")

    def event(self, container: str) -> None:
        """AWS tells of a container, as it is now."""
        seen = replace(self.cloud.containers[container].seen, source=Source.EVENT)
        self.hear(seen)

    def hear(self, *seen: Observation) -> None:
        self.dispatcher.event_feed.take(seen, self.not_ours.append)

    def polls(self, since: float) -> float:
        """Containers that were polled since then, a second."""
        return sum(count for at, count in self.looks if at > since) / (self.now - since)


@pytest.fixture
def told() -> Told:
    return Told()


def test_polls_are_as_before_until_the_first_event_names_a_container(told: Told) -> None:
    told.hand_over("t1", "t2")
    told.run(10.0)
    assert told.news() is News.UNPROVEN
    assert told.polls(since=2.0) > 1.5  # two containers, once a second each
    told.hear(Observation(id="of another deployment", phase=Phase.RUNNING, source=Source.EVENT))
    assert told.news() is News.UNPROVEN
    told.cloud.run("c1")
    told.event("c1")
    assert told.news() is News.EVENTS


def test_while_events_come_a_container_that_runs_is_polled_every_five_minutes() -> None:
    told = Told(rows_every=10.0)
    told.hand_over(*(f"t{number}" for number in range(1, 101)))
    told.run(5.0, tick=0.05)
    for container in told.cloud.containers:
        told.cloud.run(container)
        told.event(container)
    began = told.now
    told.run(began + 1500.0, tick=0.5)
    assert sum(count for at, count in told.looks if at > began) in range(4 * 100, 5 * 100 + 1)


def test_containers_that_began_one_after_the_other_share_calls() -> None:
    told = Told(rows_every=10.0)
    for number in range(1, 301):
        told.hand_over(f"t{number}")
        told.run(told.now + 1.0, tick=0.5)
        told.cloud.run(f"c{number}")
        told.event(f"c{number}")
    began = told.now
    told.run(began + 600.0, tick=0.5)
    calls = [count for at, count in told.looks if at > began]
    assert sum(calls) in range(500, 700)
    assert len(calls) <= 600 / 15 + 1  # every 15 seconds, however many there are


def test_a_container_that_no_event_has_named_is_polled_as_without_events(told: Told) -> None:
    told.hand_over("covered")
    told.run(1.0)
    told.cloud.run("c1")
    told.event("c1")
    told.hand_over("uncovered")
    told.run(30.0)
    told.event("c1")
    before = sum(count for _, count in told.looks)
    told.run(40.0)
    assert told.news() is News.EVENTS
    assert sum(count for _, count in told.looks) - before >= 9


def test_in_a_quiet_deployment_what_polls_show_is_silence(told: Told) -> None:
    told.hand_over("t1", "t2", "t3")
    told.run(1.0)
    for container in ("c1", "c2", "c3"):
        told.cloud.run(container)
        told.event(container)
    told.run(10.0)
    for container in ("c1", "c2", "c3"):
        told.cloud.finish(container, exit_code=1)  # and the rule is disabled by now
    told.run(330.0, tick=0.1)
    assert told.news() is News.SILENCE


def test_after_a_standstill_silence_is_no_news(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    told.hand_over("t1")
    told.run(1.0)
    told.event("c1")
    told.hand_over("t2", "t3", "t4")
    told.run(2.0)
    told.now += 120.0
    told.dispatcher.was_stalled()
    told.run(told.now + 5.0)
    assert told.news() is News.EVENTS
    assert "Containers are polled" not in caplog.text


def test_an_end_is_known_by_its_event(told: Told) -> None:
    told.begin()
    told.status = "running"
    told.run(20.0)
    looked = len(told.looks)
    told.cloud.finish("c1", exit_code=1)
    told.event("c1")
    told.run(21.0)
    updates = list(told.dispatcher.airflow_updates())
    assert [update.effect.success for update in updates if isinstance(update.effect, Report)] == [False]
    assert len(told.looks) == looked


def test_what_is_late_doubled_or_out_of_order_changes_nothing(told: Told) -> None:
    told.hand_over("t1")
    told.run(1.0)
    running = Observation(id="c1", phase=Phase.RUNNING, started=True, version=3, source=Source.EVENT)
    waiting = replace(running, phase=Phase.PENDING, started=False, version=2)
    ended = replace(running, phase=Phase.FAILED, cause=Cause.EXITED, exit_code=1, version=5)
    told.status = "running"
    for seen in (waiting, running, running, waiting, ended, running, waiting, ended):
        told.hear(seen)
    told.run(2.0)
    reports = [one for one in told.dispatcher.airflow_updates() if isinstance(one.effect, Report)]
    assert len(reports) == 1
    assert told.not_ours == [frozenset()] * 8


def test_whose_container_it_is_not_is_said(told: Told) -> None:
    told.hand_over("t1")
    told.run(1.0)
    strange = Observation(id="strange", phase=Phase.RUNNING, source=Source.EVENT)
    told.hear(strange, Observation(id="c1", phase=Phase.RUNNING, started=True, source=Source.EVENT))
    assert told.not_ours == [frozenset({"strange"})]


def test_the_last_events_of_a_closed_job_are_no_strangers(told: Told) -> None:
    told.hand_over("t1")
    told.run(1.0)
    told.status = "success"
    told.cloud.finish("c1")
    told.event("c1")
    told.run(10.0)
    assert "t1" not in told.dispatcher.table
    told.event("c1")
    assert told.not_ours[-1] == frozenset()


def test_one_that_no_event_names_is_polled_after_15_seconds(told: Told) -> None:
    told.begin()
    told.hand_over("t2")
    told.run(14.0)
    before = len(told.looks)
    told.run(16.9)
    assert len(told.looks) == before + 1


def test_a_container_whose_task_has_ended_is_polled_within_a_minute(told: Told) -> None:
    told.begin()
    told.status = "running"
    told.run(100.0, tick=0.1)
    told.status = "success"
    told.cloud.finish("c1")  # and the event is lost
    began = told.now
    told.run(began + 62.5, tick=0.1)
    assert "t1" not in told.dispatcher.table
    assert sum(count for at, count in told.looks if at > began) == 1


def test_silence_is_noticed_within_30_seconds_and_then_all_are_polled(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.begin()
    told.run(20.0)
    told.hand_over("t2", "t3", "t4")
    told.run(49.0)
    assert told.news() is News.EVENTS
    assert "containers are polled as without events_queue" not in caplog.text
    told.run(51.0)
    assert told.news() is News.SILENCE
    assert caplog.text.count("containers are polled as without events_queue") == 1
    told.run(60.0)
    assert told.polls(since=52.0) > 3.0  # four containers, once a second each
    for container in ("c2", "c3", "c4"):
        told.event(container)
    assert told.news() is News.EVENTS
    told.run(70.0)
    told.run(100.0)
    assert told.polls(since=75.0) < 0.2


def test_a_container_or_two_without_an_event_are_bad_luck(told: Told) -> None:
    told.hand_over("t1")
    told.run(1.0)
    told.event("c1")
    told.hand_over("t2", "t3")
    told.run(100.0, tick=0.1)
    assert told.news() is News.EVENTS


def test_a_queue_that_cannot_be_read_for_30_seconds_is_silence(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.hand_over("t1")
    told.run(1.0)
    told.event("c1")
    told.dispatcher.event_feed.failed("AccessDenied: not authorized", told.now)
    told.run(20.0)
    told.hear()  # it can be read again, and is empty
    told.run(40.0)
    assert told.news() is News.EVENTS
    for _ in range(35):
        told.dispatcher.event_feed.failed("AccessDenied: not authorized", told.now)
        told.run(told.now + 1.0)
    assert told.news() is News.SILENCE
    assert "AccessDenied: not authorized" in caplog.text


def test_without_a_queue_nothing_is_expected() -> None:
    plain = Clerk(Cloud())
    plain.hand_over("t1", "t2", "t3")
    plain.run(60.0, tick=0.1)
    assert plain.dispatcher.event_feed.news is News.POLLS
    assert not plain.dispatcher.table.events_come


def test_an_end_that_comes_while_the_scheduler_ends_is_left_to_the_next_one(told: Told) -> None:
    told.begin()
    told.status = "running"
    told.run(2.0)
    told.dispatcher.close(stop=False)
    told.cloud.finish("c1", exit_code=143)
    told.event("c1")
    told.run(3.0)
    assert not [one for one in told.dispatcher.airflow_updates() if isinstance(one.effect, Report)]
    assert told.not_ours[-1] == {"c1"}
