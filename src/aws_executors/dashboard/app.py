"""The web application of the fleet page, behind Airflow's own login.

Law: Airflow's own dependencies authenticate and authorize users. The page is for users who may view Airflow's
cluster activity. It shows task names only of DAGs whose task instances the user may read, and failures only
if the user may also read the DAG's audit log. Without a login, the page redirects to Airflow's login; every
other request is refused. The handlers are plain functions, which FastAPI runs in threads, because they wait
for the database. All addresses are relative, because a proxy may put a prefix in front of Airflow.
"""

import secrets
import time
from dataclasses import asdict
from typing import Annotated
from urllib.parse import quote

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import get_user, requires_access_view
from fastapi import Depends, FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from aws_executors.dashboard.failures import HOURS, recent_failures
from aws_executors.dashboard.page.rendering import content, render_page
from aws_executors.dashboard.page.view import Fleet, fleet
from aws_executors.dashboard.recent_usage import RecentUsage
from aws_executors.dashboard.rights import rights_of
from aws_executors.dashboard.store import snapshots

PAGE = "/fleet"
NEWS = "/fleet.json"
LOGIN = "../api/v2/auth/login"
"""Airflow's login, relative to the page."""

recent_usage = RecentUsage()

POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

User = Annotated[BaseUser, Depends(get_user)]


def fleet_for(user: User) -> Fleet:
    """What this user may see now."""
    now = time.time()
    published, failures, usage = snapshots(), recent_failures(now), recent_usage(now)
    keys = [job.key for one in published for job in one.jobs] + [one.key for one in failures]
    keys += [own.key for one in published for own in one.containers if own.key is not None]
    dags = {key.dag for key in keys if key.dag} | {one.dag for one in usage}
    rights = rights_of(user, dags)
    tasks, log = rights.tasks.__contains__, rights.log.__contains__
    return fleet(published, failures, tasks, now, HOURS, may_read_log=log, usage=usage)


View = Annotated[Fleet, Depends(fleet_for)]


def create_app() -> FastAPI:
    """Create the application that Airflow mounts."""
    app = FastAPI(title="AWS executors", docs_url=None, redoc_url=None, openapi_url=None)
    allowed = [Depends(requires_access_view(AccessView.CLUSTER_ACTIVITY))]
    app.get(PAGE, dependencies=allowed)(show_page)
    app.get(NEWS, dependencies=allowed)(show_news)
    app.exception_handler(HTTPException)(refuse_request)
    return app


def show_page(view: View) -> HTMLResponse:
    """Serve the page."""
    nonce = secrets.token_urlsafe(16)
    headers = {"Content-Security-Policy": POLICY.format(nonce=nonce), "Cache-Control": "no-store"}
    return HTMLResponse(render_page(view, nonce), headers=headers)


def show_news(view: View) -> JSONResponse:
    """Serve what has changed on the page: as values, and as the markup that shows them."""
    return JSONResponse({"fleet": asdict(view), "html": content(view)}, headers={"Cache-Control": "no-store"})


async def refuse_request(request: Request, error: HTTPException) -> Response:
    """Refuse a request; a user who opens the page without a login is redirected to the login and back."""
    if error.status_code == 401 and request.url.path.endswith(PAGE):
        return RedirectResponse(f"{LOGIN}?next={quote(request.url.path)}", status_code=303)
    return await http_exception_handler(request, error)
