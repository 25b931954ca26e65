"""A real scheduler that gets killed, and the next one does not adopt: it comes after the tests of S3, whose
Airflow it shares.

Law: the story is judged as each of `test_e2e_killed.py`.
"""

from aws_executors.demo.stage import DemoStage
from e2e.killed import happen
from e2e.plans import Database, Fault, Plan

ORPHANED = Plan(fault=Fault.KILLED, adopt=False, database=Database.SQLITE, moment=6.0, span=0.0)


def test_killed_with_adoption_off_what_ran_is_stopped_and_begins_again(up: DemoStage) -> None:
    """C27: on SQLite, without adoption: a try may be lost, but none runs twice at once."""
    assert [str(claim) for claim in happen(up, ORPHANED).claims if not claim.holds] == []
