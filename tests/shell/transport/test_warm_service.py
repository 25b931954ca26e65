"""A look-up that goes through cells: what it finds, and what nobody can do any more afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.request_quotas import ON_FARGATE, Allotments
from aws_executors.core.lifecycle.observation import DescribeResult, Observation, Phase
from aws_executors.core.warm.cell import Cell, Word
from aws_executors.shell.transport.cells import NO_CELL, HeldCell
from aws_executors.shell.transport.warm_service import WarmService

IDLE = Cell(container="arn:1")
DENIED = AwsError(kind=Kind.PERMANENT, code="AccessDenied", message="no")


@dataclass
class Cells:
    """A store in memory, whose ETags are the bodies."""

    cells: dict[str, Cell]
    listing: Result[Mapping[str, str], AwsError] | None = None
    foreign: dict[str, str] = field(default_factory=dict)  # objects that are no cells
    reads: list[str] = field(default_factory=list)

    def listed(self) -> Result[Mapping[str, str], AwsError]:
        cells = {name: str(cell.body()) for name, cell in self.cells.items()}
        return self.listing or Success({**self.foreign, **cells})

    def read(self, name: str) -> Result[HeldCell | None, AwsError]:
        self.reads.append(name)
        if name in self.foreign:
            return Failure(AwsError(kind=Kind.PERMANENT, code=NO_CELL, message="no cell"))
        cell = self.cells.get(name)
        return Success(None if cell is None else HeldCell(str(cell.body()), cell))

    def write(self, name: str, held: HeldCell, cell: Cell) -> Result[HeldCell | None, AwsError]:
        if str(self.cells[name].body()) != held.etag:
            return Success(None)
        self.cells[name] = cell
        return self.read(name)

    def remove(self, name: str) -> Result[None, AwsError]:
        del self.cells[name]
        return Success(None)


@dataclass
class Own:
    """A service that knows some containers by their tokens."""

    containers: dict[str, Observation] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    idempotent: bool = True
    allotments: Allotments = field(default_factory=lambda: ON_FARGATE)

    def submit(self, request: str) -> Result[str, AwsError]:
        return Success(request)

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        return Success(DescribeResult())

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        return Success(self.containers.get(token))

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        self.stopped += ids
        return dict.fromkeys(ids)


def looked(cells: Cells, own: Own | None = None, exclude: Sequence[str] = ()) -> Observation | None:
    return WarmService(own or Own(), cells).find("mine", exclude).unwrap()


def late(cells: Cells, held: Cell) -> bool:
    """Whether an offer can land that a scheduler has sent when the cell said this."""
    offer = cells.write("c", HeldCell(str(held.body()), held), held.offer("mine", "{}"))
    return offer.unwrap() is not None


def test_a_container_of_its_own_goes_first() -> None:
    own = Own({"mine": Observation(id="arn:9", phase=Phase.RUNNING)})
    cells = Cells({"c": IDLE.offer("mine", "{}").take()})
    found = looked(cells, own)
    assert found is not None
    assert found.id == "arn:9"


@pytest.mark.parametrize(
    ("cell", "phase"),
    [
        (IDLE.offer("mine", "{}").take(), Phase.RUNNING),
        (IDLE.offer("mine", "{}").take().end(0), Phase.SUCCEEDED),
        (IDLE.offer("mine", "{}").take().end(3, close=True), Phase.FAILED),
        (IDLE.offer("mine", "{}").take().end(0).offer("other", "{}").take(), Phase.SUCCEEDED),
    ],
)
def test_a_place_is_found_by_what_its_cell_says(cell: Cell, phase: Phase) -> None:
    cells = Cells({"other": IDLE.offer("other", "{}").take(), "c": cell})
    found = looked(cells)
    assert found is not None
    assert (found.phase, found.name, found.id.partition("#")[0]) == (phase, "c", "arn:1")
    assert cells.cells["c"] == cell  # it is as it was


def test_an_offer_that_was_not_taken_is_taken_back_before_it_is_said_that_there_is_none() -> None:
    cells = Cells({"c": IDLE.offer("mine", "{}")})
    assert looked(cells) is None
    assert cells.cells["c"].word is Word.IDLE


def test_an_offer_that_is_still_on_its_way_can_not_land_afterwards() -> None:
    cells = Cells({"c": IDLE})
    assert looked(cells) is None
    assert not late(cells, IDLE)
    assert late(cells, cells.cells["c"])  # whoever reads it first can offer


def test_what_others_offer_is_let_alone() -> None:
    cells = Cells({"c": IDLE.offer("other", "{}")})
    assert looked(cells) is None
    assert cells.cells["c"].token == "other"


def test_a_place_of_the_past_is_none() -> None:
    cells = Cells({"c": IDLE.offer("mine", "{}").take().end(0, close=True)})
    found = looked(cells)
    assert found is not None
    assert looked(cells, exclude=[found.id]) is None


def test_cells_that_cannot_be_listed_are_no_answer() -> None:
    cells = Cells({}, listing=Failure(DENIED))
    assert WarmService(Own(), cells).find("mine", ()) == Failure(DENIED)


def test_an_object_that_is_no_cell_hides_none() -> None:
    """A console's "Create folder" leaves one, of no bytes, whose name is the prefix itself."""
    cells = Cells({"c": IDLE.offer("mine", "{}").take()}, foreign={"": "empty", "d/e": "?"})
    found = looked(cells)
    assert found is not None
    assert found.name == "c"
    del cells.cells["c"]
    assert looked(cells) is None


def test_a_cell_that_has_not_changed_is_read_once_for_all_that_are_looked_for() -> None:
    """After a crash many are looked for, and what dead schedulers have left lies there for a week."""
    left = {f"left{number}": IDLE.offer(str(number), "{}").take().end(0, close=True) for number in range(20)}
    cells = Cells({**left, "c": IDLE.offer("mine", "{}").take()})
    service = WarmService(Own(), cells)
    for token in ("mine", "another", "mine"):
        service.find(token, ()).unwrap()
    assert sorted(cells.reads) == sorted(cells.cells)
    cells.cells["c"] = cells.cells["c"].end(7)
    found = service.find("mine", ()).unwrap()
    assert found is not None
    assert found.exit_code == 7


def test_an_offer_can_not_land_after_any_look_up_whatever_was_read_before() -> None:
    cells = Cells({"c": IDLE})
    service = WarmService(Own(), cells)
    assert service.find("other", ()).unwrap() is None
    seen = cells.cells["c"]
    assert service.find("mine", ()).unwrap() is None
    assert not late(cells, seen)


def test_the_stop_of_a_place_stops_its_container_once() -> None:
    own = Own()
    answers = WarmService(own, Cells({})).stop(["arn:1#3", "arn:1", "arn:2#1"], "because")
    assert own.stopped == ["arn:1", "arn:2"]
    assert answers == {"arn:1#3": None, "arn:1": None, "arn:2#1": None}
