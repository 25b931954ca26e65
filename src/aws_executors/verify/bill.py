"""What a run costs: an estimate before anything is started, and the bill afterwards.

Law: pure; prices come from the section's `prices_file`, or are the bundled ones. All costs are estimates;
only AWS's own bill is exact.
"""

from collections.abc import Iterable, Iterator

from aws_executors.core.cost.estimate import allocation_dollars, billed_of, dollars_text
from aws_executors.core.cost.prices import Prices
from aws_executors.core.lifecycle.allocation import Allocation
from aws_executors.verify.plan import EXTRA, MOST_CONTAINERS
from aws_executors.verify.proof.model import CaseTrace, Used
from aws_executors.verify.proof.record import size_text

USUAL = 120.0
"""Seconds for which a container is usually billed: mostly the pull of its image, its start and its end."""


def expected_cost(containers: int, size: Allocation | None, prices: Prices, region: str, limit: float) -> str:
    """What will be started and what that will cost, as the beginning of a question.

    >>> from aws_executors.core.cost.prices import bundled_prices
    >>> size = Allocation(vcpu=0.25, memory=512, fargate=True)
    >>> print(expected_cost(8, size, bundled_prices(), "us-east-1", 600.0))
    8 containers (0.25 vCPU, 512 MiB, Fargate; at most 10), at most 10 minutes: about $0.0033, at most $0.02
    """
    most = min(containers + EXTRA, MOST_CONTAINERS)
    shown = "size unknown" if size is None else size_text(size)
    text = f"{containers} containers ({shown}; at most {most}), at most {limit / 60:.0f} minutes"
    usual = None if size is None else allocation_dollars(size, prices, region, USUAL)
    longest = None if size is None else allocation_dollars(size, prices, region, limit)
    if usual is None or longest is None:
        reason = (
            "on your own instances, which cost what they cost" if size else "for what they cost by their size"
        )
        return f"{text}, {reason}"
    return f"{text}: about {dollars_text(containers * usual)}, at most {dollars_text(most * longest)}"


def used(traces: Iterable[CaseTrace], prices: Prices, region: str) -> Iterator[Used]:
    """Each container, with its time and its price."""
    for trace in traces:
        for id_ in trace.ids:
            record = trace.record if trace.record is not None and trace.record.id == id_ else None
            seconds = None if record is None else record.seconds
            billed = billed_of(record.allocation) if record and seconds else seconds
            price = None if record is None else allocation_dollars(record.allocation, prices, region, billed)
            size = "" if record is None else size_text(record.allocation)
            yield Used(case=trace.case.name, id=id_, seconds=seconds, size=size, dollars=price)
