"""Where snapshots lie between schedulers and API servers: rows of Airflow's table `variable`.

Law: one row for each executor of each scheduler, which only that one writes; rows that nobody has written
for a while are deleted by whoever comes by. Each question is a session of its own. All of it may wait, and
may raise.

Why there: it is the one table of Airflow's for things that have a name and change. Columns are read and
written as they are, not through the model: `Variable.set` would ask every secrets backend first, and a model
that is loaded has its value looked through for secrets. Nothing in a snapshot is one: it is not encrypted.
"""

from typing import cast

from airflow.models import Variable
from airflow.utils.session import create_session
from sqlalchemy import Table, delete, insert, select, update

from aws_executors.core.fleet.snapshot import Snapshot, from_text, to_text

PREFIX = "aws_executors_fleet_"
"""What the names of all rows begin with."""

ABOUT = "What a scheduler tells the page of the AWS executors; written and deleted by itself."


def _table() -> Table:
    return cast("Table", Variable.__table__)


class Shelf:
    """The rows of all schedulers; `name` is that of the row which is one's own, `team` whose it is."""

    def __init__(self, name: str, team: str | None = None) -> None:
        self._key = f"{PREFIX}{name}"
        self._team = team

    def put(self, snapshot: Snapshot) -> None:
        """Write one's own row."""
        table, text = _table(), to_text(snapshot)
        with create_session(scoped=False) as session:
            connection = session.connection()
            found = connection.execute(update(table).where(table.c.key == self._key).values(val=text))
            if not found.rowcount:
                connection.execute(
                    insert(table).values(
                        key=self._key,
                        val=text,
                        description=ABOUT,
                        is_encrypted=False,
                        team_name=self._team,
                    )
                )

    def take_away(self) -> None:
        """Delete one's own row."""
        _delete([self._key])

    def sweep(self, now: float) -> None:
        """Delete the rows that are not shown any more, and those that can not be read."""
        read = ((key, from_text(text)) for key, text in rows())
        _delete([key for key, one in read if one is None or one.forgotten(now)])


def rows() -> list[tuple[str, str]]:
    """The names and texts of all rows."""
    table = _table()
    query = select(table.c.key, table.c.val).where(table.c.key.startswith(PREFIX, autoescape=True))
    with create_session(scoped=False) as session:
        return [(str(key), str(text)) for key, text in session.execute(query)]


def snapshots() -> tuple[Snapshot, ...]:
    """What all schedulers told last."""
    return tuple(one for _, text in rows() if (one := from_text(text)) is not None)


def _delete(keys: list[str]) -> None:
    if keys:
        table = _table()
        with create_session(scoped=False) as session:
            session.connection().execute(delete(table).where(table.c.key.in_(keys)))
