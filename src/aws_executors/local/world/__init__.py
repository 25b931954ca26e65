"""AWS as a deterministic world without sockets, in virtual time, driven by a server or a simulator.

>>> world = World(seed=1)
>>> apply(world, Call("ecs", "CreateCluster", {"clusterName": "c"}), 0.0).body["cluster"]["clusterArn"]
'arn:aws:ecs:us-east-1:123456789012:cluster/c'
"""

from aws_executors.local.world.delays import FARGATE, FAST, NONE, PRESETS, Delays, delays_named
from aws_executors.local.world.loop import ACTIONS, again, apply, carry_out_due, feed, has_stirred, next_due
from aws_executors.local.world.state import Change, World
from aws_executors.local.world.values import (
    Answer,
    Call,
    Exited,
    Json,
    LogTarget,
    Printed,
    ProcessEffect,
    ProcessEvent,
    Ref,
    SignalProcess,
    Started,
    StartFailed,
    StartProcess,
)

__all__ = [
    "ACTIONS",
    "FARGATE",
    "FAST",
    "NONE",
    "PRESETS",
    "Answer",
    "Call",
    "Change",
    "Delays",
    "Exited",
    "Json",
    "LogTarget",
    "Printed",
    "ProcessEffect",
    "ProcessEvent",
    "Ref",
    "SignalProcess",
    "StartFailed",
    "StartProcess",
    "Started",
    "World",
    "again",
    "apply",
    "carry_out_due",
    "delays_named",
    "feed",
    "has_stirred",
    "next_due",
]
