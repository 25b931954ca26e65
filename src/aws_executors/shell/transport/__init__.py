"""How a workload gets into its container.

Law: one protocol, one class per transport. To add a transport, write a class with the members of `Transport`
in a module beside `s3.py`, add its name to the option ``workload_transport`` and a line to `transport_of`,
and make `aws_executors.run` read from it (`run/sources.py`).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.settings.base import Settings
from aws_executors.shell.aws.s3 import S3Calls
from aws_executors.shell.transport.inline import INLINE, MEASURED, Inline
from aws_executors.shell.transport.s3 import S3, command

if TYPE_CHECKING:
    from aws_executors.shell.aws.client.clients import Clients


__all__ = ["INLINE", "Transport", "shown_command", "transport_of"]


class Transport(Protocol):
    """One way to hand over workloads.

    Workers call its methods, at most one at a time per submission. Each may block, and none raises.
    `submission` names the stored object; no two submissions have the same name.
    """

    @property
    def stores(self) -> bool:
        """Whether workloads are stored anywhere; only then are methods other than `put` called."""
        ...

    def put(self, submission: str, workload: str) -> Result[tuple[str, ...], AwsError]:
        """Put a workload's JSON where its container finds it; returns the command for the container.

        After a transient error it is called again, with the same workload and a fresh token.
        """
        ...

    def refresh(self, submission: str, workload: str) -> Result[None, AwsError]:
        """Write the workload that `put` has stored again, with a fresh token."""
        ...

    def take_over(self, submission: str, fresh: Callable[[str], str]) -> Result[bool, AwsError]:
        """Replace another scheduler's stored workload with the result of `fresh`; False if none is stored.

        `fresh` may raise ValueError for an object that must not be touched. If the object changes between
        reading and writing, it is read again.
        """
        ...

    def remove(self, submission: str) -> Result[None, AwsError]:
        """Remove the stored workload, if there is one, after its container has ended."""
        ...


def inline_of(settings: Settings) -> Inline:
    """The launcher of inline workloads that these settings select; this package's measures if usage is on."""
    name = settings.launcher
    if name == "auto":
        from aws_executors.shell.airflow.features import PRINTS_TOKENS  # imports what only an executor needs

        name = "aws_executors" if PRINTS_TOKENS else "airflow"
    return MEASURED if settings.usage and name == "aws_executors" else INLINE[name]


def transport_of(settings: Settings, clients: "Clients") -> tuple[Transport, Transport | None]:
    """The transport that these settings select and, with ``auto``, a second one for workloads that are too
    large for the first."""
    inline = inline_of(settings)
    store = (
        S3(
            S3Calls(clients, settings.workload_kms_key, settings.workload_store_owner),
            settings.workload_store,
            settings.region,
            usage=settings.usage,
        )
        if settings.workload_transport != "inline" and settings.workload_store
        else None
    )
    if settings.workload_transport == "s3" and store is not None:
        return store, None
    return inline, store


def shown_command(settings: Settings, submission: str, workload: str) -> tuple[str, ...]:
    """The command that a container would get; nothing is stored, as this is for previews."""
    if settings.workload_transport == "s3":
        return command(
            settings.workload_store,
            settings.region,
            submission,
            settings.workload_store_owner,
            usage=settings.usage,
        )
    return (*inline_of(settings).launcher, workload)
