"""The rich form of a preview says the same as its text, and nothing in it can be taken for HTML."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st
from IPython.lib.pretty import pretty

from aws_executors import difference, ecs, preview
from aws_executors.core.requests.preview import Difference, Preview
from aws_executors.core.requests.wire import KeyValuePair

TAGS = re.compile(r"</?(pre|span|div)\b[^<>]*>")
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


def request(value: str = "x", size: str = "1024") -> ecs.RunTask:
    variables = ecs.ContainerOverride(name="main", environment=(KeyValuePair(name="STAGE", value=value),))
    return ecs.RunTask(
        task_definition="airflow",
        overrides=ecs.Overrides(container_overrides=(variables,), cpu=size, memory="4096"),
    )


@given(TEXT)
def test_the_html_says_what_the_text_says(value: str) -> None:
    shown = preview(request(value))
    assert unescape(TAGS.sub("", shown._repr_html_())) == shown


@given(TEXT, TEXT)
def test_so_does_a_difference_s(one: str, other: str) -> None:
    shown = difference(request(one), request(other))
    html = shown._repr_html_().replace("</div>", "\n")
    text = unescape(TAGS.sub("", html)).rstrip("\n")
    assert text == (shown or "no difference")


def test_without_html_ipython_shows_the_lines() -> None:
    shown = difference(request("a"), request("b"))
    assert pretty(preview(request())) == preview(request())
    assert pretty(shown) == shown
    assert pretty(difference(request(), request())) == "no difference"


def test_a_preview_is_a_text() -> None:
    shown = preview(request())
    assert isinstance(shown, str)
    assert f"{shown}".startswith('{\n  "taskDefinition"')


def test_keys_and_values_have_their_colours() -> None:
    html = Preview('{\n  "count": 1,\n  "x": [\n    "a"\n  ],\n  "y": "b"\n}')._repr_html_()
    assert re.findall(r"color:(#\w+)\">(.*?)</span>", html) == [
        ("#0550ae", "&quot;count&quot;"),
        ("#953800", "1"),
        ("#0550ae", "&quot;x&quot;"),
        ("#116329", "&quot;a&quot;"),
        ("#0550ae", "&quot;y&quot;"),
        ("#116329", "&quot;b&quot;"),
    ]


def test_a_difference_names_both_sides_and_what_changed() -> None:
    shown = difference(request(size="1024"), request(size="2048"), ("default", "mine"))
    changed = [line for line in shown.splitlines() if line[:1] in "+-"]
    assert changed == ["--- default", "+++ mine", '-    "cpu": "1024",', '+    "cpu": "2048",']
    assert shown._repr_html_().count("background:") == 5


def test_no_difference_is_empty() -> None:
    assert difference(request(), request()) == ""
    assert "no difference" in Difference("")._repr_html_()


def test_tokens_are_masked_on_both_sides() -> None:
    token = "eyJhbGciOi.eyJzdWIi.c2ln"
    shown = difference(request("a"), request(token))
    assert token not in shown
    assert "***" in shown
