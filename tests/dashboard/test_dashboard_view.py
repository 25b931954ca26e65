"""What the page says of a view, and that no text of a view is ever markup."""

import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from aws_executors.core.aws.console import container_in
from aws_executors.core.lifecycle.display_state import DisplayState
from aws_executors.core.lifecycle.metrics import ContainerState
from aws_executors.dashboard.page.failure_kind import failure_kind
from aws_executors.dashboard.page.formatting import age, task_page
from aws_executors.dashboard.page.rendering import _templates, content, render_page
from aws_executors.dashboard.page.view import Failure, Fleet, fleet
from aws_executors.dashboard.snapshot import (
    CallRate,
    ContainerCount,
    JobRecord,
    QueueCount,
    Snapshot,
    TaskKey,
)
from support.samples import examples

NOW = 1_800_000_000.0
JOB = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "\"><img src=x onerror='x'>",
        "&amp;",
        "]]>",
        "javascript:alert(1)",
        "</small>",
    ]
)


def job(state: DisplayState, since: float, dag: str = "etl", **more: object) -> JobRecord:
    told = {
        "key": TaskKey(dag=dag, task="load", run="r", try_number=1),
        "state": state,
        "since": since,
    } | more
    return JobRecord.model_validate(told)


def snapshot(*members: JobRecord, **more: object) -> Snapshot:
    told = {"executor": "AwsBatchExecutor", "scheduler": "host:1", "region": "us-east-1", "at": NOW - 3}
    return Snapshot.model_validate(told | {"jobs": members} | more)


def seen(
    *snapshots: Snapshot, failures: tuple[Failure, ...] = (), may: frozenset[str] = frozenset({"etl"})
) -> Fleet:
    return fleet(snapshots, failures, may.__contains__, NOW, 24)


