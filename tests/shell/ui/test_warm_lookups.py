"""Who ran where, for people: containers and logs of workloads in containers of several, by reading cells."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.core.logs.lines import LINES, log_line
from aws_executors.core.logs.streams import Stream
from aws_executors.core.warm.cell import Cell
from aws_executors.core.warm.log_marks import Mark
from aws_executors.shell.transport.cells import HeldCell
from aws_executors.shell.ui.links import Links, Trace
from aws_executors.shell.ui.live_logs import AGAIN, LiveLogs
from aws_executors.shell.ui.lookups import LazyLookups, RegionLookups
from aws_executors.shell.ui.warm_lookups import LOOK_UP_WITHIN, WarmLookups

ARN = "arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e"
OWN = "arn:aws:ecs:us-east-1:123456789012:task/etl/aaaa"
JOB = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
DENIED = AwsError(kind=Kind.PERMANENT, code="AccessDenied", message="no")
NO_LOG = AwsError(kind=Kind.PERMANENT, code="NoLog", message="AWS does not show it")


class Service:
    """Containers of their own by token, one stream for each container, and the lines of one log."""

    def __init__(self, *lines: str, **containers: str) -> None:
        self.containers = containers
        self.lines = lines
        self.shown = {ARN, OWN, *containers.values()}

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        id_ = self.containers.get(token)
        return Success(None if id_ is None or id_ in exclude else Observation(id=id_, phase=Phase.RUNNING))

    def log_stream(self, token: str) -> Result[Stream, AwsError]:
        id_ = self.containers.get(token, token)
        return Success(Stream(group="g", name=id_)) if id_ in self.shown else Failure(NO_LOG)

    def past_log(self, container: str) -> Result[Stream, AwsError]:
        return Failure(NO_LOG)

    def ended_log(self, seen: Observation) -> Result[Stream, AwsError]:
        return Success(Stream(group="g", name=f"ended {seen.id}"))

    def log_page(self, stream: Stream, next_token: str) -> Result[object, AwsError]:
        """The newest `LINES` lines first; older ones a page at a time, and nothing newer."""
        if next_token.startswith("f"):
            return Success({"events": [], "nextForwardToken": next_token, "nextBackwardToken": "b0"})
        end = int(next_token.removeprefix("b") or 0) if next_token else len(self.lines)
        begin = max(0, end - LINES)
        events = [{"message": line} for line in self.lines[begin:end]]
        return Success({"events": events, "nextForwardToken": "f", "nextBackwardToken": f"b{begin}"})


class Cells:
    """A store that is read; whoever writes to it fails the test."""

    def __init__(self, **cells: Cell) -> None:
        self.cells = {f"f00d/{name}-1": cell for name, cell in cells.items()}
        self.read_names: list[str] = []
        self.denied = False

    def listed(self) -> Result[Mapping[str, str], AwsError]:
        etags = {name: f"{cell.sequence}" for name, cell in self.cells.items()}
        return Failure(DENIED) if self.denied else Success(etags)

    def read(self, name: str) -> Result[HeldCell | None, AwsError]:
        self.read_names.append(name)
        cell = self.cells[name]
        return Success(HeldCell(f"{cell.sequence}", cell))

    def write(self, name: str, held: HeldCell, cell: Cell) -> Result[HeldCell | None, AwsError]:
        raise AssertionError("who shows containers writes no cell")

    def remove(self, name: str) -> Result[None, AwsError]:
        raise AssertionError("who shows containers removes no cell")


class Clock:
    """Time that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


IDLE = Cell(container=ARN)
RUNS = IDLE.offer("first", "{}").take().end(0).offer("second", '{"token": "secret"}').take()
LOG = (
    "aws_executors.run: takes workloads",
    str(Mark("first", "1")),
    "one",
    str(Mark("first", exit_code=0)),
    str(Mark("second", "2")),
    "two",
)


def opening(lookups: WarmLookups) -> LazyLookups:
    return LazyLookups(lambda: Success(RegionLookups(lookups=lookups, region="us-east-1")))


def test_what_runs_and_what_has_run_in_a_container_of_several_is_found() -> None:
    lookups = WarmLookups(Service(own=OWN), Cells(a=IDLE, b=RUNS))
    for token, phase in (("first", Phase.SUCCEEDED), ("second", Phase.RUNNING)):
        seen = lookups.find(token, ()).unwrap()
        assert seen is not None
        assert (seen.id.startswith(f"{ARN}#"), seen.phase) == (True, phase)
        assert lookups.log_stream(token).unwrap() == Stream(group="g", name=ARN, token=token)
    own = lookups.find("own", ()).unwrap()
    assert own is not None
    assert own.id == OWN
    assert lookups.log_stream("own").unwrap() == Stream(group="g", name=OWN)
    assert lookups.find("nobody", ()).unwrap() is None
    offered = WarmLookups(Service(), Cells(a=IDLE.offer("waits", "{}")))
    assert offered.find("waits", ()).unwrap() is None


