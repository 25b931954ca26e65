"""The ways for a workload into its container.

Law: one protocol, one class per way, one table of them. To add a way, write a class with the four methods of
`Transport` in a module beside `s3.py`, give it a name in the option ``workload_transport`` and a line in
`transport_of`, and teach `aws_executors.run` to read from it (`run/sources.py`).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.settings.base import Settings
from aws_executors.shell.aws.s3 import S3Calls
from aws_executors.shell.transport.inline import INLINE
from aws_executors.shell.transport.s3 import S3, command

if TYPE_CHECKING:
    from aws_executors.shell.aws.clients import Clients


__all__ = ["INLINE", "Transport", "shown_command", "transport_of"]


class Transport(Protocol):
    """One way. Each method may wait, is called by workers, at most once at a time for one submission, and
    never raises. `submission` names the object: no other submission ever has the same name."""

    @property
    def stores(self) -> bool:
        """Whether anything is kept somewhere: only then is one of the other three called."""
        ...

    def put(self, submission: str, workload: str) -> Result[tuple[str, ...], AwsError]:
        """Put a workload's JSON where its container finds it; the command that the container is to run.

        Called again after an error that may pass, with the same workload and a fresh token.
        """
        ...

    def refresh(self, submission: str, workload: str) -> Result[None, AwsError]:
        """Put the same workload with a fresh token in the place of what `put` has put."""
        ...

    def take_over(self, submission: str, fresh: Callable[[str], str]) -> Result[bool, AwsError]:
        """Put what `fresh` makes of another scheduler's workload in its place; False if there is none.

        `fresh` may raise ValueError for what must be left alone. What somebody changes between the reading
        and the writing is read again.
        """
        ...

    def remove(self, submission: str) -> Result[None, AwsError]:
        """Take away what was put, if anything was; its container has ended."""
        ...


def transport_of(settings: Settings, clients: "Clients") -> tuple[Transport, Transport | None]:
    """The way that these settings say, and the one for what is too large for it (``auto``), if any."""
    inline = INLINE[settings.launcher]
    store = (
        S3(
            S3Calls(clients, settings.workload_kms_key, settings.workload_store_owner),
            settings.workload_store,
            settings.region,
        )
        if settings.workload_store
        else None
    )
    if settings.workload_transport == "s3" and store is not None:
        return store, None
    return inline, store


def shown_command(settings: Settings, submission: str, workload: str) -> tuple[str, ...]:
    """The command that a container would get, with nothing stored: for previews."""
    if settings.workload_transport == "s3":
        return command(settings.workload_store, settings.region, submission, settings.workload_store_owner)
    return (*INLINE[settings.launcher].launcher, workload)
