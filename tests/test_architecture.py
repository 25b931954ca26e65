"""The house: who may import whom, what an exception comes from, and that a name means one thing.

Law: the rules are tables; the reading is by AST, so that an import inside a function counts too.
Imports under ``TYPE_CHECKING`` do not run, and so do not count.
"""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from configparser import ConfigParser
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src"
MYPY = SRC.parent / "mypy.ini"
OURS = "aws_executors"
IMPURE = ("airflow", "boto3", "botocore", "logging", "os", "random", "threading", "time")


RAISED = {
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}
BASELESS = {
    "ServiceError": "the embedded AWS imports nothing of ours",
    "StoppedError": "a stop is no Exception: what Airflow does about those must not keep the container up",
    "_InterruptError": "it ends a thread inside of foreign code, which may catch every Exception",
}
"""Exceptions that are no `AwsExecutorsError`, and why."""


COMMAND = {
    "main": "what a command line starts",
    "parser": "the command line that it reads",
    "run": "what a command does",
}
"""Names that every command has."""
TWICE = {
    "ResourceRequirement": "both services have a structure of this name",
    "Step": "both services have steps",
    "Tags": "both services have tags, each in a form of its own",
    "tag_resource": "both services have an operation of this name",
}
"""Names that stand for two things beside, and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Modules below `room` (or `alone` it) import none of `never`, but may import what is below `but`."""

    room: str
    never: tuple[str, ...]
    but: tuple[str, ...] = ()
    alone: bool = False


# The fleet page's pure modules: what a snapshot is, what is shown of it, and how.
PURE = tuple(f"{OURS}.dashboard.{name}" for name in ("snapshot", "summary", "page"))
CHECKS = (f"{OURS}.doctor.checks", f"{OURS}.doctor.evidence")
PROOF = (f"{OURS}.verify.proof",)
PURE_ROOMS = (f"{OURS}.core", f"{OURS}.deploy", f"{OURS}.migrate", *PURE, *CHECKS, *PROOF)
RULES = (
    Rule(f"{OURS}.core", (*IMPURE, OURS), but=(f"{OURS}.core",)),
    *(Rule(name, (*IMPURE, OURS), but=(f"{OURS}.core", *PURE)) for name in PURE),
    Rule(f"{OURS}.deploy", (*IMPURE, OURS), but=(f"{OURS}.core", f"{OURS}.deploy", *CHECKS)),
    *(Rule(name, (*IMPURE, OURS), but=(f"{OURS}.core", *CHECKS)) for name in CHECKS),
    Rule(f"{OURS}.doctor", (OURS,), but=(f"{OURS}.core", f"{OURS}.shell", f"{OURS}.doctor")),
    Rule(f"{OURS}.verify", (OURS,), but=(f"{OURS}.core", f"{OURS}.shell", f"{OURS}.verify")),
    *(Rule(name, (*IMPURE, OURS), but=(f"{OURS}.core", *PROOF)) for name in PROOF),
    Rule(f"{OURS}.migrate", (*IMPURE, OURS), but=(f"{OURS}.core", f"{OURS}.migrate")),
    Rule(f"{OURS}.demo", (OURS,), but=(f"{OURS}.core", f"{OURS}.demo", f"{OURS}.local")),
    Rule(f"{OURS}.dashboard", (OURS,), but=(f"{OURS}.core", f"{OURS}.shell", f"{OURS}.dashboard")),
    Rule(f"{OURS}.core.ecs", (f"{OURS}.core.batch",)),
    Rule(f"{OURS}.core.batch", (f"{OURS}.core.ecs",)),
    Rule(f"{OURS}.shell", (OURS,), but=(f"{OURS}.core", f"{OURS}.shell")),
    Rule(f"{OURS}.run", (OURS,), but=(f"{OURS}.core", f"{OURS}.run")),
    Rule(f"{OURS}.local", (OURS, "airflow"), but=(f"{OURS}.local",)),
    Rule(f"{OURS}.cli", (f"{OURS}.local", f"{OURS}.executors"), but=()),
    Rule(f"{OURS}.executors", (OURS,), but=(f"{OURS}.core", f"{OURS}.shell")),
    Rule(OURS, (*IMPURE, f"{OURS}.shell", f"{OURS}.cli", f"{OURS}.local", f"{OURS}.executors"), alone=True),
    Rule(f"{OURS}.ecs", (OURS, *IMPURE), but=(f"{OURS}.core",)),
    Rule(f"{OURS}.batch", (OURS, *IMPURE), but=(f"{OURS}.core",)),
    Rule(f"{OURS}.conf", (OURS, *IMPURE), but=(f"{OURS}.core", f"{OURS}.shell")),
    Rule(f"{OURS}.provider", (OURS, "airflow", "boto3", "botocore", "pydantic", "returns")),
)
EXEMPT = {
    # This command brings its own cloud.
    (f"{OURS}.cli.commands.local", f"{OURS}.local"),
    # An executor starts the publisher of the fleet page, the plugin names the page.
    (f"{OURS}.shell.airflow.started", f"{OURS}.dashboard"),
    (f"{OURS}.shell.ui.plugin", f"{OURS}.dashboard"),
}


