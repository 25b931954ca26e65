"""`verify` proves a sound account, and says in plain words what is wrong with a broken one.

Law: the whole command runs, against the embedded AWS; its containers are processes. What is broken is a fault
of that AWS, or a runner in place of an image.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from aws_executors.cli.__main__ import main
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.services import ECS
from aws_executors.local import LocalAws
from aws_executors.local.processes import Containers
from aws_executors.local.world import StartProcess
from aws_executors.local.world.ecs import run as local_run
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.event_queue import EventQueue
from aws_executors.shell.engine.aws_events.intake import EventIntake
from aws_executors.shell.engine.aws_events.listener import EventListener
from aws_executors.verify import drive, watch
from aws_executors.verify.event_receiver import NoSink
from aws_executors.verify.proof.checks import CHECKS
from verify.conftest import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aws_executors.core.lifecycle.observation import Observation
    from verify.conftest import Account, MakeAccount

pytestmark = pytest.mark.waits

NEIGHBOURS = 2
ALL_OK = {one.name: "ok" for one in CHECKS}


class Neighbour:
    """A live scheduler that listens to the same queue as verify, and knows its own containers only."""

    def __init__(self, account: Account) -> None:
        self.own: set[str] = set()
        self.ended: set[str] = set()
        settings = EcsSettings(**{name.lower(): value for name, value in OPTIONS["ecs_fargate"].items()})  # type: ignore[arg-type]
        read = partial(ECS.observe_event, settings)
        queue = EventQueue(Clients(settings), os.environ["AIRFLOW__ECS_FARGATE__EVENTS_QUEUE"])
        self.listener = EventListener(queue, EventIntake(read, self, NoSink()))
        self.listener.start()
        self._ecs = account.aws.client("ecs")

    def run(self) -> None:
        """Start a container that ends while verify runs."""
        command = ["python", "-c", "import time; time.sleep(3)"]
        ran = self._ecs.run_task(
            cluster="etl",
            taskDefinition="airflow",
            launchType="FARGATE",
            startedBy=f"airflow/{uuid4()}-1",
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
            overrides={"containerOverrides": [{"name": "main", "command": command}]},
        )
        self.own |= {task["taskArn"] for task in ran["tasks"]}

    def tell(self, seen: Sequence[Observation], then: Callable[[frozenset[str]], None]) -> None:
        self.ended |= {one.id for one in seen if one.final} & self.own
        then(frozenset({one.id for one in seen} - self.own))

    def events_failed(self, problem: str, began: float) -> None:
        raise AssertionError(problem)


def test_a_sound_account_on_ecs(account: Account) -> None:
    neighbour = Neighbour(account)
    account.set("ecs_fargate", WARM_IDLE="120")
    for _ in range(NEIGHBOURS):
        neighbour.run()
    code, report = account.verify("ecs_fargate")
    assert report.outcomes() == ALL_OK, report.found
    assert (code, account.left()) == (0, [])
    until = time.monotonic() + 60
    while neighbour.ended != neighbour.own:  # verify has given back what it received
        assert time.monotonic() < until
        time.sleep(0.05)
    neighbour.listener.end()
    facts = report.facts()
    measured = {name for name, one in facts.items() if one["measured"]}
    assert measured == {
        "client-token", "listed", "shown", "unknown-task", "overrides-limit", "provision", "pull", "start",
        "exit-noticed", "stopped", "exit-code-early", "stop-signal", "stop-reason", "out-of-memory", "events",
        "event-delay", "log-stream",
    }  # fmt: skip
    assert facts["provision"]["agrees"] is False  # an embedded AWS that is quicker than Fargate
    assert facts["client-token"]["agrees"] is facts["shown"]["agrees"] is True
    killed = re.search(r"killed (\d\.\d) s later", facts["stop-signal"]["measured"])
    assert killed is not None
    assert 1.5 <= float(killed[1]) < 5.0  # two seconds, from when its process has got the signal
    assert "DEPROVISIONING" in facts["exit-code-early"]["measured"]
    assert report.found["endpoint"] == account.aws.url
    assert [one["case"] for one in report.found["used"]] == [one.name for one in CHECKS[:9]]
    assert (
        account.aws.calls()["ecs.RunTask"]["calls"] - NEIGHBOURS == 9 + 3
    )  # the repeated, the changed, the large
    paid = sum(one["dollars"] for one in report.found["used"])
    assert report.found["dollars"] == pytest.approx(paid, abs=1e-6)
    assert 0 < report.found["dollars"] < 0.01
    assert "exit code 7" in report.words("exit")
    assert "ran out of memory" in report.words("memory")
    assert "the image has Airflow 3." in report.words("run")
    assert "The second workload began " in report.words("warm")
    assert report.words("warm").endswith("a write under an old condition was refused")


def test_a_sound_account_on_batch(account: Account) -> None:
    account.set("batch", WARM_IDLE="120")
    code, report = account.verify("batch", 90.0)
    assert report.outcomes() == ALL_OK, report.found
    assert (code, account.left()) == (0, [])
    facts = report.facts()
    assert {name for name, one in facts.items() if one["measured"]} == {
        "job-listed", "unknown-job", "job-start", "job-end", "job-signal", "job-stop-reason",
        "job-out-of-memory", "request-limit", "job-events", "job-event-delay", "log-stream",
    }  # fmt: skip
    # The definition's three attempts would have been paid for.
    assert {len(job["attempts"]) for job in account.aws.jobs()} == {1}
    definitions = account.aws.client("batch").describe_job_definitions()["jobDefinitions"]
    assert len(definitions) == 1  # nothing was registered


def test_an_account_without_rights(account: Account) -> None:
    """Logs, S3, events and stops are refused; every refusal is a finding, and what runs on is named."""
    faults = account.aws.faults
    account.monkeypatch.setattr(watch, "LOG_WITHIN", 1.0)
    account.monkeypatch.setattr(drive, "LISTENS_WITHIN", 1.0)
    for action in ("GetLogEvents", "StopTask"):
        words = f"User: x is not authorized to perform: {action}"
        faults.refuse(action, "AccessDeniedException", words, times=1000)
    faults.deny_bucket("workloads")
    faults.disable_rule("events")
    code, report = account.verify("ecs_fargate", 12.0)
    found = report.outcomes()
    assert code == 1
    assert [name for name, one in found.items() if one == "failed"] == [
        "stop", "release", "stored", "logs", "events", "nothing left",
    ]  # fmt: skip
    assert "AccessDeniedException" in report.words("logs")
    assert "s3:PutObject" in report.words("stored")
    assert "No event told" in report.words("events")
    assert "could not be stopped: AccessDeniedException" in report.words("nothing left")
    assert found["run"] == found["memory"] == found["adoption"] == "ok"
    faults.clear()


class Deaf(Containers):
    """An image whose entry point does something else than it is told."""

    def act(self, effect: Any) -> None:
        if isinstance(effect, StartProcess):
            effect = replace(effect, command=("/bin/sh", "-c", "echo hello; exit 0"))
        super().act(effect)


def test_an_image_that_ignores_its_command(on: MakeAccount) -> None:
    with LocalAws(max_processes=9, runner=Deaf) as aws:
        account = on(aws)
        account.monkeypatch.setattr(watch, "LOG_WITHIN", 0.5)
        code, report = account.verify("ecs_fargate", 8.0)
    assert code == 1
    assert "without running our program" in report.words("run")
    assert "ends with: hello" in report.words("run")
    assert report.words("exit") == "A container that exits with 7 was not reported as failed"
    assert "was not killed" in report.words("memory")
    assert "not show our program" in report.words("logs")
    failed = [name for name, one in report.outcomes().items() if one == "failed"]
    assert failed == ["run", "exit", "memory", "stop", "lost answer", "adoption", "release", "stored", "logs"]


def test_an_image_that_is_not_there(account: Account) -> None:
    account.aws.faults.missing_image("i")
    code, report = account.verify("ecs_fargate", 20.0)
    found = report.outcomes()
    assert code == 1
    for name in ("run", "exit", "lost answer", "adoption"):
        assert "CannotPullContainerError" in report.words(name), report.words(name)
    assert found["logs"] == "not checked"
    facts = report.facts()  # of a container that has not begun, none has been measured
    assert not any(facts[name]["measured"] for name in ("client-token", "stop-reason", "out-of-memory"))
    assert (found["nothing left"], account.left()) == ("ok", [])


def test_a_cluster_where_nothing_may_be_started(account: Account) -> None:
    words = "User: x is not authorized to perform: ecs:RunTask"
    account.aws.faults.refuse("RunTask", "AccessDeniedException", words, times=1000)
    code, report = account.verify("ecs_fargate", 20.0)
    assert code == 1
    assert "Allow ecs:RunTask for the role" in report.words("run")
    assert {report.outcomes()[name] for name in ("run", "exit", "stop", "adoption")} == {"failed"}
    assert report.found["used"] == []


class Forgetful(dict[Any, Any]):
    """Client tokens that are forgotten at once."""

    def get(self, key: Any, default: Any = None) -> Any:
        return default


def test_an_ecs_that_breaks_its_word(account: Account) -> None:
    """It forgets client tokens, lists no task, shows no reason, and takes requests of any size."""
    aws, monkeypatch = account.aws, account.monkeypatch
    monkeypatch.setattr(aws._world.ecs, "tokens", Forgetful())
    monkeypatch.setattr(local_run, "OVERRIDES_LIMIT", 10**6)
    monkeypatch.setattr(drive, "FOUND_WITHIN", 1.0)
    aws.faults.refuse(
        "ListTasks", "AccessDeniedException", "not authorized to perform: ecs:ListTasks", times=999
    )
    code, report = account.verify("ecs_fargate", 15.0)
    assert code == 1
    assert "Two containers were started" in report.words("lost answer")
    assert "AWS did not list it by its token: AccessDeniedException" in report.words("adoption")
    assert "AWS did not list it by its token" in report.words("release")
    assert "8256 characters of overrides are accepted, although the limit is 8192" in report.words(
        "size limit"
    )
    assert report.outcomes()["nothing left"] == "ok"
    assert account.left() == []
    assert len(report.found["used"]) <= 10


# --- Before anything is started --------------------------------------------------------------------------


class Terminal:
    """Standard input at which a person answers."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    def isatty(self) -> bool:
        """It is one."""
        return True

    def readline(self) -> str:
        """What the person writes; Ctrl-C is None."""
        if not self._answer:
            raise KeyboardInterrupt
        return self._answer


