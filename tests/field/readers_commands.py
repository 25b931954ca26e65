"""What our commands make of configurations and definitions, and where a container's page and log are.

Law: the functions behind the commands, each given what the command would have read, and nothing of this
machine.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from airflow.configuration import AirflowConfigParser

from aws_executors.batch import BatchSettings
from aws_executors.cli.commands.migrate import of_environment, of_file, with_variables
from aws_executors.core.aws import console
from aws_executors.core.aws.response import read_record as read_record
from aws_executors.core.batch.builder import build as build_job
from aws_executors.core.batch.request import from_kwargs as job_of
from aws_executors.core.ecs.builder import build as build_task
from aws_executors.core.logs.lines import log_line
from aws_executors.core.logs.streams import batch_stream, ecs_stream
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.settings.base import Settings
from aws_executors.doctor.checks import batch as batch_checks
from aws_executors.doctor.checks import ecs as ecs_checks
from aws_executors.doctor.checks.findings import Airflow, Finding
from aws_executors.doctor.checks.network import Network
from aws_executors.doctor.checks.routes import Ways
from aws_executors.doctor.evidence import batch as batch_evidence
from aws_executors.doctor.evidence import ecs as ecs_evidence
from aws_executors.ecs import EcsSettings
from aws_executors.local.http.models import check
from aws_executors.local.world import Call, World, apply
from aws_executors.migrate import as_cfg, migrated, notes
from aws_executors.shell.airflow.configuration.section import read_section
from support.airflow_conf import new_conf

MODELS: dict[str, type[Settings]] = {model.section: model for model in (BatchSettings, EcsSettings)}


def configuration(given: Any) -> dict[str, object]:
    """A configuration of an older package (`cfg`, `variables`) as ``migrate`` prints it.

    Read back by Airflow's own parser: each option under ``section.option``, and what our settings say of it.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "airflow.cfg"
        path.write_text(given.get("cfg", ""))
        file = of_file(str(path))
    written = with_variables(file, of_environment(given.get("variables", {}), file))
    printed = as_cfg(migrated(written), notes(written))
    parser = new_conf()
    parser.read_string(printed)
    own = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
    with patch.dict(os.environ, own, clear=True):
        shown: dict[str, object] = {
            f"{section}.{option}": parser.get(section, option, raw=False)
            for section in parser.sections()
            for option in parser.options(section)
        }
        faults = [
            str(fault)
            for section in parser.sections()
            for team, _, base in [section.rpartition("=")]
            if base in MODELS
            for fault in _faults(parser, MODELS[base], team)
        ]
    return shown | {"printed": printed, "faults": "\n".join(faults)}


def _faults(parser: AirflowConfigParser, model: type[Settings], team: str) -> tuple[object, ...]:
    found = read_section(parser, model, team or None)
    settings = model.from_section(found.values, {}, team)
    return (*found.faults, *settings.swap().map(lambda refused: refused.faults).value_or(()))


SOUND = Airflow(
    version="3.3.2",
    needed=">=3.1.8,<3.4",
    supported=True,
    executor="",
    ours=True,
    api_url="https://airflow.example.com/execution/",
    api=200,
    jwt=True,
    queued_timeout=600.0,
    remote_logging=True,
    parallelism=32,
)
NO_NETWORK = Network(
    place="",
    subnets=(),
    groups=(),
    seen_subnets=None,
    seen_groups=None,
    ways=Ways(tables=None, endpoints=None),
    public=None,
    remedy="",
)
TASK = Task(dag_id="etl", task_id="load")
COMMAND = ("airflow", "version")


def told(findings: Iterable[Finding]) -> dict[str, object]:
    """The names of what doctor finds (without what each definition here lacks), and its words."""
    found = [one for one in findings if one.check != "container-api-url"]
    return {
        "checks": [one.check for one in found],
        "words": "\n".join(f"{one.what} {one.change}" for one in found),
    }


