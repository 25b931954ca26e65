"""The spelling of requests: what is left out, what stays, and what maps of text become."""

import json
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.requests.spelling import spell
from aws_executors.core.requests.wire import (
    WRITTEN,
    Digits,
    Environment,
    Flag,
    KeyValuePair,
    Matching,
    TagKey,
    TagValue,
    Texts,
    Whole,
    surely_fits,
    to_kwargs,
)
from support.strategies import run_tasks
from support.strategies_batch import submit_jobs


@dataclass(frozen=True, slots=True, kw_only=True, config=WRITTEN)
class Inner:
    some_number: Whole | None = None
    a_flag: Flag | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=WRITTEN)
class Outer:
    first_part: Inner = Inner()
    all_parts: tuple[Inner, ...] = ()
    the_map: Texts = ()
    as_text: Digits | None = None
    variables: Environment = ()


OUTER: TypeAdapter[Outer] = TypeAdapter(Outer)


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("cluster", "cluster"),
        ("task_definition", "taskDefinition"),
        ("task_role_arn", "taskRoleArn"),
        ("size_in_gi_b", "sizeInGiB"),
        ("enable_ecs_managed_tags", "enableECSManagedTags"),
        ("managed_ebs_volume", "managedEBSVolume"),
    ],
)
def test_spelling(name: str, spelled: str) -> None:
    assert spell(name) == spelled


@pytest.mark.parametrize(
    ("request_", "kwargs"),
    [
        (Outer(), {}),
        (Outer(first_part=Inner(some_number=0)), {"firstPart": {"someNumber": 0}}),
        (Outer(first_part=Inner(a_flag=False)), {"firstPart": {"aFlag": False}}),
        (Outer(all_parts=(Inner(), Inner(a_flag=True))), {"allParts": [{}, {"aFlag": True}]}),
        (Outer(the_map=(("b", ""), ("a_b", "1"))), {"theMap": {"a_b": "1", "b": ""}}),
        (Outer(variables=(KeyValuePair(name="A", value=""),)), {"variables": [{"name": "A", "value": ""}]}),
    ],
)
def test_what_is_absent_is_left_out_and_nothing_else(request_: Outer, kwargs: dict[str, object]) -> None:
    assert to_kwargs(request_) == kwargs
    assert OUTER.validate_python(kwargs) == request_


def test_each_call_gives_containers_of_its_own() -> None:
    request = Outer(all_parts=(Inner(a_flag=True),))
    kwargs = to_kwargs(request)
    kwargs.clear()
    assert to_kwargs(request) == {"allParts": [{"aFlag": True}]}


def test_maps_do_not_depend_on_the_order_they_were_written_in() -> None:
    one, other = (
        OUTER.validate_python({"theMap": written}) for written in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})
    )
    assert one == other
    assert hash(one) == hash(other)


def test_environment_reads_a_mapping_and_a_list() -> None:
    read = [
        OUTER.validate_python({"variables": written}).variables
        for written in ({"A": "1"}, [{"name": "A", "value": "1"}])
    ]
    assert read == [(KeyValuePair(name="A", value="1"),)] * 2


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"firstPart": {"someNumber": "3"}}, "valid integer"),
        ({"firstPart": {"someNumber": True}}, "valid integer"),
        ({"firstPart": {"someNumber": 3.0}}, "valid integer"),
        ({"firstPart": {"aFlag": "true"}}, "valid boolean"),
        ({"theMap": {"a": 1}}, "the value of 'a' must be text, not int; put it in quotes"),
        ({"theMap": {1: "a"}}, "the name 1 must be text, not int"),
        ({"variables": {"A": None}}, "the value of 'A' must be text, not None; leave it out"),
        ({"asText": True}, "valid string"),
        ({"asText": 0.5}, "valid string"),
        ({"first_part": {}, "firstPart": {}}, "Unexpected keyword argument"),
    ],
)
def test_nothing_is_bent_into_another_type(written: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        OUTER.validate_python(written)


def test_a_number_that_aws_wants_as_text_may_be_a_number() -> None:
    assert to_kwargs(OUTER.validate_python({"asText": 256})) == {"asText": "256"}


def test_a_value_is_frozen_checked_on_replace_and_silent_about_what_was_wrong() -> None:
    with pytest.raises(FrozenInstanceError):
        Inner().some_number = 3  # type: ignore[misc]
    with pytest.raises(ValidationError) as refusal:
        replace(Outer(), the_map=(("secret", "hunter2"), ("a", 1)))  # type: ignore[arg-type]
    assert "hunter2" not in str(refusal.value)


def test_matching_is_from_end_to_end() -> None:
    with pytest.raises(ValueError, match=r"'ab\\n' must be letters"):
        Matching("[a-z]+", "letters")("ab\n")


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("key", "", "at least 1 character"),
        ("key", "k" * 129, "at most 128 characters"),
        ("key", "AWS:cost", "reserves"),
        ("key", "a?b", r"may not contain '\?'"),
        ("value", "v" * 257, "at most 256 characters"),
        ("value", "a\tb*", "may not contain"),
    ],
)
def test_tags_as_aws_allows_them(kind: str, text: str, words: str) -> None:
    adapter: TypeAdapter[str] = {"key": TypeAdapter(TagKey), "value": TypeAdapter(TagValue)}[kind]
    with pytest.raises(ValidationError, match=words):
        adapter.validate_python(text)
    assert adapter.validate_python("Größe 3 _.:/=+-@") == "Größe 3 _.:/=+-@"


@given(run_tasks | submit_jobs, st.integers(1, 5000))
def test_what_surely_fits_does_fit(request: RunTask | SubmitJob, limit: int) -> None:
    assert not surely_fits(request, limit) or len(json.dumps(to_kwargs(request))) <= limit


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.integers(1, 500))
def test_what_surely_fits_does_fit_in_any_script(value: str, limit: int) -> None:
    variable = KeyValuePair(name="A", value=value)
    assert not surely_fits(variable, limit) or len(json.dumps(to_kwargs(variable))) <= limit
