"""An embedded AWS: ECS, Batch, Logs, S3, EventBridge and SQS on loopback; containers are local processes.

Law: `world` is pure and models AWS, `processes` runs the containers, `cloud` drives both in real time, and
`http` answers requests. Imports nothing else of `aws_executors`.
"""

from aws_executors.local.start import LocalAws
from aws_executors.local.world import FARGATE, FAST, NONE, Delays

__all__ = ["FARGATE", "FAST", "NONE", "Delays", "LocalAws"]
