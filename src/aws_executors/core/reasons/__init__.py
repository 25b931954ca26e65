"""Why a container failed or waits: one table, in rooms.

Law: the order of the tables, and nothing else. Words that tell most come first, a bare exit code last. What
AWS refuses before there is a container stands in `error_rules.py` and `ecs/answers.py`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from aws_executors.core.reasons.batch import BATCH
from aws_executors.core.reasons.ecs import ECS
from aws_executors.core.reasons.exits import EXITS
from aws_executors.core.reasons.image import IMAGE
from aws_executors.core.reasons.row import Reason, first
from aws_executors.core.reasons.setup import SETUP
from aws_executors.core.reasons.start import START
from aws_executors.core.state import Observation

TABLES: Mapping[str, tuple[Reason, ...]] = MappingProxyType(
    {"image": IMAGE, "setup": SETUP, "start": START, "batch": BATCH, "ecs": ECS, "exits": EXITS}
)
REASONS: tuple[Reason, ...] = tuple(row for table in TABLES.values() for row in table)


def reason_for(seen: Observation) -> Reason | None:
    """The row that speaks for what was seen of a container; None where none does.

    >>> from aws_executors.core.state import Phase
    >>> seen = Observation(id="1", phase=Phase.FAILED, reason="CannotPullContainerError: ... not found")
    >>> reason_for(seen).name
    'image not found'
    """
    return first(REASONS, seen)
