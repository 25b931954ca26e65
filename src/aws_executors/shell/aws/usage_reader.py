"""Read what a container that has ended measured of itself: beside its stored workload, or at its log's end.

Law: at most two calls for a container, and one usually; never raises. What lay in the store is deleted once
it was read. Nothing is decided here: when to read, and how often, is the caller's matter.
"""

from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.cost.measured import SAID, Measured, last_measured, read_measured, usage_address
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.logs.lines import texts_with
from aws_executors.core.requests.stored_workload import address, bucket_and_key
from aws_executors.core.settings.base import Settings
from aws_executors.shell.aws.clients import Clients
from aws_executors.shell.aws.log_pages import no_log
from aws_executors.shell.aws.s3 import S3Calls
from aws_executors.shell.transport import inline_of
from aws_executors.shell.transport.inline import MEASURED
from aws_executors.shell.ui.lookups import Lookups


def measures(settings: Settings) -> bool:
    """Whether containers measure themselves by these settings: it is our launcher that does."""
    return settings.usage and (inline_of(settings) is MEASURED or bool(_store_of(settings)))


def _store_of(settings: Settings) -> str:
    return "" if settings.workload_transport == "inline" else settings.workload_store


class UsageReader:
    """What containers of one executor measured of themselves, where they do (`measures`)."""

    def __init__(self, lookups: Lookups, clients: Clients, settings: Settings) -> None:
        self._lookups = lookups
        self._store = _store_of(settings)
        self._s3 = S3Calls(clients, settings.workload_kms_key, settings.workload_store_owner)

    def stored(self, submission: str) -> Measured | None:
        """What lies beside the stored workload of this submission, if anything does."""
        if not self._store:
            return None
        place = bucket_and_key(usage_address(address(self._store, submission)))
        match unwrap_or_failure(self._s3.get(*place)):
            case AwsError():
                return None  # none was stored, or the container may not store it: then its log has it
            case held:
                self._s3.delete(*place)
                return read_measured(held.body.decode(errors="replace"))

    def logged(self, seen: Observation) -> Measured | None:
        """What stands at the end of the container's log, if anything does yet."""
        page = self._lookups.ended_log(seen).bind(lambda stream: self._lookups.log_page(stream, ""))
        return _measured(page)


def _measured(page: Result[object, AwsError]) -> Measured | None:
    return last_measured(page.bind(lambda answer: texts_with(SAID, answer).alt(no_log)).value_or([]))
