"""Import the application of the fleet page when it is first requested.

Law: every component of Airflow imports the plugin, which names this class, but only API servers need FastAPI
and the modules of the page. So they are imported when the first request comes.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Application: TypeAlias = Callable[
    [Scope, Callable[[], Awaitable[Scope]], Callable[[Scope], Awaitable[None]]], Awaitable[None]
]


class DashboardApp:
    """The ASGI application that Airflow mounts."""

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Scope]], send: Callable[[Scope], Awaitable[None]]
    ) -> None:
        """Answer one request."""
        await _application()(scope, receive, send)


@cache
def _application() -> Application:
    from aws_executors.dashboard.app import create_app

    return create_app()
