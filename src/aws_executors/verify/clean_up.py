"""Leave nothing behind: stop every container of the run, and remove what is stored.

Law: relies on the requests that were sent, not on what an engine knows: a call whose answer was lost may have
started a container, so its token is looked up. May be called at any moment after the first request. `verify`
registers no job or task definitions, so none is removed.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from returns.methods import unwrap_or_failure

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.shell.services import Calls
from aws_executors.verify.drive import Drive
from aws_executors.verify.extra_calls import described
from aws_executors.verify.proof.model import CaseTrace

REASON = "aws-executors verify is done"
STOPPED_WITHIN = 60.0
"""Seconds within which a container must end after it was asked to stop; by default ECS kills it after 30."""
LOOK_EVERY = 0.3
LOOK_UPS, LOOK_UP_EVERY = 3, 3.0
"""How many times a token is looked up, and how many seconds apart; as in `core/lifecycle/policy.py`."""


def clean_up(drive: Drive, extra: Iterable[CaseTrace] = ()) -> tuple[str, ...]:
    """Stop and remove everything; returns what could not be stopped or removed, each with the reason."""
    drive.events.end()
    for engine in drive.engines:
        engine.end(stop=False, timeout=1.0)
    drive.lost_scheduler.cut()
    problems: list[str] = []
    traces = [*drive.traces.values(), *extra]
    # First of all, because the user may not wait for the rest.
    asked = _asked_to_stop(drive, {id_ for trace in traces for id_ in trace.ids})
    # A call that is under way may still start a container.
    if not drive.ledger.settled(2 * drive.setup.settings.call_timeout):
        problems.append("A submitting call has had no answer, and may have started a container")
    ids = {id_ for trace in traces for id_ in trace.ids}
    problems += _unheard_of(drive.watch.service, traces, ids)
    if drive.stored is not None:
        drive.stored.discard()
        if drive.stored.problem is not None:
            problems.append(
                f"The stored workload {drive.stored.submission}: {drive.stored.problem.with_remedy}"
            )
    asked |= _asked_to_stop(drive, ids - set(asked))
    if drive.cell is not None:
        drive.cell.remove()  # now, in case the user does not wait for the rest
    problems += _ended(drive, asked)
    if drive.cell is not None:
        refused = drive.cell.remove()  # again: its container may have created it meanwhile
        if refused is not None:
            problems.append(f"The cell {drive.cell.name}: {refused.with_remedy}")
    return tuple(problems)


def _unheard_of(service: Calls[Any], traces: Iterable[CaseTrace], ids: set[str]) -> Iterator[str]:
    """Add to `ids` the containers of submissions whose answers were lost; yields the look-ups that failed."""
    for trace in traces:
        last = trace.submissions[-1].error if trace.submissions else None
        if last is None or last.kind not in (Kind.AMBIGUOUS, Kind.CONFLICT):
            continue
        for _ in range(LOOK_UPS):
            match unwrap_or_failure(service.find(trace.token, tuple(trace.ids))):
                case AwsError() as error:
                    yield f"A container of {trace.case.name} may run: {error.with_remedy}"
                    break
                case None:
                    time.sleep(LOOK_UP_EVERY)  # AWS may list the container later
                case found:
                    ids.add(found.id)
                    break


def _asked_to_stop(drive: Drive, ids: set[str]) -> dict[str, AwsError | None]:
    """Stop those of these containers that may still run; returns what AWS answered, by container."""
    known = {one.id: one for trace in drive.traces.values() if (one := trace.record) is not None}
    running = tuple(id_ for id_ in ids if id_ not in known or not known[id_].over)
    return drive.watch.service.stop(running, REASON) if running else {}


def _ended(drive: Drive, asked: Mapping[str, AwsError | None]) -> Iterator[str]:
    """Wait until the containers that were asked to stop have ended; yields the problems."""
    for id_, error in asked.items():
        if error is not None:
            yield f"{id_} could not be stopped: {error.with_remedy}"
    running = {id_ for id_, error in asked.items() if error is None}
    until = time.monotonic() + STOPPED_WITHIN
    while running and time.monotonic() < until:
        for record in described(drive.setup, tuple(running)):
            owner = next((t for t in drive.traces.values() if record.id in t.ids), None)
            if owner is not None:
                owner.record = record
            if record.over:
                running.discard(record.id)
        if running:
            time.sleep(LOOK_EVERY)
    for id_ in running:
        yield f"{id_} was asked to stop, and has not ended within {STOPPED_WITHIN:g} s"
