"""Tables of what each option of an older package becomes, one per old section.

Law: pure data, and functions that rewrite values. The defaults of a package are part of a configuration, so
different defaults are reported too.
"""

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast


def same(value: str) -> str:
    """Return the value unchanged."""
    return value


DICTS: Mapping[str, str] = {
    "BATCH_SUBMIT_JOB_KWARGS": "BATCH_SUBMIT_JOB_KWARGS",
    "DEFAULT_BATCH_KWARGS": "BATCH_SUBMIT_JOB_KWARGS",
    "ECS_FARGATE_RUN_TASK_KWARGS": "ECS_FARGATE_RUN_TASK_KWARGS",
    "DEFAULT_ECS_FARGATE_KWARGS": "ECS_FARGATE_RUN_TASK_KWARGS",
    "DEFAULT_AWS_ECS_CONFIG": "ECS_FARGATE_RUN_TASK_KWARGS",
}
"""Our dict of default arguments for each name that the older package's dicts have had."""


def our_path(value: str) -> str:
    """Rewrite the dotted path of the older package's default arguments; paths to other modules are kept.

    >>> our_path("airflow_aws_executors.conf.BATCH_SUBMIT_JOB_KWARGS")
    'aws_executors.conf.BATCH_SUBMIT_JOB_KWARGS'
    >>> our_path("default_aws_ecs.DEFAULT_AWS_ECS_CONFIG"), our_path("my.BATCH_SUBMIT_JOB_KWARGS")
    ('aws_executors.conf.ECS_FARGATE_RUN_TASK_KWARGS', 'my.BATCH_SUBMIT_JOB_KWARGS')
    """
    module, _, name = value.rpartition(".")
    own = module.partition(".")[0] != "airflow_aws_executors" and not name.startswith("DEFAULT_")
    return value if own or name not in DICTS else f"aws_executors.conf.{DICTS[name]}"


def attempts(value: str) -> str:
    """Limit the number of containers for one try to between 1 and 10."""
    return str(min(10, max(1, int(value)))) if value.strip().isdigit() else value


def strategy(value: str) -> str:
    """Rewrite a strategy as JSON; the Amazon provider's own example is a Python literal.

    >>> strategy("[{'capacityProvider': 'cp1', 'weight': 5}]"), strategy("FARGATE_SPOT:1")
    ('[{"capacityProvider": "cp1", "weight": 5}]', 'FARGATE_SPOT:1')
    """
    if not value.startswith("[") or _object(value) is not None:
        return value
    try:
        return json.dumps(cast("object", ast.literal_eval(value)))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return value


def definition(value: str) -> str:
    """Remove ``:LATEST`` from a definition: AWS does not know it, and uses the newest revision if none is
    given.

    >>> definition("executor_task_definition:LATEST"), definition("airflow:7")
    ('executor_task_definition', 'airflow:7')
    """
    return value[: -len(":latest")] if value.lower().endswith(":latest") else value


def public(value: str) -> str:
    """Whether a task gets a public address: for the Amazon provider only if the value is the word ``True``.

    >>> public("True"), public("true"), public("ENABLED")
    ('True', 'False', 'False')
    """
    return str(value == "True")


def aws_spelling(value: str) -> str:
    """Rewrite arguments in AWS's spelling; the Amazon provider accepts ``launch_type`` for ``launchType`` at
    any depth.

    >>> aws_spelling('{"retry_strategy": {"attempts": 3}, "tags": {"cost_center": "1"}}')
    '{"retryStrategy": {"attempts": 3}, "tags": {"cost_center": "1"}}'
    """
    inside = kwargs_in(value)
    return value if inside is None or _camel(inside) == inside else json.dumps(_camel(inside))


def kwargs_in(value: str) -> dict[str, object] | None:
    """The JSON object in a text, or None."""
    inside = _object(value)
    return cast("dict[str, object]", inside) if isinstance(inside, dict) else None


def _object(value: str) -> object:
    try:
        return cast("object", json.loads(value))
    except (ValueError, RecursionError):
        return None


