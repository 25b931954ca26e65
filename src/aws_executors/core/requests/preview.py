"""A request as a person wants to read it.

Law: a preview is made of what is sent: what `to_kwargs` gives, as JSON in AWS's spelling, secrets masked.
Nothing is added, left out or put in another order.
"""

import json
import re
from collections.abc import Iterator
from difflib import unified_diff
from html import escape
from typing import Protocol

from aws_executors.core.errors import BuilderError
from aws_executors.core.redact.literals import mask_literals
from aws_executors.core.redact.values import hidden
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.settings.base import Settings

COLOURS = (
    (re.compile(r"^(\s*)(&quot;.*?&quot;)(?=:)", re.MULTILINE), r'\1<span style="color:#0550ae">\2</span>'),
    (re.compile(r"(?<=: )(&quot;.*?&quot;)(?=,?$)", re.MULTILINE), r'<span style="color:#116329">\1</span>'),
    (re.compile(r"^(\s+)(&quot;.*?&quot;)(?=,?$)", re.MULTILINE), r'\1<span style="color:#116329">\2</span>'),
    (
        re.compile(r"(?<=: )(-?[\d.]+|true|false)(?=,?$)", re.MULTILINE),
        r'<span style="color:#953800">\1</span>',
    ),
)
SIGNS = {"+": "#dafbe1", "-": "#ffebe9", "@": "#ddf4ff"}
STYLE = "line-height:1.35;padding:.6em;border:1px solid #d0d7de;border-radius:6px;overflow:auto"


class _Page(Protocol):
    """What IPython prints on. Source: its ``lib.pretty``, "Extending"."""

    def text(self, obj: str) -> None: ...


class _Lines(str):
    """A text that IPython prints line by line, where it shows no HTML."""

    __slots__ = ()

    def _repr_pretty_(self, page: _Page, cycle: bool) -> None:
        page.text(str(self) or "no difference")


class Preview(_Lines):
    """The text of a preview, which a notebook shows with colours.

    >>> Preview('{"count": 1}')._repr_html_()
    '<pre style="...">{&quot;count&quot;: 1}</pre>'
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        """The same text for a notebook. Source: IPython's "Rich display"."""
        text = escape(self)
        for pattern, coloured in COLOURS:
            text = pattern.sub(coloured, text)
        return f'<pre style="{STYLE}">{text}</pre>'


class Difference(_Lines):
    """The text of a difference, which a notebook shows with colours; empty where there is none."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        lines = "".join(_line(line) for line in self.splitlines())
        return f'<pre style="{STYLE}">{lines or "no difference"}</pre>'


def _line(line: str) -> str:
    colour = SIGNS.get(line[:1])
    style = f' style="background:{colour}"' if colour else ""
    return f"<div{style}>{escape(line)}</div>"


def preview(request: object) -> Preview:
    """The JSON of what boto3 would get for a request of either service, with tokens as ``***``.

    Variables whose names say that they are secret (``DB_PASSWORD``) are masked, too. Members stand in the
    order of the request's fields, which is fixed. Raises `BuilderError` for what is no request.

    >>> from aws_executors.core.ecs.request import RunTask
    >>> print(preview(RunTask(task_definition="airflow:7", launch_type="FARGATE")))
    {
      "taskDefinition": "airflow:7",
      "launchType": "FARGATE",
      "count": 1
    }
    """
    if isinstance(request, Launch | Settings):
        given = type(request).__name__
        raise BuilderError(f"preview shows a request, not {given}; make one: preview(build(launch))")
    return Preview(mask_literals(json.dumps(hidden(to_kwargs(request)), indent=2, ensure_ascii=False)))


def difference(before: object, after: object, names: tuple[str, str] = ("before", "after")) -> Difference:
    """What changes from one request to another, as a unified diff with three lines around each change.

    >>> from aws_executors.core.ecs.request import RunTask
    >>> small = RunTask(task_definition="airflow:7", launch_type="EC2")
    >>> print(difference(small, RunTask(task_definition="airflow:8", launch_type="EC2")))
    --- before
    +++ after
    @@ -1,5 +1,5 @@
     {
    -  "taskDefinition": "airflow:7",
    +  "taskDefinition": "airflow:8",
       "launchType": "EC2",
       "count": 1
     }
    """
    return Difference("\n".join(_differing(preview(before), preview(after), names)))


def _differing(before: str, after: str, names: tuple[str, str]) -> Iterator[str]:
    return unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="")
