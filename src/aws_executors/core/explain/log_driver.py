"""Why the log of a container could not be set up before its start.

Law: rows, the most telling first; CloudWatch's words before the log driver's.
"""

from aws_executors.core.explain.reason import Reason, behind
from aws_executors.core.explain.secrets_and_roles import PAGE, THROTTLED, UNREACHED, way_out

AWSLOGS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"
FIRELENS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html"
LOG = ("Cloudwatch log", "logger args", "CloudWatch Logs", "Amazon CloudWatch")

LOGS: tuple[Reason, ...] = (
    Reason(
        name="log may not be written",
        says=("not authorized to perform: logs:",),
        what="The execution role may not write the container's log",
        remedy="Allow logs:CreateLogStream and logs:PutLogEvents to the execution role (and "
        "logs:CreateLogGroup with awslogs-create-group).",
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
        what="The log group that the definition names does not exist",
        remedy='Create it, in the Region of awslogs-region, or set "awslogs-create-group": "true" and allow '
        "logs:CreateLogGroup to the execution role.",
        source=AWSLOGS,
    ),
    Reason(
        name="log too often asked for",
        says=behind(LOG, THROTTLED),
        what="CloudWatch Logs was asked for too many streams at once",
        remedy="It passes: it is tried again. If it lasts, ask for a higher quota of CreateLogStream, or let "
        "fewer containers start at once.",
        source=PAGE,
    ),
    Reason(
        name="log driver without credentials",
        says=("logging driver...NoCredentialProviders", "logging driver...CredentialsEndpointError"),
        what="The log driver had no credentials to write to CloudWatch Logs with",
        remedy="Give the definition an execution role, and the instance's agent "
        "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true; or let the instance's role write logs.",
        source="https://docs.aws.amazon.com/batch/latest/userguide/troubleshooting-cant-specify-secrets.html",
    ),
    Reason(
        name="log router not set up",
        says=("firelens", "logging driver...24224", "logging driver...fluent"),
        what="The log router (FireLens) of the definition could not be set up, or reached",
        remedy="Check `firelensConfiguration` and the options of awsfirelens, and the log router's "
        "own log. A file in S3 must be readable for the execution role.",
        source=FIRELENS,
    ),
    Reason(
        name="log not set up",
        says=("Cloudwatch log group", "Cloudwatch log stream"),
        what="The container's log in CloudWatch could not be made",
        remedy="Check the log group's name, logs:CreateLogStream for the execution "
        "role, and the subnets' way to CloudWatch Logs.",
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
        remedy="Check `logConfiguration` in the definition: awslogs-group, awslogs-region, "
        "awslogs-stream-prefix.",
        source=PAGE,
    ),
)
