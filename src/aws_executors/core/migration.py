"""The configuration of an older package, said in ours.

Law: pure, and one table per old section: where each option goes, and a note where its meaning differs. What a
package does when nothing is written is part of its configuration, so differing defaults are told too.

Sources: the README of airflow-aws-executors; ``airflow/providers/amazon/aws/executors`` (``ecs/utils.py``,
``batch/utils.py``, ``ecs_executor_config.py``) of apache-airflow-providers-amazon.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.secrets import sensitive
from aws_executors.core.texts import one_line

Sections = Mapping[str, Mapping[str, str]]
"""What is written: by section and option."""


def same(value: str) -> str:
    """The value as it is."""
    return value


def our_path(value: str) -> str:
    """The dotted path of the default kwargs; another module keeps its own name.

    >>> our_path("airflow_aws_executors.conf.BATCH_SUBMIT_JOB_KWARGS")
    'aws_executors.conf.BATCH_SUBMIT_JOB_KWARGS'
    """
    return value.replace("airflow_aws_executors.conf.", "aws_executors.conf.")


def attempts(value: str) -> str:
    """At most ten containers for one try."""
    return str(min(10, max(1, int(value)))) if value.strip().isdigit() else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Becomes:
    """Where one old option goes: `option` of our section, or nowhere where it is empty."""

    option: str = ""
    spelled: Callable[[str], str] = same
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """One old section: its package, our section, each option, and what holds if an option is not written."""

    package: str
    section: str
    executors: tuple[str, ...]
    options: Mapping[str, Becomes]
    silent: Mapping[str, tuple[str, str, str]]
    """By old option: our option, the value that says the same, and the note."""
    notes: tuple[str, ...] = ()


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
    "The amazon provider uses the connection aws_default if nothing is written; here an empty conn_id is "
    "boto3's own chain (a role, a profile, variables). Leave it out if the scheduler has a role."
)
NO_ADOPTION = (
    "The amazon provider always adopts; here that is a choice, and its default is to stop the containers "
    "when the scheduler stops."
)
COMMON: dict[str, Becomes] = {
    "conn_id": Becomes(option="conn_id"),
    "region_name": Becomes(option="region"),
    "check_health_on_startup": Becomes(note=HEALTH),
}
SILENT: Mapping[str, tuple[str, str, str]] = {
    "conn_id": ("conn_id", "aws_default", CONNECTION),
    "adopt_task_instances": ("adopt_task_instances", "True", NO_ADOPTION),
}
SAME_ECS: dict[str, Becomes] = {
    name: Becomes(option=name)
    for name in (
        "cluster",
        "container_name",
        "task_definition",
        "launch_type",
        "platform_version",
        "assign_public_ip",
        "security_groups",
        "subnets",
    )
}
SAME_BATCH: dict[str, Becomes] = {
    name: Becomes(option=name) for name in ("job_name", "job_queue", "job_definition")
}
OURS = "aws_executors.executors."

TABLE: Mapping[str, Old] = {
    "aws_ecs_executor": Old(
        package=PROVIDER,
        section="ecs_fargate",
        executors=("AwsEcsExecutor",),
        options=COMMON
        | SAME_ECS
        | {
            "capacity_provider_strategy": Becomes(option="capacity_provider_strategy"),
            "max_run_task_attempts": Becomes(option="max_attempts", spelled=attempts, note=ATTEMPTS),
            "run_task_kwargs": Becomes(option="run_task_kwargs", note=DEEP),
        },
        silent=SILENT,
        notes=(
            "executor_config: members of run_task, as there, and the keys of the container's override, too.",
        ),
    ),
    "aws_batch_executor": Old(
        package=PROVIDER,
        section="batch",
        executors=("AwsBatchExecutor",),
        options=COMMON
        | SAME_BATCH
        | {
            "max_submit_job_attempts": Becomes(option="max_attempts", spelled=attempts, note=ATTEMPTS),
            "submit_job_kwargs": Becomes(option="submit_job_kwargs", note=DEEP),
        },
        silent=SILENT,
        notes=("executor_config: members of submit_job, as there, and the keys of containerOverrides, too.",),
    ),
    "batch": Old(
        package=OLDER,
        section="batch",
        executors=("AwsBatchExecutor",),
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
        executors=("AwsEcsFargateExecutor", "AwsFargateExecutor"),
        options=SAME_ECS
        | {
            "region": Becomes(option="region"),
            "adopt_task_instances": Becomes(option="adopt_task_instances"),
            "run_task_kwargs": Becomes(option="run_task_kwargs", spelled=our_path),
        },
        silent={},
    ),
}
CLASSES: Mapping[str, str] = {
    "AwsEcsExecutor": f"{OURS}AwsEcsFargateExecutor",
    "AwsBatchExecutor": f"{OURS}AwsBatchExecutor",
    "AwsEcsFargateExecutor": f"{OURS}AwsEcsFargateExecutor",
    "AwsFargateExecutor": f"{OURS}AwsEcsFargateExecutor",
}
FIELDS: Mapping[str, frozenset[str]] = {
    model.section: frozenset(model.model_fields) for model in (BatchSettings, EcsSettings)
}
"""Our own options: what is written already stays."""

OLD_MODULES = ("airflow.providers.amazon.aws.executors.", "airflow_aws_executors.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One option as it is to be written; without `option` it is left out, and the note says why."""

    section: str
    option: str
    value: str
    was: str
    note: str = ""


