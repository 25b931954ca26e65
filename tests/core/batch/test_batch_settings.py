"""The options of `[batch]`: what is read, what is refused, and in which words."""

import pytest

from aws_executors.core.batch.settings import BatchSettings

GOOD = {"region": "us-east-1", "job_name": "airflow", "job_queue": "queue", "job_definition": "job:3"}
ARN = "arn:aws:batch:us-east-1:123456789012:"


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("job_name", "a" * 63),
        ("job_name", "0-airflow_job"),
        ("job_queue", f"{ARN}job-queue/high"),
        ("job_definition", "airflow-job-definition"),
        ("job_definition", "airflow-job-definition:2"),
        ("job_definition", f"{ARN}job-definition/airflow:2"),
        ("container_name", "airflow"),
        ("submit_job_kwargs", "custom_module.CUSTOM_SUBMIT_JOB_KWARGS"),
        ("submit_job_kwargs", '{"retryStrategy": {"attempts": 3}}'),
    ],
)
def test_reads(option: str, text: str) -> None:
    assert BatchSettings.from_section({**GOOD, option: text}).unwrap().model_dump()[option] == text


@pytest.mark.parametrize(
    ("option", "text", "told"),
    [
        (
            "job_name",
            "",
            "job_name is missing, and submit_job_kwargs does not set jobName; set [batch] job_name =",
        ),
        ("job_name", "a" * 64, "63 characters at most"),
        ("job_name", "my job", "job_name = 'my job' is not a name of letters, digits, - and _"),
        ("job_queue", "", "job_queue is missing, and submit_job_kwargs does not set jobQueue"),
        ("job_queue", "a queue", "job_queue = 'a queue' is not a name (letters, digits, - and _, 255"),
        ("job_definition", "", "job_definition is missing, and submit_job_kwargs does not set jobDefinition"),
        ("job_definition", "job:latest", "job_definition = 'job:latest' is not a name"),
        ("container_name", "air flow", "container_name = 'air flow' is not a name of letters"),
        (
            "submit_job_kwargs",
            "[1]",
            "submit_job_kwargs = [... (3 characters) is JSON, but not an object {...}",
        ),
        (
            "submit_job_kwargs",
            '{"a": }',
            "is not JSON: Expecting value (character 7); set [batch] submit_job_kwargs",
        ),
        ("submit_job_kwargs", "two words", "submit_job_kwargs = 'two words' is not a dotted path such as"),
    ],
)
def test_refuses(option: str, text: str, told: str) -> None:
    (fault,) = BatchSettings.from_section({**GOOD, option: text}).failure().faults
    assert told in str(fault)


def test_kwargs_take_the_place_of_options() -> None:
    kwargs = {"jobName": "nightly", "jobQueue": "night"}
    values = {"region": "us-east-1", "job_queue": "day", "job_definition": "job:9"}
    settings = BatchSettings.from_section(values, kwargs).unwrap()
    assert (settings.job_name, settings.job_queue, settings.job_definition) == ("nightly", "night", "job:9")


def test_kwargs_are_checked_like_the_options_whose_place_they_take() -> None:
    (fault,) = BatchSettings.from_section(GOOD, {"jobName": "a" * 64}).failure().faults
    assert str(fault).startswith("job_name = 'aaaa")


def test_c37_kwargs_made_from_another_section_are_no_team_s() -> None:
    kwargs = {"jobName": "airflow", "jobQueue": "everybody"}
    (fault,) = BatchSettings.from_section(GOOD, kwargs, team="red").failure().faults
    assert str(fault) == (
        "job_queue = 'queue' is overridden by 'everybody' in submit_job_kwargs, which is not the team's own; "
        "use request_builder instead: aws_executors.conf reads [batch] only"
    )


def test_null_in_the_kwargs_stands_in_for_nothing() -> None:
    values = {name: text for name, text in GOOD.items() if name != "job_queue"}
    (fault,) = BatchSettings.from_section(values, {"jobQueue": None}).failure().faults
    assert (fault.option, fault.value) == ("job_queue", "")
