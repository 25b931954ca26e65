"""All reasons why a container fails or waits, in the order in which they are tried.

Law: the most specific words come first, a bare exit code last. Words about another container count only if
those about Airflow's own match nothing, and `LAST` only if no words match. What AWS refuses before there is a
container is in `core/aws/error_codes.py` and `core/ecs/answers/responses.py`.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from aws_executors.core.explain.agent import AGENT
from aws_executors.core.explain.batch import BATCH
from aws_executors.core.explain.ecs import ECS, LAST, LAUNCHES
from aws_executors.core.explain.exit_codes import EXITS
from aws_executors.core.explain.image_pull import IMAGE
from aws_executors.core.explain.log_driver import LOGS
from aws_executors.core.explain.network_and_volumes import AROUND
from aws_executors.core.explain.reason import Reason, first
from aws_executors.core.explain.secrets_and_roles import SETUP
from aws_executors.core.explain.start import START
from aws_executors.core.lifecycle.observation import Observation

TABLES: Mapping[str, tuple[Reason, ...]] = MappingProxyType(
    {
        "launches": LAUNCHES,
        "image": IMAGE,
        "setup": SETUP,
        "logs": LOGS,
        "around": AROUND,
        "start": START,
        "agent": AGENT,
        "batch": BATCH,
        "ecs": (*ECS, *LAST),
        "exits": EXITS,
    }
)
REASONS: tuple[Reason, ...] = tuple(row for table in TABLES.values() for row in table)
_ROWS = tuple(row for row in REASONS if row not in LAST)


def reason_for(seen: Observation) -> Reason | None:
    """The row that explains what was observed of a container, or None.

    >>> from aws_executors.core.lifecycle.observation import Phase
    >>> seen = Observation(id="1", phase=Phase.FAILED, reason="CannotPullContainerError: ... not found")
    >>> reason_for(seen).name
    'image not found'
    """
    found = first(_ROWS, seen)
    if found is None and seen.exit_code is None:
        found = first(_ROWS, replace(seen, reason=seen.others)) or first(LAST, seen)
    return found
