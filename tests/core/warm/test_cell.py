"""The cell of a warm container: an exhaustive search of what executors and a container can do to it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws_executors.core.warm.cell import Cell, Served, Word, read
from support.samples import USUAL, examples

JOB, OTHER = "job", "other"

# --- The world that is searched ---------------------------------------------------------------------------

Flying: TypeAlias = frozenset[tuple[Cell, Cell]]
"""The writes that may still land: condition and body of each."""


class Executor(NamedTuple):
    """One executor with one job. `base` is the condition of its next write; it is `sure` if nothing of this
    job's is on its way to the cell; `cold` if the job has a container of its own."""

    token: str
    at: str = "look"
    base: Cell | None = None
    sure: bool = True
    cold: bool = False
    crashes: int = 0


class Container(NamedTuple):
    """The container: what it does next, under which condition, and whose workload it runs."""

    at: str = "look"
    base: Cell | None = None
    running: str = ""
    alive: bool = True


class World(NamedTuple):
    """A cell, the executors that share it, its container, the writes that may still land, and whose workload
    has run to its end."""

    cell: Cell
    executors: tuple[Executor, ...]
    container: Container
    flying: Flying = frozenset()
    finished: frozenset[str] = frozenset()

    def runs(self, token: str) -> int:
        """How often a job runs, or has run."""
        warm = self.container.alive and self.container.running == token
        cold = any(one.token == token and one.cold for one in self.executors)
        return warm + cold + (token in self.finished)


Step: TypeAlias = tuple[Executor, Cell, Flying]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """All worlds that can be reached, with the rules kept or broken."""

    settled_by_writing: bool = True
    numbered: bool = True
    remembered: bool = True  # a cell keeps the tokens of all that it has served
    jobs: tuple[str, ...] = (JOB,)
    crashes: int = 1  # of each executor
    flying: int = 2  # writes on their way at the same time

    def etag(self, cell: Cell) -> Cell:
        """S3's ETag is a hash of the content."""
        return cell if self.numbered else replace(cell, sequence=0)

    def landed(self, cell: Cell, condition: Cell, body: Cell) -> tuple[Cell, bool]:
        same = self.etag(cell) == self.etag(condition)
        return (body, True) if same else (cell, False)

    def steps(self, world: World) -> Iterator[World]:
        for flight in world.flying:  # a write lands late, or too late, and nobody hears of it
            yield world._replace(cell=self.landed(world.cell, *flight)[0], flying=world.flying - {flight})
        for number, me in enumerate(world.executors):
            for after, cell, flying in self.executor_steps(world, me):
                executors = (*world.executors[:number], after, *world.executors[number + 1 :])
                yield world._replace(executors=executors, cell=cell, flying=flying)
        yield from self.container_steps(world)

    def executor_steps(self, world: World, me: Executor) -> Iterator[Step]:
        cell, flying = world.cell, world.flying

        def go(**changes: object) -> Step:
            return me._replace(**changes), cell, flying  # type: ignore[arg-type]

        if me.crashes < self.crashes:  # the next scheduler knows nothing
            yield go(at="look", base=None, sure=False, crashes=me.crashes + 1)
        match me.at:
            case "look" if me.cold or cell.exit_code_of(me.token) is not None:
                yield go(at="done")
            case "look" if cell.word is Word.TAKEN and cell.token == me.token:
                yield go(at="done")  # its row says the rest
            case "look" if cell.word is Word.CLOSED or not world.container.alive:
                yield go(at="done", cold=True)
            case "look" if cell.token == me.token:  # it is offered, and has not been taken for too long
                yield go(at="settle", base=cell)
            case "look" if me.sure:
                yield go(at="done", cold=True)
                if cell.word is Word.IDLE:
                    yield go(at="offer", base=cell)
            case "look" if cell.word is Word.IDLE:
                yield go(at="settle", base=cell)
            case "look":  # another job's: what was on its way here is too late
                yield go(sure=True)
            case "settle":
                assert me.base is not None
                after, did = self.landed(cell, me.base, me.base.withdraw())
                # If it is refused, nothing under this condition or an older one can land any more.
                yield me._replace(at="look", base=None, sure=True), after, flying
                yield me, cell, flying | {(me.base, me.base.withdraw())}
            case "offer":
                assert me.base is not None
                body = me.base.offer(me.token, "w")
                after, did = self.landed(cell, me.base, body)
                yield me._replace(at="look", base=None, sure=not did), after, flying
                lost = flying | {(me.base, body)}
                if self.settled_by_writing:
                    yield me._replace(at="settle", sure=False), cell, lost
                else:
                    yield (
                        me._replace(at="look", base=None),
                        cell,
                        lost,
                    )  # what it reads is taken for the answer
            case _:
                pass

    def container_steps(self, world: World) -> Iterator[World]:
        me, cell = world.container, world.cell
        if not me.alive:
            return
        yield world._replace(container=Container(alive=False))  # it dies
        match me.at, cell.word:
            case "look", _ if me.running:
                yield world._replace(
                    container=Container("end", cell),
                    finished=world.finished | {me.running},
                )
            case "look", Word.OFFERED:
                yield world._replace(container=Container("take", cell))
            case "look", Word.IDLE:
                yield world._replace(container=Container("close", cell))
            case "look", Word.CLOSED:
                yield world._replace(container=Container(alive=False))
            case "take", _:
                yield from self.container_writes(world, me, Container(running=self.base_of(me).token))
            case "close", _:
                yield from self.container_writes(world, me, Container(alive=False))
            case "end", _:
                yield from self.container_writes(world, me, Container())
            case _:
                pass

    @staticmethod
    def base_of(me: Container) -> Cell:
        assert me.base is not None
        return me.base

    def container_writes(self, world: World, me: Container, won: Container) -> Iterator[World]:
        """One write, which is repeated under its condition until there is an answer; after a refusal the cell
        is read, and may say that an earlier one has landed."""
        base = self.base_of(me)
        body = base.end(0) if me.at == "end" else base.take() if me.at == "take" else base.close()
        if not self.remembered:
            body = replace(body, served=body.served[-1:])
        after, did = self.landed(world.cell, base, body)
        mine = did or after == body or me.at == "end"  # nobody else writes over `taken`
        yield world._replace(cell=after, container=won if mine else Container())
        yield world._replace(flying=world.flying | {(base, body)})

    def all(self, longest: int, *, most: int | None = None) -> tuple[int, int]:
        """How many worlds there are with cells of so many writes, and in how many of them a job runs twice;
        after `most` of these it stops."""
        start = World(Cell(container="c"), tuple(map(Executor, self.jobs)), Container())
        seen, todo, double = {start}, deque([start]), 0
        while todo:
            world = todo.popleft()
            if any(world.runs(token) > 1 for token in self.jobs):
                double += 1
                if double == most:
                    break
                continue
            for after in self.steps(world):
                if after.cell.sequence <= longest and len(after.flying) <= self.flying and after not in seen:
                    seen.add(after)
                    todo.append(after)
        return len(seen), double


