"""The tables of README.md and docs/ that are made from the code, each between two markers.

Law: text from the code's own rows: options, steps, enumerations with their comments, verdicts, and the ways a
job can go, found by going them. ``python tests/doc_tables.py`` writes them; `docs/test_readme.py` holds them.
"""

import inspect
import json
import re
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping
from configparser import ConfigParser
from dataclasses import fields
from enum import StrEnum
from functools import cache, partial
from operator import attrgetter
from pathlib import Path
from types import ModuleType

import aws_executors
from aws_executors import AwsExecutorsError, Launch, Task, batch, ecs
from aws_executors.cli.command import Command
from aws_executors.cli.command_table import COMMANDS
from aws_executors.cli.options_table import SECTIONS, markdown
from aws_executors.core.aws.backoff import Backoff
from aws_executors.core.aws.error_codes import CODES, EXCEPTIONS, MESSAGES, Kind
from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.iam import Also, Where
from aws_executors.core.aws.iam import policy as policy_document
from aws_executors.core.batch.permissions import statements as batch_statements
from aws_executors.core.ecs.answers.responses import FAILURES
from aws_executors.core.ecs.permissions import statements as ecs_statements
from aws_executors.core.explain.reason import Reason
from aws_executors.core.explain.reasons import TABLES as REASONS
from aws_executors.core.lifecycle.effects import LogEvent
from aws_executors.core.lifecycle.events import (
    Accepted,
    Due,
    Event,
    Found,
    NotLookedUp,
    NotPrepared,
    NotStored,
    Observed,
    Prepared,
    Refused,
    Revoked,
    RowRead,
    StopAnswered,
    Superseded,
)
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.launcher_exit_codes import MEANINGS, Exit
from aws_executors.core.lifecycle.machine import advance, begin
from aws_executors.core.lifecycle.metrics import METRICS, names
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase, Sign
from aws_executors.core.lifecycle.policy import REACTIONS, Policy, Reaction, SubmissionFailure
from aws_executors.core.lifecycle.verdict import (
    MATRIX,
    OUTCOMES,
    Outcome,
    Row,
    RowState,
    Verdict,
    outcome,
)
from aws_executors.core.requests import predicates
from aws_executors.local.verbs import Faults
from aws_executors.local.world import NONE, PRESETS
from aws_executors.migrate import TABLE as MIGRATION
from aws_executors.migrate import Becomes, as_cfg, migrated, notes
from aws_executors.verify.proof.checks import CHECKS
from aws_executors.verify.proof.facts import FACTS
from support.troubles import PATIENT, Moment, Trouble, scenes

