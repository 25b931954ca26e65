"""The fleet page's application, imported when somebody first opens it.

Law: every component of Airflow imports the plugin that names this; only an API server needs FastAPI and what
the page is made of. So this imports nothing, and has no other thing to do.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Application: TypeAlias = Callable[
    [Scope, Callable[[], Awaitable[Scope]], Callable[[Scope], Awaitable[None]]], Awaitable[None]
]


class DashboardApp:
    """An ASGI application, as Airflow mounts it."""

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Scope]], send: Callable[[Scope], Awaitable[None]]
    ) -> None:
        """Answer one request."""
        await _application()(scope, receive, send)


@cache
def _application() -> Application:
    from aws_executors.dashboard.app import create_app

    return create_app()
