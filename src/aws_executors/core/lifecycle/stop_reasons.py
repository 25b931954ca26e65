"""The words that our executors stop containers with, and know each other's stops by.

Law: all of them begin alike, as no other words do. AWS shows them unchanged (ECS ``stoppedReason``, Batch
``statusReason``) to every scheduler that looks: one whose container was stopped by another scheduler, or at
its own end, can so tell that from a person's decision.
"""

from aws_executors.core.lifecycle.observation import Cause

OURS = "aws_executors: "

ORPHANED = OURS + "orphaned, and adopt_task_instances is off"
TAKEN_BACK = OURS + "revoked by Airflow"
NOT_WAITED_FOR = OURS + "its task instance no longer needs it"
SHUT_DOWN = OURS + "its scheduler was shut down"

BY_US: tuple[tuple[str, Cause], ...] = ((OURS, Cause.WITHDRAWN),)
"""What they mean, as a row for the tables of both services."""
