"""Explain the `statusReason` of an AWS Batch job: why it waits, or why Batch ended it.

The reason of the container inside the job is in ECS's words (see `ecs.py`). What Batch rejects only after
SubmitJob is explained as if rejected at once (`core/aws/error_codes.py`). For pods on EKS, Batch shows
Kubernetes' reasons.
"""

from aws_executors.core.aws.error_codes import MESSAGES, Kind
from aws_executors.core.aws.response import POD_TAKEN
from aws_executors.core.explain.reason import Reason
from aws_executors.core.lifecycle.observation import Cause

CAPACITY = "https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable_capacity.html"
API = "https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html"
MISCONFIGURED = (
    "https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable_misconfiguration.html"
)
PODS = "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/"
PAGE = "https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html"

BATCH: tuple[Reason, ...] = (
    Reason(
        name="queue gave the job up",
        says=("by JobStateTimeLimit action",),
        cause=Cause.TIMED_OUT,
        what="The job queue ended the job because it had waited too long to start",
        remedy=(
            "Fix the reason that it names, or raise `maxTimeSeconds` in the queue's jobStateTimeLimitActions."
        ),
        source=PAGE,
    ),
    Reason(
        name="queue too small",
        says=("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",),
        what="The job asks for more vCPUs than any compute environment of its queue can have",
        remedy="Raise `maxvCpus` of a compute environment, ask for less, or use another `job_queue`.",
        source=PAGE,
    ),
    Reason(
        name="no instance large enough",
        says=("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",),
        what="No instance type of the queue's compute environments is large enough for the job",
        remedy=(
            "Ask for less CPU, memory or GPU, or add larger `instanceTypes` to a compute "
            "environment. Jobs get less memory than the instance type lists."
        ),
        source=PAGE,
    ),
    Reason(
        name="Batch lacks a permission",
        says=("MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",),
        what="Batch's service role lacks a permission, so no instance can start",
        remedy="Use the role AWSServiceRoleForBatch, or compare the compute environment's service role "
        "with the policy AWSBatchServiceRole.",
        source=PAGE,
    ),
    Reason(
        name="instance type not supported",
        says=("MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED",),
        what="The compute environment's instances cannot be started as configured",
        remedy=(
            "Check that its instance types exist in the subnets' Availability Zones; check its "
            "launch template and its image."
        ),
        source=PAGE,
    ),
    Reason(
        name="service environment too small",
        says=("MISCONFIGURATION:SERVICE_ENVIRONMENT_MAX_RESOURCE",),
        what="The job asks for more than any service environment of its queue can have",
        remedy="Airflow tasks are not service jobs: use a `job_queue` with compute environments.",
        source=MISCONFIGURED,
    ),
    Reason(
        name="quota share too small",
        says=("MISCONFIGURATION:QUOTA_MANAGEMENT_LIMIT_EXCEEDED",),
        what="The job asks for more than its share of the queue can have",
        remedy="Raise the share's limits, ask for less, or use another share or `job_queue`.",
        source=MISCONFIGURED,
    ),
    Reason(
        name="queue misconfigured",
        says=("MISCONFIGURATION:",),
        what="The job queue cannot run the job as configured",
        remedy="Fix what AWS names in the job queue or its compute environments.",
        source=PAGE,
    ),
    Reason(
        name="no instances to be had",
        says=("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",),
        what="AWS has no capacity left for the queue's instance types",
        remedy=(
            "The job starts when there is capacity. Add instance types, subnets in more Availability "
            "Zones, or a second compute environment."
        ),
        source=CAPACITY,
    ),
    Reason(
        name="queue without capacity",
        says=("CAPACITY:",),
        what="The queue's compute environments have no free capacity",
        remedy=(
            "The job starts when there is capacity. Check the limits of the compute environments and "
            "of the account."
        ),
        source=CAPACITY,
    ),
    Reason(
        name="compute environments invalid",
        says=("ACTION_REQUIRED",),
        what="All compute environments of the queue are INVALID",
        remedy=(
            "See their `statusReason` (batch describe-compute-environments), and fix the role, "
            "subnets or image."
        ),
        source="https://docs.aws.amazon.com/batch/latest/userguide/invalid_compute_environment.html",
    ),
    Reason(
        name="queue blocked",
        says=("UNDETERMINED - ",),
        what="The job queue is blocked for a reason that Batch could not determine",
        remedy=(
            "Check that instances can join the compute environment's cluster: log driver, agent, "
            "instance role, the subnets' route to the internet, EC2 quotas."
        ),
        source="https://repost.aws/knowledge-center/batch-job-stuck-runnable-status",
    ),
    Reason(
        name="attempt too long",
        says=("attempt duration exceeded timeout", "longer than the specified deadline", "DeadlineExceeded"),
        cause=Cause.TIMED_OUT,
        what="The job reached its timeout",
        remedy="Raise it: with_timeout in a builder, or `timeout` in the job definition.",
        source="https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html",
    ),
    Reason(
        name="user not allowed for the pod",
        says=("has runAsNonRoot and", "breaks non-root policy"),
        what="The pod must not run as root, and the image does not say by a number that it does not",
        remedy="Set `runAsUser` in the container's securityContext (50000 in the official Airflow image).",
        source="https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
    ),
    Reason(
        name="start on Kubernetes refused",
        says=(
            "CreateContainerConfigError",
            "CreateContainerError",
            "RunContainerError",
            "ContainerCannotRun",
            "StartError",
            "PreCreateHookError",
            "PreStartHookError",
            "PostStartHookError",
        ),
        what="The pod's container could not be started",
        remedy=(
            "See `kubectl describe pod`: a missing secret, config map or volume, or a command "
            "that is not in the image."
        ),
        source=PODS,
    ),
    Reason(
        name="pod may not be made",
        says=("is forbidden: User",),
        what="The Kubernetes cluster does not allow Batch to run pods there",
        remedy=(
            "Bind Batch's user (aws-batch) to its ClusterRole, and in the namespace to its Role (RBAC), "
            "and map the role AWSServiceRoleForBatch to that user in the cluster's aws-auth."
        ),
        source="https://docs.aws.amazon.com/batch/latest/userguide/getting-started-eks.html",
    ),
    Reason(
        name="pod refused by its cluster",
        says=(
            "admission webhook...denied the request",
            "failed calling webhook",
            "pods...is forbidden: ",
            'Pod "...is invalid: ',
            'namespaces "...not found',
        ),
        what="The Kubernetes cluster refused the pod",
        remedy=(
            "See what AWS names: a policy, a quota of the namespace, a namespace or a service account that "
            "does not exist. Change it, or the pod's definition."
        ),
        source="https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/",
    ),
    Reason(
        name="volume of the pod not mounted",
        says=(
            "FailedMount",
            "FailedAttachVolume",
            "Unable to attach or mount volumes",
            "MountVolume.",
            "AttachVolume.",
            "unbound...PersistentVolumeClaim",
            'persistentvolumeclaim "...not found',
        ),
        what="A volume of the pod could not be attached or mounted",
        remedy=(
            "See `kubectl describe pod`: check the persistent volume claim in the pod's namespace, its "
            "Availability Zone and its driver, and the names of secrets and config maps."
        ),
        source="https://docs.aws.amazon.com/batch/latest/userguide/batch-eks-job-stuck-in-starting.html",
    ),
    Reason(
        name="no node for the pod",
        says=("nodes are available: ",),
        what="No node of the Kubernetes cluster can take the pod",
        remedy=(
            "AWS names what the nodes lack (memory, GPUs, room for pods, a label) or do not tolerate. Ask "
            "for less, allow other instance types in the compute environment, or change the pod's definition."
        ),
        source="https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/",
    ),
    Reason(
        name="pod could not run",
        says=(
            "UnexpectedAdmissionError",
            "Pod was rejected",
            "NodeAffinity",
            "TopologyAffinityError",
            *POD_TAKEN,
        ),
        what="Kubernetes could not run the pod, or lost its node",
        remedy="See `kubectl describe pod`. Does it ask for more memory or disk than its node has?",
        source=PODS,
    ),
    Reason(
        name="pod taken from its node",
        says=POD_TAKEN,
        cause=Cause.HOST_LOST,
        what="Kubernetes evicted or preempted the container's pod, or lost its node",
        remedy=(
            "It is started again if the task had not started; otherwise Airflow's `retries` apply. If its "
            "node was low on memory or disk, request as much as the task uses."
        ),
        source="https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/",
    ),
    *(
        Reason(
            name=f"refused: {words}",
            says=(words,),
            cause=Cause.INVALID,
            what="AWS rejected the job",
            remedy=rule.remedy.replace("{action}", "the action that AWS names"),
            source=API,
        )
        for words, rule in MESSAGES
        if rule.kind is Kind.PERMANENT
    ),
)
