"""What a person sees: rows are made of both sides' words, and a line is printed once per change."""

import io

import pytest
from rich.console import Console

from aws_executors.demo.api import TaskInstance, TaskTry
from aws_executors.demo.containers import Container
from aws_executors.demo.watch import LiveTable, Sample, SampleRow, rows, screen


def instance(task_id: str, state: str | None, try_number: int = 1) -> TaskInstance:
    return TaskInstance(task_id=task_id, map_index=-1, try_number=try_number, state=state, executor=None)


def container(task_id: str, try_number: int, status: str, created: float) -> Container:
    return Container(
        service="Batch",
        id=f"{task_id}-{created}",
        task=TaskTry(task_id=task_id, try_number=try_number),
        status=status,
        exit_codes=(0,),
        created=created,
        stopped=created + 2 if status == "SUCCEEDED" else None,
    )


MOMENT = Sample(
    now=110.0,
    instances=(instance("a", "running", 2), instance("b", None, 0)),
    containers=(container("a", 1, "SUCCEEDED", 100.0), container("a", 2, "RUNNING", 104.0)),
)


def test_rows() -> None:
    first, second, waiting = rows(MOMENT)
    assert first == SampleRow(
        task="a", attempt=1, executor="Batch", container="a-100.0", status="SUCCEEDED", seconds=2.0, state=""
    )
    assert second.cells() == ("a", "2", "Batch", "a-104.0", "RUNNING", "6.0", "running")
    assert waiting.cells() == ("b", "1", "", "", "", "", "waiting")


def test_lines_say_each_change_once() -> None:
    output = io.StringIO()
    with screen(Console(file=output, width=200), began=100.0, title="demo") as shown:
        shown.show(MOMENT)
        shown.show(MOMENT)
        shown.show(Sample(111.5, (instance("a", "success", 2),), MOMENT.containers))
    assert output.getvalue().splitlines() == [
        " 10.0 s  a            try 1  Batch  a-100.0        SUCCEEDED",
        " 10.0 s  a            try 2  Batch  a-104.0        RUNNING       running",
        " 10.0 s  b            try 1                                      waiting",
        " 11.5 s  a            try 2  Batch  a-104.0        RUNNING       success",
    ]


def test_a_terminal_gets_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=120, color_system=None)
    with screen(console, began=100.0, title="DAG demo") as shown:
        assert isinstance(shown, LiveTable)
        shown.show(MOMENT)
    assert "DAG demo   10 s" in output.getvalue()
    assert "a-104.0" in output.getvalue()
    assert capsys.readouterr().out == ""
