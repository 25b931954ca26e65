"""`python -m aws_executors.run`: get a workload, run it through Airflow's supervisor, and say how it went.

Law: decides the order of the steps, and writes the one line that says why a step failed. The exit codes are
defined in `core/lifecycle/launcher_exit_codes.py`.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn, cast

from aws_executors.core.lifecycle.launcher_exit_codes import MEANINGS, Exit, exit_for_status, exit_of
from aws_executors.core.redact.outgoing import one_line
from aws_executors.run import compat, hostname, stop_cause
from aws_executors.run.first_process import (
    NoForkError,
    StoppedError,
    fork,
    keep_signals,
    leave,
    say,
    stop_at_once,
)
from aws_executors.run.preload import preload, without_collecting
from aws_executors.run.sources import SOURCES, NoWorkloadError

if TYPE_CHECKING:
    from airflow.executors.workloads import ExecuteCallback, ExecuteTask

    from aws_executors.run.usage.meter import Meter

SAME = "use the scheduler's version in the image"

LIMITS: Mapping[str, tuple[type, str]] = {
    "idle": (float, "seconds without a workload after which a warm container ends"),
    "tasks": (int, "how many workloads a warm container takes"),
    "age": (float, "seconds after which a warm container takes no more"),
}
"""The options that `--warm` needs: their types, and what they mean."""


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line and with this program's exit code."""

    def error(self, message: str) -> NoReturn:
        say(_words(Exit.CANNOT_START, message))
        sys.exit(Exit.CANNOT_START)


