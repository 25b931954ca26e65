"""Look at verify's containers, besides the engines: at their records, their logs, their links.

Law: only looks, in the driver's thread. Logs and links are read by the code that reads them for Airflow's UI.
"""

import json
import time
from collections.abc import Mapping

from returns.result import Success

from aws_executors.shell.ui.links import Links
from aws_executors.shell.ui.live_logs import LiveLogs
from aws_executors.shell.ui.lookups import LazyLookups, RegionLookups
from aws_executors.verify.extra_calls import described
from aws_executors.verify.plan import VerifySetup
from aws_executors.verify.proof.model import CaseTrace
from aws_executors.verify.proof.programs import MARK, RUN

LOOK_EVERY = 1.0
LOOK_AT_NEW_EVERY = 0.2
"""Seconds between two descriptions of all containers: `LOOK_AT_NEW_EVERY` while one is not shown yet."""
LOG_WITHIN = 30.0
"""Seconds after the end of a container in which the last lines of its log must be there."""


class Watch:
    """Looks at the containers of all traces, and writes what is seen into the traces."""

    def __init__(self, setup: VerifySetup, traces: Mapping[str, CaseTrace]) -> None:
        self.service = setup.calls()
        self._setup = setup
        self._traces = traces
        lookups = LazyLookups(
            lambda: Success(RegionLookups(lookups=self.service, region=setup.settings.region))
        )
        self._logs, self._links = LiveLogs(lookups), Links(lookups)
        self._look_at = 0.0
        self._tried: set[str] = set()

    def run_due(self) -> None:
        """Describe the containers if that is due, read logs that are incomplete, and find the links."""
        ids = {id_: trace for trace in self._traces.values() for id_ in trace.ids}
        if time.monotonic() >= self._look_at:
            self._describe(ids)
        for trace in self._traces.values():
            if trace.record is not None and trace.record.started is not None and not self.log_is_read(trace):
                self._read_log(trace)
        run = self._traces[RUN.name]
        if run.links is None and run.lines:
            self.find_links(run)

    def log_is_read(self, trace: CaseTrace) -> bool:
        """Whether a log has its last expected line, or `LOG_WITHIN` has passed since the container's end."""
        record = trace.record
        if record is None or not trace.ids or record.started is None:
            return True
        late = record.stopped is not None and time.time() > record.stopped + LOG_WITHIN
        if late and trace.token in self._tried:
            return True
        last = f"{MARK} {trace.case.last_word} "
        return record.over and any(line.startswith(last) for line in trace.lines)

    def find_links(self, trace: CaseTrace) -> None:
        """Write the container's pages in the console into the trace."""
        trace.links = self._links.container(trace.token), self._links.log(trace.token)

    def _describe(self, ids: Mapping[str, CaseTrace]) -> None:
        wanted = [id_ for id_, trace in ids.items() if trace.record is None or not trace.record.over]
        for record in described(self._setup, wanted) if wanted else ():
            trace, now = ids[record.id], time.time()
            trace.record = record
            trace.shown_at = trace.shown_at or now
        new = any(trace.record is None for trace in ids.values())
        self._look_at = time.monotonic() + (LOOK_AT_NEW_EVERY if new else LOOK_EVERY)

    def _read_log(self, trace: CaseTrace) -> None:
        messages, lines = self._logs.read(trace.token)
        self._tried.add(trace.token)
        written = [_text(line) for line in lines]
        own = [line for line in written if line.startswith(MARK)]
        trace.strange_line = "" if own or not written else written[-1]
        if own:
            trace.lines = tuple(own)
            trace.lines_at = trace.lines_at or time.time()
        trace.log_problem = "" if own else messages[-1]


def _text(line: str) -> str:
    """The text that the container has written, from a line for Airflow's log viewer."""
    return str(json.loads(line).get("event", ""))
