"""Does the judge see what is broken? The core with one line changed, until a schedule finds it out.

Law: a mutant is one exact piece of source in the place of another; if the piece is not there exactly once,
the list is out of date and says so. Each is tried in a process of its own, first under its own seed, which
`make test` runs, then under one after the other. ``python -m simulation.mutants`` tries them all;
`--schedules 1` shows what `make test` finds out.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import multiprocessing
import sys
import time
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

from sqlalchemy.orm import configure_mappers

from simulation.__main__ import airflow_home
from simulation.breakages import MUTANTS, Mutant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

SRC = Path(__file__).parent.parent.parent / "src"
HEAVY = (
    "airflow.executors.base_executor",
    "airflow.executors.workloads",
    "airflow.models",
    "aws_executors.core.batch.eks",
    "aws_executors.core.batch.options",
    "aws_executors.core.batch.request",
    "aws_executors.core.cost.record",
    "aws_executors.core.ecs.answers.describe",
    "aws_executors.core.ecs.options",
    "aws_executors.core.ecs.request",
    "aws_executors.core.ecs.settings",
    "aws_executors.dashboard.snapshot",
    "aws_executors.local.world.values",
    "boto3",
    "cryptography.hazmat.primitives.kdf.hkdf",
    "pydantic.alias_generators",
    "returns.context",
    "returns.pipeline",
)
"""The modules that every process needs and no mutant changes."""


@dataclass(frozen=True, slots=True)
class Found:
    """The result for a mutant: the seed that has found it out, and what was wrong; or neither."""

    seed: int | None = None
    fault: str = ""
    tried: int = 0


class Changed(SourceFileLoader):
    """Loads one module with a piece of its source changed."""

    def __init__(self, mutant: Mutant) -> None:
        file = SRC / f"{mutant.module.replace('.', '/')}.py"
        super().__init__(mutant.module, str(file))
        source = file.read_text()
        if source.count(mutant.old) != 1:
            raise ValueError(f"{mutant.name}: not exactly once in {mutant.module}: {mutant.old!r}")
        self._source = source.replace(mutant.old, mutant.new)

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec")


class Finder(MetaPathFinder):
    """Finds the mutant's module, and leaves all others to the other finders."""

    def __init__(self, mutant: Mutant) -> None:
        self._name, self._loader = mutant.module, Changed(mutant)

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        return spec_from_loader(fullname, self._loader) if fullname == self._name else None


def find_out(mutant: Mutant, seeds: Sequence[int], answer: Connection) -> None:
    """Run schedules on the mutant until one is not clean, in a process that has not imported its module."""
    if mutant.module in sys.modules:
        raise RuntimeError(f"{mutant.module} is imported by one of {HEAVY}")
    sys.meta_path.insert(0, Finder(mutant))
    from simulation.plan import plan
    from simulation.run import run

    for tried, seed in enumerate(seeds, start=1):
        events = mutant.events if tried == 1 else None
        try:
            faults = run(plan(seed, events=events, warm=mutant.warm)).faults
        except Exception as error:  # noqa: BLE001 - a mutant may break in any way
            faults = (f"{type(error).__name__}: {error}",)
        if faults:
            answer.send(Found(seed, faults[0].partition("\n")[0], tried))
            return
    answer.send(Found(tried=len(seeds)))


def fate(mutant: Mutant, most: int) -> Found:
    """Try one mutant with at most `most` schedules."""
    fork = multiprocessing.get_context("fork")
    mine, theirs = fork.Pipe(duplex=False)
    seeds = [mutant.seed, *(seed for seed in range(most) if seed != mutant.seed)][:most]
    child = fork.Process(target=find_out, args=(mutant, seeds, theirs))
    child.start()
    theirs.close()
    found: Found = mine.recv()
    child.join()
    return found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m simulation.mutants", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1500, help="so many for each, at most")
    parser.add_argument("--only", default="", help="those with this in their names")
    parser.add_argument("--quick", action="store_true", help="every fourth of them")
    options = parser.parse_args()
    airflow_home()
    for name in HEAVY:
        importlib.import_module(name)
    configure_mappers()  # once here, else each process would do it with its first row of Airflow's
    gc.freeze()
    began, survivors = time.monotonic(), 0
    chosen = [one for one in MUTANTS[:: 4 if options.quick else 1] if options.only in one.name]
    for mutant in chosen:
        found = fate(mutant, options.schedules)
        survivors += found.seed is None
        end = "SURVIVES" if found.seed is None else f"seed {found.seed}: {found.fault}"
        print(f"{mutant.name:45} {found.tried:5} schedules  {end}", flush=True)
    print(f"{len(chosen)} mutants, {survivors} survive, in {time.monotonic() - began:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