ROOT = Path(__file__).parent.parent
PAGES = (
    *(ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY")),
    *sorted((ROOT / "docs").glob("*.md")),
)
MARKED = re.compile(
    r"(?P<open><!-- (?P<kind>table|options|policy|block):(?P<name>\S+) -->\n).*?"
    r"(?P<close><!-- /(?P=kind) -->)",
    re.DOTALL,
)

# --- How tables are written ---------------------------------------------------------------------------------


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A table of Markdown."""
    first, *rest = (f"| {' | '.join(line)} |" for line in (head, *rows))
    return "\n".join([first, f"|{'---|' * len(head)}", *rest])


def comments(kind: type[StrEnum]) -> dict[str, str]:
    """What stands behind each member of an enumeration in its source; nothing, where its name says it all."""
    said = dict(re.findall(r"^\s+[A-Z_]+ = \"(.+)\"  # (.+)$", inspect.getsource(kind), re.MULTILINE))
    assert said, f"{kind} has no comments"
    return {member: said.get(member, "") for member in kind}


def meanings(kind: type[StrEnum], name: str) -> str:
    """An enumeration as a table."""
    return table((name, "meaning"), iter(comments(kind).items()))


def first_sentence(found: object) -> str:
    """The first line of a docstring, as Markdown; a bar in it would end the table's cell."""
    return (inspect.getdoc(found) or "").partition("\n")[0].replace("``", "`").replace("|", "\\|")


# --- What can be put on a request ---------------------------------------------------------------------------


def steps(service: ModuleType) -> str:
    """The steps of one service, each with its first sentence."""
    found = {name: getattr(service, name) for name in service.__all__ if name.startswith("with_")}
    taken = {n: f for n, f in found.items() if inspect.signature(f).return_annotation == service.Step}
    return table(
        (f"step of `aws_executors.{service.__name__.rpartition('.')[2]}`", "what it does"),
        ((f"`{name}`", first_sentence(step)) for name, step in taken.items()),
    )


def questions() -> str:
    """The predicates, each with its first sentence."""
    found = {n: f for n, f in vars(predicates).items() if getattr(f, "__module__", "") == predicates.__name__}
    functions = {n: f for n, f in found.items() if inspect.isfunction(f)}
    return table(
        ("predicate", "what it asks"), ((f"`{name}`", first_sentence(f)) for name, f in functions.items())
    )


def exceptions() -> str:
    """The exceptions that users catch, each with Python's own that it also is, and its first sentence."""
    found = [getattr(aws_executors, name) for name in aws_executors.__all__ if name.endswith("Error")]
    return table(("exception", "is also", "raised for"), map(_exception, found))


def _exception(kind: type[Exception]) -> tuple[str, str, str]:
    also = (base.__name__ for base in kind.__mro__[1:-3] if base not in (Exception, AwsExecutorsError))
    return f"`{kind.__name__}`", ", ".join(f"`{name}`" for name in also), first_sentence(kind)


# --- The life of a job --------------------------------------------------------------------------------------

POLICIES = tuple(
    Policy(attempts=2, lookups=2, reports=2, idempotent=idempotent) for idempotent in (True, False)
)
ROWS = (
    None,
    Row(state="queued", token="t", try_number=1),
    Row(state="queued", token=None, try_number=1),
    Row(state="running", token="t", try_number=1),
    Row(state="restarting", token="t", try_number=1),
    Row(state="success", token="t", try_number=1),
    Row(state="deferred", token="t", try_number=1),
)


@cache
def events(container: str, at: float) -> "tuple[Event[str], ...]":
    """One event of every kind that makes a difference to a job with this container, when all is due."""
    return tuple(_events(container, at))


def _events(container: str, at: float) -> "Iterator[Event[str]]":
    yield Prepared(at, "request")
    yield NotPrepared(at, "no request")
    yield Accepted(at, f"c{at}")
    for kind in Kind:
        ids = (f"c{at}",) if kind is Kind.CONFLICT else ()
        yield Refused(at, AwsError(kind=kind, code="Code", message="", resource_ids=ids))
        yield NotStored(at, AwsError(kind=kind, code="Code", message=""))
    yield Found(at, None)
    yield NotLookedUp(at, AwsError(kind=Kind.THROTTLED, code="Code", message=""))
    for seen in sights(container or f"c{at}"):
        yield Found(at, seen)
        yield Observed(at, seen)
    for row in ROWS:
        yield RowRead(at, row)
    yield StopAnswered(at, None)
    yield Revoked(at)
    yield Superseded(at)
    yield Due(at)


def sights(container: str) -> Iterator[Observation]:
    """One look of every kind at a container."""
    for phase in (Phase.PENDING, Phase.RUNNING, Phase.SUCCEEDED, Phase.ABSENT):
        yield Observation(id=container, phase=phase)
    for cause in Cause:
        yield Observation(id=container, phase=Phase.FAILED, cause=cause)


# Names, times and words: of these no more than whether there is one decides where a job goes on to.
BARE = (
    "token",
    "container",
    "past",
    "seen",
    "since",
    "due",
    "row_asked_at",
    "failures",
    "fails_with",
    "told",
    "renew_at",
)
DECIDING = attrgetter(*(one.name for one in fields(Job) if one.name not in (*BARE, "report")))


def likeness(job: Job[str]) -> Hashable:
    """What of a job decides where it goes on to."""
    return (
        *DECIDING(job),
        (bool(job.container), bool(job.failures), bool(job.fails_with), job.due is None),
        job.seen and (job.seen.phase, outcome(job.seen)),  # of a cause no more than what it means
        job.report and job.report.success,
    )


def begun(purpose: Purpose) -> Job[str]:
    """A job at its beginning."""
    job: Job[str] = Job(token="t", purpose=purpose)
    return begin(job)[0]


def ways() -> Mapping[Stage, Mapping[Stage, set[str]]]:
    """From each stage to each next one: the kinds of events that lead there, for both services."""
    found: dict[Stage, dict[Stage, set[str]]] = {stage: {} for stage in Stage}
    for policy in POLICIES:
        for before, event, after in steps_of_life(policy):
            if after is not before:
                found[before].setdefault(after, set()).add(event)
    return found


def steps_of_life(policy: Policy) -> Iterator[tuple[Stage, str, Stage]]:
    """Every event in every situation that a job can come into, with the stages before and after it."""
    jobs = [begun(purpose) for purpose in Purpose]
    known = {likeness(job) for job in jobs}
    at = 0.0
    while jobs:
        following, at = [], at + 1e6
        for job in jobs:
            for event in events(job.container, at):
                after, _ = advance(job, event, policy)
                yield job.stage, type(event).__name__, after.stage
                if after is job or after.stage is Stage.CLOSED or (like := likeness(after)) in known:
                    continue
                known.add(like)
                following.append(after)
        jobs = following


def life() -> str:
    """The stages of a job: what each is, and where each event leads from there."""
    said, leads = comments(Stage), ways()
    rows = (
        (
            f"**{stage}**",
            said[stage] or "nothing is left to do",
            "; ".join(
                f"{following} ({', '.join(f'`{name}`' for name in sorted(leads[stage][following]))})"
                for following in Stage
                if following in leads[stage]
            )
            or "nothing",
        )
        for stage in Stage
    )
    return table(("stage", "what it is", "what leads on from it"), rows)


# --- The verdict --------------------------------------------------------------------------------------------


def at_the_end() -> str:
    """What an ended container means: a row per standing of its task instance."""
    said = comments(RowState)
    return table(
        ("the task instance", *(f"the container ended: {outcome}" for outcome in Outcome)),
        (
            (f"**{stands}**: {said[stands]}", *(verdicts[outcome] for outcome in Outcome))
            for stands, verdicts in MATRIX.items()
        ),
    )


def before_the_end() -> str:
    """What is said while a container still runs."""
    return table(
        ("the task instance", "while the container runs"),
        ((stands, MATRIX[stands][None]) for stands in RowState),
    )


def causes() -> str:
    """How each way to end is counted."""
    said = comments(Cause)
    rows = ((cause, said[cause], OUTCOMES[cause]) for cause in Cause)
    return table(("cause", "meaning", "counts as"), rows)


def exits() -> str:
    """What our launcher's exit codes tell."""
    rows = ((f"{int(left)}", MEANINGS[left], OUTCOMES[left]) for left in Exit)
    return table(("exit code", "meaning", "counts as"), rows)


def kinds() -> str:
    """What AWS's refusals are sorted into, with the codes of each."""
    said = comments(Kind)
    rows = (
        (
            kind,
            said[kind],
            ", ".join(f"`{code}`" for code, rule in CODES.items() if rule.kind is kind)
            or "by class, message or place",
        )
        for kind in Kind
    )
    return table(("kind", "what is done", "codes"), rows)


WORDS: Mapping[tuple[Verdict, Moment], str] = {
    (Verdict.RESUBMIT, Moment.BEFORE): "start another container, with a fresh token",
    (Verdict.REQUEUE, Moment.BEFORE): "give the task back to Airflow, which queues it again",
    (Verdict.FAIL, Moment.BEFORE): "fail at once",
    (Verdict.FAIL, Moment.AFTER): "fail this try; Airflow's `retries` decide",
    (Verdict.FREE, Moment.AFTER): "nothing: the task runs in another container",
}
"""A verdict on a container that has ended badly, for who reads the policy."""


def policy() -> str:
    """What is done about each trouble, and what a person reads: found by playing it."""
    rows = (
        (
            name_of(trouble),
            moment,
            done_about(trouble, moment),
            "one" if played.after.attempt > played.before.attempt else "none",
            pause(trouble),
            "; ".join(f"*{one.event}*: {one.text}" for one in played.effects if isinstance(one, LogEvent))
            or "nothing",
        )
        for (trouble, moment), played in scenes().items()
    )
    head = ("what goes wrong", "when", "what is done", "attempts used", "pause", "what the task's log says")
    return table(head, rows)


def done_about(trouble: Trouble, moment: Moment) -> str:
    """What is done about it, as the tables say."""
    if isinstance(trouble, SubmissionFailure):
        return REACTIONS[trouble]
    stands = RowState.QUEUED if moment is Moment.BEFORE else RowState.RUNNING
    return WORDS[MATRIX[stands][OUTCOMES[trouble]], moment]


def pause(trouble: Trouble) -> str:
    """How long it is waited before the next call."""
    if not isinstance(trouble, SubmissionFailure) or REACTIONS[trouble] not in PATIENT:
        return "none"
    first = Policy().lookup_every if REACTIONS[trouble] is Reaction.LOOK_UP else Backoff().base
    return f"{first:g} to {Backoff().cap:g} s"


def name_of(trouble: Trouble) -> str:
    """A trouble in words."""
    match trouble:
        case Exit():
            return f"**exit code {int(trouble)}** of our launcher: {MEANINGS[trouble]}"
        case _:
            said = comments(type(trouble))[trouble]
            return f"**{trouble}**: {said}" if said else f"**{trouble}**"


# --- Reasons ------------------------------------------------------------------------------------------------


def reasons(name: str) -> str:
    """One table of reasons: what AWS says, what happened, what to do, where it is documented."""
    return table(
        ("AWS says", "what happened", "what to do", ""),
        ((signs(row), row.what, row.remedy, f"[source]({row.source})") for row in REASONS[name]),
    )


def signs(row: Reason) -> str:
    """What a row is recognised by."""
    codes = [f"stop code `{row.stop_code}`"] if row.stop_code else []
    exits = [] if row.exit_code is None else [f"exit code {row.exit_code}"]
    shapes = [] if row.sign is None else [comments(Sign)[row.sign]]
    return "<br>".join([*(f"`{phrase}`" for phrase in row.says), *codes, *exits, *shapes])


def refusals() -> str:
    """What AWS refuses before there is a container, where a person can do something about it."""
    words = [(f"`{words}`", rule.kind, rule.remedy) for words, rule in MESSAGES]
    codes = [(f"`{code}`", rule.kind, rule.remedy) for code, rule in CODES.items()]
    classes = [(f"`{name}`", rule.kind, rule.remedy) for name, rule in EXCEPTIONS.items()]
    places = [(f"`{words}`", Kind.CAPACITY, remedy) for words, remedy in FAILURES]
    grouped: dict[tuple[str, str], list[str]] = {}
    for sign, kind, remedy in (*places, *words, *codes, *classes):
        if remedy:
            grouped.setdefault((kind, remedy.replace("{action}", "the action")), []).append(sign)
    return table(
        ("AWS, or boto3, says", "kind", "what to do"),
        ((", ".join(found), kind, remedy) for (kind, remedy), found in grouped.items()),
    )


# --- Metrics ------------------------------------------------------------------------------------------------


def metrics() -> str:
    """Every metric: all of its names, how it is to be read, what it is."""
    rows = (
        (", ".join(f"`{name}`" for name in names(metric)), metric.sort, metric.about) for metric in METRICS
    )
    return table(("name", "kind", "what it says"), rows)


# --- The embedded AWS ---------------------------------------------------------------------------------------


def faults() -> str:
    """What can be made to go wrong: each verb with its arguments."""
    found = {name: f for name, f in vars(Faults).items() if not name.startswith("_")}
    return table(
        ("fault", "what it does"),
        ((f"`{name}({arguments(verb)})`", first_sentence(verb)) for name, verb in found.items()),
    )


def arguments(verb: object) -> str:
    """The arguments of a method, without their types."""
    assert callable(verb)
    named = list(inspect.signature(verb).parameters.values())[1:]
    return ", ".join(str(one.replace(annotation=inspect.Parameter.empty)) for one in named)


def delays() -> str:
    """The presets of delays, in seconds."""
    steps = [field.name for field in fields(NONE)]
    return table(
        ("step", *PRESETS),
        ((f"`{step}`", *(span(getattr(preset, step)) for preset in PRESETS.values())) for step in steps),
    )


def span(seconds: tuple[float, float]) -> str:
    """A range of seconds."""
    low, high = seconds
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def commands() -> str:
    """What can be asked for on the command line."""
    return table(
        ("command", "what it does"), ((f"[`{one.name}`](#{one.name})", one.help) for one in COMMANDS)
    )


def each_command() -> str:
    """Every command: what it does, its examples, its options."""
    return "\n\n".join(map(one_command, COMMANDS))


def one_command(command: Command) -> str:
    """One command as a section of its page."""
    lines = [line for example, what in command.examples for line in (f"# {what}", f"aws-executors {example}")]
    options = (
        (
            f"`{', '.join(one.flags)}{f' {one.metavar}' if one.metavar and one.flags[0][0] == '-' else ''}`",
            one.help,
        )
        for one in command.options
    )
    shown = ["```sh", *lines, "```", "", table(("option", "meaning"), options)]
    return "\n".join([f"## `{command.name}`", "", command.about, "", *shown])


# --- Migration ----------------------------------------------------------------------------------------------

OLD_CFG = {
    "core": {"executor": "airflow.providers.amazon.aws.executors.ecs.AwsEcsExecutor"},
    "aws_ecs_executor": {
        "region_name": "us-east-1",
        "cluster": "airflow",
        "container_name": "airflow",
        "task_definition": "airflow-task",
        "subnets": "subnet-0a1b2c3d,subnet-4e5f6071",
        "max_run_task_attempts": "3",
    },
}


def becomes(section: str) -> str:
    """What becomes of each option of an old section."""
    old = MIGRATION[section]
    rows = ((name, new) for name, new in old.options.items() if new.option != name or new.note)
    unwritten = ((f"{name} (not written)", value) for name, value in old.silent.items())
    return table(
        (f"`[{section}]`", f"`[{old.section}]`", ""),
        iter(
            [
                *((f"`{name}`", _target(new), new.note) for name, new in rows),
                *(
                    (f"`{name}`", f"`{new.option} = {new.value}`" if new.option else "not written", new.note)
                    for name, new in unwritten
                ),
            ]
        ),
    )


def _target(new: Becomes) -> str:
    return f"`{new.option}`" if new.option else "left out"


def old_cfg() -> str:
    """A configuration of the Amazon provider."""
    blocks = (
        "\n".join([f"[{name}]", *(f"{option} = {value}" for option, value in own.items())])
        for name, own in OLD_CFG.items()
    )
    return "```text\n" + "\n\n".join(blocks) + "\n```"


def new_cfg() -> str:
    """The same in ours, as ``aws-executors migrate`` prints it."""
    return f"```ini\n{as_cfg(migrated(OLD_CFG), notes(OLD_CFG))}\n```"


# --- Performance --------------------------------------------------------------------------------------------

MEASURED = (
    ("burst", "heartbeat max", "1,000 tasks queued at once: the longest heartbeat", "ms"),
    ("flight", "heartbeat max", "10,000 in flight: the longest heartbeat", "ms"),
    ("burst", "submissions a second", "1,000 queued at once: submissions a second", ""),
    ("burst", "queueing to container p50", "1,000 queued at once: from queueing to container, median", "s"),
    ("burst", "end to report p50", "from a task's end to its report, median", "s"),
    ("slots", "end to free slot p50", "from a task's end on Fargate to a free slot, median", "s"),
    ("quota", "share of quota", "of what AWS's rates admit, started", "%"),
    ("long", "describe calls a minute", "1,000 long tasks: describe calls a minute", ""),
    ("burst", "cpu a task", "the scheduler's CPU for a task", "ms"),
)
SERVICES = (("ECS on Fargate", "ecs"), ("Batch", "batch"))


def performance() -> str:
    """What the benchmarks measured in their last whole run, ours beside the Amazon provider's."""
    results = json.loads((ROOT / "benchmarks" / "results.json").read_text())["results"]
    rows = (
        (
            words,
            label,
            *(figure(results[scenario][f"{who}-{service}"][name], unit) for who in ("peer", "ours")),
        )
        for scenario, name, words, unit in MEASURED
        for label, service in SERVICES
    )
    return table(("measured", "on", "Amazon provider", "this package"), rows)


def figure(value: float, unit: str) -> str:
    """Three figures that mean something, and the unit."""
    return f"{f'{value:,.0f}' if abs(value) >= 100 else f'{value:.3g}'} {unit}".strip()


def features() -> str:
    """What newer versions of Airflow have, and what is true without it."""
    from aws_executors.shell.airflow.features import FEATURES

    rows = [(one.what, one.since, one.without) for one in FEATURES]
    return "\n".join(
        ["| what | since Airflow | before |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    )


def verify_checks() -> str:
    """What `verify` checks."""
    return table(("check", "what it shows"), ((f"`{one.name}`", one.title) for one in CHECKS))


def verify_unmeasured() -> str:
    """The facts that `verify` does not measure."""
    left = (one for one in FACTS if one.measure is None)
    return table(
        ("fact", "what it says", "why it is not measured"), ((f"`{f.name}`", f.says, f.how) for f in left)
    )


TABLES: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "each_command": each_command,
    "performance": performance,
    "old_cfg": old_cfg,
    "new_cfg": new_cfg,
    **{f"migration:{name}": partial(becomes, name) for name in ("aws_batch_executor", "aws_ecs_executor")},
    "steps:batch": partial(steps, batch),
    "steps:ecs": partial(steps, ecs),
    "predicates": questions,
    "errors": exceptions,
    "life": life,
    "purposes": partial(meanings, Purpose, "purpose"),
    "delays": delays,
    "faults": faults,
    "at_the_end": at_the_end,
    "before_the_end": before_the_end,
    "causes": causes,
    "policy": policy,
    "exits": exits,
    "kinds": kinds,
    "refusals": refusals,
    "metrics": metrics,
    "verify_checks": verify_checks,
    "verify_unmeasured": verify_unmeasured,
    **{f"reasons:{name}": partial(reasons, name) for name in REASONS},
    "features": features,
}


def fresh(text: str) -> str:
    """A page with its tables made anew."""
    return MARKED.sub(
        lambda found: f"{found['open']}{made(found['kind'], found['name'])}\n{found['close']}", text
    )


def made(kind: str, name: str) -> str:
    """The table of this name."""
    match kind:
        case "options":
            return markdown(SECTIONS[name])
        case "policy":
            return f"```json\n{policy_of(name)}\n```"
        case _:
            return TABLES[name]()


# --- The policies -------------------------------------------------------------------------------------------

ACCOUNT = "123456789012"
ROLES = ("airflow-execution", "airflow-task")
TASK = Task(dag_id="any", task_id="any")


def policy_of(section: str) -> str:
    """The policy for the README's own set-up of a section, as ``aws-executors iam-policy`` prints it."""
    where, also = (
        Where(region="us-east-1", account=ACCOUNT),
        Also(roles=ROLES, log_groups=("/airflow/tasks",)),
    )
    if section == "batch":
        job = batch.build(
            Launch(
                task=TASK,
                command=("any",),
                token="any",
                settings=batch.BatchSettings.from_section(set_up(section)).unwrap(),
            )
        )
        return json.dumps(policy_document(batch_statements(job, where)), indent=2)
    task = ecs.build(
        Launch(
            task=TASK,
            command=("any",),
            token="any",
            settings=ecs.EcsSettings.from_section(set_up(section)).unwrap(),
        )
    )
    return json.dumps(policy_document(ecs_statements(task, where, also)), indent=2)


def set_up(section: str) -> dict[str, str]:
    """The options of a section as the README sets it up: its first block of that name."""
    for text in re.findall(r"^```ini\n(.*?)^```$", PAGES[0].read_text(), re.MULTILINE | re.DOTALL):
        parser = ConfigParser()
        parser.read_string(text)
        if parser.has_section(section):
            return dict(parser[section])
    raise AssertionError(f"the README sets up no [{section}]")


def main() -> int:
    """Write every page's tables anew."""
    for page in PAGES:
        page.write_text(fresh(page.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
