"""A third way for a workload into its container, as small as can be: a folder that both sides see.

Law: what `Transport` asks for and nothing else. mypy judges that it is one, the launcher that it works.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from returns.result import Result, Success

from aws_executors import Task, ecs
from aws_executors.core.aws.errors import AwsError
from aws_executors.core.ecs.builder import sealed
from aws_executors.run.sources import SOURCES
from aws_executors.shell.airflow.configuration.configured import Configured
from aws_executors.shell.airflow.workloads import Parcel, RequestFactory, Transports
from aws_executors.shell.transport import Transport
from aws_executors.shell.transport.takeover import Takeover

if TYPE_CHECKING:
    from aws_executors.shell.airflow.workloads import Workload

NOTHING: Result[None, AwsError] = Success(None)
SETTINGS = ecs.EcsSettings(
    region="us-east-1", cluster="c", container_name="main", task_definition="d", subnets=("subnet-1",)
)


@dataclass(frozen=True, slots=True)
class Folder:
    """Workloads in a folder of a file system, which are replaced in one step."""

    place: Path
    stores = True

    def put(self, submission: str, workload: str) -> Result[tuple[str, ...], AwsError]:
        self.refresh(submission, workload)
        return Success(("python", "-m", "aws_executors.run", "--json-path", str(self.place / submission)))

    def refresh(self, submission: str, workload: str) -> Result[None, AwsError]:
        fresh = self.place / f"{submission}.fresh"
        fresh.write_text(workload)
        fresh.rename(self.place / submission)
        return NOTHING

    def take_over(self, submission: str, fresh: Callable[[str], str]) -> Result[bool, AwsError]:
        there = self.place / submission
        if not there.exists():
            return Success(False)
        return self.refresh(submission, fresh(there.read_text())).map(lambda _: True)

    def remove(self, submission: str) -> Result[None, AwsError]:
        (self.place / submission).unlink(missing_ok=True)
        return NOTHING


def minted(number: list[int]) -> Callable[[float], str]:
    def mint(lifetime: float) -> str:
        number.append(len(number))
        claims = "eyJpYXQiOjAsImV4cCI6NjAwfQ"  # {"iat":0,"exp":600}
        return json.dumps({"token": f"e30.{claims}.{len(number)}", "ti": {"id": "4c75"}})

    return mint


def test_a_folder_is_a_way_for_whoever_builds_renews_takes_over_and_removes(tmp_path: Path) -> None:
    way: Transport = Folder(tmp_path)
    workload: Workload = None  # type: ignore[assignment]  # nobody looks into it here
    parcel = Parcel(
        workload=workload,
        key=None,  # type: ignore[arg-type]
        task=Task(dag_id="d", task_id="t"),
        has_row=True,
        priority=1,
    )
    recipe = RequestFactory(
        configured=Configured(SETTINGS, ecs.build),
        request_type=ecs.RunTask,
        seal=sealed,
        parcel=parcel,
        token="0b6e",
        mint=minted([]),
        queueing=600.0,
        ways=Transports(way),
    )
    request = recipe(1).unwrap()
    assert isinstance(request, ecs.RunTask)
    assert request.overrides is not None
    command = request.overrides.container_overrides[0].command
    assert command is not None
    # What the launcher does with this command: the option, and the one function that reads.
    assert command[:-1] == ("python", "-m", "aws_executors.run", "--json-path")
    first = SOURCES["json_path"](command[-1], None)
    assert recipe.renew(1) == NOTHING
    second = SOURCES["json_path"](command[-1], None)
    left = Takeover(
        store=way, token="0b6e", attempts=3, subject="4c75", mint=lambda subject, lifetime: f"for {subject}"
    )
    assert left.renew(1) == NOTHING
    third = SOURCES["json_path"](command[-1], None)
    assert [json.loads(text)["token"].rpartition(".")[2] for text in (first, second, third)] == [
        "1",
        "2",
        "for 4c75",
    ]
    assert left.renew_every == 300.0
    assert left.discard() == NOTHING
    assert list(tmp_path.iterdir()) == []
