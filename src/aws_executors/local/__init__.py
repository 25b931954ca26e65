"""An embedded AWS: ECS, Batch, Logs, S3 and SQS on loopback, with local processes as containers.

Law: `world` is pure and models AWS, `processes` runs the containers, `cloud` drives both in real time, and
`server` answers HTTP requests. Imports nothing else of `aws_executors`.
"""

from aws_executors.local.start import LocalAws
from aws_executors.local.world import FARGATE, FAST, NONE, Delays

__all__ = ["FARGATE", "FAST", "NONE", "Delays", "LocalAws"]
