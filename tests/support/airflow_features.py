"""Ask which features this Airflow has, by their names in docs/versions.md; never for its version."""

import pytest
from airflow.models.taskinstance import TaskInstance
from airflow.sdk.api.client import Client

from aws_executors.shell.airflow.features import FEATURES, Feature

CALLBACKS = "Callbacks of deadlines run in containers"
PRE_ASSIGNS = "Airflow assigns the token of a queueing"
SUPERVISES = "on_kill is called at SIGTERM with either launcher"
SCOPED = "A workload's token only starts its task"
TEAMS = "Teams"


def feature(what: str) -> Feature:
    """The feature of this name; KeyError if there is none."""
    return {one.what: one for one in FEATURES}[what]


def has(what: str) -> bool:
    """Whether this Airflow has the feature of this name."""
    return feature(what).present


SCOPE = "workload" if has(SCOPED) else None
"""The scope of a workload's token; None if the token allows everything that its task may do."""


ROW_PER_TRY = hasattr(TaskInstance, "working_set")
"""Whether each try has a row of its own, whose id stays when the running task is cleared (from 3.4 on)."""


def needs(what: str) -> pytest.MarkDecorator:
    """Mark a test of a feature; without the feature the test is skipped, with what is true instead."""
    one = feature(what)
    return pytest.mark.skipif(not one.present, reason=f"before {one.since}: {one.without}")


CALLBACKS_ASK = hasattr(Client, "callbacks")
"""Whether a callback asks Airflow's API server if it may begin, as tasks do (from 3.4 on)."""
