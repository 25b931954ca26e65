"""Draw one small picture: our figures beside the provider's, each pair of bars on a scale of its own.

Law: drawn from figures alone; text stays text, so that the file is small and can be searched.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.measure import unit
from benchmarks.report import Results, number, pairs
from benchmarks.subjects import SUBJECTS

SHOWN = (
    ("burst", "heartbeat max", "longest heartbeat,\n1,000 queued"),
    ("burst", "submissions a second", "submissions a second,\nno throttling"),
    ("quota", "share of quota", "share of AWS's quota\nthat is used"),
    ("burst", "end to report p50", "container end\nto report, p50"),
    ("long", "describe calls a minute", "describe calls a minute,\n1,000 long runners"),
    ("burst", "cpu a task", "CPU a task"),
)
COLOURS = {"provider": "#b0b6bd", "ours": "#d9730d"}


def draw(results: Results, path: Path) -> None:
    """Write the picture as SVG."""
    mpl: Any = import_module("matplotlib")
    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.size": 8})
    pyplot: Any = import_module("matplotlib.pyplot")
    figure, axes = pyplot.subplots(2, 3, figsize=(9, 5), layout="constrained")
    for axis, (scenario, name, title) in zip(axes.flat, SHOWN, strict=True):
        labels, values, colours = [], [], []
        for ours, peer in pairs(results, scenario):
            for who, subject in (("provider", peer), ("ours", ours)):
                labels.append(f"{who}\n{SUBJECTS[subject].label.rpartition(', ')[2]}")
                values.append(results[scenario][subject].get(name) or 0.0)
                colours.append(COLOURS[who])
        bars = axis.bar(range(len(values)), values, color=colours)
        axis.bar_label(bars, [number(value) for value in values], padding=1)
        axis.set_xticks(range(len(labels)), labels, fontsize=6)
        axis.set_title(f"{title} ({unit(name)})")
        axis.yaxis.set_visible(False)
        axis.spines[["top", "left", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