def module_name(path: Path) -> str:
    """`src/aws_executors/core/__init__.py` is aws_executors.core."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def below(module: str, room: str) -> bool:
    """Whether `module` is `room` or stands in it."""
    return module == room or module.startswith(f"{room}.")


def is_type_checking(test: ast.expr) -> bool:
    """Whether this is the condition of an ``if TYPE_CHECKING:``."""
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
        case _:
            return False


def imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Every module that running this code imports, `from a import b` as ``a.b``."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(test=test, orelse=orelse) if is_type_checking(test):
                yield from imports(ast.Module(body=orelse, type_ignores=[]), package)
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                up = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                base = ".".join([*up, *([module] if module else [])])
                yield from (f"{base}.{alias.name}" for alias in names)
            case _:
                yield from imports(node, package)


def broken(rule: Rule, module: str, imported: str) -> bool:
    """Whether `module` may not import `imported` under this rule."""
    exempt = any(below(module, room) and below(imported, other) for room, other in EXEMPT)
    inside = module == rule.room if rule.alone else below(module, rule.room)
    return (
        inside
        and any(below(imported, name) for name in rule.never)
        and not any(below(imported, name) for name in rule.but)
        and not exempt
    )


@dataclass(frozen=True, slots=True)
class Source:
    """A module as it is written: the package that it stands in or is, its text, and that as a tree."""

    package: str
    text: str
    tree: ast.Module


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    """All modules, read once; a test looks at each of them, for one test of each costs more than to look."""
    found = {}
    for path in sorted(SRC.rglob("*.py")):
        module, text = module_name(path), path.read_text()
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        found[module] = Source(package, text, ast.parse(text))
    assert found
    return found


def test_directions(sources: Mapping[str, Source]) -> None:
    assert [
        (module, rule.room, name)
        for module, source in sources.items()
        for name in imports(source.tree, source.package)
        for rule in RULES
        if broken(rule, module, name)
    ] == []


def test_each_opens_with_its_law(sources: Mapping[str, Source]) -> None:
    assert [module for module, source in sources.items() if not ast.get_docstring(source.tree)] == []


def test_what_is_pure_ignores_no_type(sources: Mapping[str, Source]) -> None:
    pure = {module for module in sources if any(below(module, room) for room in PURE_ROOMS)}
    assert pure
    assert {module for module in pure if "type: ignore" in sources[module].text} == set()


def test_mypy_lets_nothing_that_is_pure_have_an_any() -> None:
    """But for what is handed to Jinja2."""
    read = ConfigParser()
    read.read(MYPY)
    strict = {
        name.strip()
        for section in read.sections()
        if read[section].get("disallow_any_explicit") == "true"
        for name in section.removeprefix("mypy-").split(",")
    }
    assert {name for room in PURE_ROOMS for name in (room, f"{room}.*")} & strict == strict
    assert {room for room in PURE_ROOMS if not {room, f"{room}.*"} & strict} == set()


def test_each_can_be_imported(sources: Mapping[str, Source]) -> None:
    for module in sources:
        if not module.endswith(".__main__"):
            import_module(module)


@pytest.mark.parametrize(
    ("module", "imported", "wrong"),
    [
        ("aws_executors.core.lifecycle.job", "time.monotonic", True),
        ("aws_executors.core.lifecycle.job", "timeit", False),
        ("aws_executors.core.lifecycle.job", "aws_executors.shell.aws.call", True),
        ("aws_executors.core.lifecycle.job", "aws_executors.core.lifecycle.observation", False),
        ("aws_executors.core.ecs.steps.members", "aws_executors.core.batch.steps.members", True),
        ("aws_executors.core.ecs.steps.members", "aws_executors.core.ecs.request", False),
        ("aws_executors.shell.engine.thread", "aws_executors.executors", True),
        ("aws_executors.shell.engine.thread", "airflow.configuration.conf", False),
        ("aws_executors.shell.engine.thread", "aws_executors.dashboard.snapshot", True),
        ("aws_executors.shell.airflow.started", "aws_executors.dashboard.collector", False),
        ("aws_executors.dashboard.page.view", "aws_executors.shell.airflow.loggers", True),
        ("aws_executors.dashboard.page.view", "aws_executors.dashboard.store", True),
        ("aws_executors.dashboard.page.view", "airflow.models", True),
        ("aws_executors.dashboard.page.view", "aws_executors.dashboard.snapshot", False),
        ("aws_executors.dashboard.app", "aws_executors.dashboard.page.view", False),
        ("aws_executors.dashboard.app", "aws_executors.executors", True),
        ("aws_executors.core.lifecycle.machine", "aws_executors.dashboard.page.view", True),
        ("aws_executors.deploy.terraform", "aws_executors.core.aws.iam", False),
        ("aws_executors.doctor.checks.ecs", "aws_executors.doctor.probe", True),
        ("aws_executors.doctor.checks.ecs", "boto3", True),
        ("aws_executors.doctor.probe", "aws_executors.shell.aws.client.clients", False),
        ("aws_executors.shell.engine.thread", "aws_executors.doctor.probe", True),
        ("aws_executors.deploy.terraform", "aws_executors.cli.show", True),
        ("aws_executors.deploy.terraform", "os.path", True),
        ("aws_executors.local.http.server", "aws_executors.core.lifecycle.observation", True),
        ("aws_executors.cli.commands.doctor", "aws_executors.local.LocalAws", True),
        ("aws_executors.demo.cloud", "aws_executors.local.LocalAws", False),
        ("aws_executors.executors", "aws_executors.cli.commands.doctor", True),
        ("aws_executors.verify.proof.facts", "aws_executors.shell.aws.client.clients", True),
        ("aws_executors.verify.proof.checks", "time", True),
        ("aws_executors.verify.drive", "aws_executors.doctor.probe", True),
        ("aws_executors.run.sources", "aws_executors.shell.aws.client.clients", True),
        ("aws_executors.run.sources", "aws_executors.core.requests.stored_workload", False),
        ("aws_executors", "aws_executors.shell.engine.thread", True),
        ("aws_executors", "aws_executors.core.requests.launch.Launch", False),
        ("aws_executors.shell.aws.client.clients", "boto3", False),
    ],
)
def test_the_rules_say(module: str, imported: str, wrong: bool) -> None:
    assert any(broken(rule, module, imported) for rule in RULES) is wrong


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os.path", ["os.path"]),
        ("from a.b import c, d", ["a.b.c", "a.b.d"]),
        ("from . import sibling", ["pkg.room.sibling"]),
        ("from ..other import name", ["pkg.other.name"]),
        ("def f():\n    import time", ["time"]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import boto3", ["typing.TYPE_CHECKING"]),
        ("import typing\nif typing.TYPE_CHECKING:\n    import a\nelse:\n    import b", ["typing", "b"]),
    ],
)
def test_reads_imports(code: str, expected: list[str]) -> None:
    assert list(imports(ast.parse(code), "pkg.room")) == expected


def test_one_module_reads_pydantics_errors(sources: Mapping[str, Source]) -> None:
    reads = re.compile(r"\.errors\(|\.json\(include_")
    assert [module for module, source in sources.items() if reads.search(source.text)] == [
        "aws_executors.core.validation"
    ]


COMPAT = (f"{OURS}.shell.airflow.compat", f"{OURS}.shell.airflow.features", f"{OURS}.run.compat")
"""The modules that know that there are several versions of Airflow."""
DISTRIBUTIONS = ("apache-airflow", "apache-airflow-core", "apache-airflow-task-sdk")
UNFOUND = re.compile(r"ImportError|NotFoundError")


def asks(tree: ast.AST) -> Iterator[str]:
    """Each question of this code that is about Airflow's version, or about whether Airflow has something."""
    known = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if getattr(node, "module", alias.name).partition(".")[0] == "airflow"
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if text in DISTRIBUTIONS:
                yield text
            case ast.Attribute(value=ast.Name(id="airflow"), attr="__version__"):
                yield "airflow.__version__"
            case ast.Call(func=ast.Name(id="hasattr" | "signature" | "getattr" as name), args=[of, *rest]):
                root = of
                while isinstance(root, ast.Attribute):
                    root = root.value
                plain = name == "getattr" and len(rest) < 2
                if isinstance(root, ast.Name) and root.id in known and not plain:
                    yield ast.unparse(node)
            case ast.Try(body=body, handlers=handlers) if any(
                handler.type is not None and UNFOUND.search(ast.unparse(handler.type)) for handler in handlers
            ):
                module = ast.Module(body=body, type_ignores=[])
                yield from (name for name in imports(module, "") if below(name, "airflow"))


