"""A service is a row: whatever else names services names the same, and a third one needs no more."""

from dataclasses import replace
from typing import ClassVar

import pytest

from aws_executors import Launch, Task, executors, provider
from aws_executors.cli.command import SECTIONS
from aws_executors.cli.commands.setup import SETUPS
from aws_executors.core import services
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.requests.compose import built
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.services import SERVICES, AnyService
from aws_executors.doctor.probe import NEEDED
from aws_executors.shell.airflow.configuration.configured import configure
from aws_executors.shell.airflow.executor import AwsExecutor
from aws_executors.shell.services import BACKENDS, Backend
from support.airflow_conf import new_conf

EVERY = pytest.mark.parametrize(("section", "spec"), SERVICES.items())


@EVERY
def test_a_spec_is_found_by_its_section_with_its_calls(section: str, spec: AnyService) -> None:
    assert spec.settings.section == section
    assert BACKENDS[section].spec is spec


@EVERY
def test_its_executors_are_classes_of_it(section: str, spec: AnyService) -> None:
    for name in spec.executors:
        assert getattr(executors, name).backend is BACKENDS[section]


def test_whoever_can_not_look_at_the_rows_names_the_same_services() -> None:
    named = [f"aws_executors.executors.{spec.executors[0]}" for spec in SERVICES.values()]
    assert SECTIONS == tuple(SERVICES) == tuple(SETUPS) == tuple(BACKENDS)
    assert list(provider.EXECUTORS) == named
    assert set(NEEDED) == {spec.settings.service for spec in SERVICES.values()}
    assert set(executors.__all__) == {name for spec in SERVICES.values() for name in spec.executors}


class ThirdSettings(EcsSettings):
    """A section that nobody else has."""

    section: ClassVar[str] = "third"


THIRD = replace(services.ECS, settings=ThirdSettings, executors=("ThirdExecutor",))


class ThirdExecutor(AwsExecutor[EcsSettings, RunTask]):
    """A third service."""

    backend = Backend(spec=THIRD, calls=BACKENDS["ecs_fargate"].calls)


def test_a_third_service_is_a_row_and_a_class() -> None:
    conf = new_conf()
    conf.read_string(
        "[third]\nregion = us-east-1\ncluster = c\ncontainer_name = main\ntask_definition = d\n"
        'subnets = subnet-1\nrun_task_kwargs = {"enableExecuteCommand": true}'
    )
    found = configure(ThirdExecutor.backend.spec, conf).unwrap()
    launch = Launch(
        task=Task(dag_id="d", task_id="t"), command=("run",), settings=found.settings, token="0b6e"
    )
    request = built(found.build, launch, THIRD.request, THIRD.seal).unwrap()
    assert isinstance(found.settings, ThirdSettings)
    assert to_kwargs(request)["enableExecuteCommand"] is True
    assert (request.client_token, ThirdExecutor().service(found.settings).idempotent) == ("0b6e-1", True)


def test_what_is_wrong_with_its_section_names_it() -> None:
    assert "[third] region = us-east-1" in str(configure(THIRD, new_conf()).failure())
