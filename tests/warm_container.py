"""`python -m warm_container`: a warm container whose workloads do what their task's queue says.

Law: the loop, the forks and the cell are ours; in the place of Airflow's supervisor stands a sleep.
"""

import json
import sys
import time
from functools import partial

from aws_executors.run.__main__ import parser
from aws_executors.run.warm.cell_store import OwnCell
from aws_executors.run.warm.serving import ServingLimits
from aws_executors.run.warm.start import serve_cell


def play(text: str) -> tuple[int, bool]:
    """``ok-SECONDS`` ends well after so long, ``exit-N`` ends at once with this code."""
    verb, _, word = json.loads(text)["ti"]["queue"].partition("-")
    print(f"plays {verb} {word}", flush=True)
    if verb == "exit":
        return int(word), True
    time.sleep(float(word))
    return 0, True


def main() -> int:
    """Serve the cell that the arguments name."""
    options = parser().parse_args()
    store = partial(OwnCell, options.warm, options.region, options.owner, options.kms_key)
    limits = ServingLimits(options.idle, options.tasks, options.age)
    return serve_cell(store, limits, play, imports=lambda: None, usage=options.usage)


if __name__ == "__main__":
    sys.exit(main())
