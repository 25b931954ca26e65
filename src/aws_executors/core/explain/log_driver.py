"""Explain why the log of a container could not be set up before it started.

Law: the most specific rows come first: CloudWatch's words before the log driver's.
"""

from aws_executors.core.explain.agent import SETUP as PAGE
from aws_executors.core.explain.reason import Reason, behind
from aws_executors.core.explain.secrets_and_roles import (
    LOG,
    NO_CREDENTIALS,
    THROTTLED,
    UNREACHED,
    way_out,
)

AWSLOGS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"
FIRELENS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html"

LOGS: tuple[Reason, ...] = (
    Reason(
        name="log driver without credentials",
        says=behind(("logging driver",), NO_CREDENTIALS),
        what="The log driver had no credentials for CloudWatch Logs",
        remedy=(
            "Give the definition an execution role, and set "
            "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true for the instance's agent; or allow the "
            "instance's role to write logs."
        ),
        source="https://docs.aws.amazon.com/batch/latest/userguide/troubleshooting-cant-specify-secrets.html",
    ),
    Reason(
        name="log may not be written",
        says=("not authorized to perform: logs:",),
        what="The execution role is not allowed to write the container's log",
        remedy=(
            "Allow the execution role logs:CreateLogStream and logs:PutLogEvents (and "
            "logs:CreateLogGroup with awslogs-create-group)."
        ),
        source=PAGE,
    ),
    Reason(
        name="CloudWatch Logs out of reach",
        says=(
            "failed to validate logger args...signal: killed",
            "connection issue between the task and Amazon CloudWatch",
            "connection issue between the task and CloudWatch",
            *behind(LOG, UNREACHED),
        ),
        what="CloudWatch Logs could not be reached from the container's subnet",
        remedy=way_out("logs"),
        source=PAGE,
    ),
    Reason(
        name="log group missing",
        says=(
            "specified log group does not exist",
            "cannot find the Amazon CloudWatch log group",
            *behind(LOG, ("ResourceNotFoundException",)),
        ),
        what="The log group in the definition does not exist",
        remedy=(
            'Create it, in the Region of awslogs-region, or set "awslogs-create-group": "true" and '
            "allow the execution role logs:CreateLogGroup."
        ),
        source=AWSLOGS,
    ),
    Reason(
        name="log too often asked for",
        says=behind(LOG, THROTTLED),
        what="CloudWatch Logs throttled the creation of log streams",
        remedy=("If it persists, ask for a higher CreateLogStream quota, or start fewer containers at once."),
        source=PAGE,
    ),
    Reason(
        name="log router not set up",
        says=("firelens", "logging driver...24224", "logging driver...fluent"),
        what="The log router (FireLens) could not be set up or reached",
        remedy=(
            "Check `firelensConfiguration`, the options of awsfirelens, and the log router's own "
            "log. The execution role must be able to read a configuration file in S3."
        ),
        source=FIRELENS,
    ),
    Reason(
        name="log not set up",
        says=("Cloudwatch log group", "Cloudwatch log stream", "args: create stream"),
        what="The container's log stream could not be created",
        remedy=(
            "Check the log group's name, logs:CreateLogStream for the execution role, and the "
            "subnets' route to CloudWatch Logs."
        ),
        source=PAGE,
    ),
    Reason(
        name="log driver refused",
        says=(
            "failed to validate logger args",
            "failed to initialize logging driver",
            "unknown log opt",
            "a value for log opt",
            "no log driver named",
        ),
        what="The container's log driver could not be set up",
        remedy="Check `logConfiguration` in the definition: awslogs-group, awslogs-region and "
        "awslogs-stream-prefix, or another driver's options, and whether its server answers.",
        source=PAGE,
    ),
)