def test_the_run_that_goes_on_counts_before_one_that_has_ended() -> None:
    ended = replace(IDLE, container=OWN).offer("t", "{}").take().end(1, close=True)
    lookups = WarmLookups(Service(), Cells(a=ended, b=IDLE.offer("t", "{}").take(), c=ended))
    assert lookups.log_stream("t").unwrap().name == ARN


def test_a_cell_is_read_again_only_when_it_has_changed() -> None:
    cells = Cells(a=IDLE, b=RUNS)
    lookups = WarmLookups(Service(), cells)
    for _ in range(3):
        lookups.find("nobody", ())
    assert sorted(cells.read_names) == ["f00d/a-1", "f00d/b-1"]
    cells.cells["f00d/a-1"] = IDLE.offer("third", "{}").take()
    assert lookups.log_stream("third").unwrap().name == ARN
    assert len(cells.read_names) == 3
    assert "secret" not in repr(vars(lookups))


def test_a_look_up_ends_in_time_and_the_next_one_goes_on() -> None:
    clock, cells = Clock(), Cells(**{f"c{number}": IDLE for number in range(9)}, last=RUNS)

    class Slow(Cells):
        """A store each of whose answers takes 3 seconds."""

        def read(self, name: str) -> Result[HeldCell | None, AwsError]:
            clock.now += 3.0
            return cells.read(name)

    slow = Slow()
    slow.cells = cells.cells
    lookups = WarmLookups(Service(), slow, clock)
    looks = 0
    while lookups.find("second", ()).unwrap() is None:
        began = clock.now
        looks += 1
        assert looks < 9
        lookups.find("nobody", ())
        assert clock.now - began <= LOOK_UP_WITHIN + 3.0
    assert len(cells.read_names) == 10


def test_cells_that_cannot_be_read_are_said_and_hide_no_container() -> None:
    cells = Cells()
    cells.denied = True
    lookups = WarmLookups(Service(own=OWN), cells)
    assert lookups.log_stream("own").unwrap().name == OWN
    assert lookups.log_stream("warm").failure() == DENIED
    assert lookups.find("own", ()).unwrap() is not None


def test_of_the_shared_log_each_task_has_its_own_lines() -> None:
    logs = LiveLogs(opening(WarmLookups(Service(*LOG), Cells(a=RUNS))), Clock())
    for token, line in (("first", "one"), ("second", "two")):
        messages, lines = logs.read(token)
        assert lines == [log_line(line, None)]
        assert messages[0].startswith("CloudWatch Logs: log group g, stream arn:")
        assert not any("Only the last" in message for message in messages)
        assert logs.tail(token, 20) == (log_line(line, None),)


def test_the_lines_of_one_task_alone_where_its_mark_is_far_above() -> None:
    many = [f"line {number}" for number in range(2 * LINES + 7)]
    for above, runs, expected in (
        (LOG, True, many[-LINES:]),  # its mark is two pages above
        ((*LOG, str(Mark("second", exit_code=0)), str(Mark("other"))), False, []),  # another one's is
    ):
        clock = Clock()
        logs = LiveLogs(opening(WarmLookups(Service(*above, *many), Cells(a=RUNS))), clock)
        clock.now += AGAIN
        messages, lines = logs.read("second")
        assert lines == [log_line(line, None) for line in expected]
        assert (f"Only the last {LINES} lines are shown." in messages) is runs


def test_links_go_to_the_container_and_its_stream() -> None:
    found = Links(opening(WarmLookups(Service(), Cells(a=RUNS))), Clock())
    assert found.container("first").endswith("/clusters/etl/tasks/0f1e?region=us-east-1")
    assert found.log("first").endswith("task$252Fetl$252F0f1e")
    batch = WarmLookups(Service(), Cells(a=replace(RUNS, container=JOB)))
    assert Links(opening(batch), Clock()).container("second").endswith(f"#jobs/detail/{JOB}")


def test_once_its_cell_is_gone_the_row_still_leads_to_the_log() -> None:
    service = Service(own=JOB)
    trace = Trace(host=JOB)
    assert Links(opening(WarmLookups(service, Cells())), Clock()).log("t", trace).endswith(JOB)
    assert Links(opening(WarmLookups(service, Cells())), Clock()).log("t", Trace(host="ip-10-0-0-1")) == ""


def test_the_log_of_a_place_that_has_ended_is_its_container_s() -> None:
    lookups = WarmLookups(Service(), Cells())
    ended = Observation(id=f"{ARN}#7", phase=Phase.SUCCEEDED)
    assert lookups.ended_log(ended).unwrap().name == ARN
    assert lookups.ended_log(replace(ended, id=ARN)).unwrap().name == f"ended {ARN}"