def parser() -> Parser:
    """The parser of the command line."""
    found = Parser(prog="python -m aws_executors.run", description=(__doc__ or "").splitlines()[0])
    source = found.add_mutually_exclusive_group(required=True)
    source.add_argument("--json-string", metavar="JSON", help="the workload itself")
    source.add_argument("--json-path", metavar="FILE", help="a file with the workload")
    source.add_argument(
        "--s3", metavar="s3://BUCKET/KEY", help="an object with the workload, as stored by us"
    )
    source.add_argument(
        "--warm", metavar="s3://BUCKET/KEY", help="the cell from which one workload after another is taken"
    )
    found.add_argument("--region", help="the Region of the bucket (default: boto3's own)")
    found.add_argument("--usage", action="store_true", help="say at the end what the workload used")
    found.add_argument("--owner", default="", help="the account that must own the bucket (default: any)")
    found.add_argument("--kms-key", default="", help="the KMS key of the cell (default: S3's own keys)")
    for name, (kind, meaning) in LIMITS.items():
        found.add_argument(f"--{name}", type=kind, help=f"{meaning}; needed with --warm")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one workload, or with `--warm` one after another; returns the exit code."""
    options = parser().parse_args(arguments)
    if options.warm is None:
        stop_at_once()
    else:
        keep_signals()
    os.environ.setdefault("AIRFLOW__CORE__HOSTNAME_CALLABLE", hostname.CALLABLE)
    try:
        if options.warm is not None:
            return _serve(options)
        meter = _meter() if options.usage else None
        name, argument = next((n, a) for n in SOURCES if (a := getattr(options, n)) is not None)
        with without_collecting():
            if options.s3 is not None:
                preload()  # first: until the stored workload is read, the executor renews its token
            text = SOURCES[name](argument, options.region, options.owner)
            hostname.container_id()
            workload = decoded(text)
        code = fork(lambda: supervise(workload), None if meter is None else meter.watch)
        if meter is not None:
            from aws_executors.run.usage.report import report_usage

            report_usage(meter, options.s3, options.region, options.owner)
        return code
    except NoWorkloadError as error:
        return _end(error.exit, str(error))
    except NoForkError as error:
        say(f"the workload could not be started here, and another container may have it: {error}")
        return Exit.INFRASTRUCTURE
    except StoppedError as error:
        return _stopped(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, print one line and no traceback
        return _end(Exit.CANNOT_START, f"{type(error).__name__}: {error}")


def _serve(options: argparse.Namespace) -> int:
    """Serve as a warm container; imports the modules for this here, as other containers do not need them."""
    from aws_executors.run.warm.cell_store import OwnCell
    from aws_executors.run.warm.serving import ServingLimits
    from aws_executors.run.warm.start import serve_cell

    limits = [getattr(options, name) for name in LIMITS]
    if None in limits:
        raise NoWorkloadError("--warm needs --idle, --tasks and --age as well")
    store = partial(OwnCell, options.warm, options.region, options.owner, options.kms_key)
    return serve_cell(store, ServingLimits(*limits), run_text, usage=options.usage)


def _meter() -> "Meter":
    from aws_executors.run.usage.meter import Meter  # imported only if usage is measured

    return Meter()


def decoded(text: str) -> "ExecuteTask | ExecuteCallback":
    """Parse the workload, after importing all that its run will import, except user code."""
    preload()
    from airflow.executors import workloads
    from pydantic import TypeAdapter, ValidationError

    try:
        found: object = TypeAdapter(workloads.All).validate_json(text)
    except ValidationError as error:
        from aws_executors.core.validation import in_words

        places = "; ".join(in_words(error, shown=False))
        raise NoWorkloadError(f"this Airflow cannot read the workload ({places}); {SAME}") from None
    if not isinstance(found, compat.kinds()):
        raise NoWorkloadError(f"a {type(found).__name__} cannot run in a container")
    return cast("ExecuteTask | ExecuteCallback", found)


def run_text(text: str) -> tuple[int, bool]:
    """Run one of several workloads, in its fork: its exit code, and whether no signal ended the task."""
    left: list[int] = []
    try:
        try:
            workload = decoded(text)
        except NoWorkloadError as error:
            return _end(error.exit, str(error)), True
        except Exception as error:  # noqa: BLE001 - as in `main`: one line, and no silent end of the fork
            return _end(Exit.CANNOT_START, f"{type(error).__name__}: {error}"), True
        return supervise(workload, left.append), not any(one < 0 for one in left)
    except StoppedError as error:
        return _stopped(error), True


def supervise(workload: "ExecuteTask | ExecuteCallback", left_by: Callable[[int], None] | None = None) -> int:
    """Run the workload as Airflow's own launcher does; returns the exit code.

    `left_by` is given the exit code of the task's own process, which is negative if a signal ended it.

    Source: ``airflow/sdk/execution_time/execute_workload.py``.
    """
    from airflow.executors.workloads import ExecuteTask

    from aws_executors.run.exit_codes import FAILED

    is_task = isinstance(workload, ExecuteTask)
    with compat.answers() as heard:
        try:
            return _run(workload, heard, left_by, is_task=is_task)
        except StoppedError as error:
            if not heard.begun:
                return _stopped(error)
            what = "the task had begun" if is_task else "the callback may have begun"
            say(f"stopped by the platform ({error}), and {what}: {stop_cause.why()}")
            return FAILED


def _run(
    workload: "ExecuteTask | ExecuteCallback",
    heard: compat.Heard,
    left_by: Callable[[int], None] | None,
    *,
    is_task: bool,
) -> int:
    """`supervise` without its handling of a stop, which may raise `StoppedError` at any point."""
    from airflow.settings import dispose_orm

    from aws_executors.run.exit_codes import FAILED, exit_code

    try:
        dispose_orm(do_log=False)
        # A callback that does not ask first (before 3.4) may have begun from here on: an exit code for "not
        # begun" would cause a second call.
        heard.begun = not compat.asks_first(workload)
        left = compat.run_workload(workload)
    except StoppedError:
        raise
    except BaseException as error:  # noqa: BLE001 - reported by the exit code, and in one line
        if not heard.not_understood:
            code = exit_code(error)
            if heard.begun and (code == Exit.CANNOT_START or not is_task):
                code = FAILED
            say(_words(exit_of(code), f"{type(error).__name__}: {error}"))
            return code
        left = FAILED
    if heard.not_understood:
        known = f"a report of the task's state as Airflow {compat.image_airflow()} writes it"
        say(f"Airflow's API server did not understand {known}; {SAME}")
        return FAILED
    if heard.turned_away and not heard.begun:  # not every version of the supervisor raises an error for this
        return _end(exit_for_status(heard.turned_away), "Airflow has cleared it before it began")
    if left_by is not None:
        left_by(left)
    # A task has reported its own failure to Airflow; a callback's is known by the exit code only.
    return int(not is_task and left != 0)


def _stopped(error: StoppedError) -> int:
    return _end(
        Exit.INFRASTRUCTURE, f"stopped by the platform ({error}) before the task started: {stop_cause.why()}"
    )


def _end(code: Exit, problem: str) -> int:
    say(_words(code, problem))
    return code


def _words(code: Exit | None, problem: str) -> str:
    meaning = "the launcher failed" if code is None else f"{MEANINGS[code]} (exit code {code})"
    return f"{meaning}: {one_line(problem)}"


if __name__ == "__main__":
    leave(main())  # Python would leave with a code of its own if the log cannot be written
