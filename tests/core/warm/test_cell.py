"""The cell of a warm container: an exhaustive search of what two executors and a container can do to it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.warm.cell import Cell, Served, Word, read

JOB, OTHER = "job", "other"
START = Cell(container="c")


# --- The world that is searched ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Executor:
    """One executor with one job, which must have at most one live run."""

    token: str
    at: str = "look"  # what it does next
    base: Cell | None = None  # what it saw last
    cold: bool = False  # it has started a container of the job's own
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class Container:
    at: str = "look"
    base: Cell | None = None
    running: str = ""  # whose workload it runs
    alive: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """A cell, two executors that share it, its container, and the writes that may still land."""

    cell: Cell
    executors: tuple[Executor, ...]
    container: Container
    flying: frozenset[tuple[Cell, Cell]] = frozenset()  # (condition, body)

    def runs(self, token: str) -> int:
        """How many live runs of a job there are."""
        warm = self.container.alive and self.container.running == token
        return warm + sum(one.token == token and one.cold for one in self.executors)


def etag(cell: Cell, *, numbered: bool) -> object:
    """S3's ETag is a hash of the content."""
    return cell if numbered else replace(cell, sequence=0)


@dataclass(frozen=True, slots=True)
class Search:
    """All worlds that can be reached, with the rules kept or broken."""

    settled_by_writing: bool = True
    numbered: bool = True
    remembered: bool = True  # a cell keeps the tokens that it has served

    def landed(self, cell: Cell, condition: Cell, body: Cell) -> tuple[Cell, bool]:
        same = etag(cell, numbered=self.numbered) == etag(condition, numbered=self.numbered)
        return (body, True) if same else (cell, False)

    def steps(self, world: World) -> Iterator[World]:
        for flight in world.flying:  # a write lands late, and nobody hears of it
            yield replace(world, cell=self.landed(world.cell, *flight)[0], flying=world.flying - {flight})
        for number, executor in enumerate(world.executors):

            def become(after: Executor, number: int = number, **changes: object) -> World:
                executors = (*world.executors[:number], after, *world.executors[number + 1 :])
                return replace(world, executors=executors, **changes)  # type: ignore[arg-type]

            for after, cell, flying in self.executor_steps(world, executor):
                yield become(after, cell=cell, flying=flying)
            if executor.crashes < 1 and executor.at != "done":
                yield become(replace(executor, at="look", base=None, crashes=executor.crashes + 1))
        yield from self.container_steps(world)

    def executor_steps(
        self, world: World, me: Executor
    ) -> Iterator[tuple[Executor, Cell, frozenset[tuple[Cell, Cell]]]]:
        cell, flying = world.cell, world.flying

        def write(
            body: Cell, won: str, lost: str, unknown: str
        ) -> Iterator[tuple[Executor, Cell, frozenset[tuple[Cell, Cell]]]]:
            assert me.base is not None
            after, did = self.landed(cell, me.base, body)
            yield replace(me, at=won if did else lost, base=after if did else None), after, flying
            yield replace(me, at=unknown), cell, flying | {(me.base, body)}

        def go(
            at: str, base: Cell | None = None, *, cold: bool = False
        ) -> tuple[Executor, Cell, frozenset[tuple[Cell, Cell]]]:
            return replace(me, at=at, base=base, cold=me.cold or cold), cell, flying

        mine = cell.token == me.token
        match me.at:
            case "look" if cell.exit_code_of(me.token) is not None or (cell.word is Word.TAKEN and mine):
                yield go("done")  # it ran, or runs, here
            case "look" if cell.word is Word.CLOSED or not world.container.alive:
                yield go("free")
            case "look" if cell.word is Word.IDLE or mine:
                # A write of this executor, or of the one before it, may be on its way here.
                yield go("settle", cell) if self.settled_by_writing else go("free", cell)
            case "look":
                yield go("look")  # somebody else's
            case "settle":
                assert me.base is not None
                yield from write(me.base.withdraw(), "free", "look", "settle")
            case "free":  # nothing of this job's is on its way
                yield go("done", cold=True)  # once, also after a crash: the client token
                if me.base is not None and me.base.word is Word.IDLE:
                    yield from write(me.base.offer(me.token, "w"), "offered", "look", "look")
            case "offered":
                yield go("look")
            case _:
                pass

    def container_steps(self, world: World) -> Iterator[World]:
        me, cell = world.container, world.cell
        if not me.alive:
            return

        def write(body: Cell, won: Container) -> Iterator[World]:
            assert me.base is not None
            if not self.remembered:
                body = replace(body, served=body.served[-1:])
            after, did = self.landed(cell, me.base, body)
            yield replace(world, cell=after, container=won if did else Container())
            yield replace(world, container=replace(me, at="look"), flying=world.flying | {(me.base, body)})

        match me.at:
            case "look" if me.running:
                yield replace(world, container=replace(me, at="end", base=cell))
            case "look" if cell.word is Word.OFFERED:
                yield replace(world, container=Container(at="take", base=cell))
            case "look" if cell.word is Word.IDLE:
                yield replace(world, container=Container(at="close", base=cell))
            case "look" if cell.word is Word.TAKEN:  # its own write, whose answer was lost
                yield replace(world, container=Container(running=cell.token))
            case "look" if cell.word is Word.CLOSED:
                yield replace(world, container=Container(alive=False))
            case "take":
                assert me.base is not None
                yield from write(me.base.take(), Container(running=me.base.token))
            case "end":
                assert me.base is not None
                yield from write(me.base.end(0), Container())
            case "close":
                assert me.base is not None
                yield from write(me.base.close(), Container(alive=False))
            case _:
                pass
        yield replace(world, container=Container(alive=False, running=""))  # it dies

    def all(self, start: World, longest: int) -> tuple[int, int]:
        """How many worlds there are, and how many of them have two live runs of a job."""
        seen, todo, bad = {start}, deque([start]), 0
        while todo:
            world = todo.popleft()
            if any(world.runs(one.token) > 1 for one in world.executors):
                return len(seen), 1
            for after in self.steps(world):
                if after.cell.sequence <= longest and len(after.flying) <= 2 and after not in seen:
                    seen.add(after)
                    todo.append(after)
        return len(seen), bad


ALONE = World(START, (Executor(JOB),), Container())


def test_no_interleaving_runs_a_workload_twice() -> None:
    """All orders of writes that land, are lost or land late, with crashes of both sides."""
    worlds, double = Search().all(ALONE, 5)
    print(f"{worlds} worlds, {double} with two live runs")
    assert worlds > 50_000
    assert double == 0


@pytest.mark.parametrize("broken", [Search(settled_by_writing=False), Search(numbered=False)], ids=repr)
def test_without_a_rule_some_interleaving_does(broken: Search) -> None:
    assert broken.all(ALONE, 5)[1] == 1


CELLS = st.builds(
    Cell,
    sequence=st.integers(0, 500),
    word=st.sampled_from(Word),
    container=st.text(max_size=20),
    token=st.text(max_size=10),
    workload=st.just("") | st.dictionaries(st.text(max_size=3), st.integers()).map(json.dumps),
    served=st.lists(st.builds(Served, st.text(max_size=5), st.integers(0, 255))).map(tuple),
)


@given(CELLS)
def test_a_cell_is_read_as_it_was_written(cell: Cell) -> None:
    assert read(cell.body()) == cell


@given(
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    ).map(lambda x: json.dumps(x).encode())
)
def test_what_is_no_cell_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(ValueError, match="not the cell"):
        read(body)