def migrated(written: Sections) -> tuple[Line, ...]:
    """The equal configuration, in the order in which it should stand in airflow.cfg.

    >>> old = {"aws_batch_executor": {"region_name": "us-east-1", "check_health_on_startup": "True"}}
    >>> [(line.option, line.value) for line in migrated(old)]
    [('region', 'us-east-1'), ('', 'True'), ('conn_id', 'aws_default'), ('adopt_task_instances', 'True')]
    """
    lines = [*_executor(written.get("core", {}))]
    for name, old in TABLE.items():
        own = written.get(name, {})
        if own:
            lines += [*_options(name, old, own), *_unwritten(name, old, own)]
    return tuple(lines)


def notes(written: Sections) -> tuple[str, ...]:
    """What is to be said of the whole, besides its lines."""
    return tuple(note for name, old in TABLE.items() if written.get(name) for note in old.notes)


def _executor(core: Mapping[str, str]) -> Iterator[Line]:
    value = core.get("executor", "")
    classes = [one.strip() for one in value.split(",")]
    if any(module in value for module in OLD_MODULES):
        ours = ",".join(map(_class, classes))
        yield Line(section="core", option="executor", value=ours, was=f"[core] executor = {value}")


def _class(path: str) -> str:
    """One name in ``[core] executor``, with its alias if it has one."""
    alias, colon, module = path.rpartition(":")
    name = module.rpartition(".")[2]
    return f"{alias}{colon}{CLASSES[name]}" if module.startswith(OLD_MODULES) and name in CLASSES else path


def _options(name: str, old: Old, own: Mapping[str, str]) -> Iterator[Line]:
    for option, value in own.items():
        was = f"[{name}] {option}"
        ours = Becomes(option=option) if name == old.section and option in FIELDS[name] else None
        becomes = old.options.get(option, ours)
        if becomes is None:
            note = f"{old.package} has no such option, and here it would be refused."
            yield Line(section=old.section, option="", value=value, was=was, note=note)
        elif value.strip():
            new = becomes.spelled(value.strip())
            note = becomes.note or _of_kwargs(option, new)
            yield Line(section=old.section, option=becomes.option, value=new, was=was, note=note)


def _of_kwargs(option: str, value: str) -> str:
    own = option.endswith("_kwargs") and not value.startswith(("{", "aws_executors."))
    return REBUILD if own else ""


def _unwritten(name: str, old: Old, own: Mapping[str, str]) -> Iterator[Line]:
    for option, (ours, value, note) in old.silent.items():
        if not own.get(option, "").strip():
            was = f"[{name}] {option} (not written)"
            yield Line(section=old.section, option=ours, value=value, was=was, note=note)


def as_cfg(lines: tuple[Line, ...], remarks: tuple[str, ...] = ()) -> str:
    """The lines as they stand in airflow.cfg, notes as comments above them; ``%`` is doubled, as it must be.

    >>> print(as_cfg((Line(section="batch", option="region", value="us-east-1", was="x", note="so"),)))
    [batch]
    # so
    region = us-east-1
    """
    sections = tuple(dict.fromkeys((line.section for line in lines), ""))
    blocks = ["\n".join([f"[{name}]", *_block(name, lines)]) for name in sections]
    return "\n\n".join([*blocks, *(f"# {remark}" for remark in remarks)])


def _block(section: str, lines: tuple[Line, ...]) -> Iterator[str]:
    for line in [line for line in lines if line.section == section]:
        if line.note:
            yield f"# {line.note}"
        if line.option:
            yield f"{line.option} = {line.value.replace('%', '%%')}"
        else:
            value = "***" if sensitive(line.was) else _short(line.value)
            yield f"# left out: {line.was} = {value}"


def _short(value: str) -> str:
    """JSON, also what was meant as such, may hold secrets; long values are told by their beginning."""
    return f"{value.strip()[:1]}..." if value.strip()[:1] in ("{", "[") else one_line(value)[:60]
