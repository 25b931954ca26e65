"""Readers of errors, answers, `executor_config` and sections.

Law: as a case's `given` goes in, so it goes through the code of production; what comes out is plain.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from botocore.session import get_session
from returns.methods import unwrap_or_failure

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.batch import builder as batch_build
from aws_executors.core.batch.answers.describe import observe_answer as observe_jobs
from aws_executors.core.batch.answers.responses import listed_ids as listed_jobs
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs import builder as ecs_build
from aws_executors.core.ecs.answers.describe import observe_answer as observe_tasks
from aws_executors.core.ecs.answers.responses import listed_ids as listed_tasks
from aws_executors.core.ecs.answers.responses import started
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.requests.compose import BuildFault, built
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import SettingsFaults
from aws_executors.shell.aws.call import call_aws, unknown_operation
from aws_executors.shell.aws.client.parser import EmptyAnswerError, QuickParsers, refuse_empty


def _told(error: AwsError) -> dict[str, object]:
    return {
        "kind": error.kind.value,
        "code": error.code,
        "message": error.message,
        "remedy": error.remedy,
        "lines": len(error.message.splitlines()),
        "unknown": unknown_operation(error, "TerminateJobs"),
    }


def errors(given: Any) -> Mapping[str, object]:
    """An answer that went wrong: its ``service``, ``status``, ``headers`` and ``body``; read by botocore."""
    model = get_session().get_service_model(given["service"])
    parser = create_parser(model.resolved_protocol)
    answer = {
        "status_code": given["status"],
        "headers": given.get("headers", {}),
        "body": given["body"].encode(),
    }

    def answered() -> object:
        parsed: Any = parser.parse(answer, None)  # type: ignore[arg-type]  # no shape: an error's is its own
        raise ClientError(parsed, "RunTask")

    return _told(call_aws(answered).failure())


OBSERVED: Mapping[str, Callable[[object, list[str]], Any]] = {
    "DescribeTasks": lambda answer, asked: observe_tasks(answer, asked=asked, container="airflow"),
    "DescribeJobs": lambda answer, asked: observe_jobs(answer, asked=asked, container="airflow"),
}
LISTED: Mapping[str, Callable[[object], Any]] = {"ListTasks": listed_tasks, "ListJobs": listed_jobs}
SERVICE = {
    "RunTask": "ecs",
    "DescribeTasks": "ecs",
    "ListTasks": "ecs",
    "DescribeJobs": "batch",
    "ListJobs": "batch",
}


def answers(given: Any) -> Mapping[str, object]:
    """A good answer: its ``operation``, its ``body`` as text, and the ids that were ``asked`` for."""
    name = given["operation"]
    model = get_session().get_service_model(SERVICE[name])
    operation = model.operation_model(name)
    parser = QuickParsers().create_parser(model.resolved_protocol)
    response = {"status_code": 200, "headers": {}, "body": given["body"].encode()}
    try:
        answer: Any = parser.parse(response, operation.output_shape)  # type: ignore[arg-type]  # it has one
        refuse_empty(model, f"response-received.{model.service_id.hyphenize()}.{name}", answer)
    except EmptyAnswerError as error:
        return {"answer": False, "problem": str(error)}
    if name in LISTED:
        match unwrap_or_failure(LISTED[name](answer)):
            case AwsError(message=problem):
                return {"answer": False, "problem": problem}
            case page:
                return {"answer": True, "ids": list(page.ids)}
    if name == "RunTask":
        match unwrap_or_failure(started(answer)):
            case AwsError() as refused:
                return _told(refused)
            case arn:
                return {"answer": True, "ids": [arn]}
    seen = OBSERVED[name](answer, given["asked"])
    return {
        "answer": True,
        "phases": {one.id: one.phase.value for one in seen.observations},
        "exit_codes": {one.id: one.exit_code for one in seen.observations},
        "reasons": {one.id: one.reason for one in seen.observations},
        "unreadable": [one.id for one in seen.unreadable],
    }


TASK = Task(dag_id="etl", task_id="load")


def executor_configs(given: Any) -> Mapping[str, object]:
    """What a task asks for: ``service``, the section's ``settings``, ``kwargs`` and ``executor_config``."""
    service: tuple[type[Settings], Any, type[RunTask] | type[SubmitJob]] = (
        (EcsSettings, ecs_build, RunTask)
        if given["service"] == "ecs"
        else (BatchSettings, batch_build, SubmitJob)
    )
    model, made, kind = service
    section = model.from_section(given["settings"], given.get("kwargs", {})).unwrap()
    launch: Launch[Any] = Launch(
        task=TASK, command=("run",), settings=section, token="0b6e", executor_config=given["executor_config"]
    )
    build = made.build
    try:
        if "kwargs" in given:
            build = made.build_from(made.over_options(section, given["kwargs"]))
    except ValueError as error:
        return {"error": str(error)}
    match unwrap_or_failure(built(build, launch, kind, made.sealed)):
        case BuildFault() as fault:
            return {"error": str(fault)}
        case request:
            return {"error": "", **to_kwargs(request)}


def sections(given: Any) -> Mapping[str, object]:
    """A section of airflow.cfg: ``section``, its ``options`` as text, ``kwargs`` where they say something."""
    model: type[Settings] = EcsSettings if given["section"] == "ecs_fargate" else BatchSettings
    match unwrap_or_failure(model.from_section(given["options"], given.get("kwargs", {}))):
        case SettingsFaults() as faults:
            return {"faults": str(faults)}
        case settings:
            return {"faults": "", **settings.model_dump(mode="json")}


READERS: Mapping[str, Callable[[Any], Mapping[str, object]]] = {
    "errors": errors,
    "answers": answers,
    "executor-configs": executor_configs,
    "sections": sections,
}
