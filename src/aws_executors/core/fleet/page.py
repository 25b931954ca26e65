"""The fleet, as a page.

Law: a view goes in, markup comes out; nothing is decided here but what stands where. All that came from
somewhere is a text, and texts are escaped (`markup.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from aws_executors.core.fleet.markup import Html, element, joined, link
from aws_executors.core.fleet.script import SCRIPT
from aws_executors.core.fleet.standing import Standing
from aws_executors.core.fleet.style import STYLE
from aws_executors.core.fleet.view import FailureRow, Fleet, FlowRow, JobRow, QueueRow, Teller

MEANINGS: Mapping[Standing, str] = MappingProxyType(
    {
        Standing.WAITING: "being prepared, or refused by AWS for now",
        Standing.SUBMITTING: "in turn for, or in, a call to AWS",
        Standing.STARTING: "AWS has the container",
        Standing.RUNNING: "the container runs",
        Standing.ENDING: "the container ends",
    }
)

NAME = "AWS executors"

AT_EASE = 0.9
"""The share of the documented rate around which a rate that is felt for goes up and down."""


def page(fleet: Fleet, nonce: str) -> Html:
    """The whole page; style and script carry the nonce of its Content-Security-Policy.

    >>> from aws_executors.core.fleet.view import fleet
    >>> page(fleet((), (), lambda dag: True, now=0.0, hours=24), "n")[:15]
    '<!doctype html>'
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{NAME} - Airflow"),
        element("style", Html(STYLE), nonce=nonce),
    )
    title = element(
        "header",
        element("h1", NAME),
        element("p", "every container of Batch, ECS and Fargate, as the schedulers tell it"),
        element("span", "live", id="state", data_state="live", role="status"),
    )
    body = element(
        "body",
        title,
        element("main", content(fleet), id="fleet"),
        element("script", Html(SCRIPT), nonce=nonce),
    )
    return joined(Html("<!doctype html>"), element("html", head, body, lang="en"))


def content(fleet: Fleet) -> Html:
    """What of the page changes."""
    if not fleet.tellers:
        return joined(_nobody(), _failures(fleet) if fleet.failures else Html())
    cards = element("div", _queues(fleet), _flows(fleet), _failures(fleet), _jobs(fleet), class_="cards")
    return joined(_tiles(fleet), cards, _told(fleet))


def _nobody() -> Html:
    return element(
        "section",
        element("h2", "No scheduler has told anything yet"),
        element(
            "p",
            "This page shows what the schedulers tell of their containers. None has done so in the last "
            "quarter of an hour, which means one of these:",
        ),
        element(
            "ul",
            element("li", "No scheduler runs, or it started only seconds ago."),
            element(
                "li",
                "No executor of this package is configured: see ",
                element("code", "[core] executor"),
                ".",
            ),
            element(
                "li",
                "Telling is switched off: the option ",
                element("code", "fleet_interval"),
                " of the executor's section is 0.",
            ),
            element(
                "li",
                "The scheduler can not write to Airflow's database: its log has a warning about the fleet.",
            ),
        ),
        class_="empty",
    )


def _tiles(fleet: Fleet) -> Html:
    return element("div", *map(_tile, Standing, fleet.totals), class_="tiles")


def _tile(standing: Standing, count: int) -> Html:
    kind = f"tile {standing.value}" + ("" if count else " none")
    return element(
        "div",
        element("b", str(count)),
        element("span", standing.value),
        class_=kind,
        title=MEANINGS[standing],
    )


# --- Queues ------------------------------------------------------------------------------------------------


def _queues(fleet: Fleet) -> Html:
    heads = (_head("queue"), *(_number_head(standing.value) for standing in Standing), _head("since"))
    table = _table(heads, map(_queue, fleet.queues))
    note = element("p", "No job is under way: everything that Airflow has queued has ended.", class_="note")
    return _card("Queues", "by executor and Airflow queue", table if fleet.queues else note)


def _queue(row: QueueRow) -> Html:
    counts = (element("td", str(count), class_="number" if count else "number zero") for count in row.counts)
    name = element(
        "td", element("span", row.queue, class_="task"), element("small", row.executor), class_="name"
    )
    since = element("td", row.oldest, element("small", row.oldest_standing), class_="nowrap")
    return element("tr", name, *counts, since)


# --- What is asked of AWS ----------------------------------------------------------------------------------


def _flows(fleet: Fleet) -> Html:
    heads = (_head("action"), _number_head("calls"), _number_head("throttled"), _head("granted"))
    note = element("p", "Nothing has been asked of AWS within the last minute.", class_="note")
    table = _table(heads, map(_flow, fleet.flows)) if fleet.flows else note
    return _card("Calls to AWS", "within the last minute, and the rate that is granted now", table)


