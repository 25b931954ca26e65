"""Warm containers beside containers of their own, against Fargate's clocks and its bill.

Law: real executor, engine, cells and container loop; AWS is the embedded one in a process of its own, and a
sleep replaces Airflow in a container (`players.py`). ``python -m benchmarks.warm`` runs all patterns at the
sizes of `SIZES`, which takes half an hour; goals are printed beside the results, and do not change the exit
code.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import rows
from benchmarks.measure import quantile
from benchmarks.measured import ROOT, base_environment, cloud, database
from benchmarks.players import FORKED
from benchmarks.subjects import SUBJECTS
from benchmarks.warm_cloud import BUCKET

IDLE = 120
LOGS = ROOT / ".bench" / "logs"


@dataclass(frozen=True, slots=True)
class Size:
    """How a pattern is made smaller: the share of its tasks (and slots, or time), and the factor of all
    clocks except ours: our own waiting weighs more by that factor."""

    share: float = 1.0
    factor: float = 1.0


SIZES: Mapping[str, Size] = {
    "hour": Size(1 / 4, 1 / 2),
    "waves": Size(1 / 4, 1 / 4),
    "chains": Size(1 / 4, 1 / 2),
    "seldom": Size(),
    "deferred": Size(1.0, 1 / 2),
    "sensors": Size(1.0, 1 / 2),
}
GOALS: Mapping[str, tuple[float | None, float | None]] = {
    "hour": (None, 0.75),
    "waves": (0.9, 0.75),
    "chains": (0.9, 0.5),
    "seldom": (None, 1.02),
}
"""The goals for each pattern: the share of warm starts, and the bill as a share of the cold one."""
P50, P95 = 1.0, 1.5
"""The goals for the seconds to user code if a container is idle: median and 95th percentile."""


@dataclass(frozen=True, slots=True)
class Course:
    """The results of one run."""

    name: str
    size: Size
    drive: Mapping[str, Any]
    cloud: Mapping[str, Any]

    @property
    def billed(self) -> int:
        """The seconds on the bill, in Fargate's time."""
        return sum(self.cloud["billed"].values())

    @property
    def containers(self) -> int:
        """How many containers cost anything."""
        return len(self.cloud["billed"])

    @property
    def waits(self) -> list[float]:
        """The times from queueing to user code, in Fargate's seconds."""
        return [
            (starts[0][0] - self.drive["queued"][one]) / self.size.factor
            for one, starts in self.cloud["starts"].items()
        ]

    @property
    def idle_waits(self) -> list[float]:
        """The times from queueing to user code, in this machine's seconds, of tasks whose container had ended
        its last task before; the factor does not apply to the fork."""
        rest = FORKED * (1 - self.size.factor)
        queued = self.drive["queued"]
        return [
            starts[0][0] - queued[one] + rest
            for one, starts in self.cloud["starts"].items()
            if starts[0][1] and starts[0][2] <= queued[one]
        ]

    @property
    def warm(self) -> float:
        """The share of starts in a container that had run another workload."""
        served: list[int] = [one[0][1] for one in self.cloud["starts"].values()]
        return sum(before > 0 for before in served) / len(served)

    @property
    def faults(self) -> list[str]:
        """What went wrong in the run."""
        starts, queued = self.cloud["starts"], self.drive["queued"]
        twice = sum(len(one) > 1 for one in starts.values())
        bad = sum(state != "success" for state in self.drive["reported"].values())
        missing = len(queued) - len(self.drive["reported"])
        told = {"run twice": twice, "not reported as success": bad, "not reported": missing}
        return [f"{number} {what}" for what, number in told.items() if number]


