"""The dicts of `aws_executors.conf`: the request that the options alone make.

Law: options to dict, nothing kept. The section is the one of all of Airflow, read at the moment of asking.
"""

from typing import TypeVar

from returns.methods import unwrap_or_failure

from aws_executors.core.errors import SettingsError
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.services import BATCH, ECS, ServiceRow
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import SettingsFaults
from aws_executors.core.settings.section import NOTHING
from aws_executors.shell.airflow.config_section import read_section
from aws_executors.shell.airflow.configuration import BUILDER, presumed

S = TypeVar("S", bound=Settings)
R = TypeVar("R")


def batch_kwargs() -> dict[str, object]:
    """What ``submit_job`` is called with by the options of `[batch]`; raises `SettingsError`.

    Container overrides are there, if only to be filled, unless the job definition has several containers.
    """
    request = _of_options(BATCH)
    return request if "ecsPropertiesOverride" in request else {"containerOverrides": {}} | request


def ecs_kwargs() -> dict[str, object]:
    """What ``run_task`` is called with by the options of `[ecs_fargate]`; raises `SettingsError`."""
    return _of_options(ECS)


def _of_options(service: ServiceRow[S, R]) -> dict[str, object]:
    """Neither the kwargs option nor the builder is read: this runs while their module is being imported.

    A mandatory member that no option gives is left for that module to add.
    """
    from airflow.configuration import conf

    section = read_section(conf, service.settings)
    own = {
        name: text
        for name, text in section.values.items()
        if name not in (BUILDER, service.settings.kwargs_option)
    }
    unknown = presumed(service, own)
    match unwrap_or_failure(service.settings.from_section(own, unknown)):
        case SettingsFaults() as faults:
            raise SettingsError(faults)
        case settings:
            request = to_kwargs(service.over_options(settings, NOTHING))
    return {member: value for member, value in request.items() if unknown.get(member) is None}
