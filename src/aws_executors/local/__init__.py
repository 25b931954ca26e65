"""An embedded AWS: ECS, Batch and CloudWatch Logs on loopback, whose containers are local processes.

Law: a pure world (`world`), what runs its containers (`processes`), what drives both (`cloud`), and a server
in front of them (`server`). Imports nothing of the rest of `aws_executors`.
"""

from aws_executors.local.start import LocalAws
from aws_executors.local.world import FARGATE, FAST, NONE, Delays

__all__ = ["FARGATE", "FAST", "NONE", "Delays", "LocalAws"]
