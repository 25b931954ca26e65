"""Marked secrets go in everywhere, and come out nowhere but in the request itself.

Law: the secrets are drawn; every text that a person could read is collected by `texts` and searched. Env
values count as secret where their names say so (`core/redact/values.py`); those that a name does not call
secret may be shown in a preview, and nowhere in a log.
"""

import io
import json
import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Result

from aws_executors import Launch, Task, batch, compose, difference, ecs, preview, to_kwargs
from aws_executors.cli.__main__ import main
from aws_executors.core.aws.errors import classify, classify_exception
from aws_executors.core.lifecycle.effects import Report, Submit
from aws_executors.core.lifecycle.events import Prepared
from aws_executors.core.lifecycle.job import Job
from aws_executors.core.requests.compose import built, function_name
from aws_executors.executors import AwsEcsFargateExecutor
from aws_executors.local import LocalAws
from aws_executors.shell.airflow.configuration.connection import Connection, honoured
from aws_executors.shell.aws.client.credentials import access
from aws_executors.shell.engine.messages import AirflowUpdate, WorkItem
from support.airflow_rows import task_instance
from support.samples import examples
from support.sites import ecs_site

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

WORD = st.text("ABCDEFabcdef0123456789", min_size=16, max_size=24)
NAMES = ("DB_PASSWORD", "AIRFLOW_CONN_PG", "API_KEY", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
ECS = {
    "region": "us-east-1",
    "cluster": "etl",
    "container_name": "main",
    "task_definition": "airflow",
    "subnets": "subnet-1",
}
BATCH = {"region": "us-east-1", "job_name": "airflow", "job_queue": "q", "job_definition": "d"}


@dataclass(frozen=True)
class Secrets:
    """What must not be seen."""

    jwt: str
    value: str
    password: str

    def within(self, text: str) -> list[str]:
        """Those that a text holds."""
        return [
            secret
            for secret in (self.jwt, self.jwt.split(".")[2], self.value, self.password)
            if secret in text
        ]


@st.composite
def secrets(draw: st.DrawFn) -> Secrets:
    parts = [draw(WORD) for _ in range(5)]
    return Secrets(f"eyJ{parts[0]}.{parts[1]}.{parts[2]}", f"v{parts[3]}v", f"p{parts[4]}p")


def command(known: Secrets) -> tuple[str, ...]:
    workload = {"token": known.jwt, "ti": {"task_id": "load", "dag_id": "etl"}, "type": "ExecuteTask"}
    return (
        "python",
        "-m",
        "airflow.sdk.execution_time.execute_workload",
        "--json-string",
        json.dumps(workload),
    )


def quoting_builder(launch: Launch[Any]) -> Any:
    raise ValueError(f"no request for {launch.command} with {launch.executor_config}")


def quoting_step(launch: Launch[Any], request: Any) -> Any:
    raise KeyError(str(to_kwargs(request)))


def launches(known: Secrets, name: str) -> Iterator[tuple[Launch[Any], Any, Any]]:
    environment = {name: known.value, "STAGE": "test"}
    for model, section, service, kind in (
        (ecs.EcsSettings, ECS, ecs, ecs.RunTask),
        (batch.BatchSettings, BATCH, batch, batch.SubmitJob),
    ):
        for config in (
            {"environment": environment},
            {"environment": [{"name": n, "value": v} for n, v in environment.items()]},
        ):
            yield (
                Launch(
                    task=Task(dag_id="etl", task_id="load"),
                    command=command(known),
                    settings=model.from_section(section).unwrap(),
                    token="0b6e",
                    executor_config=config,
                ),
                service,
                kind,
            )


def answered(request: Any, attempt: int) -> Result[Any, str]:
    return Result.from_value(request)


def texts(known: Secrets, name: str) -> Iterator[str]:
    """Everything that a person could read of these launches."""
    for launch, service, kind in launches(known, name):
        request = service.build(launch)
        job: Job[Any] = Job(token="0b6e")
        handover = WorkItem(job=job, key="key", build=partial(answered, request))
        event = Prepared(0.1, request)
        yield from map(repr, (job, event, Submit(request), handover, launch, launch.task))
        kwargs = {launch.settings.kwargs_option: json.dumps(to_kwargs(request))}
        settings = launch.settings.model_copy(update=kwargs)
        yield from (repr(settings), str(settings), repr(replace(launch, settings=settings)))
        yield from (repr(request), str(request), preview(request), preview(request)._repr_html_())
        yield difference(service.build(launch), service.sealed(launch, request))
        for build in (quoting_builder, compose(service.build, quoting_step)):
            fault = built(build, launch, kind).failure()
            yield from (str(fault), repr(fault), str(AirflowUpdate("0b6e", "key", Report(False, str(fault)))))
        step = service.with_environment({name: known.value}, **{name.replace("-", "_"): known.value})
        composed = compose(service.build, step)
        yield from (repr(step), repr(composed), function_name(composed), function_name(step))
    pair = ecs.KeyValuePair(name=name, value=known.value)
    proxy = ecs.ContainerOverride(name="proxy", command=command(known), environment=(pair,))
    yield repr(ecs.with_container(proxy))
    yield repr(batch.with_container("proxy", command=command(known), environment={name: known.value}))


@examples(40)
@given(secrets(), st.sampled_from(NAMES))
def test_nothing_that_is_shown_of_a_launch(known: Secrets, name: str) -> None:
    for launch, service, _ in launches(known, name):
        request = json.dumps(to_kwargs(service.build(launch)))
        assert known.value in request  # the container gets it, and the token too
        assert known.jwt in request
    assert [(text, found) for text in texts(known, name) if (found := known.within(text))] == []


BROKEN: tuple[Callable[[Secrets], Mapping[str, object]], ...] = (
    lambda known: {"environment": {"DB_PASSWORD": known.value, "N": 3}},
    lambda known: {"environment": [{"name": "DB_PASSWORD", "valu": known.value}]},
    lambda known: {"environment": known.value},
    lambda known: {"environment": {"DB_PASSWORD": {"deeper": known.value}}},
    lambda known: {"command": ["echo", known.value]},
    lambda known: {"overrides": {"containerOverrides": [{"environment": {"API_KEY": known.value}, "x": 1}]}},
)


@given(secrets(), st.sampled_from(BROKEN))
def test_nothing_in_the_refusal_of_an_executor_config(
    known: Secrets, broken: Callable[[Secrets], Mapping[str, object]]
) -> None:
    for service, section, model, kind in (
        (ecs, ECS, ecs.EcsSettings, ecs.RunTask),
        (batch, BATCH, batch.BatchSettings, batch.SubmitJob),
    ):
        launch: Launch[Any] = Launch(
            task=Task(dag_id="etl", task_id="load"),
            command=command(known),
            settings=model.from_section(section).unwrap(),
            token="0b6e",
            executor_config=broken(known),
        )
        build: Any = service.build
        fault = built(build, launch, kind).failure()
        assert known.within(f"{fault} {fault!r}") == []


@given(secrets())
def test_nothing_in_what_is_wrong_with_a_section(known: Secrets) -> None:
    inside = json.dumps({"overrides": {"containerOverrides": [{"environment": {"API_KEY": known.value}}]}})
    wrong = (
        ECS | {"run_task_kwargs": inside[:-1]},
        ECS | {"run_task_kwargs": f"[{inside}]"},
        ECS | {"endpoint_url": f"http://me:{known.password}@proxy:80"},
        ECS | {"capacity_provider_strategy": inside},
    )
    for section in wrong:
        faults = ecs.EcsSettings.from_section(section).failure()
        assert known.within(f"{faults} {faults!r}") == []


@examples(40)
@given(secrets())
def test_nothing_in_what_is_wrong_with_a_connection(known: Secrets) -> None:
    from botocore.config import Config

    for found in (
        Connection(conn_id="aws", login="AKIA", password=known.password, host="x"),
        Connection(conn_id="aws", login="AKIA", password=known.password, extra={"rolle": known.value}),
        Connection(conn_id="aws", extra={"aws_secret_access_key": known.value, "region_name": 3}),
        Connection(conn_id="aws", extra={"aws_session_token": known.jwt}),
        Connection(conn_id="aws", conn_type="http", password=known.password),
    ):
        assert known.within(f"{found!r} {honoured(found).failure()!r}") == []
    sound = Connection(conn_id="aws", login="AKIA", password=known.password)
    assert known.within(repr(access("aws", "us-east-1", Config(), lambda _: sound))) == []


@given(secrets())
def test_nothing_in_what_aws_said(known: Secrets) -> None:
    for said in (
        classify("ClientException", f"Invalid command {command(known)}", status=400),
        classify_exception(["ParamValidationError"], f"Invalid {command(known)}"),
    ):
        assert known.jwt not in repr(said)


@examples(30)
@given(secrets(), st.sampled_from(NAMES))
def test_nothing_in_the_dump_of_an_executor(known: Secrets, name: str) -> None:
    """What waits in its queues, what it could not hand over, and what it has to tell."""
    from airflow.executors.workloads import ExecuteCallback, ExecuteTask
    from airflow.executors.workloads.base import BundleInfo
    from airflow.executors.workloads.callback import CallbackDTO, CallbackFetchMethod
    from airflow.executors.workloads.task import TaskInstanceDTO

    said = io.StringIO()
    logger: Any = logging.Logger("dump")
    logger.addHandler(logging.StreamHandler(said))

    class Talking(AwsEcsFargateExecutor):
        log = logger

    where: dict[str, Any] = {
        "token": known.jwt,
        "bundle_info": BundleInfo(name="b"),
        "log_path": "dag/run/task",
    }
    ids = [uuid.UUID(int=number) for number in range(2)]
    executor_config = {"environment": {name: known.value}}
    tasks = [
        ExecuteTask.model_construct(
            ti=TaskInstanceDTO.model_construct(
                id=one,
                dag_id="etl",
                task_id=f"load{one.int}",
                run_id="run",
                try_number=1,
                map_index=-1,
                queue="default",
                pool_slots=1,
                priority_weight=1,
                dag_version_id=one,
                executor_config=executor_config,
            ),
            dag_rel_path=Path("dag.py"),
            **where,
        )
        for one in ids
    ]
    data = {"path": "etl.notify", "kwargs": {name: known.value}}
    callback = CallbackDTO.model_construct(
        id=str(ids[0]), fetch_method=CallbackFetchMethod.IMPORT_PATH, data=data
    )
    executor = Talking(parallelism=1)
    call_back = ExecuteCallback.model_construct(callback=callback, dag_rel_path=Path("d"), **where)
    workloads: list[ExecuteTask | ExecuteCallback] = [*tasks, call_back]
    for workload in workloads:
        executor.queue_workload(workload, cast("Session", None))
    executor.debug_dump()
    executor.heartbeat()  # never started: one of them is failed
    executor.debug_dump()
    dumped = f"{said.getvalue()} {executor!r} {executor.event_buffer!r}"
    assert "load1" in dumped
    assert known.within(dumped) == []


@examples(3)
@given(secrets())
def test_nothing_in_what_the_commands_print(known: Secrets) -> None:
    import contextlib

    variables = {f"AIRFLOW__ECS_FARGATE__{name.upper()}": value for name, value in ECS.items()}
    variables |= {
        "AIRFLOW__CORE__EXECUTOR": "aws_executors.executors.AwsEcsFargateExecutor",
        "AIRFLOW__ECS_FARGATE__CONN_ID": "prod",
        "AIRFLOW_CONN_PROD": f"http://AKIA:{known.password}@host/",
    }
    config = json.dumps({"environment": {"DB_PASSWORD": known.value}})
    with pytest.MonkeyPatch.context() as patched:
        for name, value in variables.items():
            patched.setenv(name, value)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            for form in ("table", "json", "yaml"):
                words = ["--command", f"run {known.jwt}", "--executor-config", config, "--output", form]
                assert main(["preview", *words]) == 0
                assert main(["iam-policy", "--output", form]) == 0
            assert main(["doctor", "--output", "json"]) == 1  # the connection is of another type
    said = out.getvalue() + err.getvalue()
    assert "its type is 'http'" in said
    assert known.within(said) == []


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(keep_requests=True) as cloud:
        ecs_site(cloud, entryPoint=["echo"])
        yield cloud


@pytest.mark.usefixtures("airflow_db")
def test_nothing_in_what_a_whole_executor_logs_and_reports(
    aws: LocalAws,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from airflow.models import Log
    from airflow.utils.session import create_session
    from sqlalchemy import select

    secret = "4f1c0ffee4f1c0ffee"
    caplog.set_level(logging.DEBUG, "aws_executors")  # botocore itself shows every request at DEBUG
    for name, value in {**ECS, "endpoint_url": aws.url, "poll_interval": "0.1"}.items():
        monkeypatch.setenv(f"AIRFLOW__ECS_FARGATE__{name.upper()}", value)
    config = {"environment": {"DB_PASSWORD": secret}}
    good, bad = task_instance("good", executor_config=config), task_instance("bad", executor_config=config)
    quoted = task_instance("quoted", executor_config=config)
    bad.executor_config = {**config, "memory": secret}  # not a number
    executor = AwsEcsFargateExecutor()
    executor.start()
    said = []
    try:
        with create_session(scoped=False) as session:
            executor.queue_workload(good.workload(), session)
        executor.heartbeat()
        until = time.monotonic() + 60
        while not sent_to(aws) and time.monotonic() < until:
            time.sleep(0.05)
        # AWS quotes what it was really sent: the executor has minted that itself.
        (first,) = sent_to(aws)
        aws.faults.refuse("RunTask", "ClientException", f"bad command: {first}")
        with create_session(scoped=False) as session:
            for given_ in (bad, quoted):
                executor.queue_workload(given_.workload(), session)
        executor.heartbeat()
        good.becomes("running")
        while len(executor.event_buffer) < 3 and time.monotonic() < until:
            executor.sync()
            executor.debug_dump()
            said += [
                repr(executor),
                repr(executor._engine),
                *map(repr, executor._engine.jobs() if executor._engine else ()),
            ]
            time.sleep(0.05)
        said += [repr(executor.event_buffer)]
        assert len(executor.event_buffer) == 3
    finally:
        executor.end()
    with create_session(scoped=False) as session:
        said += [f"{row.event} {row.extra}" for row in session.scalars(select(Log))]
    out, err = capfd.readouterr()
    everything = "\n".join([*said, caplog.text, out, err])
    assert "memory" in everything  # what is wrong is told
    assert "bad command" in everything
    real = sent_to(aws)
    assert len(real) == 2  # of the two that were sent, each its own
    for token in (*real, good.workload().token):
        assert token not in everything
        assert token.split(".")[2] not in everything
    assert secret not in everything


def sent_to(aws: LocalAws) -> set[str]:
    """The tokens that AWS has got, in whatever way."""
    bodies = (request.body.decode() for request in aws.requests())
    return {token for body in bodies for token in re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", body)}
