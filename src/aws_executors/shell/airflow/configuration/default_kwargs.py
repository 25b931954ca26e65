"""The request arguments that follow from the options alone: the dicts in `aws_executors.conf`.

Law: users derive their own dicts from these. The section is read anew on every access, and nothing is cached.
It is always the section for all of Airflow, never a team's.
"""

from typing import TypeVar

from returns.methods import unwrap_or_failure

from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.services import BATCH, ECS, ServiceSpec
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import SettingsError, SettingsFaults
from aws_executors.core.settings.section import NOTHING
from aws_executors.shell.airflow.configuration.configured import BUILDER, presumed
from aws_executors.shell.airflow.configuration.section import read_section

S = TypeVar("S", bound=Settings)
R = TypeVar("R")


def batch_kwargs() -> dict[str, object]:
    """The arguments of ``submit_job`` according to the options of `[batch]`; raises `SettingsError`.

    There is always a dict of container overrides to fill in, unless the job definition has several
    containers.
    """
    request = _of_options(BATCH)
    return request if "ecsPropertiesOverride" in request else {"containerOverrides": {}} | request


def ecs_kwargs() -> dict[str, object]:
    """The arguments of ``run_task`` according to the options of `[ecs_fargate]`; raises `SettingsError`."""
    return _of_options(ECS)


def _of_options(service: ServiceSpec[S, R]) -> dict[str, object]:
    """Build the request without the kwargs option and the builder: their module may be importing this one.

    A mandatory member that no option sets is left out, for that module to add.
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
