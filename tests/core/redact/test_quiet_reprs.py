"""No repr of a request, or of a part of one, shows what a name calls secret."""

import pytest

from aws_executors import batch, ecs
from aws_executors.core.batch.options import read_options
from aws_executors.core.batch.request import from_kwargs as batch_from
from aws_executors.core.ecs.request import from_kwargs as ecs_from

SECRET = "hunter2-is-long"
JOB = {"jobName": "a", "jobQueue": "q", "jobDefinition": "d"}
VARIABLES = [{"name": "DB_PWD", "value": SECRET}, {"name": "STAGE", "value": "test"}]
POD = {"podProperties": {"containers": [{"name": "x", "env": VARIABLES}]}}
LABELS = {
    "podProperties": {"metadata": {"annotations": {"api-token": SECRET}, "labels": {"app_key": SECRET}}}
}


@pytest.mark.parametrize(
    "request_",
    [
        batch_from(JOB | {"parameters": {"DB_PASSWORD": SECRET, "stage": "test"}}),
        batch_from(JOB | {"containerOverrides": {"environment": VARIABLES}}),
        batch_from(JOB | {"eksPropertiesOverride": POD}),
        batch_from(JOB | {"eksPropertiesOverride": LABELS}),
        batch_from(JOB | {"tags": {"pg_pass": SECRET}}),
        read_options({"parameters": {"DB_PASSWORD": SECRET}, "tags": {"token": SECRET}}),
        ecs_from(
            {
                "taskDefinition": "d",
                "overrides": {"containerOverrides": [{"name": "m", "environment": VARIABLES}]},
                "tags": [{"key": "api-token", "value": SECRET}],
            }
        ),
    ],
)
def test_a_repr_is_quiet(request_: batch.SubmitJob | ecs.RunTask) -> None:
    for text in (repr(request_), str(request_), repr([request_]), f"{request_}"):
        assert SECRET not in text
    assert type(request_).__name__ in repr(request_)


def test_what_is_no_secret_is_shown() -> None:
    request_ = batch_from(
        JOB | {"parameters": {"stage": "test"}, "containerOverrides": {"environment": VARIABLES}}
    )
    assert "('stage', 'test')" in repr(request_)
    assert "KeyValuePair(name='STAGE', value='test')" in repr(request_)
