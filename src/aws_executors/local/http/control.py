"""The control URL: faults and snapshots over HTTP, for other processes and for curl.

Law: one table of what can be read, and one of what can be done. Everything is JSON; an invalid request gets a
400 with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from aws_executors.local import snapshots
from aws_executors.local.cloud import Cloud
from aws_executors.local.http.wire import Request, http
from aws_executors.local.verbs import Faults
from aws_executors.local.world import Json

ROOT = "/_control/"


class Control:
    """`GET /_control/<snapshot>` and `POST /_control/faults/<verb>`."""

    def __init__(self, cloud: Cloud, faults: Faults) -> None:
        self._reads: dict[str, Callable[[], object]] = {
            "tasks": lambda: cloud.do(snapshots.tasks),
            "jobs": lambda: cloud.do(snapshots.jobs),
            "calls": lambda: cloud.do(snapshots.calls),
            "changes": lambda: cloud.do(snapshots.changes),
            "billed": lambda: cloud.do(snapshots.billed),
            "processes": cloud.containers.running,
        }
        self._verbs: dict[str, Callable[..., None]] = {
            "latency": faults.latency,
            "limits": faults.limits,
            "throttle": faults.throttle,
            "refuse": faults.refuse,
            "fail_before": faults.fail_before,
            "fail_after": faults.fail_after,
            "lose_answer": faults.lose_answer,
            "hang": faults.hang,
            "land_late": faults.land_late,
            "expire_credentials": faults.expire_credentials,
            "no_capacity": faults.no_capacity,
            "capacity_back": faults.capacity_back,
            "missing_image": faults.missing_image,
            "reclaim_spot": faults.reclaim_spot,
            "lose_host": faults.lose_host,
            "forget": faults.forget,
            "deny_bucket": faults.deny_bucket,
            "deny_key": faults.deny_key,
            "lose_events": faults.lose_events,
            "double_events": faults.double_events,
            "delay_events": faults.delay_events,
            "reorder_events": faults.reorder_events,
            "disable_rule": faults.disable_rule,
            "deny_events": faults.deny_events,
            "deny_queue": faults.deny_queue,
            "delays": faults.delays,
            "clear": faults.clear,
        }

    def reply(self, request: Request) -> bytes:
        """The response to one control request."""
        status, body = self._answer(request)
        return http(status, json.dumps(body).encode(), "application/json", {})

    def _answer(self, request: Request) -> tuple[int, object]:
        what = request.path.removeprefix(ROOT)
        if request.method == "GET" and what == "state":
            return 200, {name: read() for name, read in self._reads.items()}
        if request.method == "GET" and what in self._reads:
            return 200, self._reads[what]()
        verb = self._verbs.get(what.removeprefix("faults/"))
        if request.method != "POST" or not what.startswith("faults/") or verb is None:
            return 404, {"error": "unknown", "read": ["state", *self._reads], "faults": list(self._verbs)}
        try:
            arguments: Json = json.loads(request.body or b"{}")
            verb(**arguments)
        except (AttributeError, TypeError, ValueError, KeyError) as error:
            return 400, {"error": f"{what}: {error}"}
        return 200, {}