@pytest.mark.parametrize(("answer", "code"), [("n\n", 2), ("\n", 2), ("", 130)])
def test_it_asks_before_it_spends(account: Account, answer: str, code: int) -> None:
    account.monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert main(["verify", "--section", "ecs_fargate"]) == code
    said = account.capsys.readouterr().err
    assert (
        "8 containers (0.25 vCPU, 512 MiB, Fargate; at most 10), at most 10 minutes: about $0.0033, at most"
        in said
    )
    assert f"at {account.aws.url}, not at AWS's public address" in said
    assert account.aws.tasks() == []


def test_without_a_terminal_it_wants_to_be_told(account: Account) -> None:
    assert main(["verify", "--section", "batch"]) == 2
    assert "There is no terminal to ask at; use --yes to agree." in account.capsys.readouterr().err
    assert account.aws.jobs() == []


BUILDER = """
from aws_executors import compose, ecs

def shout(launch, request):
    return ecs.with_command("echo", "hello")(launch, request)

def build(launch):
    from dataclasses import replace
    return ecs.build(replace(launch, command=("echo", "hello")))

def refuse(launch):
    raise ValueError("only DAGs of the finance team")
"""


@pytest.mark.parametrize(
    ("builder", "words"),
    [
        ("verify_builders.build", "replaces the command of the Airflow container"),
        ("verify_builders.refuse", "only DAGs of the finance team"),
    ],
)
def test_a_builder_that_leaves_it_nothing_to_run(account: Account, builder: str, words: str) -> None:
    (account.folder / "verify_builders.py").write_text(BUILDER)
    account.monkeypatch.syspath_prepend(account.folder)
    account.set("ecs_fargate", REQUEST_BUILDER=builder)
    assert main(["verify", "--section", "ecs_fargate", "--yes"]) == 2
    assert words in account.capsys.readouterr().err
    assert account.aws.tasks() == []