def task_definition(given: Any) -> dict[str, object]:
    """What doctor sees in a task definition (`definition`), by `options` and `executor_config`, and its logs.

    It is registered in the embedded AWS first, which must take what AWS takes.
    """
    world, params = World(region="eu-west-1"), given["definition"]
    call = Call("ecs", "RegisterTaskDefinition", params)
    check(call)
    answer = apply(world, call, 0.0)
    if answer.error:
        return {"refused": str(answer.body["message"])}
    shown = answer.body["taskDefinition"]
    first = shown["containerDefinitions"][0]["name"]
    fargate = "FARGATE" in shown.get("requiresCompatibilities", ())
    usual = {"region": "eu-west-1", "cluster": "etl", "container_name": first, "task_definition": "t"}
    usual |= {"launch_type": "FARGATE" if fargate else "EC2"}
    usual |= {"subnets": "subnet-1"} if shown["networkMode"] == "awsvpc" else {}
    settings = EcsSettings.from_section(usual | given.get("options", {})).unwrap()
    launch = Launch(task=TASK, command=COMMAND, settings=settings, token="0b6e")
    request = build_task(replace(launch, executor_config=given.get("executor_config", {})))
    seen = ecs_evidence.Evidence(
        airflow=SOUND,
        settings=settings,
        request=request,
        clusters=None,
        definitions=(read_record(ecs_evidence.TaskDefinition, shown).unwrap(),),
        log_groups=tuple(given.get("log_groups", ())),
        network=NO_NETWORK,
        quota=4000.0,
    )
    stream = ecs_stream(answer.body, container=settings.container_name, task="0f1e")
    found = stream.value_or(None)
    return told(ecs_checks.findings(seen)) | {
        "size": f"{shown.get('cpu', '')} {shown.get('memory', '')}",
        "log_group": found.group if found else "",
        "log_stream": found.name if found else "",
        "log_region": found.region if found else "",
        "no_log": "" if found else stream.failure(),
    }


def job_definition(given: Any) -> dict[str, object]:
    """A job definition (`definition`) as doctor sees it: our `options`, its `queue` and its `environment`."""
    usual = {"region": "eu-west-1", "job_name": "airflow", "job_queue": "q", "job_definition": "d"}
    settings = BatchSettings.from_section(usual | given.get("options", {})).unwrap()
    request = build_job(Launch(task=TASK, command=COMMAND, settings=settings, token="0b6e"))
    if kwargs := given.get("request"):
        request = job_of({"jobName": "airflow", "jobQueue": "q", "jobDefinition": "d"} | kwargs)
    shown = {"jobDefinitionName": "d", "revision": 1, "status": "ACTIVE"} | given["definition"]
    around = {
        "computeEnvironmentName": "e",
        "computeEnvironmentArn": "e",
        "state": "ENABLED",
        "status": "VALID",
        "computeResources": {"type": "EC2", "maxvCpus": 16},
    } | given.get("environment", {})
    usable = {"jobQueueName": "q", "state": "ENABLED", "status": "VALID"}
    queues = (
        (read_record(batch_evidence.Queue, usable | given["queue"]).unwrap(),) if "queue" in given else None
    )
    definition = read_record(batch_evidence.JobDefinition, shown).unwrap()
    seen = batch_evidence.Evidence(
        airflow=SOUND,
        settings=settings,
        request=request,
        queues=queues,
        environments=(read_record(batch_evidence.ComputeEnvironment, around).unwrap(),),
        definitions=(definition,),
    )
    seen = replace(seen, quota=4000.0, log_groups=tuple(given.get("log_groups", ())))
    return told(batch_checks.findings(seen)) | {
        "kind": definition.kind,
        "vcpus": definition.vcpus,
        "containers": [one.name for one in definition.containers],
        "images": [one.image for one in definition.containers],
    }


def console_link(given: Any) -> dict[str, object]:
    """The pages of an ECS task (`task`), or of a job or log stream in a `region`."""
    return {
        "task": console.ecs_task(given.get("task", "")),
        "job": console.batch_job(given.get("region", ""), given.get("job", "")),
        "log": console.log_stream(given.get("region", ""), given.get("group", ""), given.get("stream", "")),
    }


def log_stream(given: Any) -> dict[str, object]:
    """Where a container logs to: of an ECS task by its `definition`, of a `job` as AWS shows it; a `line`."""
    if "job" in given:
        stream = batch_stream({"jobs": [given["job"]]}, container=given.get("container", ""))
    else:
        answer = {"taskDefinition": {"containerDefinitions": given["containers"]}}
        stream = ecs_stream(answer, container=given["container"], task="0f1e")
    found = stream.value_or(None)
    return {
        "group": found.group if found else "",
        "name": found.name if found else "",
        "region": found.region if found else "",
        "why": "" if found else stream.failure(),
        "line": log_line(given.get("line", ""), None),
    }


READERS: Mapping[str, Callable[[Any], Mapping[str, object]]] = {
    "configurations": configuration,
    "task-definitions": task_definition,
    "job-definitions": job_definition,
    "console-links": console_link,
    "log-streams": log_stream,
}
