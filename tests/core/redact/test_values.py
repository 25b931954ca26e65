"""No token is shown, wherever a text quotes it; everything else is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.redact.values import mask

JWT = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiIwMTkifQ.q1_-Zk"
WORKLOAD = {"token": JWT, "ti": {"task_id": "load"}}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Bearer {JWT}.", "Bearer ***."),
        (JWT, "***"),
        (f"{JWT} {JWT}", "*** ***"),
        (JWT.rsplit(".", 1)[0], "***"),  # cut short
        ('{"token":"abc","x":1}', '{"token":"***","x":1}'),
        ("{'token': 'abc', 'x': 1}", "{'token': '***', 'x': 1}"),
        ('{"token": "ab\\"c", "x": 1}', '{"token": "***", "x": 1}'),
        ('{"token": "abc', '{"token": "***'),
        ('{"token": null}', '{"token": null}'),
        ('{"tokens": "abc"}', '{"tokens": "abc"}'),
        ("eyJ is no token, nor is eyJhbGciOi", "eyJ is no token, nor is eyJhbGciOi"),
    ],
)
def test_mask(text: str, shown: str) -> None:
    assert mask(text) == shown


TOKENS = st.text(alphabet="abcXYZ019_-./+", min_size=8)


@given(TOKENS, st.integers(1, 3))
def test_a_token_is_not_shown_however_deep_its_json_is_quoted(token: str, depth: int) -> None:
    text = json.dumps({"token": token, "ti": 1})
    for _ in range(depth - 1):
        text = json.dumps(text)
    masked = mask(text)
    for _ in range(depth - 1):
        masked = json.loads(masked)
    assert json.loads(masked) == {"token": "***", "ti": 1}


@given(st.text() | st.just(json.dumps(WORKLOAD)))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    assert mask(mask(text)) == mask(text)
