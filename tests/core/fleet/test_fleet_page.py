"""What the page says of a view, and that no text of a view is ever markup."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.fleet.markup import Html, element, joined, link
from aws_executors.core.fleet.page import content, page
from aws_executors.core.fleet.snapshot import Flow, Group, Key, Member, Snapshot
from aws_executors.core.fleet.standing import Standing
from aws_executors.core.fleet.view import Failed, Fleet, fleet
from aws_executors.core.fleet.words import age, container_in, headline, task_page

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


def member(standing: Standing, since: float, dag: str = "etl", **more: object) -> Member:
    told = {"key": Key(dag=dag, task="load", run="r", number=1), "standing": standing, "since": since} | more
    return Member.model_validate(told)


def snapshot(*members: Member, **more: object) -> Snapshot:
    told = {"executor": "AwsBatchExecutor", "scheduler": "host:1", "region": "us-east-1", "at": NOW - 3}
    return Snapshot.model_validate(told | {"members": members} | more)


def seen(
    *snapshots: Snapshot, failures: tuple[Failed, ...] = (), may: frozenset[str] = frozenset({"etl"})
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


@given(TEXT, TEXT, TEXT, TEXT, TEXT)
def test_no_text_changes_the_page_s_skeleton(
    dag: str, queue: str, words: str, executor: str, region: str
) -> None:
    def made(dag: str, queue: str, words: str, executor: str, region: str) -> Skeleton:
        key = Key(dag=dag, task=words, run=queue)
        told = snapshot(
            Member(key=key, queue=queue, standing=Standing.RUNNING, since=NOW, container=words, words=words),
            executor=executor,
            scheduler=words,
            region=region,
            groups=(Group(queue=queue, standing=Standing.RUNNING, count=1, oldest=NOW),),
            flows=(Flow(action=words, calls=1, throttled=0),),
        )
        failed = Failed(key=key, at=NOW, event=words, words=words)
        return Skeleton(content(fleet((told,), (failed,), lambda _: True, NOW, 24)))

    evil, plain = made(dag, queue, words, executor, region), made("d", "q", "w", "e", "r")
    without_links = [one for one in evil.elements if one[0] not in ("a", "small")]
    assert without_links == [one for one in plain.elements if one[0] not in ("a", "small")]
    assert all(address.startswith(("../dags/", "https://")) for address in evil.links)


def test_the_empty_page_says_what_it_means() -> None:
    text = content(seen())
    assert "No scheduler has told anything yet" in text
    assert "fleet_interval" in text


def test_a_fleet_at_rest_says_so() -> None:
    text = content(seen(snapshot()))
    assert "No job is under way" in text
    assert "Nothing has been asked of AWS within the last minute." in text
    assert "None." in text


def test_counts_by_queue_and_the_longest_wait() -> None:
    groups = (
        Group(queue="gpu", standing=Standing.STARTING, count=3, oldest=NOW - 1240),
        Group(queue="gpu", standing=Standing.RUNNING, count=8, oldest=NOW - 7200),
    )
    found = seen(snapshot(groups=groups), snapshot(groups=groups, scheduler="other:2"))
    assert found.totals == (0, 0, 6, 16, 0)
    (row,) = found.queues
    assert (row.queue, row.counts, row.oldest, row.oldest_standing) == (
        "gpu",
        (0, 0, 6, 16, 0),
        "2 h",
        "running",
    )


def test_jobs_stand_in_the_order_of_their_lives_oldest_first_with_links() -> None:
    found = seen(
        snapshot(
            member(Standing.RUNNING, NOW - 5, container=JOB),
            member(Standing.WAITING, NOW - 1),
            member(Standing.RUNNING, NOW - 90, container=JOB),
        )
    )
    assert [(row.standing, row.since) for row in found.jobs] == [
        ("waiting", "1 s"),
        ("running", "1 min 30 s"),
        ("running", "5 s"),
    ]
    assert found.jobs[1].console == (
        f"https://us-east-1.console.aws.amazon.com/batch/home?region=us-east-1#jobs/detail/{JOB}"
    )
    assert found.jobs[0].page == "../dags/etl/runs/r/tasks/load?try_number=1"


def test_callbacks_are_nobody_s_and_shown_to_all() -> None:
    found = seen(snapshot(Member(key=Key(), standing=Standing.RUNNING, since=NOW)), may=frozenset())
    assert [(row.task, row.page) for row in found.jobs] == [("callback", "")]


def test_failures_by_reason() -> None:
    words = f"The container ran out of memory ({JOB}, exit code 137). AWS says: OutOfMemoryError."
    failures = tuple(
        Failed(key=Key(dag=dag, task="t", run="r"), at=NOW - ago, event="container failed", words=said)
        for dag, ago, said in (
            ("etl", 10, words),
            ("etl", 20, words),
            ("etl", 30, "x: y. z"),
            ("hr", 1, words),
        )
    )
    found = seen(snapshot(), failures=failures)
    assert found.reasons == (("The container ran out of memory", 2), ("x: y", 1))
    assert [(row.ago, row.container) for row in found.failures] == [
        ("10 s", "1b4e28ba"),
        ("20 s", "1b4e28ba"),
        ("30 s", ""),
    ]
    assert "(1b4e28ba, exit code 137)" in content(found)


def test_a_slowed_action_shows_its_share() -> None:
    flows = (
        Flow(action="submit", calls=9, throttled=2, granted=5, documented=20),
        Flow(action="look", calls=1, throttled=0),
    )
    found = seen(snapshot(flows=flows))
    assert [(row.granted, row.share) for row in found.flows] == [
        ("5 of 20 a second", 0.25),
        ("no limit", 1.0),
    ]
    assert 'width="0.2500"' in content(found)


def test_a_silent_scheduler_is_named_and_not_counted() -> None:
    group = Group(queue="q", standing=Standing.RUNNING, count=7, oldest=NOW)
    found = seen(snapshot(groups=(group,), at=NOW - 400), snapshot(groups=(group,), scheduler="live:2"))
    assert found.totals == (0, 0, 0, 7, 0)
    assert "host:1 has told nothing for 6 min 40 s" in content(found)


def test_the_page_is_whole_and_asks_nothing_of_others() -> None:
    text = page(seen(snapshot()), "n0nce")
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
    assert link("text", address).startswith("<a ") is is_link


@given(TEXT, TEXT)
def test_an_element_says_its_text(text: str, attribute: str) -> None:
    made = element("p", text, title=attribute)
    assert unescape(re.sub(r"^<p[^>]*>|</p>$", "", made)) == text
    assert joined(made) == made
    assert isinstance(made, Html)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(59.9, "59 s"), (60, "1 min"), (3661, "1 h 1 min"), (86400 * 3, "3 d"), (float("1e9"), "11574 d 1 h")],
)
def test_ages(seconds: float, expected: str) -> None:
    assert age(seconds) == expected


def test_odd_words_name_no_container() -> None:
    assert container_in("") == ""
    assert container_in("AccessDenied: arn:aws:iam::1:role/x may not") == ""
    assert headline("") == "no reason given"


def test_mapped_tasks_and_odd_names_in_addresses() -> None:
    key = Key(dag="a/b", task="t?#", run="x y", index=0, number=0)
    assert task_page(key) == "../dags/a%2Fb/runs/x%20y/tasks/t%3F%23/mapped/0"
