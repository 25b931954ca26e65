"""What a person sees of the fleet: Airflow's real UI in a real browser, in front of executors at work.

Law: looks and clicks as a person does. Only what AWS does is arranged; what the page says of it has come all
the way: engine, database, API server, browser. It comes after the tests whose Airflow it shares, for it
leaves containers behind.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from aws_executors.demo.__main__ import DAG
from aws_executors.demo.cloud import IMAGE
from aws_executors.demo.stage import DemoStage

PATIENCE = 60_000.0
"""Milliseconds that the page may take to show what has happened, on a busy machine."""

CONSOLE = re.compile(r"https://us-east-1\.console\.aws\.amazon\.com/ecs/v2/clusters/airflow/tasks/\w+\?.*")
FOREVER = (3600.0, 3600.0)
DARK, LIGHT = "rgb(17, 22, 29)", "rgb(246, 247, 249)"


@pytest.fixture(scope="module")
def person(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody who comes for the first time, and whose browser keeps what it has loaded of Airflow's UI."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        yield context


@pytest.fixture
def page(person: BrowserContext, up: DemoStage) -> Iterator[Page]:
    """A new window of hers; nothing may go wrong in it."""
    wrong: list[str] = []
    with person.new_page() as window:
        window.on("pageerror", lambda error: wrong.append(str(error)))
        window.on("console", lambda said: wrong.append(said.text) if "Security Policy" in said.text else None)
        yield window
    assert wrong == []


def fleet(page: Page) -> FrameLocator:
    """The page within Airflow's."""
    return page.frame_locator('iframe[title="AWS executors"]')


def tile(frame: FrameLocator, standing: str) -> int:
    """The number that stands above a word."""
    return int(frame.locator(f".tile.{standing} b").inner_text())


def test_a_person_finds_the_page_what_failed_and_why_and_the_task(up: DemoStage, page: Page) -> None:
    up.aws.faults.missing_image(IMAGE)
    up.trigger(DAG)
    page.goto(up.place.url)
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="AWS executors").click()
    frame = fleet(page)
    expect(frame.get_by_role("heading", name="AWS executors")).to_be_visible(timeout=PATIENCE)
    failures = frame.locator("section", has=frame.get_by_role("heading", name="Failures"))
    expect(failures.get_by_role("link", name="demo.plain")).to_be_visible(timeout=PATIENCE)
    row = failures.locator("tr", has_text="demo.plain")
    expect(row).to_contain_text("CannotPullContainerError")
    expect(failures.locator("ul.kinds")).to_contain_text("Image not found")
    page.context.route(CONSOLE, lambda route: route.fulfill(body="the AWS console"))
    with page.context.expect_page() as opened:
        row.locator("td").last.get_by_role("link").click()
    assert CONSOLE.match(opened.value.url)
    expect(opened.value.locator("body")).to_have_text("the AWS console")
    page.context.unroute(CONSOLE)  # as long as there is a route, nothing is kept
    row.get_by_role("link", name="demo.plain").click()
    page.wait_for_url(re.compile(rf"{up.place.url}/dags/demo/runs/[^/]+/tasks/plain"))
    expect(page.get_by_text("plain").first).to_be_visible(timeout=PATIENCE)


def test_a_person_reads_what_tasks_used_and_cost(up: DemoStage, page: Page) -> None:
    page.goto(f"{up.place.url}/plugin/aws-executors")
    frame = fleet(page)
    card = frame.locator("section", has=frame.get_by_role("heading", name="Used and paid"))
    expect(card).to_contain_text(re.compile(r"\d+ containers, about \$0\.\d+"), timeout=PATIENCE)
    dearest, unused = (card.locator("tbody", has_text=title) for title in ("most expensive", "not used"))
    row = dearest.locator("tr", has_text="large.on_ecs")
    expect(row).to_contain_text(re.compile(r"\$0\.\d+\s*\d+ MiB\s*\d+ % of its own"))
    expect(unused.locator("tr").nth(1)).to_contain_text("large.on_ecs")  # below its title


def test_a_person_watches_containers_that_wait(up: DemoStage, page: Page) -> None:
    up.aws.faults.clear()
    up.aws.faults.delays("none", pull=FOREVER)
    up.aws.faults.throttle("RunTask", times=2)
    page.goto(f"{up.place.url}/plugin/aws-executors")
    frame = fleet(page)
    expect(frame.locator(".tile").first).to_be_visible(timeout=PATIENCE)
    page.evaluate("window.sameWindow = true")
    up.trigger(DAG)
    jobs = frame.locator("section", has=frame.get_by_role("heading", name="Jobs"))
    expect(jobs.locator("tr", has_text="demo.sidecar")).to_contain_text("starting", timeout=PATIENCE)
    expect(jobs.locator("tr", has_text="demo.mapped [1]")).to_contain_text("starting", timeout=PATIENCE)
    assert tile(frame, "starting") >= 2
    queues = frame.locator("section", has=frame.get_by_role("heading", name="Queues"))
    expect(queues.locator("tr", has_text="AwsBatchExecutor").filter(has_text="default")).to_be_visible()
    calls = frame.locator("section", has=frame.get_by_role("heading", name="Calls to AWS"))
    submits = calls.locator("tr", has_text="AwsEcsFargateExecutor").filter(has_text="RunTask")
    # A scheduler that was killed before may have its row beside it for some minutes.
    expect(submits.locator("td.bad")).to_have_text(re.compile("[12]"))
    frame.get_by_placeholder("filter").fill("sidecar")
    expect(jobs.locator("tbody tr:visible")).to_have_count(1)
    assert page.evaluate("window.sameWindow")  # it came without a reload


def test_the_page_takes_on_airflow_s_colours(page: Page, up: DemoStage) -> None:
    page.goto(f"{up.place.url}/plugin/aws-executors")
    body = fleet(page).locator("body")
    for theme, colour in (("dark", DARK), ("light", LIGHT)):
        page.evaluate("theme => localStorage.setItem('theme', theme)", theme)  # as its switch does
        page.reload()
        expect(body).to_have_css("background-color", colour, timeout=PATIENCE)


def test_alone_it_takes_on_the_browser_s(browser: Browser, up: DemoStage) -> None:
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto(f"{up.place.url}/aws-executors/fleet")
        expect(page.locator("body")).to_have_css("background-color", DARK)
        expect(page.locator("#state")).to_have_text("live")
