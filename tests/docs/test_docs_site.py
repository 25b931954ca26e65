"""The pages make a site: Sphinx builds them, and a link that leads nowhere is an error.

Law: the very command of `make docs`; what blocks and tables say is `test_readme.py`'s matter.
"""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from doc_tables import ROOT

DOCS = ROOT / "docs"


def built(pages: Path, into: Path) -> subprocess.CompletedProcess[str]:
    """What `make docs` does, elsewhere."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    return subprocess.run(
        [*command, "-d", str(into / "pages"), str(pages), str(into / "site")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


class Anchors(HTMLParser):
    """The ids and the links of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids.add(named.get("id") or "")
        if tag == "a":
            self.links.add(named.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of our pages."""
    place = tmp_path_factory.mktemp("docs")
    done = built(DOCS, place)
    assert (done.stderr, done.returncode) == ("", 0)
    return place / "site"


def test_every_page_is_there_and_every_link_within_leads_somewhere(site: Path) -> None:
    pages = {
        path.relative_to(DOCS).with_suffix(".html")
        for kind in ("md", "rst")
        for path in DOCS.rglob(f"*.{kind}")
    }
    read: dict[Path, Anchors] = {}
    for page in pages:
        read[site / page] = Anchors()
        read[site / page].feed((site / page).read_text())
    lost = [
        (str(page.relative_to(site)), link)
        for page, found in read.items()
        for link in found.links
        if "://" not in link and not leads(site, read, page, link)
    ]
    assert len(pages) >= 25
    assert lost == []


def leads(site: Path, read: dict[Path, Anchors], page: Path, link: str) -> bool:
    """Whether a link of a page leads to a file of the site, and to an anchor in it, if it is one of ours."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or target not in read or anchor in read[target].ids)


def test_the_api_is_made_of_the_docstrings(site: Path) -> None:
    text = (site / "api" / "batch.html").read_text()
    assert "Let Batch itself start the job up to" in text
    assert "&gt;&gt;&gt; " in text


BROKEN = {
    "lost": "[lost](nowhere.md)",
    "no_anchor": "[lost](#nowhere)",
    "too_deep": "# Alone\n\n### Too deep",
}


@pytest.fixture(scope="module")
def of_broken_pages(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What Sphinx, which with ``-W`` fails for any warning, says of a site with these pages."""
    place = tmp_path_factory.mktemp("broken")
    pages = place / "docs"
    pages.mkdir()
    shutil.copy(DOCS / "conf.py", pages)
    contents = "```{toctree}\n" + "\n".join(BROKEN) + "\n```"
    for name, text in {"index": contents, **BROKEN}.items():
        (pages / f"{name}.md").write_text(f"# {name}\n\n{text}\n")
    return built(pages, place)


@pytest.mark.parametrize("page", BROKEN)
def test_what_is_broken_is_an_error(page: str, of_broken_pages: subprocess.CompletedProcess[str]) -> None:
    assert of_broken_pages.returncode == 1
    assert re.search(rf"/{page}\.md:\d+: WARNING", of_broken_pages.stderr)
