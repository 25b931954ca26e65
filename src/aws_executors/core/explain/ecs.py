"""Explain why ECS could not place a task, or stopped it.

Law: rows match stop codes and `stoppedReason`. Remedies for a lack of capacity are defined once, in
`core/ecs/answers/responses.py`, because RunTask answers in the same words.
"""

from aws_executors.core.aws.error_codes import MESSAGES, Kind
from aws_executors.core.aws.response import DEREGISTERED, MAINTENANCE
from aws_executors.core.aws.sidecars import ENDED_TASK
from aws_executors.core.ecs.answers.responses import FAILURES
from aws_executors.core.explain.network_and_volumes import BLOCKED, NO_ADDRESSES, NO_SUBNET
from aws_executors.core.explain.reason import ANYTHING, Reason, behind
from aws_executors.core.explain.secrets_and_roles import THROTTLED
from aws_executors.core.lifecycle.effects import OURS
from aws_executors.core.lifecycle.observation import Cause, Sign

API = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"
STOPPED = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html"
SCHEDULERS = (
    "https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/scheduler.html"
)
SHOWN = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"
ESSENTIAL = "https://repost.aws/knowledge-center/ecs-essential-container-task-exited"
CAPACITY = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html"
EC2 = "https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html"
INSTANCE_ROLE = (
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-profile.html"
)
MANAGED = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ManagedInstances.html"
SPOT = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html"

_LAUNCH = ("Unable to launch instance(s) for capacity provider",)

