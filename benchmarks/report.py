"""Results as Markdown and JSON: a table of ratios, the goals, and the machine.

Law: figures in, text out. A ratio is always our figure to the peer's of the same run; a figure without a peer
is reported as it is.
"""

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

from benchmarks.measure import Figures, unit
from benchmarks.scenarios import SCENARIOS
from benchmarks.subjects import SUBJECTS

Results: TypeAlias = Mapping[str, Mapping[str, Figures]]
"""All figures, by scenario and subject."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A goal: a scenario's figure, the goal in words, and whether ours (beside the peer's) meets it."""

    scenario: str
    figure: str
    words: str
    holds: Callable[[float, float], bool]


def at_most(limit: float) -> Callable[[float, float], bool]:
    """Our figure must be at most this limit."""
    return lambda ours, peer: ours <= limit


def at_least(limit: float) -> Callable[[float, float], bool]:
    """Our figure must be at least this limit."""
    return lambda ours, peer: ours >= limit


def times(share: float) -> Callable[[float, float], bool]:
    """Our figure must be at most this share of the peer's; for a share above 1, at least that share."""
    return lambda ours, peer: ours >= share * peer if share > 1 else ours <= share * peer


REACH = (
    Reach("burst", "heartbeat p99", "under 10 ms", at_most(10)),
    Reach("burst", "heartbeat max", "under 10 ms", at_most(10)),
    Reach("first", "first heartbeat", "under 10 ms", at_most(10)),
    Reach("first", "heartbeat max", "", at_most(float("inf"))),
    Reach("flight", "heartbeat p99", "under 25 ms", at_most(25)),
    Reach("flight", "heartbeat max", "under 25 ms", at_most(25)),
    Reach("steady", "heartbeat p99", "under 2 ms", at_most(2)),
    Reach("burst", "submissions a second", "20 times as many", times(20)),
    Reach("quota", "share of quota", "at least 97 %", at_least(97)),
    Reach("quota", "throttled calls", "under 1 %", at_most(1)),
    Reach("burst", "queueing to container p50", "", at_most(float("inf"))),
    Reach("burst", "end to report p50", "at most 2 s", at_most(2)),
    Reach("burst", "end to report p99", "at most 5 s", at_most(5)),
    Reach("slots", "end to free slot p50", "at most 1 s", at_most(1)),
    Reach("slots", "end to free slot p99", "at most 2 s", at_most(2)),
    Reach("untold", "end to report p99", "at most 5 s", at_most(5)),
    Reach("minute", "cpu while waiting", "at most 1 % of a core", at_most(1)),
    Reach("minute", "describe calls a minute", "", at_most(float("inf"))),
    Reach("long", "cpu while waiting", "at most 1 % of a core", at_most(1)),
    Reach("long", "describe calls a minute", "a tenth", times(0.1)),
    Reach("long", "heartbeats' share of time", "nothing", at_most(0.1)),
    Reach("burst", "cpu a task", "nine tenths", times(9 / 10)),
    Reach("memory", "memory a job", "at most 8 KiB", at_most(8)),
    Reach("flight", "memory a job", "at most 8 KiB", at_most(8)),
)


def number(value: float | None, name: str = "") -> str:
    """A number with three significant digits, and the unit."""
    if value is None:
        return "-"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit(name)}".strip()


def ratio(ours: float | None, peer: float | None) -> str:
    """The ratio of our figure to the peer's, as text."""
    if ours is None or not peer:
        return "-"
    return f"{ours / peer:.3g}"


def pairs(results: Results, scenario: str) -> Iterator[tuple[str, str]]:
    """Our subjects and their peers, if both were measured."""
    measured = results.get(scenario, {})
    for name in measured:
        peer = SUBJECTS[name].peer
        if peer in measured:
            yield name, peer


def summary(results: Results) -> Iterator[str]:
    """The table of the goals."""
    yield "| | | provider | ours | ours / provider | to reach | reached |"
    yield "|---|---|---|---|---|---|---|"
    for reach in REACH:
        for ours, peer in pairs(results, reach.scenario):
            mine = results[reach.scenario][ours].get(reach.figure)
            other = results[reach.scenario][peer].get(reach.figure)
            held = "" if not reach.words else "-"
            if reach.words and mine is not None and other is not None:
                held = "yes" if reach.holds(mine, other) else "**no**"
            cells = (
                f"{reach.scenario}: {reach.figure}",
                SUBJECTS[ours].label.removeprefix("ours, "),
                number(other, reach.figure),
                number(mine, reach.figure),
                ratio(mine, other),
                reach.words,
                held,
            )
            yield f"| {' | '.join(cells)} |"


def details(results: Results, ran: Mapping[str, str]) -> Iterator[str]:
    """Every figure of every scenario."""
    for name, measured in results.items():
        yield f"\n### {name}: {SCENARIOS[name].question}\n"
        yield f"Measured {ran[name]}\n"
        yield f"| | {' | '.join(SUBJECTS[one].label for one in measured)} |"
        yield f"|---|{'---|' * len(measured)}"
        for figure in dict.fromkeys(figure for figures in measured.values() for figure in figures):
            cells = " | ".join(number(figures.get(figure), figure) for figures in measured.values())
            yield f"| {figure} | {cells} |"


def microbenchmark(micro: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """The pure part, as ratios to botocore's floor."""
    yield "| | step | µs | to the floor |"
    yield "|---|---|---|---|"
    for service, costs in micro.items():
        floor = costs.get("botocore: floor") or micro["ecs"]["botocore: floor"]
        for name, cost in costs.items():
            yield f"| {service} | {name} | {cost * 1e6:.1f} | {cost / floor:.2f} |"


def machine() -> str:
    """The machine on which the benchmarks ran."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in _lines(info) if line.startswith("model name")]
    packages = ("apache-airflow", "apache-airflow-providers-amazon", "boto3", "botocore", "pydantic")
    told = ", ".join(f"{name} {version(name)}" for name in packages)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} cores of {models[0] if models else platform.processor()}, {platform.system()}, "
        f"Python {platform.python_version()}; {told}; load average at its end: {load}."
    )


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


INTRODUCTION = """\
# Results of the benchmarks

Written by `python -m benchmarks`; do not edit. Ratios within one scenario are the result, absolute times
depend on the machine and on what else it does. What each scenario is, and how it is measured:
[README.md](README.md)."""


def markdown(results: Results, micro: Mapping[str, Mapping[str, float]], ran: Mapping[str, str]) -> str:
    """The whole page."""
    lines = [
        INTRODUCTION,
        "\n## To be reached\n",
        *summary(results),
        "\n![ours and the provider's, side by side](results.svg)",
    ]
    if micro:
        lines += [
            "\n## The pure part, beside botocore's floor (serialise + sign + parse of the same request)\n",
            *microbenchmark(micro),
        ]
    lines += ["\n## All figures", *details(results, ran)]
    return "\n".join(lines) + "\n"
