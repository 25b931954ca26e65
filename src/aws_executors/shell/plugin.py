"""What this package adds to Airflow's UI: links from a task instance to its container and its log.

Law: Airflow imports this in all of its components, so what a link needs is imported when one is asked for. A
link that raised would take all links of its task with it: none does, and for a task of another executor it
is empty, which hides it.

Source: ``airflow/api_fastapi/core_api/routes/public/extra_links.py``, ``airflow/plugins_manager.py``.
"""

import logging
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

log = logging.getLogger(__name__)


class ContainerLink(BaseOperatorLink):
    """The ECS task or Batch job, in the AWS console."""

    name: ClassVar[str] = "AWS container"

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:
        """Its page; empty for a task of another executor, and where AWS does not show the container."""
        try:
            from aws_executors.shell.queueing import queueing_of

            found = queueing_of(ti_key)
            return "" if found is None else found.executor.links.container(found.token)
        except Exception:
            log.exception("No link to the container of %s", ti_key)
            return ""


class LogLink(BaseOperatorLink):
    """The container's log stream, in the AWS console."""

    name: ClassVar[str] = "AWS log"

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:
        """Its page; empty for a task of another executor, and where the log can not be found."""
        try:
            from aws_executors.shell.queueing import queueing_of

            found = queueing_of(ti_key)
            return "" if found is None else found.executor.links.log(found.token)
        except Exception:
            log.exception("No link to the log of %s", ti_key)
            return ""


class AwsExecutorsPlugin(AirflowPlugin):
    """Named as an entry point in ``pyproject.toml``."""

    name: str | None = "aws_executors"
    global_operator_extra_links: list[Any] = [ContainerLink(), LogLink()]  # noqa: RUF012 - as the base class has it