def measure(name: str, size: Size, *, warm: bool, source: Path) -> Course:
    """Carry out one pattern, cold or warm."""
    LOGS.mkdir(parents=True, exist_ok=True)
    kind = "warm" if warm else "cold"
    with tempfile.TemporaryDirectory(prefix="aws-executors-bench-") as directory:
        home = Path(directory)
        db = rows.copy_database(source, home)
        told = {"database": str(db), "record": str(home / "cloud.json"), "factor": size.factor, "seed": 1}
        options = {"submit_rate": "1000"}
        if warm:
            options |= {"warm_idle": f"{IDLE * size.factor:g}", "workload_store": f"s3://{BUCKET}/bench"}
        log = LOGS / f"warm-{name}-{kind}.log"
        with log.open("w") as out, cloud(told, home, "benchmarks.warm_cloud", out) as aws:
            environment = {**base_environment(home), **SUBJECTS["ours-ecs"].environment(options), **aws}
            plan = {"pattern": name, "share": size.share, "factor": size.factor}
            command = [sys.executable, "-m", "benchmarks.warm_drive", json.dumps(plan)]
            done = subprocess.run(  # noqa: S603 - our own module
                [*command, str(home / "drive.json")], env=environment, stdout=out, stderr=out, check=False
            )
        if done.returncode:
            raise RuntimeError(f"{name}, {kind}, ended badly, see {log}")
        read = [json.loads((home / f"{one}.json").read_text()) for one in ("drive", "cloud")]
        return Course(name, size, *read)


def lines(cold: Course, warm: Course) -> Iterator[str]:
    """The lines with both runs beside each other, and the goals."""
    share, ratio = GOALS.get(cold.name, (None, None))
    size = cold.size
    yield f"\n{cold.name}: {len(cold.drive['queued'])} tasks, clocks times {size.factor:g}"
    for label, one in (("cold", cold), ("warm", warm)):
        p50, p95 = (quantile(one.waits, share) or 0.0 for share in (0.5, 0.95))
        yield (
            f"  {label}: start p50 {p50:.1f} s, p95 {p95:.1f} s of Fargate's; "
            f"{one.drive['seconds'] / size.factor / 60:.1f} min; {one.containers} containers; "
            f"{one.billed} s billed{''.join(f'; {fault.upper()}' for fault in one.faults)}"
        )
    idle = warm.idle_waits
    if idle:
        p50, p95 = (quantile(idle, share) or 0.0 for share in (0.5, 0.95))
        yield (
            f"  where a container was idle ({len(idle)}): p50 {p50:.2f} s{goal(p50, P50)}, "
            f"p95 {p95:.2f} s{goal(p95, P95)}"
        )
    bill = warm.billed / cold.billed
    yield f"  warm starts {warm.warm:.0%}{'' if share is None else goal(-warm.warm, -share)}"
    yield f"  bill {bill:.2f} of cold{'' if ratio is None else goal(bill, ratio)}"
    calls = warm.cloud["calls"]
    told = {name: tally["calls"] for name, tally in calls.items() if name.startswith(("s3.", "ecs.Run"))}
    yield f"  calls: {', '.join(f'{name} {number}' for name, number in sorted(told.items()))}"


def goal(found: float, wanted: float) -> str:
    """A goal as text, and whether it is reached; shares are given as negative numbers, as more is better."""
    return f" ({abs(wanted):g} wanted: {'reached' if found <= wanted else 'NOT reached'})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.warm", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--only", default=",".join(SIZES), help="patterns, of %(default)s")
    parser.add_argument("--share", type=float, default=1.0, help="a share of the sizes of SIZES")
    parser.add_argument("--factor", type=float, default=1.0, help="all clocks but ours so much quicker still")
    parser.add_argument("--at-once", type=int, default=2, help="runs side by side (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    with database() as source, ThreadPoolExecutor(chosen.at_once) as pool:
        asked = []
        for name in chosen.only.split(","):
            size = Size(SIZES[name].share * chosen.share, SIZES[name].factor * chosen.factor)
            asked.append(
                [pool.submit(measure, name, size, warm=warm, source=source) for warm in (False, True)]
            )
        for pair in asked:
            cold, warm = (one.result() for one in pair)
            for line in lines(cold, warm):
                sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