class Skeleton(HTMLParser):
    """The elements and attributes of markup, without its texts."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(sorted(name for name, _ in attrs if name not in LINKS))))
        self.links += [value or "" for name, value in attrs if name == "href"]


LINKS = ("href", "target", "rel", "title")


@examples(40)
@given(TEXT, TEXT, TEXT, TEXT, TEXT)
def test_no_text_changes_the_page_s_skeleton(
    dag: str, queue: str, words: str, executor: str, region: str
) -> None:
    def made(dag: str, queue: str, words: str, executor: str, region: str) -> Skeleton:
        key = TaskKey(dag=dag, task=words, run=queue)
        told = snapshot(
            JobRecord(
                key=key, queue=queue, state=DisplayState.RUNNING, since=NOW, container=words, reason=words
            ),
            executor=executor,
            scheduler=words,
            region=region,
            queues=(QueueCount(queue=queue, state=DisplayState.RUNNING, count=1, oldest=NOW),),
            calls=(CallRate(action=words, calls=1, throttled=0),),
        )
        failed = Failure(key=key, at=NOW, event=words, message=words)
        return Skeleton(content(fleet((told,), (failed,), lambda _: True, NOW, 24)))

    evil, plain = made(dag, queue, words, executor, region), made("d", "q", "w", "e", "r")
    without_links = [one for one in evil.elements if one[0] not in ("a", "small")]
    assert without_links == [one for one in plain.elements if one[0] not in ("a", "small")]
    assert all(address.startswith(("../dags/", "https://")) for address in evil.links)


def test_the_empty_page_says_what_it_means() -> None:
    text = content(seen())
    assert "No scheduler has reported yet" in text
    assert "fleet_interval" in text


def test_a_fleet_at_rest_says_so() -> None:
    text = content(seen(snapshot()))
    assert "No jobs:" in text
    assert "No calls to AWS in the last minute." in text
    assert "None." in text


def test_counts_by_queue_and_the_longest_wait() -> None:
    groups = (
        QueueCount(queue="gpu", state=DisplayState.STARTING, count=3, oldest=NOW - 1240),
        QueueCount(queue="gpu", state=DisplayState.RUNNING, count=8, oldest=NOW - 7200),
    )
    found = seen(snapshot(queues=groups), snapshot(queues=groups, scheduler="other:2"))
    assert found.totals == (0, 0, 6, 16, 0)
    (row,) = found.queues
    assert (row.queue, row.counts, row.oldest, row.oldest_state) == (
        "gpu",
        (0, 0, 6, 16, 0),
        "2 h",
        "running",
    )


def test_jobs_stand_in_the_order_of_their_lives_oldest_first_with_links() -> None:
    found = seen(
        snapshot(
            job(DisplayState.RUNNING, NOW - 5, container=JOB),
            job(DisplayState.WAITING, NOW - 1),
            job(DisplayState.RUNNING, NOW - 90, container=JOB),
        )
    )
    assert [(row.state, row.since) for row in found.jobs] == [
        ("waiting", "1 s"),
        ("running", "1 min 30 s"),
        ("running", "5 s"),
    ]
    assert found.jobs[1].console == (
        f"https://us-east-1.console.aws.amazon.com/batch/home?region=us-east-1#jobs/detail/{JOB}"
    )
    assert found.jobs[0].page == "../dags/etl/runs/r/tasks/load?try_number=1"


def test_callbacks_are_nobody_s_and_shown_to_all() -> None:
    found = seen(snapshot(JobRecord(key=TaskKey(), state=DisplayState.RUNNING, since=NOW)), may=frozenset())
    assert [(row.task, row.page) for row in found.jobs] == [("callback", "")]


def test_failures_by_reason() -> None:
    words = f"The container ran out of memory ({JOB}, exit code 137). AWS says: OutOfMemoryError."
    failures = tuple(
        Failure(key=TaskKey(dag=dag, task="t", run="r"), at=NOW - ago, event="container failed", message=said)
        for dag, ago, said in (
            ("etl", 10, words),
            ("etl", 20, words),
            ("etl", 30, "x: y. z"),
            ("hr", 1, words),
        )
    )
    found = seen(snapshot(), failures=failures)
    assert found.kinds == (("The container ran out of memory", 2), ("x", 1))
    assert [(row.ago, row.container) for row in found.failures] == [
        ("10 s", "1b4e28ba"),
        ("20 s", "1b4e28ba"),
        ("30 s", ""),
    ]
    assert "(1b4e28ba, exit code 137)" in content(found)


def test_a_slowed_action_shows_its_share() -> None:
    flows = (
        CallRate(action="submit", calls=9, throttled=2, granted=5, documented=20),
        CallRate(action="look", calls=1, throttled=0),
    )
    found = seen(snapshot(calls=flows))
    assert [(row.granted, row.share) for row in found.calls] == [
        ("5 of 20 per second", 0.25),
        ("no limit", 1.0),
    ]
    assert 'width="0.2500"' in content(found)


def test_warm_containers_by_state_with_the_task_of_those_that_are_busy() -> None:
    arn = "arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e2d3c4b5a"
    busy = {"container": arn, "state": ContainerState.BUSY, "since": NOW - 9, "served": 3}
    told = snapshot(
        containers=(
            busy | {"key": TaskKey(dag="etl", task="load", run="r")},
            busy | {"key": TaskKey(dag="hr", task="secret", run="hidden"), "container": JOB},
            {"state": ContainerState.STARTING, "since": NOW - 70},
        ),
        container_counts=(
            ContainerCount(state=ContainerState.BUSY, count=2, served=6),
            ContainerCount(state=ContainerState.STARTING, count=3, served=0),
        ),
    )
    found = seen(told, snapshot(scheduler="other:2"))
    assert found.warm is not None
    assert found.warm.counts == (("starting", 3), ("idle", 0), ("busy", 2), ("closing", 0))
    assert (found.warm.served, found.warm.left_out) == (6, 2)
    assert [(row.state, row.container, row.served, row.task) for row in found.warm.rows] == [
        ("starting", "", 0, ""),
        ("busy", "0f1e2d3c", 3, "etl.load"),
        ("busy", "1b4e28ba", 3, ""),
    ]
    text = content(found)
    assert "those that are up have run 6" in text
    assert "2 more are counted above but not listed." in text
    assert "secret" not in text
    assert "hidden" not in text
    assert "Warm containers" not in content(seen(snapshot()))


def test_a_silent_scheduler_is_named_and_not_counted() -> None:
    group = QueueCount(queue="q", state=DisplayState.RUNNING, count=7, oldest=NOW)
    found = seen(snapshot(queues=(group,), at=NOW - 400), snapshot(queues=(group,), scheduler="live:2"))
    assert found.totals == (0, 0, 0, 7, 0)
    assert "host:1 has not reported for 6 min 40 s" in content(found)


def test_the_page_is_whole_and_asks_nothing_of_others() -> None:
    text = render_page(seen(snapshot()), "n0nce")
    assert re.findall(r"<(?:script|style)[^>]*>", text) == ['<style nonce="n0nce">', '<script nonce="n0nce">']
    assert not re.search(r"https?://|@import|url\(", text)
    assert Skeleton(text).elements[0] == ("html", ("lang",))


@pytest.mark.parametrize(
    ("address", "is_link"),
    [
        ("https://example.com/", True),
        ("../dags/x", True),
        ("", False),
        ("javascript:alert(1)", False),
        ("//example.com", False),
        ("data:text/html,x", False),
    ],
)
def test_only_pages_are_linked(address: str, is_link: bool) -> None:
    found = seen(snapshot(job(DisplayState.RUNNING, NOW, container="text")))
    (row,) = found.jobs
    text = content(replace(found, jobs=(replace(row, page="", console=address),)))
    assert Skeleton(text).links == ([address] if is_link else [])
    assert (">text</a>" in text) is is_link
    assert "text" in text


@given(TEXT)
def test_every_text_is_said_as_it_is(text: str) -> None:
    failed = Failure(key=TaskKey(dag="etl"), at=NOW, event="container failed", message=text)
    (row,) = seen(snapshot(), failures=(failed,)).failures
    said = re.search("</span> (.*)</summary>", content(seen(snapshot(), failures=(failed,))), re.DOTALL)
    assert said is not None
    assert unescape(said[1]) == row.detail


def test_no_template_switches_escaping_off() -> None:
    for file in (resources.files("aws_executors.dashboard.page") / "templates").iterdir():
        assert not re.search(r"\|\s*safe|autoescape|Markup", file.read_text()), file.name


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'fleet' is undefined"):
        _templates().get_template("content.html").render()


def test_the_wheel_has_the_templates(tmp_path: Path) -> None:
    """As `pip wheel` makes it, without asking an index."""
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=root,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(ZipFile(wheel).namelist())
    templates = [file for file in (root / "src").rglob("templates/*") if file.is_file()]
    assert len(templates) >= 6
    assert {str(file.relative_to(root / "src")) for file in templates} <= names


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(59.9, "59 s"), (60, "1 min"), (3661, "1 h 1 min"), (86400 * 3, "3 d"), (float("1e9"), "11574 d 1 h")],
)
def test_ages(seconds: float, expected: str) -> None:
    assert age(seconds) == expected


def test_odd_words_name_no_container() -> None:
    assert container_in("") == ""
    assert container_in("AccessDenied: arn:aws:iam::1:role/x may not") == ""
    assert failure_kind("") == "No reason given"


def test_mapped_tasks_and_odd_names_in_addresses() -> None:
    key = TaskKey(dag="a/b", task="t?#", run="x y", map_index=0, try_number=0)
    assert task_page(key) == "../dags/a%2Fb/runs/x%20y/tasks/t%3F%23/mapped/0"


def test_how_a_scheduler_hears_of_containers_is_shown_where_it_is_not_by_polls_alone() -> None:
    by_events = content(seen(snapshot(news="polling, as no events arrive")))
    assert "in us-east-1, learns about containers by polling, as no events arrive, reported" in by_events
    assert "in us-east-1, reported" in content(seen(snapshot()))
