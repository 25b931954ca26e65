"""What verify's containers run: small Python programs, and which case each is for.

Law: data only. Every program prints lines that begin with `MARK`, with the time by the container's clock, and
ends by itself within ten minutes, so that nothing runs on if this machine is lost. Each needs only Python,
except that a stored workload and a warm container need this package in the image, as tasks would.
"""

from dataclasses import dataclass

MARK = "aws-executors verify:"
LONGEST = 600
"""Seconds for which a container may run if it is not stopped."""

HELD = 20
"""Seconds for which a container holds more memory than it may if it is not killed."""

WARM_WORKLOADS = 2
"""How many workloads the warm container takes."""

EXIT_CODE = 7
SURVIVED = 3

_SAY = f"""\
import sys, time
def say(*words): print("{MARK}", *words, flush=True)
say("began", time.time())
"""
_GREET = """\
from importlib.metadata import version, PackageNotFoundError
try: airflow = version("apache-airflow-core")
except PackageNotFoundError: airflow = "none"
say("image", airflow, "%d.%d.%d" % sys.version_info[:3])
time.sleep(1)
say("ends", time.time())
"""
_EXIT = f"""\
say("ends", time.time())
sys.exit({EXIT_CODE})
"""
_MEMORY = f"""\
most, held = int(sys.argv[1]), []
while len(held) * 8 < most:
    held.append(b"x" * (8 << 20))
    time.sleep(0.01)
time.sleep({HELD})  # whoever counts it may do so now and then
say("survived", time.time())
sys.exit({SURVIVED})
"""
_STOP = f"""\
import signal
signal.signal(signal.SIGTERM, lambda *_: say("SIGTERM", time.time()))
say("listens", time.time())
until = time.time() + {LONGEST}
while time.time() < until: time.sleep(0.2)
"""
_WAIT = f"""\
import signal
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
time.sleep({LONGEST})
"""
_BRIEF = """\
time.sleep(2)
say("ends", time.time())
"""
_STORED = """\
import hashlib
from aws_executors.run.sources import from_s3
words = sys.argv[1:]
owner = words[words.index("--owner") + 1] if "--owner" in words else ""
body = from_s3(words[words.index("--s3") + 1], words[words.index("--region") + 1], owner)
say("stored", hashlib.sha256(body.encode()).hexdigest())
"""
_WARM = """\
import json
from functools import partial
from aws_executors.run.__main__ import parser
from aws_executors.run.warm.cell_store import OwnCell
from aws_executors.run.warm.serving import ServingLimits
from aws_executors.run.warm.start import serve_cell
def run(text):
    say("workload", json.loads(text)["verify"], time.time())
    return 0, True
told = parser().parse_args()
cell = partial(OwnCell, told.warm, told.region, told.owner, told.kms_key)
code = serve_cell(cell, ServingLimits(told.idle, told.tasks, told.age), run, imports=lambda: None)
say("ends", time.time())
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One container: what it should show, what it runs, and the last word of its log if all is well."""

    name: str
    about: str
    program: str
    last_word: str = "ends"

    def command(self, *arguments: str) -> tuple[str, ...]:
        """The container's command.

        >>> ADOPTION.command()[:2]
        ('python', '-c')
        """
        return ("python", "-c", _SAY + self.program, *arguments)


RUN = Case("run", "from the queue to user code and back", _GREET)
EXIT = Case("exit", "an exit code reaches Airflow", _EXIT)
MEMORY = Case(
    "memory", "a container that uses too much memory is killed, and its task says so", _MEMORY, "began"
)
STOP = Case("stop", "a task that is taken back is stopped, with SIGTERM first", _STOP, "SIGTERM")
LOST_ANSWER = Case("lost answer", "a lost answer makes no second container", _BRIEF)
ADOPTION = Case("adoption", "the next scheduler adopts a lost scheduler's container", _BRIEF)
RELEASE = Case("release", "with adoption off, it is stopped before its task is given back", _WAIT, "began")
STORED = Case("stored", "a container reads the workload that was stored for it in S3", _STORED, "stored")
WARM = Case("warm", "a container takes two workloads, one after the other, through its cell", _WARM)

CASES = (RUN, EXIT, MEMORY, STOP, LOST_ANSWER, ADOPTION, RELEASE, STORED, WARM)
ORPHANS = (ADOPTION, RELEASE)
"""The cases that are started by the scheduler that is lost during the run."""

NEEDS_MEMORY = 1.5
"""The multiple of its memory limit that the program for `MEMORY` uses if it is not killed."""
