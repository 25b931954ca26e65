"""`python -m e2e.other_image PYTHON`: the demo, whose containers have the Airflow of another Python.

Law: the demo itself, with our launcher, which says in one line why a container cannot run its task.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aws_executors.demo.__main__ import DAGS, parser, run_on
from aws_executors.demo.stage import stage
from e2e.shared import of_both


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo this way; returns the exit code."""
    found = parser()
    found.add_argument("python", type=Path, help="the Python of the containers, in an environment of its own")
    options = found.parse_args(arguments)
    own = str(options.python.parent.absolute())
    image = {"PATH": os.pathsep.join([own, "/usr/local/bin", "/usr/bin", "/bin"])}
    return run_on(stage(DAGS, options.logs, of_both("LAUNCHER", "aws_executors"), image=image), options)


if __name__ == "__main__":
    sys.exit(main())
