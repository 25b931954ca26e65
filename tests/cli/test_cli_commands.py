"""The table of commands, as a program of its own and as Airflow's: one table, two ways in, nothing costly."""

import argparse
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest

from aws_executors.cli.__main__ import main, parser
from aws_executors.cli.command import Command
from aws_executors.cli.command_table import COMMANDS
from aws_executors.cli.configuration import executor_sections
from aws_executors.cli.show import Paint, colourful, dumped

HEAVY = (
    "boto3",
    "botocore",
    "pydantic",
    "returns",
    "yaml",
    "rich",
    "aws_executors.core",
    "aws_executors.shell",
)


AIRFLOW = """
import json, os, sys
from airflow.__main__ import main

for words, variables in json.loads(sys.argv[1]):
    sys.stdout.flush()
    fork = os.fork()
    if not fork:
        os.environ.update(variables)
        sys.argv = ["airflow", *words]
        sys.exit(main())
    code = os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1])
    print(end=f"\\0{code}\\0")
    print(end="\\0", file=sys.stderr, flush=True)
"""


def airflow_commands(*commands: tuple[str, dict[str, str]]) -> Iterator[tuple[int, str, str]]:
    """Exit code, output and errors of `airflow` with these words and variables, each a fork of one process:
    to import Airflow takes three seconds. What that says is with the first."""
    told = json.dumps([(words.split(), variables) for words, variables in commands])
    done = subprocess.run(
        [sys.executable, "-c", AIRFLOW, told], capture_output=True, text=True, timeout=120, check=True
    )
    *said, _ = done.stdout.split("\0")
    *errors, rest = done.stderr.split("\0")
    assert rest == ""
    return zip(map(int, said[1::2]), said[::2], errors, strict=True)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_examples_and_a_function(command: Command) -> None:
    module, _, name = command.run.rpartition(".")
    function = getattr(import_module(module), name)
    assert list(inspect.signature(function).parameters) == ["options"]
    assert command.help
    assert command.about.endswith(".")
    assert len(command.examples) >= 2


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_example_is_taken(command: Command) -> None:
    import shlex

    for line, _ in command.examples:
        assert parser().parse_args(shlex.split(line)).command is command


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_shows_the_examples(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command.name, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(f"aws-executors {line}" in said for line, _ in command.examples)


def test_the_package_is_the_command() -> None:
    command = [sys.executable, "-m", "aws_executors", "doctr"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("did you mean doctor?\n")


def test_a_wrong_command_line_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["iam-policy", "--section", "lambda"])
    assert ended.value.code == 2
    assert "invalid choice: 'lambda'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("doctr", "; did you mean doctor?"),
        ("iam_policy", "; did you mean iam-policy?"),
        ("doctor --section bacth", "; did you mean batch?"),
        ("terraform --output jsn", "; did you mean json?"),
        ("doctor --sectoin batch", "error: unrecognized arguments: --sectoin batch; did you mean --section?"),
        ("doctor --lanch-timeout=3", "--lanch-timeout=3; did you mean --launch-timeout?"),
        ("preview etl load more", "error: unrecognized arguments: more\n"),
    ],
)
def test_a_slip_is_told_with_what_was_perhaps_meant(
    line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.usefixtures("airflow_db")
def test_airflow_has_the_same_commands() -> None:
    from aws_executors.cli.airflow_commands import get_commands

    (group,) = get_commands()
    assert group.name == "aws-executors"
    assert [command.name for command in group.subcommands] == [command.name for command in COMMANDS]
    for ours, theirs in zip(COMMANDS, group.subcommands, strict=True):
        flags = [option.flags for option in ours.options]
        made = argparse.ArgumentParser()
        for arg in theirs.args:  # type: ignore[union-attr]  # a group has none, and ours is flat
            arg.add_to_parser(made)
        assert [tuple(action.option_strings or [action.dest]) for action in made._actions[1:]] == flags


def options_of(actions: list[argparse.Action]) -> dict[str, tuple[object, ...]]:
    """What a parser takes, by flag, but for the words that explain it."""
    return {
        action.option_strings[-1]: (action.default, action.choices and list(action.choices), action.nargs)
        for action in actions
        if "--help" not in action.option_strings
    }


@pytest.mark.parametrize(
    ("name", "module"),
    [("local", "aws_executors.local.__main__"), ("demo", "aws_executors.demo.__main__")],
)
def test_a_command_that_is_a_module_too_takes_the_same_options(name: str, module: str) -> None:
    (own,) = [command for command in COMMANDS if command.name == name]
    made = argparse.ArgumentParser()
    for option in own.options:
        made.add_argument(*option.flags, **option.arguments())  # type: ignore[arg-type]  # a row's own
    theirs = import_module(module).parser()._actions
    assert options_of(made._actions) == options_of(theirs)


def test_local_runs_until_it_is_ended() -> None:
    program = [sys.executable, "-m", "aws_executors.cli", "local", "--container-env", "A=b=c"]
    with ExitStack() as at_end:
        process = at_end.enter_context(subprocess.Popen(program, stdout=subprocess.PIPE, text=True))
        at_end.callback(process.kill)  # else whatever fails here waits for its end for ever
        assert process.stdout is not None
        first, second, third, fourth = (process.stdout.readline() for _ in range(4))
        process.terminate()
        assert process.wait(20) == 0
    url = first.rpartition(" ")[2].strip()
    assert url.startswith("http://127.0.0.1:")
    assert second == f"export AWS_ENDPOINT_URL={url}\n"
    key = third.removeprefix("export AWS_ACCESS_KEY_ID=").strip()
    assert len(key) == 32
    assert fourth == f"export AWS_SECRET_ACCESS_KEY={key}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["local", "--host", "0.0.0.0"], "it listens on loopback only"),
        (["local", "--container-env", "HOME"], "expected NAME=VALUE, got 'HOME'"),
        (["iam-policy", "--account", "1234"], "expected the 12 digits of an account, or *, got '1234'"),
        (["iam-policy", "--team", "red"], "set executor = ...;red=aws_executors.executors.AwsBatchExecutor"),
    ],
)
def test_a_command_says_why_it_does_not_start(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(words)
    except SystemExit as ended:
        code = int(ended.code or 0)
    assert code == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("airflow_db")
def test_airflow_shows_and_runs_them_without_a_warning() -> None:
    known = {"JOB_NAME": "a", "JOB_QUEUE": "q", "JOB_DEFINITION": "d"}
    options = {f"AIRFLOW__BATCH__{name}": value for name, value in known.items()}
    policy = "aws-executors iam-policy --section batch"
    shown, done, failed = airflow_commands(
        ("aws-executors iam-policy --help", {}),
        (f"{policy} --account 123456789012", options | {"AIRFLOW__BATCH__REGION": "us-east-1"}),
        (policy, options),
    )
    code, out, err = shown
    assert code == 0
    assert "[core] executor" in " ".join(out.split())  # brackets are not taken for a colour
    assert "airflow aws-executors iam-policy" in out
    assert "WARNING" not in out + err
    code, out, err = done
    assert code == 0
    assert json.loads(out)["Statement"][0]["Action"] == "batch:SubmitJob"
    code, out, err = failed
    assert code == 2
    assert "region is missing" in err
    assert "Traceback" not in err


def test_what_every_airflow_command_imports_is_next_to_nothing() -> None:
    program = (
        "import airflow.cli.cli_config, sys, json\n"
        "before = set(sys.modules)\n"
        "from aws_executors.cli.airflow_commands import get_commands; get_commands()\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = json.loads(done.stdout.splitlines()[-1])
    assert "aws_executors.cli.airflow_commands" in modules
    assert [name for name in modules if name.startswith(HEAVY)] == []


def test_the_program_is_installed() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["aws-executors"].partition(":")
    assert getattr(import_module(module), name) is main


TEAMS = "big:aws_executors.executors.AwsEcsFargateExecutor,LocalExecutor;red=my.AwsBatchExecutor"


@pytest.mark.parametrize(
    ("value", "team", "expected"),
    [
        ("aws_executors.executors.AwsBatchExecutor", None, ("batch",)),
        ("LocalExecutor, aws_executors.executors.AwsFargateExecutor", None, ("ecs_fargate",)),
        (TEAMS, None, ("ecs_fargate",)),
        (TEAMS, "red", ("batch",)),
        (TEAMS, "blue", ()),
        ("LocalExecutor", None, ()),
    ],
)
def test_our_executors_are_found_in_the_configuration(
    value: str, team: str | None, expected: tuple[str, ...]
) -> None:
    assert executor_sections(value, team) == expected


@pytest.mark.parametrize("command", ["doctor", "iam-policy"])
def test_who_has_executors_of_teams_only_is_told_of_the_teams(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The section of everybody has nothing to be found fault with."""
    value = "LocalExecutor;red=my.AwsBatchExecutor"
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", value)
    assert main([command]) == 2
    assert " or --team red" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_both_forms_say_the_same(form: str) -> None:
    import yaml

    value = {"a": [1, "zwei", None], "b": {"c": True}}
    text = dumped(value, form)
    assert (json.loads(text) if form == "json" else yaml.safe_load(text)) == value


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    import pty

    assert Paint(False)("x", "red") == "x"
    with open(os.devnull) as nowhere:
        assert not colourful(nowhere)
    main_end, other_end = pty.openpty()
    with os.fdopen(other_end, "w") as terminal, os.fdopen(main_end, "rb"):
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        assert colourful(terminal)
        monkeypatch.setenv("NO_COLOR", "1")
        assert not colourful(terminal)
