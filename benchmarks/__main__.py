"""`python -m benchmarks`: run all benchmarks.

Law: takes arguments, decides the order of measurements, writes files. Ends with exit code 0 if every
measurement was made, whatever its result: this is no test.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.measure import Figures, figures
from benchmarks.measured import ROOT, base_environment, database, measure
from benchmarks.plot import draw
from benchmarks.report import machine, markdown, number, summary
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.subjects import SUBJECTS

HERE = Path(__file__).parent
LOGS = ROOT / ".bench" / "logs"
Scenes: TypeAlias = dict[str, Figures]
"""The figures of one scenario, by subject."""
EXAMPLES = """\
examples:
  python -m benchmarks
      everything, about an hour; writes benchmarks/RESULTS.md, results.json and results.svg
  python -m benchmarks --only burst,first
      two scenarios, of which it writes the same
  python -m benchmarks --quick
      a tenth of the tasks, about 6 minutes; prints, and writes nothing
  python -m benchmarks --only burst --subjects peer-ecs,ours-ecs
      one scenario, two subjects; prints, and writes nothing
  python -m benchmarks --only burst --subjects ours-ecs --profile .bench/burst.txt
      the same under py-spy; where the time goes, as folded stacks
"""
SAMPLER = (
    str(Path(sys.executable).parent / "py-spy"),
    "record",
    "--rate",
    "250",
    "--gil",
    "--format",
    "raw",
    "--output",
)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Our executors beside the Amazon provider's, against an embedded AWS.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("--only", default=",".join(SCENARIOS), help=f"scenarios, of {', '.join(SCENARIOS)}")
    add("--subjects", default=",".join(SUBJECTS), help=f"subjects, of {', '.join(SUBJECTS)}")
    add("--quick", action="store_true", help="a tenth of the tasks and of the waiting")
    add("--no-micro", action="store_true", help="without the microbenchmark of the pure part")
    add("--profile", metavar="FILE", help="under py-spy, folded stacks into this file (one measurement)")
    return made


def scenarios(chosen: argparse.Namespace) -> list[Scenario]:
    """The scenarios that the command line asks for, made smaller if it asks for that."""
    unknown = {*chosen.only.split(",")} - {*SCENARIOS} | {*chosen.subjects.split(",")} - {*SUBJECTS}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    wanted = [SCENARIOS[name] for name in chosen.only.split(",")]
    return [smaller(one) for one in wanted] if chosen.quick else wanted


def smaller(scenario: Scenario) -> Scenario:
    """The scenario with a tenth of its tasks (at least 50), and with shorter pauses and watching."""
    settle = {name: seconds / 10 for name, seconds in scenario.settle.items()}
    return replace(scenario, tasks=max(50, scenario.tasks // 10), watch=scenario.watch / 4, settle=settle)


def microbenchmarks() -> dict[str, dict[str, float]]:
    """The costs of the pure part, measured in a process of its own."""
    with database() as home:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.micro"],
            env=base_environment(home) | {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"},
            stdout=subprocess.PIPE,
            check=True,
        )
    costs: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return costs


def measured(scenario: Scenario, subjects: Sequence[str], source: Path, profile: str | None) -> Scenes:
    """The figures of one scenario with every subject, printed as they come."""
    found: Scenes = {}
    for name in subjects:
        under = (*SAMPLER, profile, "--") if profile else ()
        began = time.monotonic()
        found[name] = figures(measure(scenario, SUBJECTS[name], source, LOGS, under))
        say(f"{scenario.name}, {name}: {time.monotonic() - began:.0f} s")
        for figure, value in found[name].items():
            say(f"    {figure:34} {number(value, figure)}")
    return found


def keep(kept: dict[str, Any]) -> None:
    """Write the last results of each scenario, as JSON, as Markdown and as a picture."""
    kept["results"] = {name: kept["results"][name] for name in SCENARIOS if name in kept["results"]}
    (HERE / "results.json").write_text(json.dumps(kept, indent=1) + "\n")
    (HERE / "RESULTS.md").write_text(markdown(kept["results"], kept["micro"], kept["ran"]))
    draw(kept["results"], HERE / "results.svg")


def say(line: str) -> None:
    """Print without buffering, because a run takes long."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the results of a whole run."""
    made = parser()
    chosen = made.parse_args(arguments)
    try:
        wanted = scenarios(chosen)
    except ValueError as error:
        made.error(str(error))
    kept: dict[str, Any] = json.loads((HERE / "results.json").read_text())
    if not chosen.no_micro and not chosen.profile:
        kept["micro"] = microbenchmarks()
    results: dict[str, Scenes] = {}
    with database() as source:
        for scenario in wanted:
            subjects = [one for one in scenario.subjects if one in chosen.subjects.split(",")]
            results[scenario.name] = measured(scenario, subjects, source, chosen.profile)
            if subjects == list(scenario.subjects) and not chosen.quick and not chosen.profile:
                kept["ran"][scenario.name] = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine()}"
                kept["results"][scenario.name] = results[scenario.name]
                keep(kept)
    say("\n".join(summary(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
