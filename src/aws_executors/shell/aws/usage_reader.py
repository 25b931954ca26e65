"""Read a container's measurement after its end: from beside its stored workload, or from the end of its log.

Law: a few calls for each reading, usually one; never raises. A stored measurement is deleted once it is read.
Nothing is decided here: the caller says when, and how often, to read.
"""

from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.cost.measured import SAID, Measured, last_measured, read_measured, usage_address
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.logs.lines import texts_with
from aws_executors.core.requests.stored_workload import address, bucket_and_key
from aws_executors.core.settings.base import Settings
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.log_pages import no_log
from aws_executors.shell.aws.s3 import S3Calls
from aws_executors.shell.transport import inline_of
from aws_executors.shell.transport.inline import MEASURED
from aws_executors.shell.ui.lookups import Lookups


def measures(settings: Settings) -> bool:
    """Whether containers measure themselves with these settings: only this package's launcher does that."""
    return settings.usage and (inline_of(settings) is MEASURED or bool(_store_of(settings)))


def _store_of(settings: Settings) -> str:
    return "" if settings.workload_transport == "inline" else settings.workload_store


class UsageReader:
    """Reads what the containers of one executor have measured of themselves, if they measure (`measures`)."""

    def __init__(self, lookups: Lookups, clients: Clients, settings: Settings) -> None:
        self._lookups = lookups
        self._store = _store_of(settings)
        self._s3 = S3Calls(clients, settings.workload_kms_key, settings.workload_store_owner)

    def stored(self, submission: str) -> Measured | None:
        """The measurement beside the stored workload of this submission, if there is one."""
        if not self._store:
            return None
        place = bucket_and_key(usage_address(address(self._store, submission)))
        match unwrap_or_failure(self._s3.get(*place)):
            case AwsError():
                return None  # none was stored; if the container may not store it, its log has it
            case held:
                self._s3.delete(*place)
                return read_measured(held.body.decode(errors="replace"))

    def logged(self, seen: Observation) -> Measured | None:
        """The measurement at the end of the container's log, if there is one yet."""
        page = self._lookups.ended_log(seen).bind(lambda stream: self._lookups.log_page(stream, ""))
        return _measured(page)


def _measured(page: Result[object, AwsError]) -> Measured | None:
    return last_measured(page.bind(lambda answer: texts_with(SAID, answer).alt(no_log)).value_or([]))
