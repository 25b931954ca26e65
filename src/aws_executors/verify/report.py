"""The report: a table on the terminal, Markdown and JSON for files.

Law: every form shows the same findings; nothing is judged here.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aws_executors.core.cost.estimate import dollars_text
from aws_executors.verify.proof.model import CheckOutcome, CheckResult, FactResult, Findings

WIDTH = 120
COLOURS: Mapping[CheckOutcome, str] = {
    CheckOutcome.OK: "green",
    CheckOutcome.FAILED: "red",
    CheckOutcome.NOT_CHECKED: "yellow",
}
AGREES: Mapping[bool | None, str] = {True: "as said", False: "differs", None: ""}


def print_table(findings: Findings) -> None:
    """Print the report."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    console.print(_checks(findings))
    console.print(_facts(findings))
    if findings.used:
        console.print(_bill(findings))
    console.print(Text(summary(findings), style="bold"))


def _checks(findings: Findings) -> Table:
    table = Table("", "check", "what was seen", title=_title(findings), title_justify="left")
    for one in findings.checks:
        outcome = one.verdict.outcome
        table.add_row(
            Text(str(outcome), style=COLOURS[outcome]), f"{one.name}: {one.title}", Text(one.verdict.words)
        )
    return table


def _facts(findings: Findings) -> Table:
    table = Table("fact", "docs/aws.md says", "measured", "", title="Facts about AWS", title_justify="left")
    for one in findings.facts:
        if one.measured:
            style = "yellow" if one.agrees is False else "green"
            table.add_row(one.name, Text(one.says), Text(one.measured), Text(AGREES[one.agrees], style=style))
    left = ", ".join(one.name for one in findings.facts if not one.measured)
    table.caption, table.caption_justify = f"Not measured: {left or 'none'}", "left"
    return table


def _bill(findings: Findings) -> Table:
    table = Table(
        "container", "case", "size", "billed", "price", title="The bill, by list prices", title_justify="left"
    )
    for one in findings.used:
        table.add_row(one.id.rpartition("/")[2], one.case, one.size, _time(one.seconds), _price(one.dollars))
    return table


def _title(findings: Findings) -> str:
    where = f"{findings.endpoint} (not AWS)" if findings.endpoint else f"AWS, {findings.region}"
    return f"[{findings.section}] on {where}, by {findings.builder}".replace("[", r"\[", 1)


def _time(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.0f} s"


def _price(dollars: float | None) -> str:
    return "unknown" if dollars is None else dollars_text(dollars)


def total(findings: Findings) -> str:
    """The cost of all containers whose price is known, as text."""
    known = [one.dollars for one in findings.used if one.dollars is not None]
    unknown = len(findings.used) - len(known)
    more = f", and {unknown} of unknown price" if unknown else ""
    return f"{len(findings.used)} containers: {dollars_text(sum(known))}{more}"


def summary(findings: Findings) -> str:
    """The last line.

    >>> print(summary(Findings(section="batch", region="us-east-1", endpoint="", builder="b", began=0.0,
    ...                        seconds=90.0, interrupted=False, checks=(), facts=(), used=())))
    nothing was checked; 90 s; 0 containers: $0.00
    """
    counts = {kind: sum(one.verdict.outcome is kind for one in findings.checks) for kind in CheckOutcome}
    words = ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
    differ = [one.name for one in findings.facts if one.agrees is False]
    facts = f"; differing from docs/aws.md: {', '.join(differ)}" if differ else ""
    early = "; interrupted" if findings.interrupted else ""
    return f"{words or 'nothing was checked'}{facts}; {findings.seconds:.0f} s; {total(findings)}{early}"


def findings_json(findings: Findings) -> dict[str, object]:
    """The findings for programs: plain dicts, lists, numbers and strings."""
    return {
        **asdict(findings),
        "began": _date(findings.began),
        "seconds": round(findings.seconds, 1),
        "good": findings.good,
        "checks": [
            {
                "name": one.name,
                "title": one.title,
                "outcome": str(one.verdict.outcome),
                "words": one.verdict.words,
            }
            for one in findings.checks
        ],
        "dollars": round(sum(one.dollars or 0.0 for one in findings.used), 6),
        "summary": summary(findings),
    }


def findings_markdown(findings: Findings) -> str:
    """The findings as a page."""
    return "\n".join(_lines(findings)) + "\n"


def _lines(findings: Findings) -> Iterator[str]:
    where = f"{findings.endpoint}, which is not AWS" if findings.endpoint else f"AWS, {findings.region}"
    yield f"# aws-executors verify, `[{findings.section}]`, {_date(findings.began)}"
    yield f"\nOn {where}; by {findings.builder}. {summary(findings)}.\n"
    yield from _table(("check", "outcome", "what was seen"), map(_check, findings.checks))
    yield "\n## Facts about AWS\n"
    yield from _table(("fact", "docs/aws.md says", "measured", "how"), map(_fact, findings.facts))
    yield f"\n## The bill\n\nBy list prices, {total(findings)}.\n"
    rows = (
        (one.case, one.id.rpartition("/")[2], one.size, _time(one.seconds), _price(one.dollars))
        for one in findings.used
    )
    yield from _table(("case", "container", "size", "billed", "price"), rows)


def _check(one: CheckResult) -> tuple[str, ...]:
    return f"{one.name}: {one.title}", f"**{one.verdict.outcome}**", one.verdict.words


def _fact(one: FactResult) -> tuple[str, ...]:
    agrees = AGREES[one.agrees]
    measured = f"{one.measured} ({agrees})" if one.measured and agrees else one.measured
    return f"`{one.name}`", one.says, measured or "not measured", one.words


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _date(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
