"""The table of reasons: each row on what AWS really writes, and none hidden behind another.

Law: what AWS says stands in `tests/field/reasons`, as people have met it, and the documented names of errors
in `error_names.json`; that every row is reachable, phrase by phrase, is proved from the rows themselves.
"""

import json
import re
from pathlib import Path

import pytest

from aws_executors.core.ecs.answers.responses import FAILURES
from aws_executors.core.explain.reason import ANYTHING, OUTSIDE, Reason, is_said
from aws_executors.core.explain.reasons import REASONS, TABLES, reason_for
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase, Sign

NAMES = json.loads((Path(__file__).parent / "error_names.json").read_text(encoding="utf-8"))
FIELD = Path(__file__).parents[2] / "field"


def failed_by(sign: Sign, cause: Cause, *, exit_code: int | None = None) -> Observation:
    return Observation(id="1", phase=Phase.FAILED, sign=sign, cause=cause, exit_code=exit_code)


PLACES = {
    "RESOURCE:ENI": "TaskFailedToStart: RESOURCE:ENI",
    "RESOURCE:GPU": "TaskFailedToStart: RESOURCE:GPU",
    "RESOURCE:PORTS": "TaskFailedToStart: RESOURCE:PORTS",
    "RESOURCE:FARGATE": "TaskFailedToStart: RESOURCE:FARGATE",
    "RESOURCE:": "TaskFailedToStart: RESOURCE:MEMORY",
    "AGENT": "TaskFailedToStart: AGENT",
    "ATTRIBUTE": "TaskFailedToStart: ATTRIBUTE",
    "LOCATION": "TaskFailedToStart: LOCATION",
    "MemberOf placement constraint": "TaskFailedToStart: MemberOf placement constraint unsatisfied.",
    "distinctInstance placement constraint": "TaskFailedToStart: distinctInstance "
    "placement constraint unsatisfied.",
    "NO ACTIVE INSTANCES": "TaskFailedToStart: NO ACTIVE INSTANCES",
    "EMPTY CAPACITY PROVIDER": "TaskFailedToStart: EMPTY CAPACITY PROVIDER",
    "Capacity is unavailable": "Capacity is unavailable at this time. Please try again later or in a "
    "different availability zone",
}
STOPPED = {
    "SpotInterruption": (Cause.RECLAIMED, "Spot capacity taken back"),
    "TerminationNotice": (Cause.INSTANCE_ENDED, "instance about to end"),
    "InfrastructureHealth": (Cause.HOST_LOST, "machine unhealthy"),
    "ServiceSchedulerInitiated": (Cause.STOPPED, "service scaled in"),
    "UserInitiated": (Cause.STOPPED, "stopped by somebody"),
}
SIGNS = {
    "stopped by somebody": failed_by(Sign.BY_A_PERSON, Cause.STOPPED),
    "no longer shown": failed_by(Sign.NO_LONGER_SHOWN, Cause.UNCLEAR),
    "sidecar took the task along": failed_by(Sign.TAKEN_ALONG, Cause.EXITED, exit_code=143),
    "sidecar ended before the start": failed_by(Sign.TAKEN_ALONG, Cause.NEVER_STARTED),
    "no instance for the capacity provider": failed_by(Sign.NO_INSTANCE, Cause.NEVER_STARTED),
}
MADE = ("refused: ", "no room: ", "not placed: ")
"""Rows that are made of the tables of errors and of placement failures."""

CODES = (
    *(
        1,
        2,
        80,
        81,
        82,
        83,
        84,
        125,
        126,
        127,
        128,
        129,
        130,
        132,
        134,
        135,
        136,
        137,
        139,
        141,
        143,
        152,
        153,
    ),
    *(159, 255, 3221225477, -1073741819, 3221225786, -1073741510, 3221226505, -1073740791),
)
ENDED = {code: f"exit {code}" for code in CODES}