def deeper(usual: int, soak: int) -> int:
    """How many writes of a cell are looked at: in `make test`, and in `make soak`."""
    return usual if settings().max_examples <= USUAL else soak


@pytest.mark.hypothesis  # so that `make soak` runs it
@pytest.mark.parametrize(
    ("search", "usual", "soak"),
    [
        pytest.param(Search(), 3, 7, id="one job, crashes, two writes on their way"),
        pytest.param(Search(flying=3), 2, 5, id="one job, crashes, three writes on their way"),
        pytest.param(Search(jobs=(JOB, OTHER), flying=1, crashes=0), 2, 6, id="two executors"),
        pytest.param(Search(jobs=(JOB, OTHER), flying=1), 1, 4, id="two executors, crashes"),
    ],
)
def test_no_interleaving_runs_a_workload_twice(search: Search, usual: int, soak: int) -> None:
    """All orders of writes that land, are refused, land unheard or late, with crashes of both sides."""
    longest = deeper(usual, soak)
    worlds, double = search.all(longest)
    print(f"{search}, cells of up to {longest} writes: {worlds} worlds, a job runs twice in {double}")
    assert worlds > 1000
    assert double == 0


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(Search(settled_by_writing=False), id="a lost offer is settled by reading"),
        pytest.param(Search(numbered=False), id="two bodies are alike"),
        pytest.param(
            Search(remembered=False, jobs=(JOB, OTHER), flying=0, crashes=0),
            id="what was served is forgotten",
        ),
    ],
)
def test_without_a_rule_some_interleaving_does(broken: Search) -> None:
    worlds, double = broken.all(6, most=1)
    print(f"{broken}: found after {worlds} worlds")
    assert double == 1


CELLS = st.builds(
    Cell,
    sequence=st.integers(0, 500),
    word=st.sampled_from(Word),
    container=st.text(max_size=20),
    token=st.text(max_size=10),
    workload=st.just("") | st.dictionaries(st.text(max_size=3), st.integers()).map(json.dumps),
    served=st.lists(st.builds(Served, st.text(max_size=5), st.integers(0, 255), st.text(max_size=5))).map(
        tuple
    ),
)


@given(CELLS)
def test_a_cell_is_read_as_it_was_written(cell: Cell) -> None:
    assert read(cell.body()) == cell


@examples(40)
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