def _flow(row: FlowRow) -> Html:
    throttled = "number bad" if row.throttled else "number zero"
    kind = "granted" if row.share >= AT_EASE else "slowed"
    return element(
        "tr",
        element(
            "td",
            element("span", row.action, class_="task"),
            element("small", f"{row.executor}, {row.scheduler}"),
        ),
        element("td", str(row.calls), class_="number" if row.calls else "number zero"),
        element("td", str(row.throttled), class_=throttled),
        element("td", element("small", row.granted), _bar(((kind, row.share),))),
    )


def _bar(parts: Iterable[tuple[str, float]]) -> Html:
    """Shares of one, beside each other."""
    rects: list[Html] = []
    begin = 0.0
    for kind, share in parts:
        rects.append(element("rect", x=f"{begin:.4f}", width=f"{share:.4f}", height="1", class_=kind))
        begin += share
    return element(
        "svg", *rects, class_="bar", viewBox="0 0 1 1", preserveAspectRatio="none", aria_hidden="true"
    )


# --- Failures ----------------------------------------------------------------------------------------------


def _failures(fleet: Fleet) -> Html:
    span = f"of the last {fleet.hours} hours, newest first"
    if not fleet.failures:
        return _card("Failures", span, element("p", "None.", class_="note"), wide=True)
    reasons = (element("li", element("b", str(count)), f" {reason}") for reason, count in fleet.reasons)
    heads = (_head("task"), _head("ago"), _head("what happened"), _head("container"))
    table = _table(heads, map(_failure, fleet.failures))
    return _card("Failures", span, element("ul", *reasons, class_="reasons"), table, wide=True)


def _failure(row: FailureRow) -> Html:
    return element(
        "tr",
        _task(row.task, row.page, row.run),
        element("td", row.ago, class_="nowrap"),
        element("td", row.words, class_="said"),
        element("td", _container(row.container, row.console), class_="mono nowrap"),
    )


# --- Jobs --------------------------------------------------------------------------------------------------


def _jobs(fleet: Fleet) -> Html:
    if not fleet.jobs and not fleet.hidden and not fleet.left_out:
        return Html()
    heads = (_head("task"), _head("stands"), _head("since"), _head("queue"), _head("container"))
    field = element("input", type="search", id="wanted", placeholder="filter", aria_label="filter the jobs")
    table = _table(heads, map(_job, fleet.jobs)) if fleet.jobs else Html()
    return _card("Jobs", "the longest of each kind first", table, *_unnamed(fleet), wide=True, beside=field)


def _unnamed(fleet: Fleet) -> Iterable[Html]:
    if fleet.left_out:
        yield element("p", f"{fleet.left_out} more are counted above and not told one by one.", class_="note")
    if fleet.hidden:
        yield element(
            "p", f"{fleet.hidden} more belong to DAGs whose task instances you may not read.", class_="note"
        )


def _job(row: JobRow) -> Html:
    return element(
        "tr",
        _task(row.task, row.page, row.run),
        element(
            "td", element("span", row.standing, class_=f"badge {row.standing}"), element("small", row.words)
        ),
        element("td", row.since, class_="nowrap"),
        element("td", row.queue or "none", element("small", row.executor)),
        element("td", _container(row.container, row.console), class_="mono nowrap"),
        data_job="yes",
    )


def _task(name: str, address: str, run: str) -> Html:
    return element(
        "td", element("span", link(name, address), class_="task"), element("small", run), class_="name"
    )


def _container(name: str, address: str) -> Html:
    return link(name, address, target="_blank", rel="noopener noreferrer", title="in the AWS console")


# --- Who told it -------------------------------------------------------------------------------------------


def _told(fleet: Fleet) -> Html:
    return element("footer", *map(_teller, fleet.tellers))


def _teller(row: Teller) -> Html:
    said = f"{row.executor} of {row.scheduler}, in {row.region}, told this {row.ago} ago"
    silent = (
        f"{row.executor} of {row.scheduler} has told nothing for {row.ago}; its jobs are not counted here"
    )
    return element("p", silent, class_="bad") if row.stale else element("p", said)


# --- Parts -------------------------------------------------------------------------------------------------


def _card(title: str, about: str, *inside: Html, wide: bool = False, beside: Html | None = None) -> Html:
    head = element("div", element("h2", title), element("small", about), beside or Html(), class_="head")
    return element("section", head, *inside, class_="card wide" if wide else "card")


def _table(heads: Sequence[Html], rows: Iterable[Html]) -> Html:
    table = element("table", element("thead", element("tr", *heads)), element("tbody", *rows))
    return element("div", table, class_="scroll")


def _head(text: str) -> Html:
    return element("th", text, scope="col")


def _number_head(text: str) -> Html:
    return element("th", text, scope="col", class_="number")
