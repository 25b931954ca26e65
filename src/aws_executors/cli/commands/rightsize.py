"""``rightsize``: the size that each task should have, according to what its runs have used.

Law: reads the same records as ``usage``, and changes nothing. Its exit codes are those of ``usage``.
"""

import json
from argparse import Namespace
from collections.abc import Sequence

from aws_executors.cli.commands.usage import csv_text, recorded
from aws_executors.cli.configuration import UNUSABLE
from aws_executors.cli.show import answer, dumped, grid
from aws_executors.core.cost.estimate import dollars_text
from aws_executors.core.cost.record import memory_text
from aws_executors.core.cost.rightsize import Proposal, proposals
from aws_executors.core.redact.outgoing import one_line

NOTHING = 1
HEAD = ("task", "runs", "used", "has", "should have", "saves", "note")
UNMEASURED = (
    "No run was measured, or AWS tells no size of those that were: on instances a definition may leave out "
    "cpu and memory. Containers measure themselves if this package is in their image: set launcher = "
    "aws_executors, or store workloads in S3."
)


def run(options: Namespace) -> int:
    """Print the proposals; returns the exit code."""
    read = recorded(options, proposals)
    if read is None:
        return UNUSABLE
    found, any_records = read
    match options.output:
        case "table" if any_records:
            answer(proposal_text(found) if found else UNMEASURED)
        case "table":
            pass  # `recorded` has said why
        case "csv":
            answer(csv_text([proposal_values(one) for one in found]))
        case form:
            answer(dumped([proposal_values(one) for one in found], form))
    return 0 if found else NOTHING


def proposal_text(found: Sequence[Proposal]) -> str:
    """The proposals for users: a table, and below it the settings to write."""
    changed = [one for one in found if one.changes]
    parts = [grid(HEAD, [_cells(one) for one in found])]
    if changed:
        configs = [f"  {one.dag}.{one.task}\n    executor_config={one.executor_config!r}" for one in changed]
        parts.append("\n".join(["In the DAG:", *configs]))
        parts.append("\n".join(["Or in a builder:", *(f"  {one.step}," for one in changed)]))
    return "\n\n".join(parts)


def proposal_values(one: Proposal) -> dict[str, object]:
    """The proposal for programs, in CPU units, MiB and US dollars."""
    return {
        "section": one.section,
        "dag": one.dag,
        "task": one.task,
        "runs": one.runs,
        "killed_for_memory": one.killed,
        "cpu": one.now.cpu,
        "memory_mib": one.now.memory,
        "used_vcpu": round(one.share, 3),
        "used_memory_mib": one.peak,
        "proposed_cpu": one.proposed.cpu,
        "proposed_memory_mib": one.proposed.memory,
        "saving": one.saving,
        "saved_dollars": one.dollars,
        "executor_config": json.dumps(one.executor_config),
        "step": one.step,
        "note": one.note,
    }


def _cells(one: Proposal) -> list[str]:
    killed = f"{one.killed} killed for memory" if one.killed else ""
    saves = ""
    if one.changes and one.saving is not None and one.dollars is not None:
        saves = f"{one.saving:.0%}, about {'-' if one.dollars < 0 else ''}{dollars_text(abs(one.dollars))}"
    return [
        one_line(f"{one.dag}.{one.task}", 80),
        f"{one.runs}",
        f"{one.share:.2g} vCPU, {memory_text(one.peak)}",
        str(one.now),
        str(one.proposed) if one.changes else "the same",
        saves,
        "; ".join(filter(None, (killed, one.note))),
    ]
