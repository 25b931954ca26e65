"""The rankings of the fleet page, as values and as markup."""

from aws_executors.core.cost.record import UsageRecord
from aws_executors.core.cost.summary import UsageEntry
from aws_executors.dashboard.page.rendering import content
from aws_executors.dashboard.page.usage import SHOWN, usage_card
from aws_executors.dashboard.page.view import fleet


def ran(task: str, dollars: float | None, peak: int | None = 100, *, killed: bool = False) -> UsageEntry:
    record = UsageRecord(
        memory=1024, limit=1024, peak=peak, billed=60.0, running=60.0, dollars=dollars, killed=killed
    )
    return UsageEntry(dag="etl", task=task, record=record)


def test_three_rankings_each_with_a_few_tasks() -> None:
    entries = [ran(f"t{number}", float(number), 1000 - number) for number in range(8)]
    card = usage_card([*entries, ran("x", None, None), ran("k", 0.1, 1024, killed=True)], lambda _: True)
    assert card is not None
    names = {title: [line.task for line in lines] for title, lines in card.rankings}
    assert names["most expensive"] == [f"etl.t{number}" for number in (7, 6, 5, 4, 3)]
    assert names["most memory paid for and not used"] == [f"etl.t{number}" for number in (7, 6, 5, 4, 3)]
    assert names["killed for memory"] == ["etl.k"]
    assert all(len(lines) <= SHOWN for _, lines in card.rankings)
    assert card.total == "10 containers, about $28.10"


def test_names_and_sums_of_others_are_left_out() -> None:
    other = UsageEntry(dag="secret", task="t", record=UsageRecord(dollars=100.0))
    card = usage_card([ran("a", 1.0), other], lambda dag: dag == "etl")
    assert card is not None
    assert card.total == "1 container, about $1.00"
    assert "secret" not in repr(card)
    assert usage_card([other], lambda dag: dag == "etl") is None


def test_a_task_of_one_container_is_counted_in_numbers() -> None:
    """And of memory that nobody knows the size of, no share is shown."""
    lost = UsageEntry(dag="etl", task="lost", record=UsageRecord(peak=412, killed=True))
    html = content(fleet((), (), lambda _: True, now=0.0, hours=24, usage=[ran("a", 1.0), lost]))
    assert '<td class="number bad">1</td>' in html
    assert not {"True", "False"} & {*html.replace("<", ">").split(">")}
    assert "10 % of its own" in html
    assert '<td class="nowrap">412 MiB</td>' in html


def test_is_shown_escaped_also_without_a_scheduler_and_not_at_all_without_records() -> None:
    shown = fleet((), (), lambda _: True, now=0.0, hours=24, usage=[ran("<b>", 1.0, None)])
    assert "etl.&lt;b&gt;" in content(shown)
    assert "not measured" in content(shown)
    assert "Used and paid" not in content(fleet((), (), lambda _: True, now=0.0, hours=24))
