"""Import the application of the fleet page when it is first requested.

Law: every component of Airflow imports the plugin, which names `DashboardApp`, but only API servers need
FastAPI and the modules of the page. So the first request imports them.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any, TypeAlias

_Scope: TypeAlias = MutableMapping[str, Any]
Application: TypeAlias = Callable[
    [_Scope, Callable[[], Awaitable[_Scope]], Callable[[_Scope], Awaitable[None]]], Awaitable[None]
]


class DashboardApp:
    """The ASGI application that Airflow mounts."""

    async def __call__(
        self,
        scope: _Scope,
        receive: Callable[[], Awaitable[_Scope]],
        send: Callable[[_Scope], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        await _application()(scope, receive, send)


@cache
def _application() -> Application:
    from aws_executors.dashboard.app import create_app

    return create_app()