LAUNCHES: tuple[Reason, ...] = (
    Reason(
        name="no instance launched: infrastructure role",
        says=behind(_LAUNCH, ("unable to assume", "assume the role", "perform: sts:AssumeRole")),
        what="ECS could not assume the capacity provider's infrastructure role",
        remedy=(
            "Check that the role still exists, and that its trust policy allows ecs.amazonaws.com. A new "
            "role takes some minutes."
        ),
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/infrastructure_IAM_role.html",
    ),
    Reason(
        name="no instance launched: not allowed",
        says=behind(_LAUNCH, ("UnauthorizedOperation", "not authorized to perform")),
        what="ECS is not allowed to launch an instance for the capacity provider",
        remedy=(
            "Allow what AWS names in the capacity provider's infrastructure role (and in the policy that "
            "denies it, if one is named). AmazonECSInfrastructureRolePolicyForManagedInstances passes only "
            "instance roles whose names begin with ecsInstanceRole."
        ),
        source=INSTANCE_ROLE,
    ),
    Reason(
        name="no instance launched: instance profile",
        says=behind(_LAUNCH, ("IAM Instance Profile", "iamInstanceProfile")),
        what="The capacity provider's instance profile can not be used",
        remedy=(
            "Check that the instance profile exists and holds a role. A new one takes some minutes until EC2 "
            "knows it."
        ),
        source=INSTANCE_ROLE,
    ),
    Reason(
        name="no instance launched: account",
        says=behind(_LAUNCH, BLOCKED),
        what="AWS lets the account launch no instances: it is blocked, or not verified yet",
        remedy="Do what AWS names, or contact AWS Support. A new account is verified within some hours.",
        source=EC2,
    ),
    Reason(
        name="no instance launched: throttled",
        says=behind(_LAUNCH, ("RequestLimitExceeded", *THROTTLED)),
        what="EC2 throttled the launch of an instance for the capacity provider",
        remedy="If it persists, start fewer containers at once, or ask AWS for more EC2 API requests.",
        source="https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html",
    ),
    Reason(
        name="no instance launched: quota",
        says=behind(_LAUNCH, ("VcpuLimitExceeded", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded")),
        what="The account's quota of EC2 instances is used up",
        remedy=(
            "Raise it in Service Quotas (EC2: vCPUs of On-Demand or of Spot instances), or run fewer "
            "containers at once."
        ),
        source=EC2,
    ),
    Reason(
        name="no instance launched: another quota",
        says=behind(_LAUNCH, ("LimitExceeded",)),
        what="A quota of the account that an instance needs is used up",
        remedy=(
            "Raise the one that AWS names in Service Quotas (VPC: network interfaces per Region; EBS: "
            "storage), or run fewer containers at once."
        ),
        source=EC2,
    ),
    Reason(
        name="no instance launched: subnet full",
        says=behind(_LAUNCH, NO_ADDRESSES),
        what="The capacity provider's subnet has no free IP address for an instance",
        remedy="Add larger subnets to the capacity provider, or run fewer containers at once.",
        source=EC2,
    ),
    Reason(
        name="no instance launched: subnet or security group",
        says=behind(_LAUNCH, (*NO_SUBNET, "belong to different networks")),
        what="A subnet or a security group of the capacity provider can not be used",
        remedy="Check them in the capacity provider: all must exist, in one VPC, in this Region.",
        source=EC2,
    ),
    Reason(
        name="no instance launched: instance type",
        says=behind(
            _LAUNCH,
            ("Unsupported:", "InvalidInstanceType", "is not supported in your requested", "not supported."),
        ),
        what="EC2 does not have such an instance in the Availability Zone",
        remedy=(
            "Allow more instance types in the capacity provider's instance requirements, or add subnets in "
            "other Availability Zones."
        ),
        source=EC2,
    ),
    Reason(
        name="no instance launched: no capacity",
        says=behind(
            _LAUNCH,
            (
                "InsufficientInstanceCapacity",
                "InsufficientReservedInstanceCapacity",
                "UnfulfillableCapacity",
                "ReservationCapacityExceeded",
                "InsufficientHostCapacity",
                "SpotMaxPriceTooLow",
            ),
        ),
        what="AWS has no instance for the capacity provider at this time",
        remedy=(
            "Allow more instance types in its instance requirements, subnets in more Availability Zones, or "
            "On-Demand in the place of Spot."
        ),
        source=EC2,
    ),
    Reason(
        name="no instance launched: key",
        says=behind(_LAUNCH, ("Client.InternalError", "InvalidKMSKey", "KMS key")),
        what="EC2 could not use the key with which an instance's volumes are encrypted",
        remedy=(
            "Check the KMS key of the capacity provider's storage, or the account's default one for EBS: it "
            "must be enabled, and its policy must allow the infrastructure role to use it."
        ),
        source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html",
    ),
    Reason(
        name="no instance launched: EC2 failed",
        says=behind(_LAUNCH, ("InternalError", "InternalFailure", "Unavailable")),
        what="EC2 failed while it launched an instance for the capacity provider",
        remedy="If it persists, check the AWS Health Dashboard.",
        source=EC2,
    ),
    Reason(
        name="no instance launched",
        says=_LAUNCH,
        what="ECS could not launch an instance for the capacity provider",
        remedy=(
            "Check what AWS names in the capacity provider: subnets, security groups, instance "
            "requirements, instance profile, infrastructure role."
        ),
        source=MANAGED,
    ),
)
"""ECS Managed Instances: EC2's own codes, which ECS quotes."""


def _placement(words: str) -> tuple[str, ...]:
    """Phrases for these words of ECS: behind ECS's name for the failure, and alone if only ECS uses them.

    ``RESOURCE:`` alone is not enough: every denial by IAM says "on resource: arn:...".
    """
    alone = (words,) if set(words) & set(" :") else ()
    named = ("RESOURCE:CPU", "RESOURCE:MEMORY") if words == "RESOURCE:" else alone
    return (f"TaskFailedToStart: {words}", *named)


PLACEMENT: tuple[Reason, ...] = tuple(
    Reason(
        name=f"not placed: {words}",
        says=_placement(words),
        what="The container could not be placed",
        remedy=remedy,
        source=API,
    )
    for words, remedy in FAILURES
)

ROOM: tuple[Reason, ...] = (
    *(
        Reason(
            name=f"no room: {words}",
            says=(words,),
            what="There was no capacity for the container",
            remedy=rule.remedy,
            source=API,
        )
        for words, rule in MESSAGES
        if rule.kind is Kind.CAPACITY and not any(words.startswith(known.lower()) for known, _ in FAILURES)
    ),
    Reason(
        name="no instance with room",
        says=("no container instance met all of its requirements", "closest matching (container-instance"),
        what="No container instance has room for the container",
        remedy=(
            "AWS names the closest instance and what it lacks: CPU, memory, a port, an attribute, or "
            "its agent. Add instances or larger ones, or ask for less."
        ),
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html",
    ),
)

RETRIED = "It is started again if the task had not started; otherwise Airflow's `retries` apply."

ENDED: tuple[Reason, ...] = (
    Reason(
        name="stopped by a scheduler",
        says=(OURS + ANYTHING,),
        cause=Cause.WITHDRAWN,
        what="An Airflow scheduler stopped the container",
        remedy="It is queued again if the task had not started; otherwise Airflow's `retries` apply.",
        source=SCHEDULERS,
    ),
    Reason(
        name="stopped by somebody",
        says=("Task stopped by user",),
        stop_code="UserInitiated",
        sign=Sign.BY_A_PERSON,
        cause=Cause.STOPPED,
        what="The container was stopped manually",
        remedy="CloudTrail shows who called StopTask or TerminateJob.",
        source=STOPPED,
    ),
    Reason(
        name="sidecar took the task along",
        sign=Sign.TAKEN_ALONG,
        cause=Cause.EXITED,
        what=(
            "Another essential container of the task stopped first, or did not start, so ECS stopped "
            "Airflow's container"
        ),
        remedy=(
            'See its log. If the task can run without it, mark it as "essential": false in the '
            "definition. If it is already, Airflow's container was killed from inside: read its log "
            "as well."
        ),
        source=ESSENTIAL,
    ),
    Reason(
        name="sidecar ended before the start",
        sign=Sign.TAKEN_ALONG,
        cause=Cause.NEVER_STARTED,
        what=("Another essential container of the task stopped before the Airflow container had started"),
        remedy='See its log. Mark containers that may stop as "essential": false.',
        source=ESSENTIAL,
    ),
    Reason(
        name="no longer shown",
        sign=Sign.NO_LONGER_SHOWN,
        cause=Cause.UNCLEAR,
        what="AWS no longer shows the container, so how it ended is not known",
        remedy="ECS shows an ended container for at least an hour. Read its log.",
        source=SHOWN,
    ),
    Reason(
        name="Spot capacity taken back",
        says=("Your Spot Task was interrupted", "SpotInterruption"),
        stop_code="SpotInterruption",
        cause=Cause.RECLAIMED,
        what="AWS reclaimed the container's Spot capacity",
        remedy=(f"{RETRIED} Add FARGATE beside FARGATE_SPOT for tasks that must not be interrupted."),
        source=SPOT,
    ),
    Reason(
        name="maintenance",
        says=MAINTENANCE,
        cause=Cause.HOST_LOST,
        what="AWS retired the container's host for maintenance",
        remedy=(
            f"{RETRIED} "
            "AWS announces retirements in the Health Dashboard some days before; on ECS Managed Instances "
            "an instance is drained 14 days after its launch."
        ),
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-maintenance.html",
    ),
    Reason(
        name="instance about to end",
        stop_code="TerminationNotice",
        cause=Cause.INSTANCE_ENDED,
        what="The container's instance received a termination notice",
        remedy=(
            f"{RETRIED} The cause is Spot, or an Auto Scaling group that scales in: "
            "enable managed termination protection, or use On-Demand instances."
        ),
        source=STOPPED,
    ),
    Reason(
        name="instance gone",
        says=("Host EC2",),
        cause=Cause.INSTANCE_ENDED,
        what="The container's instance was stopped or terminated",
        remedy=f"{RETRIED} If it happens often (Spot, scale-in), use On-Demand instances.",
        source=STOPPED,
    ),
    Reason(
        name="instance deregistered",
        says=(DEREGISTERED,),
        cause=Cause.HOST_LOST,
        what="The container's instance was deregistered from its cluster",
        remedy=(f"{RETRIED} Drain instances before they are deregistered."),
        source=STOPPED,
    ),
    Reason(
        name="machine unhealthy",
        stop_code="InfrastructureHealth",
        cause=Cause.HOST_LOST,
        what="ECS stopped the container because its host was unhealthy",
        remedy=f"{RETRIED} The task is not at fault.",
        source=STOPPED,
    ),
    Reason(
        name="health check failed",
        says=("failed container health checks", "failed ELB health checks"),
        cause=Cause.STOPPED,
        what="A health check failed",
        remedy=(
            "Remove `healthCheck` from the container's definition: Airflow monitors its tasks by heartbeat."
        ),
        source=STOPPED,
    ),
    Reason(
        name="service scaled in",
        says=("Scaling activity initiated by",),
        stop_code="ServiceSchedulerInitiated",
        cause=Cause.STOPPED,
        what="An ECS service stopped the container",
        remedy="Airflow tasks belong to no service: check `group` in the request.",
        source=STOPPED,
    ),
)

LAST: tuple[Reason, ...] = (
    Reason(
        name="no instance for the capacity provider",
        sign=Sign.NO_INSTANCE,
        what="The capacity provider found no instance with room for the container",
        remedy=(
            "Check its Auto Scaling group: has it reached its maximum size, are its instance types "
            "large enough and available, do they have a network interface left for the task (awsvpc: "
            "ENI limits)?"
        ),
        source=CAPACITY,
    ),
    Reason(
        name="not started for no reason given",
        says=("Task failed to start", "TaskFailedToStart"),
        cause=Cause.NEVER_STARTED,
        what="The task failed to start",
        remedy=(
            "Check what AWS names. If it names nothing, the console shows the containers and their reasons "
            "for an hour; the usual causes are the image, the execution role, a secret, or a subnet without "
            "a route to the internet."
        ),
        source=STOPPED,
    ),
    Reason(
        name="sidecar ended first",
        says=(ENDED_TASK,),
        cause=Cause.NEVER_STARTED,
        what="An essential container of the task stopped before the Airflow container had started",
        remedy=('See the logs of the other containers. Mark containers that may stop as "essential": false.'),
        source=ESSENTIAL,
    ),
)
"""Rows that are tried only if no other row matches."""

ECS: tuple[Reason, ...] = (*PLACEMENT, *ROOM, *ENDED)
