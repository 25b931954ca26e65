"""The sentence that a person reads for each way to write a request wrongly."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from aws_executors import ecs
from aws_executors.core.errors import RequestError, RequestTooLargeError
from aws_executors.core.requests.wire import WRITTEN, Flag, KeyValuePair, Text, Whole
from aws_executors.core.validation import parse, violations


@dataclass(frozen=True, slots=True, kw_only=True, config=WRITTEN)
class Container:
    name: Text
    cpu_units: Whole | None = None
    environment: tuple[KeyValuePair, ...] = ()
    command: tuple[str, ...] = ()
    read_only: Flag | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=WRITTEN)
class Request:
    containers: tuple[Container, ...] = ()
    main: Container | None = None


REQUEST: TypeAdapter[Request] = TypeAdapter(Request)
VALU = (
    "x: containers[0].environment[0].value is missing; x: 'valu' in containers[0].environment[0] "
    "is not known; did you mean 'value'? Allowed: name, value"
)
ALLOWED = "Allowed: name, cpuUnits, environment, command, readOnly"


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (3, "x: must be a mapping, not int 3"),
        (
            {"containrs": []},
            "x: 'containrs' is not known; did you mean 'containers'? Allowed: containers, main",
        ),
        ({"zzz": 1}, "x: 'zzz' is not known. Allowed: containers, main"),
        ({"containers": {"name": "a"}}, "x: containers must be a list, not dict; put it in brackets"),
        (
            {"containers": "main"},
            "x: containers must be a list, not str 'main'; write [{'name': ..., 'cpuUnits': ...}]",
        ),
        ({"main": "a"}, "x: main must be a mapping, not str 'a'; write {'name': ..., 'cpuUnits': ...}"),
        (
            {"containers": ["a"]},
            "x: containers[0] must be a mapping, not str 'a'; write {'name': ..., 'cpuUnits': ...}",
        ),
        (
            {"main": {"name": "a", "command": "ls"}},
            "x: main.command must be a list, not str; put it in brackets",
        ),
        ({"containers": [{}]}, "x: containers[0].name is missing"),
        ({"main": {"name": 3}}, "x: main.name must be text, not int 3; put it in quotes"),
        ({"main": {"name": ""}}, "x: main.name must have at least 1 character, not str ''"),
        (
            {"main": {"name": "a", "cpuUnits": "3"}},
            "x: main.cpuUnits must be a whole number, not str '3'; leave the quotes out",
        ),
        (
            {"main": {"name": "a", "cpu_units": True}},
            "x: main.cpu_units must be a whole number, not bool True",
        ),
        ({"main": {"name": "a", "readOnly": "no"}}, "x: main.readOnly must be True or False, not str 'no'"),
        (
            {"main": {"name": "a", "cpu_unit": 3}},
            f"x: 'cpu_unit' in main is not known; did you mean 'cpuUnits'? {ALLOWED}",
        ),
        (
            {"containers": [{"name": "a"}, {"name": "b", "comand": []}]},
            f"x: 'comand' in containers[1] is not known; did you mean 'command'? {ALLOWED}",
        ),
        (
            {"containers": [{"name": "a", "environment": [{"name": "A", "valu": "s"}]}]},
            VALU,
        ),
    ],
)
def test_every_fault_is_told_with_its_place(written: object, sentence: str) -> None:
    with pytest.raises(RequestError) as refusal:
        parse(REQUEST, written, "x")
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    "written",
    [
        {"main": {"name": "a", "command": ["run", 7_777_777]}},
        {"main": {"name": "a", "environment": [{"name": "A", "value": 7_777_777}]}},
    ],
)
def test_what_may_be_a_secret_is_not_repeated(written: object) -> None:
    with pytest.raises(RequestError, match=r"must be text, not int; put it in quotes$"):
        parse(REQUEST, written, "x")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(RequestError) as refusal:
        parse(REQUEST, {"main": {}, "mian": 1, "containers": [{"name": 1}]}, "x")
    assert str(refusal.value).count("x: ") == 3


@pytest.mark.parametrize(
    ("extra", "kind"),
    [({}, RequestTooLargeError), ({"launchType": "EC2", "platformVersion": "LATEST"}, RequestError)],
)
def test_a_request_whose_only_fault_is_its_size_is_known_by_its_type(
    extra: dict[str, object], kind: type[RequestError]
) -> None:
    long = {"containerOverrides": [{"name": "main", "command": ["x" * 9000]}]}
    with pytest.raises(RequestError, match="overrides are 9055 characters long") as refusal:
        ecs.from_kwargs({"taskDefinition": "airflow", "overrides": long} | extra)
    assert type(refusal.value) is kind


class Numbers(BaseModel):
    model_config = ConfigDict(extra="forbid")

    whole: Annotated[int, Field(ge=1, le=9)] = 1
    real: float = 1.0
    flag: bool = False
    mode: Literal["a", "b"] = "a"
    inner: dict[str, int] = {}


@pytest.mark.parametrize(
    ("written", "demand", "finding"),
    [
        ({"whole": "many"}, "must be a whole number", "is not a whole number"),
        ({"whole": 0}, "must be at least 1", "is below 1"),
        ({"whole": 10}, "must be at most 9", "is above 9"),
        ({"real": "x"}, "must be a number", "is not a number"),
        ({"flag": "maybe"}, "must be True or False", "is not True or False"),
        ({"mode": "c"}, "must be 'a' or 'b'", "is not 'a' or 'b'"),
        ({"inner": 3}, "must be a mapping", "is not a mapping"),
        ({"inner": {"a": 1.5}}, "must be a whole number", "is not a whole number"),
        ({"whole": 1e400}, "must be a finite number", "is not a finite number"),
    ],
)
def test_one_table_says_what_must_be_and_what_is(written: object, demand: str, finding: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Numbers.model_validate(written)
    (found,) = violations(refusal.value)
    assert (found.demand, found.finding) == (demand, finding)