def failed(
    reason: str = "",
    *,
    cause: Cause = Cause.NEVER_STARTED,
    stop_code: str = "",
    exit_code: int | None = None,
    others: str = "",
    sign: Sign | None = None,
) -> Observation:
    return Observation(
        id="1",
        phase=Phase.FAILED,
        reason=reason,
        others=others,
        sign=sign,
        cause=cause,
        stop_code=stop_code,
        exit_code=exit_code,
    )


def named(row: Reason | None) -> str:
    return "" if row is None else row.name


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name["name"])
def test_every_documented_name_of_an_error_has_a_row_of_its_own(name: dict[str, str]) -> None:
    """A row that speaks of this name, and of no name or word that is any error's."""
    word = name["name"]
    assert name["source"]
    if word == "TaskFailedToStart":  # a stop code, too: what follows it says what happened
        assert {row.name for row in REASONS if any(word in says for says in row.says)}
        return
    row = reason_for(failed(f"{word}: tea", cause=Cause.UNCLEAR))
    assert row is not None
    assert any(says.lower().rstrip(": ") in word.lower() for says in row.says)


def test_the_names_are_many_and_each_is_there_once() -> None:
    assert len({name["name"] for name in NAMES}) == len(NAMES) >= 55


@pytest.mark.parametrize(("words", "reason"), PLACES.items())
def test_a_task_without_a_place(words: str, reason: str) -> None:
    found = reason_for(failed(reason))
    assert found is not None
    assert found.name == f"not placed: {words}"
    assert found.remedy == dict(FAILURES)[words]


@pytest.mark.parametrize("stop_code", STOPPED)
def test_who_ended_it(stop_code: str) -> None:
    cause, name = STOPPED[stop_code]
    assert named(reason_for(failed(stop_code=stop_code, cause=cause, exit_code=143))) == name


@pytest.mark.parametrize("name", SIGNS)
def test_what_the_shape_says(name: str) -> None:
    assert named(reason_for(SIGNS[name])) == name


@pytest.mark.parametrize("cause", sorted(OUTSIDE))
def test_who_ended_it_from_outside_is_not_explained_by_other_words(cause: Cause) -> None:
    words = (
        "OutOfMemoryError; CannotPullContainerError: not found; MISCONFIGURATION:X; failed ELB health checks"
    )
    row = reason_for(failed(words, cause=cause, exit_code=137))
    assert row is None or row.cause is cause


def test_a_person_s_words_tell_only_of_the_person() -> None:
    words = "Task failed container health checks, OutOfMemory, Host EC2 (instance i-1) terminated"
    assert (
        named(reason_for(failed(words, cause=Cause.STOPPED, stop_code="UserInitiated")))
        == "stopped by somebody"
    )


def test_another_container_s_words_come_after_those_of_airflow_s_own() -> None:
    seen = failed("CannotPullContainerError: not found", others="router: OutOfMemoryError: killed")
    assert named(reason_for(seen)) == "image not found"
    assert (
        named(reason_for(failed("Task failed to start", others="router: OutOfMemoryError")))
        == "out of memory"
    )
    ended = failed(
        "Essential container in task exited", cause=Cause.EXITED, exit_code=3, others="a: OutOfMemoryError"
    )
    assert named(reason_for(ended)) == ""


@pytest.mark.parametrize(("code", "name"), ENDED.items())
def test_an_exit_code(code: int, name: str) -> None:
    ended = failed("Essential container in task exited", cause=Cause.EXITED, exit_code=code)
    assert named(reason_for(ended)) == name


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        (failed("OutOfMemoryError: killed", cause=Cause.EXITED, exit_code=137), "out of memory"),
        (failed("Essential container in task exited", cause=Cause.EXITED, exit_code=3), ""),
        (failed("Essential container in task exited", cause=Cause.UNCLEAR), ""),
        (failed("the dog ate it"), ""),
        (failed(), ""),
    ],
)
def test_which_word_counts(seen: Observation, name: str) -> None:
    assert named(reason_for(seen)) == name