def test_no_other_module_asks_which_airflow_this_is(sources: Mapping[str, Source]) -> None:
    assert [
        (module, asked)
        for module, source in sources.items()
        if module not in COMPAT
        for asked in asks(source.tree)
    ] == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from importlib.metadata import version\nversion('apache-airflow-core')", ["apache-airflow-core"]),
        ("import airflow\nairflow.__version__", ["airflow.__version__"]),
        ("from airflow.executors import workloads as w\nhasattr(w, 'A')", ["hasattr(w, 'A')"]),
        ("from airflow import models\ngetattr(models.B, 'c', 0)", ["getattr(models.B, 'c', 0)"]),
        ("from airflow import models\ngetattr(models, name)", []),
        ("try:\n    from airflow.sdk import A\nexcept ImportError:\n    pass", ["airflow.sdk.A"]),
        ("try:\n    from airflow.sdk import A\nexcept ValueError:\n    pass", []),
        ("import json\nhasattr(json, 'a')", []),
    ],
)
def test_sees_who_asks(code: str, expected: list[str]) -> None:
    assert list(asks(ast.parse(code))) == expected


def classes(trees: Iterable[ast.AST]) -> dict[str, set[str]]:
    """Every class that is made anywhere in these, with the names of its bases."""
    return {
        node.name: {ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def line(name: str, bases: Mapping[str, set[str]]) -> set[str]:
    """A class and all that it comes from, as far as `bases` knows."""
    return {name}.union(*(line(base, bases) for base in bases.get(name, ())))


def exceptions(bases: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Those classes that can be raised, with all that they come from."""
    lines = {name: line(name, bases) for name in bases}
    return {
        name: all_
        for name, all_ in lines.items()
        if any(base in RAISED or base.endswith(("Error", "Exception")) for base in all_ - {name})
    }


def faulty(found: Mapping[str, set[str]]) -> set[str]:
    """Those without the suffix or, but for the named ones, without the base."""
    based = {name for name, all_ in found.items() if "AwsExecutorsError" in all_ or name in BASELESS}
    return {name for name in found if not name.endswith("Error") or name not in based}


def test_exceptions_have_one_base_and_one_suffix(sources: Mapping[str, Source]) -> None:
    found = exceptions(classes(source.tree for source in sources.values()))
    assert faulty(found) == set()
    assert {
        name for name in BASELESS if "AwsExecutorsError" in found.get(name, {"AwsExecutorsError"})
    } == set()


def test_sees_an_exception_without_its_base_or_suffix() -> None:
    code = """
class AwsExecutorsError(Exception): ...
class GoodError(AwsExecutorsError, ValueError): ...
class BetterError(GoodError): ...
class Lost(BetterError): ...
class BareError(errors.BotoCoreError): ...
class Quiet(BaseException): ...
class AwsError: ...
"""
    found = exceptions(classes([ast.parse(code)]))
    assert set(found) == {"AwsExecutorsError", "GoodError", "BetterError", "Lost", "BareError", "Quiet"}
    assert faulty(found) == {"Lost", "BareError", "Quiet"}


TYPE_NAME = re.compile(r"(?=.*[a-z])[A-Z][A-Za-z]+")


def homes(trees: Mapping[str, ast.Module]) -> dict[str, list[str]]:
    """Every public class, function and name of a type, with the modules that it stands in."""
    found: dict[str, list[str]] = {}
    for module, tree in trees.items():
        for node in tree.body:
            match node:
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    found.setdefault(name, []).append(module)
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if (
                    TYPE_NAME.fullmatch(name) and not is_variable(node.value)
                ):
                    found.setdefault(name, []).append(module)
    return {name: modules for name, modules in found.items() if not name.startswith("_")}


def is_variable(made: ast.expr | None) -> bool:
    """Whether this makes a variable for types, of which each module has its own."""
    match made:
        case ast.Call(func=ast.Name(id="TypeVar" | "ParamSpec")):
            return True
        case _:
            return False


def ambiguous(name: str, modules: Sequence[str]) -> bool:
    """Whether it stands for different things: not for one thing of both services, nor of all commands."""
    twins = len({re.sub(r"\b(batch|ecs)(?=\b|_)", "service", module) for module in modules}) == 1
    same = len(modules) == 2 and (twins or name in TWICE)
    command = all(".cli." in module or module.endswith(".__main__") for module in modules)
    return len(modules) > 1 and not same and not (name in COMMAND and command)


def test_a_name_means_one_thing(sources: Mapping[str, Source]) -> None:
    found = homes({module: source.tree for module, source in sources.items()})
    assert {name: modules for name, modules in found.items() if ambiguous(name, modules)} == {}


@pytest.mark.parametrize(
    ("name", "modules", "wrong"),
    [
        ("build", ["core.batch.builder", "core.ecs.builder"], False),
        ("findings", ["doctor.checks.batch", "doctor.checks.ecs"], False),
        ("Evidence", ["doctor.evidence.batch", "doctor.evidence.ecs"], False),
        ("build", ["core.batch.builder", "core.ecs.steps.members"], True),
        ("build", ["core.batch.builder", "core.ecs.builder", "deploy.model"], True),
        ("run", ["aws_executors.cli.commands.doctor", "aws_executors.demo.__main__"], False),
        ("run", ["aws_executors.cli.commands.doctor", "aws_executors.demo.stage"], True),
        ("told", ["aws_executors.cli.commands.doctor", "aws_executors.cli.commands.preview"], True),
    ],
)
def test_tells_twins_from_namesakes(name: str, modules: list[str], wrong: bool) -> None:
    assert ambiguous(name, modules) is wrong


def test_finds_public_names_alone() -> None:
    code = {
        "a": "def one(): ...\nclass _Two: ...\nKind = int | str\nLIMIT = 1\nItem = TypeVar('Item')",
        "b": "async def one():\n    def inner(): ...\nKind: TypeAlias = 'str'",
    }
    found = homes({module: ast.parse(text) for module, text in code.items()})
    assert found == {"one": ["a", "b"], "Kind": ["a", "b"]}