def test_a_report_that_can_not_be_written_hides_nothing_of_what_was_paid_for(account: Account) -> None:
    account.aws.faults.refuse("RunTask", "AccessDeniedException", "not authorized", times=1000)
    full = account.folder / "report.json"
    full.symlink_to("/dev/full")
    code = main(["verify", "--section", "ecs_fargate", "--yes", "--report", str(full), "-o", "json"])
    told = account.capsys.readouterr()
    assert code == 1
    assert json.loads(told.out)["summary"]
    assert f"--report {full} could not be written: No space left on device" in told.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--yes", "--report", "report.txt"],
            "report.txt has no known format; give a name that ends in .md or .json",
        ),
        (["--yes", "--report", "no/such/report.md"], "there is no folder"),
        (["--yes", "--report", "folder.md"], "it is a folder"),
        (["--yes", "--section", "batch"], "job_queue is missing"),
        (["--yes"], "choose one: --section batch or --section ecs_fargate"),
    ],
)
def test_what_it_cannot_run_on(account: Account, options: list[str], words: str) -> None:
    account.set("batch", JOB_QUEUE="")
    account.monkeypatch.chdir(account.folder)
    (account.folder / "folder.md").mkdir()
    names = "AwsBatchExecutor,aws_executors.executors.AwsEcsFargateExecutor"
    account.monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", f"aws_executors.executors.{names}")
    assert main(["verify", *options]) == 2
    assert words in account.capsys.readouterr().err
    assert account.aws.calls().get("ecs.RunTask") is None