def test_no_row_shows_a_gap_that_was_to_be_filled() -> None:
    assert [row.name for row in REASONS if re.search(r"\{\w+\}", row.what + row.remedy)] == []


def test_every_row_is_met_in_the_field_by_name_or_by_hand() -> None:
    field = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FIELD.glob("reasons/*.json"))]
    met = {case["expect"]["row"] for case in field}
    met |= {named(reason_for(failed(f"{name['name']}: tea", cause=Cause.UNCLEAR))) for name in NAMES}
    jobs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FIELD.glob("batch-jobs/*.json"))]
    met |= {case["expect"]["row"] for case in jobs if "row" in case["expect"]}
    met |= {name for _, name in STOPPED.values()} | set(SIGNS) | set(ENDED.values())
    assert len(field) >= 200
    assert {row.name for row in REASONS if not row.name.startswith(MADE)} - met == {
        "queue misconfigured",  # what is still to be invented
        "queue without capacity",
    }


def shapes(row: Reason) -> list[Observation]:
    """The least that AWS must say for this row, in each of its ways."""
    cause = row.cause or Cause.UNCLEAR
    phrases = [failed(phrase.replace(ANYTHING, " / "), cause=cause) for phrase in row.says]
    codes = [failed(cause=cause, stop_code=row.stop_code)] if row.stop_code else []
    exits = [failed(cause=cause, exit_code=row.exit_code)] if row.exit_code is not None else []
    signs = [failed(cause=cause, sign=row.sign)] if row.sign is not None else []
    return [*phrases, *codes, *exits, *signs]


def test_no_row_is_hidden_behind_another() -> None:
    for row in REASONS:
        assert shapes(row), row.name
        assert [named(reason_for(seen)) for seen in shapes(row)] == [row.name] * len(shapes(row))


def test_no_part_of_a_phrase_has_a_dot_before_a_gap() -> None:
    """Four dots in a row are a gap and a dot, whichever was meant."""
    assert [phrase for row in REASONS for phrase in row.says if "...." in phrase] == []


def test_every_row_says_all_that_a_person_needs() -> None:
    for row in REASONS:
        assert re.fullmatch(r"[A-Z].*[^.]", row.what), row.name
        assert re.fullmatch(r"[A-Z].*(\.|\?|::|\))", row.remedy), row.name
        assert row.source.startswith("https://"), row.name


def test_names_are_names() -> None:
    names = [row.name for row in REASONS]
    assert len(set(names)) == len(names) >= 60
    assert sum(len(table) for table in TABLES.values()) == len(REASONS)


@pytest.mark.parametrize(
    ("phrase", "text", "said"),
    [
        ("a...b", "ab", True),
        ("a...b", "A then B", True),
        ("a...b", "b then a", False),
        ("b...b", "b", False),
        ("x", "", False),
        ("auth...context deadline exceeded", "auth: context deadl...", True),
        ("auth...context deadline exceeded", "auth: context deadl\u2026", True),
        (
            "auth...context deadline exceeded",
            "auth: context deadl",
            False,
        ),  # not cut off, as far as anyone knows
        ("auth...context deadline exceeded", f"auth{'x' * 236}context deadlin", True),  # 255 characters
        ("auth...context deadline exceeded", "auth: conte...", False),  # too little is left
        ("context...auth", "auth: context...", False),
        ("failed to chown", "from daemon: failed t...", False),  # with which many begin
        ("No such image", "open /etc/passwd: no such ...", False),
        ("containerd.sock", "failed to create containe...", False),
        ("RESOURCE:ENI", "ec2:RunInstances on resource:...", False),
        ("EFS...failed to resolve", "EFS: failed to...", False),
        ("EFS...failed to resolve", "EFS: failed to reso...", True),
        ("unable to find user", "from daemon: unable to ...", False),
        ("unable to find user", "from daemon: unable to find us...", True),
        ("the end", f"{'x' * 5000}the end", False),  # so far nobody looks
    ],
)
def test_phrases(phrase: str, text: str, said: bool) -> None:
    assert is_said(phrase, text) is said