def _camel(inside: dict[str, object]) -> dict[str, object]:
    return {
        _camelized(name): _camel(cast("dict[str, object]", part))
        if isinstance(part, dict) and name.lower() != "tags"
        else part
        for name, part in inside.items()
    }


def _camelized(name: str) -> str:
    first, *rest = name.split("_")
    return first[:1].lower() + first[1:] + "".join(word[:1].upper() + word[1:] for word in rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Becomes:
    """What an old option becomes: `option` of our section, or nothing if `option` is empty.

    `changed` is the note for a value that had to be spelled in another way.
    """

    option: str = ""
    spelled: Callable[[str], str] = same
    note: str = ""
    changed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritten:
    """What applies if an old option is not set: our option and value with the same effect, or only a note.

    `unless` names options, or members of the kwargs, any of which makes this irrelevant.
    """

    option: str = ""
    value: str = ""
    note: str
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """One old section: its package, our section and executor, its options, and what applies if they are not
    set.

    `from_kwargs` are options that may be members of the kwargs; `together` are those that, for tasks not on
    Fargate, count only if all of them are set.
    """

    package: str
    section: str
    executor: str
    kwargs_option: str
    options: Mapping[str, Becomes]
    silent: Mapping[str, Unwritten]
    notes: tuple[str, ...] = ()
    from_kwargs: tuple[str, ...] = ()
    together: tuple[str, ...] = ()


PROVIDER, OLDER = "apache-airflow-providers-amazon", "airflow-aws-executors"
DEEP = (
    "There it is merged into the request at every depth; here each member that it has takes the place of the "
    "whole member. Compare with: aws-executors preview --command 'airflow version'"
)
HEALTH = "There is no check at start-up: run `aws-executors doctor`, which asks more and says what to change."
ATTEMPTS = (
    "Here it counts the containers of one try that were lost before the task began (1 to 10); throttling and "
    "missing capacity use up none, and a task that failed by itself is Airflow's to retry."
)
REBUILD = "Its module imports the old package's conf: import aws_executors.conf there instead."
CONNECTION = (
    "conn_id is not written: the amazon provider then uses the connection aws_default if it exists, here it "
    "is boto3's own chain (a role, a profile, variables). If you have that connection: conn_id = aws_default"
)
MUST_EXIST = (
    "The amazon provider goes on without a connection that does not exist; here tasks wait for it, and the "
    "scheduler's log says so."
)
NO_ADOPTION = (
    "The amazon provider always adopts; here that is a choice, and its default is to stop the containers "
    "when the scheduler stops."
)
DEFAULT_STRATEGY = (
    "launch_type is not written: the amazon provider then uses the cluster's default capacity provider "
    "strategy, and Fargate if the cluster has none; here it is Fargate. If the cluster has one, write it: "
    "capacity_provider_strategy = name:weight,..."
)
DEFAULT_LAUNCH = (
    "launch_type is not written: airflow-aws-executors then sends none, and AWS takes the cluster's default "
    "capacity provider strategy, or EC2; here it is Fargate. If the cluster has another default, write it: "
    "capacity_provider_strategy = name:weight,... or launch_type = EC2"
)
NETWORK = (
    "airflow-aws-executors sends a network only if subnets, security_groups and assign_public_ip are all "
    "written, and here subnets alone are sent."
)
NEWEST = "Without a revision AWS takes the newest one that is active."
ONLY_TRUE = "For the amazon provider only the very word True is a yes, so your tasks have no public address."
COMMON: dict[str, Becomes] = {
    "conn_id": Becomes(option="conn_id", note=MUST_EXIST),
    "region_name": Becomes(option="region"),
    "region": Becomes(option="region"),
    "check_health_on_startup": Becomes(note=HEALTH),
}
SILENT: dict[str, Unwritten] = {
    "conn_id": Unwritten(note=CONNECTION),
    "adopt_task_instances": Unwritten(option="adopt_task_instances", value="True", note=NO_ADOPTION),
}
ON = ("capacity_provider_strategy", "launchType", "capacityProviderStrategy")
SAME_ECS: dict[str, Becomes] = {
    name: Becomes(option=name)
    for name in (
        "cluster",
        "container_name",
        "launch_type",
        "platform_version",
        "assign_public_ip",
        "security_groups",
        "subnets",
    )
} | {"task_definition": Becomes(option="task_definition", spelled=definition, changed=NEWEST)}
SAME_BATCH: dict[str, Becomes] = {
    "job_name": Becomes(option="job_name"),
    "job_queue": Becomes(option="job_queue"),
    "job_definition": Becomes(option="job_definition", spelled=definition, changed=NEWEST),
}
OURS = "aws_executors.executors."

TABLE: Mapping[str, Old] = {
    "aws_ecs_executor": Old(
        package=PROVIDER,
        section="ecs_fargate",
        executor=f"{OURS}AwsEcsFargateExecutor",
        kwargs_option="run_task_kwargs",
        options=COMMON
        | SAME_ECS
        | {
            "assign_public_ip": Becomes(option="assign_public_ip", spelled=public, changed=ONLY_TRUE),
            "capacity_provider_strategy": Becomes(option="capacity_provider_strategy", spelled=strategy),
            "max_run_task_attempts": Becomes(option="max_attempts", spelled=attempts, note=ATTEMPTS),
            "run_task_kwargs": Becomes(option="run_task_kwargs", spelled=aws_spelling, note=DEEP),
        },
        silent=SILENT | {"launch_type": Unwritten(note=DEFAULT_STRATEGY, unless=ON)},
        notes=(
            "executor_config: members of run_task, as there, and the keys of the container's override, too.",
        ),
        from_kwargs=("subnets", "security_groups", "assign_public_ip", "container_name"),
    ),
    "aws_batch_executor": Old(
        package=PROVIDER,
        section="batch",
        executor=f"{OURS}AwsBatchExecutor",
        kwargs_option="submit_job_kwargs",
        options=COMMON
        | SAME_BATCH
        | {
            "max_submit_job_attempts": Becomes(option="max_attempts", spelled=attempts, note=ATTEMPTS),
            "submit_job_kwargs": Becomes(option="submit_job_kwargs", spelled=aws_spelling, note=DEEP),
        },
        silent=SILENT,
        notes=("executor_config: members of submit_job, as there, and the keys of containerOverrides, too.",),
    ),
    "batch": Old(
        package=OLDER,
        section="batch",
        executor=f"{OURS}AwsBatchExecutor",
        kwargs_option="submit_job_kwargs",
        options=SAME_BATCH
        | {
            "region": Becomes(option="region"),
            "adopt_task_instances": Becomes(option="adopt_task_instances"),
            "submit_job_kwargs": Becomes(option="submit_job_kwargs", spelled=our_path),
        },
        silent={},
    ),
    "ecs_fargate": Old(
        package=OLDER,
        section="ecs_fargate",
        executor=f"{OURS}AwsEcsFargateExecutor",
        kwargs_option="run_task_kwargs",
        options=SAME_ECS
        | {
            "region": Becomes(option="region"),
            "adopt_task_instances": Becomes(option="adopt_task_instances"),
            "run_task_kwargs": Becomes(option="run_task_kwargs", spelled=our_path),
        },
        silent={"launch_type": Unwritten(note=DEFAULT_LAUNCH, unless=ON)},
        together=("subnets", "security_groups", "assign_public_ip"),
    ),
}
LEFT: Mapping[str, str] = {
    "aws_lambda_executor": "Lambda is not there: its tasks need another executor.",
    "aws_ecs": "No package reads this section; airflow-aws-executors' is [ecs_fargate].",
    "aws_batch": "No package reads this section; airflow-aws-executors' is [batch].",
}
"""Sections that are not translated, and why."""
READ = ("core", *TABLE, *LEFT)
"""The sections that are read; each may also be for a team, as in ``[team_a=batch]``."""
