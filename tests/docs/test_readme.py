"""What README.md and docs/ say is so: every block runs, or is read by what it is meant for.

Law: one reader per language of a block; a block that no reader knows is a fault. Prose is held where it can
be: links, paths, options in code spans, and the tables that are made from the code (`doc_tables.py`).
"""

import ast
import doctest
import importlib
import json
import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import botocore.session
import pytest
from airflow.configuration import AirflowConfigParser
from airflow.sdk import DAG

from aws_executors import Launch, RequestError, Task, batch, ecs, to_kwargs
from aws_executors.cli.__main__ import parser
from aws_executors.core import services
from aws_executors.core.settings.base import Settings
from aws_executors.executors import AwsBatchExecutor, AwsEcsFargateExecutor
from aws_executors.local import LocalAws
from aws_executors.shell.airflow.configuration.configured import configure
from doc_tables import PAGES, ROOT, fresh
from e2e.test_e2e_demo import MEASURED
from support.airflow_conf import new_conf
from support.sites import batch_queues

README = ROOT / "README.md"
SRC = ROOT / "src" / "aws_executors"
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>[^\s`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
LANGUAGES = frozenset({"python", "ini", "json", "sh", "diff", "text", "{toctree}"})
"""A list of pages is read by `test_docs_site.py`, which builds them."""
SECTIONS: Mapping[str, type[Settings]] = {"batch": batch.BatchSettings, "ecs_fargate": ecs.EcsSettings}


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path, language: str = "") -> list[Block]:
    """The blocks of a page in their order; of one language, or all."""
    text = page.read_text()
    found = (
        Block(page, text.count("\n", 0, match.start()) + 1, match["language"], dedent(match["text"]))
        for match in BLOCK.finditer(text)
    )
    return [block for block in found if language in ("", block.language)]


def every(language: str = "") -> list[Block]:
    """The blocks of all pages."""
    return [block for page in PAGES for block in blocks(page, language)]


@cache
def prose(page: Path) -> str:
    """A page without its blocks."""
    return BLOCK.sub("", page.read_text())


def setup(section: str) -> dict[str, str]:
    """The options of a section as the README's set-up has them: its first block with that section."""
    for block in blocks(README, "ini"):
        parser = ConfigParser()
        parser.read_string(block.text)
        if parser.has_section(section):
            return dict(parser[section])
    raise AssertionError(f"the README sets up no [{section}]")


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's own set-up, as variables."""
    for section in SECTIONS:
        for name, value in setup(section).items():
            monkeypatch.setenv(f"AIRFLOW__{section}__{name}".upper(), value)


def batch_launch(queue: str = "default", config: object = None, **more: str) -> Launch[batch.BatchSettings]:
    settings = batch.BatchSettings.from_section(setup("batch") | more).unwrap()
    return Launch(
        task=Task(dag_id="d", task_id="t"),
        command=("python", "-c", "print('ran')"),
        settings=settings,
        token="0b6e",
        queue=queue,
        executor_config=config,
    )


def ecs_launch(queue: str = "default", config: object = None, **more: str) -> Launch[ecs.EcsSettings]:
    settings = ecs.EcsSettings.from_section(setup("ecs_fargate") | more).unwrap()
    return Launch(
        task=Task(dag_id="d", task_id="t"),
        command=("python", "-c", "print('ran')"),
        settings=settings,
        token="0b6e",
        queue=queue,
        executor_config=config,
    )


def test_every_block_has_a_reader() -> None:
    assert [str(block) for block in every() if block.language not in LANGUAGES] == []


# --- Python: every page is read from the top, as a person reads it ------------------------------------------


def run(block: Block, names: dict[str, object]) -> None:
    """Run one block in the names that those before it have made."""
    if not block.text.startswith(">>>"):
        exec(compile(block.text, str(block), "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(block.text, names, str(block), str(block.page), block.line)
    said: list[str] = []
    failed, _ = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(
        test, out=said.append, clear_globs=False
    )
    names.update(test.globs)
    assert not failed, "".join(said)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_runs_from_the_top(page: Path) -> None:
    names: dict[str, object] = {"__name__": page.stem}
    for block in blocks(page, "python"):
        run(block, names)


@cache
def tasks() -> Mapping[str, Any]:
    """Every task of every DAG that the pages have, by DAG and task."""
    found: dict[str, Any] = {}
    for block in every("python"):
        if "DAG(" in block.text:
            names: dict[str, object] = {}
            run(block, names)
            dags = [value for value in names.values() if isinstance(value, DAG)]
            found |= {f"{dag.dag_id}.{task.task_id}": task for dag in dags for task in dag.tasks}
    return found


def test_the_first_examples_of_executor_config_are_the_old_ones() -> None:
    on_batch, on_ecs = tasks()["tutorial_batch.say_hello"], tasks()["tutorial_ecs.say_hello"]
    assert on_batch.executor_config == {"vcpus": 1, "memory": 512}
    assert on_ecs.executor_config == {"cpu": 256, "memory": 512}
    assert to_kwargs(batch.build(batch_launch(config=on_batch.executor_config)))["containerOverrides"] == {
        "command": ["python", "-c", "print('ran')"],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
    }
    assert to_kwargs(ecs.build(ecs_launch(config=on_ecs.executor_config)))["overrides"] == {
        "containerOverrides": [
            {"name": "airflow", "command": ["python", "-c", "print('ran')"], "cpu": 256, "memory": 512}
        ]
    }


def test_whole_requests_are_taken() -> None:
    job = batch.build(batch_launch(config=tasks()["whole_requests.on_batch"].executor_config))
    task = ecs.build(ecs_launch(config=tasks()["whole_requests.on_fargate"].executor_config))
    assert (job.job_queue, job.retry_strategy.attempts) == ("night", 2)
    assert (task.overrides.memory, task.launch_type) == ("4096", None)


def test_the_page_s_own_timeouts_are_airflow_s() -> None:
    crunch = tasks()["long_tasks.crunch"]
    assert (crunch.queue, crunch.retries, crunch.execution_timeout.days) == ("long_tasks_queue", 2, 1)


# --- ini: what stands in airflow.cfg ------------------------------------------------------------------------


def module_before(block: Block) -> str:
    """The text of the builder that a page shows before this block."""
    shown = [other for other in blocks(block.page, "python") if other.line < block.line]
    return next(other.text for other in reversed(shown) if "build = compose(" in other.text)


def configured_by(block: Block) -> AirflowConfigParser:
    """What a block makes of the README's own set-up."""
    conf = new_conf()
    for section in SECTIONS:
        conf.read_dict({section: setup(section)})
    conf.read_string(block.text)
    return conf


@pytest.mark.parametrize("block", every("ini"), ids=str)
def test_airflow_cfg_is_taken(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = configured_by(block)
    if "prices_file" in block.text:
        shown = [other for other in blocks(block.page, "json") if other.line < block.line]
        (tmp_path / "prices.json").write_text(shown[-1].text)
        conf.set("ecs_fargate", "prices_file", str(tmp_path / "prices.json"))
    if "my_module" in block.text:
        (tmp_path / "my_module.py").write_text(module_before(block))
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "my_module", raising=False)
    if conf.has_option("core", "executor") and "executor =" in block.text:
        assert executors(conf.get("core", "executor"))
    if "execution_api_server_url" in block.text:
        assert conf.get("core", "execution_api_server_url").endswith("/execution/")
    on_batch, on_ecs = configure(services.BATCH, conf).unwrap(), configure(services.ECS, conf).unwrap()
    job = on_batch.build(replace(batch_launch("long_tasks_queue"), settings=on_batch.settings))
    task = on_ecs.build(replace(ecs_launch(), settings=on_ecs.settings))
    assert (job.job_name, task.client_token) == ("airflow-0b6e-1", "0b6e-1")
    if "request_builder" in block.text:
        shown = importlib.import_module("my_module").build
        made = on_batch if "[batch]" in block.text else on_ecs
        assert repr(made.build) == repr(shown)


BUILDERS = [block for block in every("ini") if "request_builder" in block.text]


@pytest.mark.parametrize(
    ("page", "section", "launched", "expected"),
    [
        (
            "requests.md",
            "batch",
            {"queue": "long_tasks_queue"},
            {"timeout": {"attemptDurationSeconds": 86400}},
        ),
        ("recipes.md", "batch", {"queue": "gpu"}, {"jobQueue": "gpu-instances"}),
        (
            "recipes.md",
            "batch",
            {"queue": "long_tasks_queue"},
            {"timeout": {"attemptDurationSeconds": 90000}},
        ),
        (
            "recipes.md",
            "ecs_fargate",
            {"queue": "gpu"},
            {"launchType": "EC2", "taskDefinition": "airflow-gpu"},
        ),
        ("recipes.md", "ecs_fargate", {"dag": "risk_daily"}, {"cluster": "risk"}),
        ("recipes.md", "ecs_fargate", {"dag": "sales_daily"}, {"cluster": "sales"}),
        ("recipes.md", "ecs_fargate", {"dag": "payroll_june"}, {"taskDefinition": "airflow-payroll"}),
        ("ecs.md", "ecs_fargate", {"queue": "can_wait"}, {"launchType": None}),
    ],
)
def test_a_builder_of_a_page_does_what_the_page_says(
    page: str, section: str, launched: Mapping[str, str], expected: Mapping[str, object]
) -> None:
    """One of the page's builders for this service gives such a launch these members, and no other launch."""
    launch: Any = batch_launch() if section == "batch" else ecs_launch()
    meant = replace(
        launch,
        queue=launched.get("queue", "default"),
        task=replace(launch.task, dag_id=launched.get("dag", "d")),
    )
    shown = [block for block in BUILDERS if block.page.name == page and f"[{section}]" in block.text]
    made = [names_of(module_before(block))["build"] for block in shown]
    requests = [(to_kwargs(build(meant)), to_kwargs(build(launch))) for build in made]
    assert [
        (changed, plain)
        for changed, plain in requests
        if all(changed.get(name) == value != plain.get(name) for name, value in expected.items())
    ]


def names_of(text: str) -> dict[str, Any]:
    """What a module of this text has."""
    names: dict[str, Any] = {}
    exec(text, names)
    return names


def executors(names: str) -> list[type]:
    """The classes that the option ``executor`` names."""
    paths = [name.rpartition(".") for name in names.split(",")]
    return [getattr(importlib.import_module(module), name) for module, _, name in paths]


SPANS = [
    (page, name, value) for page in PAGES for name, value in re.findall(r"`(\w+) = ([^`]+)`", prose(page))
]


@pytest.mark.parametrize(("page", "name", "value"), SPANS, ids=lambda part: str(part)[-20:])
def test_options_in_the_text_are_taken(page: Path, name: str, value: str) -> None:
    if name == "executor":
        assert executors(value)
        return
    holders = [section for section, model in SECTIONS.items() if name in model.model_fields]
    assert holders, f"{page.name}: no section has the option {name}"
    beside = {"workload_store": "s3://bucket/airflow"} if name.startswith("workload_") else {}
    stored = ("workload_kms_key", "workload_store_owner")
    beside |= {"workload_transport": "s3"} if name in stored else {}
    for section in holders:
        conf = new_conf()
        conf.read_dict({section: setup(section) | beside | {name: value}})
        made = configure(services.SERVICES[section], conf)
        assert made.unwrap().settings.region == "us-east-1"


# --- JSON: policies, and definitions that AWS would take ----------------------------------------------------

DOCUMENTS: Mapping[str, Any] = {str(block): json.loads(block.text) for block in every("json")}
POLICIES = {name: found for name, found in DOCUMENTS.items() if "Statement" in found}
JOB, TASK = "jobDefinitionName", "family"
BULK = {"batch:TerminateJobs": "batch:TerminateJob", "s3:ListObjectsV2": "s3:ListBucket"}
"""Calls whose permission has another name. Source: API_TerminateJobs, API_ListObjectsV2."""
LOGS = "shell/aws/log_pages.py"


def calls(service: str, where: str = "") -> set[str]:
    """The permissions for the calls that this package makes to a service, by its source."""
    tree = ast.parse((SRC / (where or f"shell/aws/{service}.py")).read_text())
    made = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == service
    }
    operations = botocore.session.get_session().get_service_model(service).operation_names
    by_python_name = {botocore.xform_name(name): name for name in operations}
    actions = {f"{service}:{by_python_name[name]}" for name in made}
    return {BULK.get(action, action) for action in actions}


def statements(policy: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each action of a policy, with its statement."""
    for statement in policy["Statement"]:
        actions = statement["Action"]
        yield from ((action, statement) for action in ([actions] if isinstance(actions, str) else actions))


def test_the_policies_allow_the_calls_that_are_made_and_no_more() -> None:
    allowed = {frozenset(action for action, _ in statements(policy)) for policy in POLICIES.values()}
    ecs = calls("ecs") | calls("ecs", LOGS) | {"iam:PassRole"}
    assert allowed == {
        frozenset(calls("batch") | calls("logs", LOGS)),
        frozenset(ecs | calls("logs", LOGS)),
        frozenset(calls("s3")),
        frozenset(calls("s3", "run/sources.py")),
    }
    assert len(calls("batch")) == len(calls("ecs")) == 4
    assert calls("s3") == {"s3:PutObject", "s3:GetObject", "s3:DeleteObject"}
    assert calls("s3", "shell/aws/object_list.py") == {"s3:ListBucket"}
    page = (ROOT / "docs" / "warm.md").read_text()
    needed = calls("s3") | calls("s3", "shell/aws/object_list.py")
    assert [action for action in sorted(needed) if f"`{action}`" not in page] == []


def test_the_permissions_for_logs_are_named() -> None:
    needed = {action for service in ("ecs", "batch", "logs") for action in calls(service, LOGS)}
    assert len(needed) == 4
    page = (ROOT / "docs" / "image.md").read_text()
    assert [action for action in sorted(needed) if f"`{action}`" not in page] == []


@pytest.mark.parametrize("name", POLICIES)
def test_no_policy_allows_everything(name: str) -> None:
    unbounded = {
        action
        for action, statement in statements(POLICIES[name])
        if statement["Resource"] == "*" and "Condition" not in statement
    }
    assert unbounded <= {"batch:DescribeJobs", "batch:ListJobs"}  # AWS knows no narrower form of these two
    assert {statement["Effect"] for _, statement in statements(POLICIES[name])} == {"Allow"}


def test_roles_are_passed_to_tasks_alone_and_are_those_of_the_definition() -> None:
    (passed,) = [s for policy in POLICIES.values() for a, s in statements(policy) if a == "iam:PassRole"]
    definitions = [found for found in DOCUMENTS.values() if TASK in found]
    assert len(definitions) == 2
    assert passed["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    for task in definitions:
        assert set(passed["Resource"]) == {task["executionRoleArn"], task["taskRoleArn"]}


def test_the_job_definition_runs_what_the_set_up_says() -> None:
    (definition,) = [found for found in DOCUMENTS.values() if JOB in found]
    with LocalAws() as aws:
        batch_queues(aws, setup("batch")["job_queue"])
        client = aws.client("batch")
        client.register_job_definition(**definition)
        client.submit_job(**to_kwargs(batch.build(batch_launch())))
        assert aws.wait_idle(20)
        assert [job["status"] for job in aws.jobs()] == ["SUCCEEDED"]


TASKS = {name: found for name, found in DOCUMENTS.items() if TASK in found}


@pytest.mark.parametrize("name", TASKS)
def test_the_task_definition_runs_what_the_set_up_says(name: str) -> None:
    definition = TASKS[name]
    own = {} if "FARGATE" in definition["requiresCompatibilities"] else {"launch_type": "EC2", "subnets": ""}
    more = own | ({"security_groups": ""} if own else {})
    with LocalAws() as aws:
        options = definition["containerDefinitions"][0]["logConfiguration"]["options"]
        aws.client("logs").create_log_group(logGroupName=options["awslogs-group"])
        client = aws.client("ecs")
        client.create_cluster(clusterName=setup("ecs_fargate")["cluster"])
        client.register_task_definition(**definition)
        client.run_task(**to_kwargs(ecs.build(ecs_launch(**more))))
        assert aws.wait_idle(20)
        assert [task["containers"][0]["exitCode"] for task in aws.tasks()] == [0]


# --- sh: every line is known --------------------------------------------------------------------------------


def is_target(words: list[str]) -> None:
    text = (ROOT / "Makefile").read_text()
    for word in words[1:]:
        name, given, _ = word.partition("=")
        assert f"$({name})" in text if given else re.search(rf"^{word}:", text, re.MULTILINE)


def is_this_project(words: list[str]) -> None:
    assert words == ["pip", "install", "."]


def is_command(words: list[str]) -> None:
    _, dash_m, module, *arguments = words
    assert dash_m == "-m"
    told = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""},
    )
    for argument in arguments:
        assert not argument.startswith("--") or f"{argument} " in told.stdout


def is_script(words: list[str]) -> None:
    if words[1] == "-m":
        is_command(words)
    else:
        assert (ROOT / words[1]).is_file()


def is_variable(words: list[str]) -> None:
    name, _, value = words[1].partition("=")
    if name.startswith("AWS_"):
        assert name in {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
        return
    _, section, option = name.lower().split("__")
    assert option in SECTIONS[section].model_fields
    module, _, attribute = value.rpartition(".")
    assert hasattr(example(module), attribute)


def is_control(words: list[str]) -> None:
    *pairs, url = words[1:]
    options = dict(zip(pairs[::2], pairs[1::2], strict=True))
    body = options["-d"].encode() if "-d" in options else None
    with LocalAws() as aws:
        name, _, value = options["-H"].replace("$AWS_ACCESS_KEY_ID", aws.key).partition(": ")
        asked = urllib.request.Request(url.replace("$AWS_ENDPOINT_URL", aws.url), body, {name: value})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked, timeout=60) as answer:
            assert answer.status == 200


def is_ours(words: list[str]) -> None:
    parser().parse_args(words[1:])


COMMANDS: Mapping[str, Callable[[list[str]], None]] = {
    "aws-executors": is_ours,
    "make": is_target,
    "pip": is_this_project,
    "python": is_command,
    ".venv/bin/python": is_script,
    "export": is_variable,
    "curl": is_control,
}
LINES = [
    (str(block), line)
    for block in every("sh")
    for line in block.text.splitlines()
    if shlex.split(line, comments=True)
]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(("place", "line"), LINES, ids=lambda part: part[:40])
def test_commands_are_known(place: str, line: str) -> None:
    words = shlex.split(line)
    assert words[0] in COMMANDS, f"{place}: nobody knows {line!r}"
    COMMANDS[words[0]](words)


# --- diff: what was written then, and what is written now ---------------------------------------------------


def example(module: str) -> ModuleType:
    """A module of examples/, imported as one from the plugins folder."""
    spec = importlib.util.spec_from_file_location(module, ROOT / "examples" / f"{module}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def side(block: Block, sign: str) -> str:
    """The lines before a change (``-``), or after it (``+``)."""
    return "\n".join(line[1:] for line in block.text.splitlines() if line[:1] in ("", " ", sign))


DIFFS = blocks(README, "diff")
DICTS = [block for block in DIFFS if "# filename" in block.text]
CLASSES = [block for block in DIFFS if "class Custom" in block.text]


def test_both_kinds_of_extension_are_shown_for_both_services() -> None:
    assert (len(DICTS), len(CLASSES), len(DIFFS)) == (2, 2, 4)


def test_the_page_on_migration_shows_the_same() -> None:
    page = ROOT / "docs" / "migration.md"
    assert [block.text for block in blocks(page, "diff")] == [block.text for block in DIFFS]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("block", DICTS, ids=str)
def test_a_dict_changes_in_one_line_and_is_the_example(block: Block) -> None:
    changed = [line for line in block.text.splitlines() if line[:1] in ("-", "+")]
    assert [line[1:].replace("airflow_aws_", "aws_") for line in changed] == [changed[1][1:]] * 2
    names: dict[str, object] = {}
    exec(side(block, "+"), names)
    (custom,) = [name for name in names if name.startswith("CUSTOM")]
    found = re.search(r"plugins/(\w+)\.py", block.text)
    assert found is not None
    assert names[custom] == getattr(example(found[1]), custom)


@pytest.mark.parametrize("block", CLASSES, ids=str)
def test_a_subclass_of_old_says_what_to_write_now(block: Block) -> None:
    names: dict[str, Any] = {
        "AwsBatchExecutor": AwsBatchExecutor,
        "AwsFargateExecutor": AwsEcsFargateExecutor,
    }
    exec(side(block, "-"), names)
    (custom,) = [found for name, found in names.items() if name.startswith("Custom")]
    with pytest.raises(TypeError, match="request_builder"):
        custom().start()


def new_builder(service: str) -> Callable[[object], Any]:
    """What the README writes now in place of a subclass for this service."""
    (block,) = [block for block in CLASSES if f"{service}.build" in block.text]
    names: dict[str, Any] = {}
    exec(side(block, "+"), names)
    built: Callable[[object], Any] = names["build"]
    return built


def test_the_builder_in_place_of_the_subclass_for_batch() -> None:
    build = new_builder("batch")
    assert to_kwargs(build(batch_launch("default"))) == to_kwargs(batch.build(batch_launch()))
    assert to_kwargs(build(batch_launch("long_tasks_queue"))) == to_kwargs(batch.build(batch_launch())) | {
        "retryStrategy": {"attempts": 3},
        "timeout": {"attemptDurationSeconds": 24 * 60 * 60},
    }


def test_the_builder_in_place_of_the_subclass_for_fargate() -> None:
    build = new_builder("ecs")
    assert build(ecs_launch("default")) == ecs.build(ecs_launch())
    overrides = build(ecs_launch("long_tasks_queue")).overrides
    assert (overrides.cpu, overrides.memory) == ("1024", "2048")


def test_run_task_has_neither_retries_nor_a_timeout() -> None:
    members = botocore.session.get_session().get_service_model("ecs").operation_model("RunTask").input_shape
    assert members is not None
    assert members.members.keys().isdisjoint({"retryStrategy", "timeout"})


# --- Tables, links, paths, pictures -------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_are_those_of_the_code(page: Path) -> None:
    """If not: python tests/doc_tables.py writes them."""
    assert page.read_text() == fresh(page.read_text())


def slug(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@cache
def anchors(page: Path) -> set[str]:
    """The anchors of a page."""
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(found), target


NAMED = re.compile(r"`((?:core|shell|run|cli|local)/[\w./-]*|\w+\.(?:py|md))`")
PATH = re.compile(r"(?<![\w./-])(?:\.github|benchmarks|docs|examples|src|tests|typings)/[\w./-]*[\w/]")
"""A path from the root of the repository, wherever it stands, in a block too."""
OUTSIDE = {"my_module.py"}  # a person's own, in their plugins folder


INWARD = re.compile(r"\.\./shared|/work/|\bissue #?\d|localhost:\d{5}|\bTODO\b")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_speak_of_nothing_that_a_reader_has_not(page: Path) -> None:
    assert INWARD.findall(page.read_text()) == []


def test_the_broken_dag_says_what_the_page_shows() -> None:
    path = SRC / "demo" / "dags" / "broken.py"
    names: dict[str, Any] = {}
    exec(path.read_text(), names)
    (task,) = names["broken"]().tasks
    with pytest.raises(RequestError) as refused:
        ecs.build(ecs_launch(config=task.executor_config))
    (shown,) = [block.text.strip() for block in every("text") if "memry" in block.text]
    assert str(refused.value).startswith(shown)
    ecs.build(ecs_launch(config={"memory": task.executor_config["memry"]}))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_are_there(page: Path) -> None:
    named = {*NAMED.findall(prose(page)), *PATH.findall(page.read_text())} - OUTSIDE
    assert [
        name for name in named if not any((base / name).exists() for base in (ROOT, SRC, page.parent))
    ] == []


def test_the_demo_ends_with_the_words_that_its_own_test_expects() -> None:
    shown = {
        line[5:] for block in every("text") for line in block.text.splitlines() if line.startswith("ok ")
    }
    expected = (ROOT / "tests" / "e2e" / "test_e2e_demo.py").read_text()
    assert len(shown) == 6
    (used,) = [line for line in shown if f'"{line}"' not in expected]
    assert MEASURED.fullmatch(used)
