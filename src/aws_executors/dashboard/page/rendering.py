"""Render the fleet page from the templates beside this module.

Law: takes a view, returns markup. Every text is escaped (Jinja2's autoescape is on, and no template switches
it off), and a name that a template does not know is an error. A link that is neither http(s) nor relative to
this page is not rendered (`parts.html`).
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from jinja2 import Environment, PackageLoader, StrictUndefined

from aws_executors.core.lifecycle.display_state import DisplayState
from aws_executors.dashboard.page.view import Fleet

MEANINGS: Mapping[DisplayState, str] = MappingProxyType(
    {
        DisplayState.WAITING: "being prepared, or refused by AWS for now",
        DisplayState.SUBMITTING: "waiting to call AWS, in a call, or waiting for a warm container",
        DisplayState.STARTING: "AWS has the container",
        DisplayState.RUNNING: "the container runs",
        DisplayState.ENDING: "the container ends",
    }
)


def render_page(fleet: Fleet, nonce: str) -> str:
    """The whole page; style and script carry the nonce of its Content-Security-Policy.

    >>> from aws_executors.dashboard.page.view import fleet
    >>> render_page(fleet((), (), lambda dag: True, now=0.0, hours=24), "n")[:15]
    '<!doctype html>'
    """
    return _templates().get_template("page.html").render(fleet=fleet, meanings=MEANINGS, nonce=nonce)


def content(fleet: Fleet) -> str:
    """The part of the page that changes."""
    return _templates().get_template("content.html").render(fleet=fleet, meanings=MEANINGS)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("aws_executors.dashboard.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
