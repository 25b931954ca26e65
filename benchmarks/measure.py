"""Calculate figures from raw records.

Law: pure. A figure has a name, a unit and a number; a quantile of nothing is None, never zero. Tasks before
the mark `begin` are warm-up and do not count.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from benchmarks.cloud import good
from benchmarks.measured import Raw

Figures: TypeAlias = dict[str, float | None]
MINUTE, MS, KIB = 60.0, 1000.0, 1024.0


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` of the values are (nearest rank)."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def spread(name: str, values: Sequence[float], unit: float = 1.0) -> Figures:
    """p50, p95, p99 and the largest of these values, in `unit`s."""
    found = {
        "p50": quantile(values, 0.5),
        "p95": quantile(values, 0.95),
        "p99": quantile(values, 0.99),
        "max": max(values, default=None),
    }
    return {f"{name} {label}": None if one is None else one * unit for label, one in found.items()}


def figures(raw: Raw) -> Figures:
    """All figures of one measurement."""
    drive, begin = raw.drive, raw.drive["marks"]["begin"]
    mine = [one for one, at in drive["queued"].items() if at >= begin["at"]]
    common = heartbeats(raw, "begin") | calls(raw) | failures(raw, mine)
    match raw.scenario.name:
        case "burst" | "quota" | "steady":
            return common | submissions(raw, mine) | reports(raw, mine) | cpu(raw, len(mine))
        case "first":
            return common | {"first heartbeat": drive["heartbeats"][0][1] * MS}
        case "slots" | "untold" | "told":
            return common | reports(raw, mine)
        case "long" | "minute" | "minute-told" | "sweep":
            return heartbeats(raw, "flight") | describes(raw) | cpu_share(raw)
        case "flight":
            return heartbeats(raw, "flight") | describes(raw) | memory(raw, len(mine)) | cpu_share(raw)
        case _:
            return memory(raw, len(mine))


def heartbeats(raw: Raw, since: str) -> Figures:
    """How long a heartbeat holds the scheduler, and the CPU time of the scheduler's thread in it."""
    beats = raw.drive["heartbeats"][raw.drive["marks"][since]["heartbeats"] :]
    wall = spread("heartbeat", [beat[1] for beat in beats], MS)
    own = quantile([beat[2] for beat in beats], 0.99)
    took = raw.drive["marks"]["end"]["at"] - raw.drive["marks"][since]["at"]
    share = sum(beat[1] for beat in beats) / took * 100 if took else None
    return wall | {
        "heartbeat own cpu p99": None if own is None else own * MS,
        "heartbeats": float(len(beats)),
        "heartbeats' share of time": share,
    }


def submissions(raw: Raw, mine: Sequence[str]) -> Figures:
    """How many containers were started a second, and the times from queueing to container."""
    starts = sorted(raw.cloud["starts"][one] for one in mine if one in raw.cloud["starts"])
    first = raw.drive["marks"]["begin"]["at"]
    waits = [
        raw.cloud["starts"][one] - raw.drive["queued"][one] for one in mine if one in raw.cloud["starts"]
    ]
    burst, rate = raw.subject.quota
    if len(starts) < 2:
        return {"submissions a second": None}
    allowed = burst + rate * (starts[-1] - starts[0])
    return {
        "submissions a second": len(starts) / (starts[-1] - first),
        "share of quota": min(1.0, len(starts) / allowed) * 100 if raw.scenario.limits else None,
        **spread("queueing to container", waits),
    }


def reports(raw: Raw, mine: Sequence[str]) -> Figures:
    """The times from a container's end to the report, and to the free slot."""
    ends, drive = raw.cloud["ends"], raw.drive
    told = [drive["reported"][one][0] - ends[one] for one in mine if one in drive["reported"] and one in ends]
    freed = [drive["freed"][one] - ends[one] for one in mine if one in drive["freed"] and one in ends]
    return {**spread("end to report", told), **spread("end to free slot", freed)}


def calls(raw: Raw) -> Figures:
    """How many calls of the submitting action there were, and how many of all calls were throttled."""
    before, after = (raw.drive["marks"][name]["calls"] for name in ("begin", "end"))
    made = {name: after[name]["calls"] - before.get(name, {}).get("calls", 0) for name in after}
    throttled = sum(after[n]["throttled"] - before.get(n, {}).get("throttled", 0) for n in after)
    own = {f"calls of {name}": float(number) for name, number in made.items() if number}
    return {**own, "throttled calls": throttled / max(1, sum(made.values())) * 100}


def failures(raw: Raw, mine: Sequence[str]) -> Figures:
    """How many queued tasks were not reported as they ended, and how many ran twice."""
    right = "failed" if raw.scenario.silent else "success"
    bad = [one for one in mine if raw.drive["reported"].get(one, (0, ""))[1] != right]
    submitted = good(raw.drive["marks"]["end"]["calls"], raw.subject.submit)
    return {
        "tasks": float(len(mine)),
        f"not reported as {right}": float(len(bad)),
        "containers beyond one a task": float(max(0, submitted - len(raw.drive["queued"]))),
    }


def describes(raw: Raw) -> Figures:
    """How many calls a minute describe containers, while all containers just run."""
    before, after = (raw.drive["marks"][name] for name in ("flight", "end"))
    name = raw.subject.describe
    made = after["calls"].get(name, {"calls": 0})["calls"] - before["calls"].get(name, {"calls": 0})["calls"]
    return {"describe calls a minute": made / (after["at"] - before["at"]) * MINUTE}


def cpu(raw: Raw, tasks: int) -> Figures:
    """The executor's CPU time for each task: in total, and by kind of thread."""
    before, after = (raw.drive["marks"][name] for name in ("begin", "end"))
    spent = {
        f"cpu a task, {kind}": (seconds - before["threads"].get(kind, 0.0)) / max(1, tasks) * MS
        for kind, seconds in after["threads"].items()
        if kind != "MainThread"
    }
    return {"cpu a task": (after["cpu"] - before["cpu"]) / max(1, tasks) * MS, **spent}


def cpu_share(raw: Raw) -> Figures:
    """The executor's CPU time in % of one core, while nothing changes: in total, and by kind of thread."""
    before, after = (raw.drive["marks"][name] for name in ("flight", "end"))
    took = after["at"] - before["at"]
    spent = {
        f"cpu while waiting, {kind}": (seconds - before["threads"].get(kind, 0.0)) / took * 100
        for kind, seconds in after["threads"].items()
        if kind != "MainThread"
    }
    return {"cpu while waiting": (after["cpu"] - before["cpu"]) / took * 100, **spent}


def memory(raw: Raw, tasks: int) -> Figures:
    """KiB of memory for each job in flight: the growth by the second half, without one-time costs."""
    half, whole = (raw.drive["marks"][name]["memory"] for name in ("half", "whole"))
    return {"memory a job": (whole - half) / max(1, tasks - tasks // 2) / KIB}


UNITS: Mapping[str, str] = {
    "heartbeat": "ms",
    "first heartbeat": "ms",
    "heartbeats": "",
    "heartbeats' share of time": "%",
    "submissions a second": "1/s",
    "share of quota": "%",
    "queueing to container": "s",
    "end to": "s",
    "throttled calls": "%",
    "describe calls a minute": "1/min",
    "cpu a task": "ms",
    "cpu while waiting": "% of a core",
    "memory a job": "KiB",
}


def unit(name: str) -> str:
    """A figure's unit; the longest prefix in the table counts."""
    found = [prefix for prefix in UNITS if name.startswith(prefix)]
    return UNITS[max(found, key=len)] if found else ""
