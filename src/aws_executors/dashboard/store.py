"""Keep snapshots for schedulers and API servers in rows of Airflow's table `variable`.

Law: one row for each executor of each scheduler, which only that executor writes. Any scheduler deletes rows
that have not been written for a while. Each query has a session of its own. Every function may block, and may
raise.

`variable` is Airflow's only table for named values that change. Everything that may read or write variables,
including a running task through the execution API, has access to the rows. So each row is sealed (`seal.py`),
and a row that was overwritten, moved or made by anything else is ignored. The columns are read and written
directly, not through the model, because `Variable.set` would ask every secrets backend first.
"""

import time
from typing import cast

from airflow.models import Variable
from airflow.utils.session import create_session
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.sql.functions import func

from aws_executors.dashboard.seal import LARGEST, Seal, seal
from aws_executors.dashboard.snapshot import Snapshot, from_text, to_text
from aws_executors.shell.airflow.compat import owner
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.engine.calls.error_log import ErrorLog

PREFIX = "aws_executors_fleet_"
"""The prefix of all rows' keys."""

ABOUT = "A scheduler's snapshot for the page of the AWS executors; written and deleted by itself."

ROWS = 500
"""The most rows that are read."""

TOPIC = "Reading the fleet page"
FOREIGN = (
    f"variables named {PREFIX}... are ignored: no scheduler of this Airflow wrote them so. They were "
    "overwritten, or [api_auth] jwt_secret is not the same everywhere"
)

_complaints = ErrorLog(time.monotonic, logger(__name__))


def _table() -> Table:
    return cast("Table", Variable.__table__)


class SnapshotRow:
    """The row of one executor of one scheduler, with its `name` and `team`."""

    def __init__(self, name: str, team: str | None = None) -> None:
        self._key = f"{PREFIX}{name}"
        self._team = team

    def write(self, snapshot: Snapshot) -> None:
        """Write the row."""
        table, text = _table(), seal().close(self._key, to_text(snapshot))
        with create_session(scoped=False) as session:
            connection = session.connection()
            found = connection.execute(
                update(table).where(table.c.key == self._key).values(val=text, is_encrypted=False)
            )
            if not found.rowcount:
                connection.execute(
                    insert(table).values(
                        key=self._key,
                        val=text,
                        description=ABOUT,
                        is_encrypted=False,
                        **owner(table, self._team),
                    )
                )

    def delete(self) -> None:
        """Delete the row."""
        _delete([self._key])

    def delete_expired(self, now: float) -> None:
        """Delete the rows that are no longer shown, and those that cannot be read."""
        own = seal()
        read = ((key, _read(own, key, text)) for key, text in stored_rows())
        _delete([key for key, one in read if one is None or one.expired(now)])


def stored_rows() -> list[tuple[str, str]]:
    """The keys and sealed texts of the rows: the oldest `ROWS`, each text cut to `LARGEST` characters."""
    table = _table()
    query = (
        select(table.c.key, func.substr(table.c.val, 1, LARGEST))
        .where(table.c.key.startswith(PREFIX, autoescape=True))
        .order_by(table.c.id)
        .limit(ROWS)
    )
    with create_session(scoped=False) as session:
        return [(str(key), str(text)) for key, text in session.execute(query)]


def snapshots() -> tuple[Snapshot, ...]:
    """The last snapshots of all schedulers; rows that no scheduler has written are ignored, and logged
    once."""
    own = seal()
    read = [_read(own, key, text) for key, text in stored_rows()]
    found = tuple(one for one in read if one is not None)
    if len(found) < len(read):
        _complaints.say(TOPIC, "foreign", f"{len(read) - len(found)} {FOREIGN}")
    else:
        _complaints.works(TOPIC)
    return found


def _read(own: Seal, key: str, text: str) -> Snapshot | None:
    plain = own.open(key, text)
    return None if plain is None else from_text(plain)


def _delete(keys: list[str]) -> None:
    if keys:
        table = _table()
        with create_session(scoped=False) as session:
            session.connection().execute(delete(table).where(table.c.key.in_(keys)))
