"""A boto3 client in virtual time.

Law: the production code makes the calls, reads the answers and classifies the errors; this model only
replaces botocore: a call is sent, carried out and answered, each a little later, or not at all.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError
from returns.result import Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.settings.base import Settings
from aws_executors.local.world import Json
from aws_executors.shell.aws.client.clients import Clients, ServiceName
from simulation.cloud import Cloud
from simulation.process import Process
from simulation.timeline import between, draw

LATE, TWICE = 0.08, 0.05
"""The share of conditional writes that land late, without an answer, and the share that botocore repeats."""


@dataclass(frozen=True, slots=True)
class Meta:
    """The part of a boto3 client's `meta` that the production code uses."""

    method_to_api_mapping: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VirtualClient:
    """A boto3 client whose calls go to the cloud, take time, and fail as botocore's do."""

    service: str
    process: Process
    cloud: Cloud

    @property
    def meta(self) -> Meta:
        """The client's operations."""
        return Meta({"terminate_jobs": "TerminateJobs"})

    def run_task(self, **params: object) -> Json:
        return self._call("RunTask", params)

    def describe_tasks(self, **params: object) -> Json:
        return self._call("DescribeTasks", params)

    def list_tasks(self, **params: object) -> Json:
        return self._call("ListTasks", params)

    def stop_task(self, **params: object) -> Json:
        return self._call("StopTask", params)

    def submit_job(self, **params: object) -> Json:
        return self._call("SubmitJob", params)

    def describe_jobs(self, **params: object) -> Json:
        return self._call("DescribeJobs", params)

    def list_jobs(self, **params: object) -> Json:
        return self._call("ListJobs", params)

    def terminate_jobs(self, **params: object) -> Json:
        return self._call("TerminateJobs", params)

    def put_object(self, **params: object) -> Json:
        return self._call("PutObject", params)

    def get_object(self, **params: object) -> Json:
        answer = self._call("GetObject", params)
        return {**answer, "Body": io.BytesIO(answer["Body"])}

    def list_objects_v2(self, **params: object) -> Json:
        return self._call("ListObjectsV2", params)

    def delete_object(self, **params: object) -> Json:
        return self._call("DeleteObject", params)

    def _call(self, action: str, params: Json) -> Json:
        process, times = self.process, self.cloud.schedule.times
        process.calls += 1
        number = process.calls
        if action == "PutObject" and "IfMatch" in params and self._lands_late(number, params):
            process.wait(times.call_timeout)
            raise ReadTimeoutError(endpoint_url="https://aws")
        if action == "PutObject" and "IfMatch" in params and self._is_repeated(number):
            self.cloud.call(self.service, action, params)
            process.wait(between(0.2, 1.0, process.seed, process.number, number, "repeated"))
        process.wait(between(0.01, 0.2, process.seed, process.number, number, "out"))
        answer = self.cloud.call(self.service, action, params)
        self._tell(action, params, answer.error or ("" if answer.delivered else "answer lost"))
        if process.dies_at_call and number >= process.dies_at_call:
            process.die()
        back = answer.delay + between(0.01, 0.2, process.seed, process.number, number, "back")
        if not answer.delivered or back > times.call_timeout:
            process.wait(times.call_timeout)
            raise ReadTimeoutError(endpoint_url="https://aws")
        process.wait(back)
        if answer.error is None:
            return answer.body
        said: Any = {
            "Error": {"Code": answer.error, "Message": answer.body.get("message", "")},
            "ResponseMetadata": {"HTTPStatusCode": answer.status},
            **answer.body,
        }
        raise ClientError(said, action)

    def _lands_late(self, number: int, params: Json) -> bool:
        """Whether this write is carried out late and without an answer, even if its writer dies."""
        process = self.process
        late = self.cloud.schedule.warm and draw(process.seed, process.number, number, "late") < LATE
        if late:
            lands = between(0.0, 12.0, process.seed, process.number, number, "lands")
            process.line.after(lands, lambda: self._land(params))
        return late

    def _is_repeated(self, number: int) -> bool:
        """Whether botocore repeats this write, which was carried out, but whose answer was lost."""
        process = self.process
        return self.cloud.schedule.warm and draw(process.seed, process.number, number, "twice") < TWICE

    def _land(self, params: Json) -> None:
        answer = self.cloud.call(self.service, "PutObject", params)
        self._tell("PutObject", params, f"lands late: {answer.error or 'done'}")

    def _tell(self, action: str, params: Json, problem: str) -> None:
        if action in ("DescribeTasks", "DescribeJobs", "ListObjectsV2") and not problem:
            return  # too many for the story
        what = params.get("clientToken") or params.get("jobName") or params.get("startedBy")
        what = what or params.get("task") or params.get("jobs") or params.get("filters")
        what = what or params.get("Key") or ""
        self.process.line.tell(self.process.name, f"{action} {what} {problem}".rstrip())


class VirtualClients(Clients):
    """The real clients, over virtual ones."""

    def __init__(self, settings: Settings, process: Process, cloud: Cloud) -> None:
        super().__init__(settings, clock=process.line.clock)
        self._process, self._cloud = process, cloud

    def _client(self, service: ServiceName) -> Result[object, AwsError]:
        return Success(VirtualClient(service, self._process, self._cloud))
