"""Extend Airflow's UI: links from a task instance to its container and log, and a page of all containers.

Law: Airflow imports this module in all of its components, so what a link or the page needs is imported on
first use. A link never raises, because that would remove all links of its task. For a task of another
executor the link is empty, so Airflow hides it.

Source: ``airflow/api_fastapi/core_api/routes/public/extra_links.py``, ``airflow/plugins_manager.py``.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import BaseOperatorLink

from aws_executors.dashboard.mount import DashboardApp
from aws_executors.shell.airflow.loggers import logger

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from aws_executors.shell.ui.executor_lookup import ExecutorLookup

log = logger(__name__)

PLACE = "/aws-executors"
"""The path of the page below Airflow's root."""

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' "
    "stroke='{colour}' stroke-width='1.8' stroke-linejoin='round'%3E"
    "%3Cpath d='M12 2.8 20 7v10l-8 4.2L4 17V7zM4 7l8 4.2L20 7M12 11.2v10'/%3E%3C/svg%3E"
)
"""The icon of a container. Airflow shows it as an image, which cannot inherit the colour of the surrounding
text."""


class AwsLink(BaseOperatorLink):
    """A page in the AWS console that belongs to a task instance."""

    name: ClassVar[str]

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:
        """The page's address; empty for a task of another executor, or if the page cannot be found."""
        try:
            from aws_executors.shell.ui.executor_lookup import queueing_of

            found = queueing_of(ti_key)
            return "" if found is None else self.page(found)
        except Exception:
            log.exception("Could not make link %r of %s", self.name, ti_key)
            return ""

    @abstractmethod
    def page(self, queueing: "ExecutorLookup") -> str:
        """The address of this queueing's page; empty if there is none, or none yet."""


class ContainerLink(AwsLink):
    """The ECS task or Batch job, in the AWS console."""

    name: ClassVar[str] = "AWS container"

    def page(self, queueing: "ExecutorLookup") -> str:
        """The container's page, as long as AWS shows the container."""
        return queueing.executor.links.container(queueing.token, queueing.trace)


class LogLink(AwsLink):
    """The container's log stream, in the AWS console."""

    name: ClassVar[str] = "AWS log"

    def page(self, queueing: "ExecutorLookup") -> str:
        """The log's page; once AWS has forgotten the container, derived from the row and the settings."""
        return queueing.executor.links.log(queueing.token, queueing.trace)


class AwsExecutorsPlugin(AirflowPlugin):
    """The plugin; an entry point in ``pyproject.toml`` names it."""

    name: str | None = "aws_executors"
    global_operator_extra_links: list[Any] = [ContainerLink(), LogLink()]  # noqa: RUF012 - as the base class has it
    fastapi_apps: list[Any] = [  # noqa: RUF012 - as above
        {"app": DashboardApp(), "url_prefix": PLACE, "name": "AWS executors"}
    ]
    external_views: list[Any] = [  # noqa: RUF012 - as above
        {
            "name": "AWS executors",
            "href": f"{PLACE.removeprefix('/')}/fleet",
            "destination": "nav",
            "category": "browse",
            "url_route": "aws-executors",
            "icon": ICON.format(colour="%2352606d"),
            "icon_dark_mode": ICON.format(colour="%23cbd2d9"),
        }
    ]
