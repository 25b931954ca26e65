"""Two teams in one Airflow, while a task of each of their executors runs.

Law: one Airflow, and one look at it for all tests; `teams.py` says how it is set up.
"""

import urllib.error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from aws_executors.demo.api import DagRun, TaskInstance
from aws_executors.demo.environment import isolate
from aws_executors.demo.proof import slots
from aws_executors.demo.stage import ASK, DemoStage
from e2e import teams
from e2e.teams import TEAMS, Person, person

PATIENCE = 120.0  # seconds
CONSOLE = "https://us-east-1.console.aws.amazon.com"
TASKS = [(team, task) for team, tasks in TEAMS.items() for task in tasks]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen while all tasks ran, and how they have ended."""

    ecs: Sequence[Mapping[str, Any]]
    batch: Sequence[Mapping[str, Any]]
    fleet: Mapping[str, Mapping[str, Any]]
    answers: Mapping[tuple[str, str, str, str], Any]
    """By who asked, the team and the task that was asked about, and what was asked; or an HTTP status."""
    ended: Mapping[str, tuple[TaskInstance, ...]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    isolate()
    with teams.up(tmp_path_factory.mktemp("teams")) as up:
        runs = {team: up.trigger(team) for team in TEAMS}
        people = {team: person(up, team) for team in TEAMS}
        fleet = {
            team: wait_for(up, f"the page of {team}", lambda team=team: all_run(people[team], team))
            for team in TEAMS
        }
        for team, run in runs.items():
            wait_for(up, f"tasks of {team}", lambda run=run: began(up, run))
            wait_for(up, f"the log of {team}", lambda team=team, run=run: has_written(people[team], run))
        for team, task in TASKS:
            ask = partial(linked, people[team], runs[team], task)
            wait_for(up, f"the links of {task} of {team}", ask)
        answers = {
            (who, team, task, what): asked(people[who], runs[team], task, what)
            for who in TEAMS
            for team, task in TASKS
            for what in ("links", "logs/1")
        }
        ecs, batch = list(up.aws.tasks()), list(up.aws.jobs())
        for team in TEAMS:
            (up.place.dags / team / "over").touch()
        ended = {
            team: wait_for(up, f"the end of {team}", lambda run=run: has_ended(up, run))
            for team, run in runs.items()
        }
        wait_for(up, "free slots of four executors", lambda: slots(up.dump()) == [0] * 2 * 4 or None)
    return Seen(ecs, batch, fleet, answers, ended)


def wait_for(up: DemoStage, what: str, ready: Any) -> Any:
    return up.deployment.wait_for(what, ready, timeout=PATIENCE, every=ASK)


def all_run(who: Person, team: str) -> Mapping[str, Any] | None:
    """The fleet page of somebody of this team, once all containers run and are on it."""
    fleet: Mapping[str, Any] = who.get("/aws-executors/fleet.json")["fleet"]
    running = [one for one in fleet["jobs"] if one["state"] == "running"]
    return fleet if fleet["totals"] == [0, 0, 0, len(TASKS), 0] and len(running) == len(TEAMS[team]) else None


def asked(who: Person, run: DagRun, task: str, what: str) -> Any:
    try:
        return who.task(run, task, what)
    except urllib.error.HTTPError as error:
        return error.code


def began(up: DemoStage, run: DagRun) -> bool | None:
    """Whether Airflow knows that all its tasks run: then it asks an executor for their logs."""
    return all(one.state == "running" for one in up.api.task_instances(run)) or None


def has_written(who: Person, run: DagRun) -> bool | None:
    """Whether the log of a running task has what its container has written."""
    return f"written by {run.dag_id}" in str(who.task(run, "by_default", "logs/1")) or None


def linked(who: Person, run: DagRun, task: str) -> bool | None:
    """Whether a task has both links: on a busy machine the first look may take longer than a page waits."""
    links = who.task(run, task, "links")["extra_links"]
    return bool(links["AWS container"] and links["AWS log"]) or None


def has_ended(up: DemoStage, run: DagRun) -> tuple[TaskInstance, ...] | None:
    return up.api.task_instances(run) if up.api.dag_run(run).ended else None


def test_each_team_s_tasks_run_in_its_own_cluster_or_queue_by_its_own_keys(seen: Seen) -> None:
    """By everybody's keys, which are wrong, none would have been started."""
    clusters = [one["clusterArn"].rpartition("/")[2] for one in seen.ecs]
    queues = [one["jobQueue"].rpartition("/")[2] for one in seen.batch]
    assert (sorted(clusters), queues) == (["blue", "red"], ["blue"])
    ended = {(team, one.task_id): one.state for team, all_ in seen.ended.items() for one in all_}
    assert ended == dict.fromkeys(TASKS, "success")


def test_what_a_team_leaves_out_is_the_default_and_not_everybody_s(seen: Seen) -> None:
    assert [one["startedBy"].partition("/")[0] for one in seen.ecs] == ["airflow", "airflow"]


@pytest.mark.parametrize(("team", "task"), TASKS)
def test_links_lead_to_the_team_s_container(seen: Seen, team: str, task: str) -> None:
    links = seen.answers[team, team, task, "links"]["extra_links"]
    place = f"ecs/v2/clusters/{team}/tasks/" if task == "by_default" else "batch/home?region=us-east-1#jobs/"
    assert links["AWS container"].startswith(f"{CONSOLE}/{place}")
    assert links["AWS log"].startswith(f"{CONSOLE}/cloudwatch/")


@pytest.mark.parametrize("team", TEAMS)
def test_the_log_of_a_running_task_is_its_container_s(seen: Seen, team: str) -> None:
    assert f"written by {team}" in str(seen.answers[team, team, "by_default", "logs/1"])


def test_airflow_can_not_read_the_log_of_a_task_that_names_an_executor_of_its_team(seen: Seen) -> None:
    """It asks for an executor of everybody that is called so; docs/configuration.md says it."""
    assert seen.answers["blue", "blue", "by_name", "logs/1"] == 500


@pytest.mark.parametrize(("who", "of"), [("red", "blue"), ("blue", "red")])
def test_of_another_team_s_tasks_nothing_is_seen_but_counts(seen: Seen, who: str, of: str) -> None:
    refused = {answer for (asker, team, *_), answer in seen.answers.items() if (asker, team) == (who, of)}
    assert refused == {403}
    fleet = seen.fleet[who]
    assert {one["task"].partition(".")[0] for one in fleet["jobs"]} == {who}
    hidden = {
        part for one in seen.fleet[of]["jobs"] for part in (one["task"], one["container"], one["console"])
    }
    assert len(hidden) == 3 * len(TEAMS[of])
    assert [part for part in hidden if part in str(fleet)] == []
    # By team, without a name of a task; how old the oldest is has changed between the two readings.
    counted = [[one | {"oldest": ""} for one in seen.fleet[each]["queues"]] for each in (who, of)]
    assert counted[0] == counted[1]
