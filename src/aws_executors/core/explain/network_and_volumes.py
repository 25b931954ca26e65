"""Explain why the volumes or the network of a container could not be set up.

Law: the most specific rows come first: the file server's and EC2's words before the agent's.
"""

from aws_executors.core.explain.agent import CODES
from aws_executors.core.explain.reason import Reason, behind
from aws_executors.core.explain.secrets_and_roles import EBS, THROTTLED

CNI = "https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/troubleshooting.md"
START = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/failed-to-start-error.html"
EFS = "https://docs.aws.amazon.com/efs/latest/ug/troubleshooting-efs-mounting.html"
ENI = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html"
TRUNKING = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html"
AGENT = "https://github.com/aws/amazon-ecs-agent/blob/master/agent/engine/docker_task_engine.go"
TAGS = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_tag-policies.html"
FSX = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/wfsx-volumes.html"

NO_ADDRESSES = (
    "insufficient free addresses",
    "InsufficientFreeAddresses",
    "not have enough free addresses",
    "InsufficientCidrBlocks",
)
NO_SUBNET = ("InvalidSubnetID", "InvalidSubnet.", "InvalidGroup.NotFound", "InvalidSecurityGroup")
BLOCKED = ("Blocked:", "account is currently blocked", "PendingVerification", "OptInRequired")
"""EC2's words, for a container's network interface and for an instance."""

VOLUMES: tuple[Reason, ...] = (
    Reason(
        name="EFS has no address",
        says=(
            "EFS utils...Failed to resolve",
            "mount.nfs4...Name or service not known",
            "mounting volume...Failed to resolve",
            "mounting volume...efs...no such host",
            "No matching mount target in the az",
            "Cannot find mount target for the file system",
            "No mount target created for the file system",
        ),
        what="The file system's name could not be resolved, or it has no mount target there",
        remedy=(
            "Give the file system a mount target in the subnet's Availability Zone, and enable DNS "
            "hostnames in the VPC."
        ),
        source=EFS,
    ),
    Reason(
        name="EFS has no such directory",
        says=("reason given by server: No such file or directory",),
        what="The directory does not exist on the file system",
        remedy=(
            "Create the `rootDirectory` there, leave it out, or use an access point, which creates its own."
        ),
        source=EFS,
    ),
    Reason(
        name="EFS denies access",
        says=("access denied by server while mounting", "reason given by server: Permission denied"),
        what="The file system denied the mount",
        remedy="Check the file system's policy, the access point, and elasticfilesystem:ClientMount for "
        "the task role (with `iam` ENABLED); for S3 Files, s3files:ClientMount.",
        source=EFS,
    ),
    Reason(
        name="EFS refuses the mount",
        says=("reason given by server",),
        what="The file system refused the mount",
        remedy="Check `rootDirectory`, the access point and the file system's policy.",
        source=EFS,
    ),
    Reason(
        name="EFS out of reach",
        says=(
            "EFS utils...timed out",
            "EFS utils...failed due to timeout",
            "EFS utils...Connection re",
            "mount.nfs4: Connection",
            "mount.nfs4: mount system call failed",
            "Cannot connect to file system mount target",
        ),
        what="The file system did not answer",
        remedy=(
            "Open port 2049: inbound in the mount targets' security group, from the container's; "
            "outbound in the container's."
        ),
        source=EFS,
    ),
    Reason(
        name="EFS without a role",
        says=(
            "AWS Access Key ID and Secret Access Key are not found",
            "AWS security credentials not found",
            "to retrieve AWS security credentials",
            "Unable to reach Container Credentials URI",
        ),
        what="There were no credentials to mount the file system with",
        remedy=(
            "With `iam` ENABLED (and for S3 Files) the definition needs a task role (in a job definition: "
            "`jobRoleArn`)."
        ),
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-efs-config.html",
    ),
    Reason(
        name="EFS not mounted",
        says=("EFS utils", "mount.nfs4", "mount.efs", "S3 Files"),
        what="A file system of EFS or S3 Files could not be mounted",
        remedy="Check its id, access point and mount targets, and the security groups between them. S3 Files "
        "needs a task role, and Fargate or Managed Instances.",
        source=EFS,
    ),
    Reason(
        name="FSx not mounted",
        says=("fsxwindowsfileserver", "fsx describing filesystem", "FSx for Windows File Server"),
        what="An FSx file share could not be mounted",
        remedy=(
            "Check its id and the secret with its credentials, and that the instance has joined its domain."
        ),
        source=FSX,
    ),
    Reason(
        name="EBS volume not had",
        says=("EBS volume", "EBS task volume"),
        what="The container's EBS volume could not be created or attached",
        remedy=(
            "Check its configuration in the request (infrastructure role, KMS key, snapshot; a file system "
            "type that fits the snapshot), and the account's volume quota."
        ),
        source=EBS,
    ),
    Reason(
        name="volume's owner not set",
        says=("failed to copy file info...operation not permitted", "failed to chown"),
        what="The volume does not allow its files to be owned by the image's user",
        remedy=(
            "Leave out the access point's PosixUser, or give that user the directory in the image "
            "that is mounted over."
        ),
        source=CODES,
    ),
    Reason(
        name="path for a volume missing",
        says=(
            "bind source path does not exist",
            "invalid mount config for type",
            "error while creating mount source path",
        ),
        what="A host path that the definition mounts does not exist on the instance",
        remedy="Create it on the instances (user data of the launch template), or mount another one.",
        source=CODES,
    ),
    Reason(
        name="volume not on the instance",
        says=("non-autoprovisioned volume", "autoprovision is set to false"),
        what="A Docker volume of the definition does not exist on the instance, or is another one there",
        remedy="Create it on the instances (user data of the launch template), or set `autoprovision`.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/docker-volumes.html",
    ),
    Reason(
        name="volume driver not there",
        says=("looking up volume plugin", "legacy plugin"),
        what="A volume driver is not installed on the instance",
        remedy=(
            "Install the Docker plugin on the instances (user data of the launch template), or use "
            "another kind of volume."
        ),
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/docker-volumes.html",
    ),
    Reason(
        name="volume not made",
        says=(
            "CannotCreateVolumeError",
            "CannotInspectVolumeError",
            "CannotRemoveVolumeError",
            "VolumeError: Agent could not create",
            "error while mounting volume",
            "failed to mount local volume",
            "VolumeDriver.",
        ),
        what="A volume of the definition could not be created or mounted",
        remedy=("Check `volumes` and `mountPoints`: do the host path, the driver and the file system exist?"),
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-create-volume.html",
    ),
    Reason(
        name="volume not valid",
        says=(
            "InvalidVolumeError",
            "Invalid volume referenced",
            "Volume target not available",
            "invalid volume specification",
            "volume name is too short",
            "Duplicate mount point",
            "mount path must be absolute",
            "mount destination...not absolute",
            "could not find volume source container",
            "Unable to resolve volume mounts",
            "volume configuration does not match the type",
        ),
        what="The definition mounts a volume that is not defined, or not valid",
        remedy=(
            "Every `sourceVolume` in `mountPoints`, and every container in `volumesFrom`, must be in "
            "the definition."
        ),
        source=AGENT,
    ),
)

NETWORK: tuple[Reason, ...] = (
    Reason(
        name="subnet without free addresses",
        says=NO_ADDRESSES,
        what="The subnet has no free IP address",
        remedy="Add larger subnets to the option `subnets`, or run fewer containers at once.",
        source=ENI,
    ),
    Reason(
        name="account without network interfaces",
        says=("NetworkInterfaceLimitExceeded", "network interface limit"),
        what="The account's quota of network interfaces is used up",
        remedy=(
            "Raise it in Service Quotas (VPC: network interfaces per Region), or run fewer "
            "containers at once."
        ),
        source="https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
    ),
    Reason(
        name="tag policy forbids the tags",
        says=("TagPolicyViolation",),
        what="The organization's tag policy forbids the tags of the container's network interface",
        remedy=(
            "Give the request the tags and values that the policy requires (with_tags in a builder, "
            "`propagateTags`), or have the policy changed."
        ),
        source=TAGS,
    ),
    Reason(
        name="network interface came too late",
        says=("waiting for network interface provisioning",),
        what="The container's network interface was not ready in time",
        remedy=(
            "If it persists, check the account's quota of network interfaces and the subnets' free addresses."
        ),
        source=CODES,
    ),
    Reason(
        name="network interface not attached",
        says=("error while attempting to attach network interface", "unused device index"),
        what="The container's network interface could not be attached to its host",
        remedy=(
            "If it persists on instances, check that they have a network interface "
            "left (ENI limits, trunking), and enough CPU for as many tasks."
        ),
        source=TRUNKING,
    ),
    Reason(
        name="network interface may not be made",
        says=("Unexpected EC2 error...AuthFailure", "Unexpected EC2 error...UnauthorizedOperation"),
        what="ECS is not allowed to create the container's network interface",
        remedy=(
            "Check that the role AWSServiceRoleForECS exists unchanged, that no policy of the "
            "organization denies it ec2:CreateNetworkInterface, and that a shared subnet is shared "
            "with this account."
        ),
        source=CODES,
    ),
    Reason(
        name="subnet or security group missing",
        says=NO_SUBNET,
        what="A subnet or a security group of the request does not exist",
        remedy=(
            "Check the options `subnets` and `security_groups`: all must exist, in one VPC, in this `region`."
        ),
        source=CODES,
    ),
    Reason(
        name="network interface too often asked for",
        says=behind(("Unexpected EC2 error",), ("RequestLimitExceeded", *THROTTLED)),
        what="EC2 throttled the creation of the container's network interface",
        remedy="If it persists, start fewer containers at once, or ask AWS for more EC2 API requests.",
        source="https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html",
    ),
    Reason(
        name="network interface failed",
        says=behind(("Unexpected EC2 error",), ("InternalError", "InternalFailure", "Unavailable")),
        what="EC2 failed while it created the container's network interface",
        remedy="If it persists, check the AWS Health Dashboard.",
        source="https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html",
    ),
    Reason(
        name="account may make no network interface",
        says=behind(("Unexpected EC2 error",), BLOCKED),
        what="AWS lets the account create no network interface: it is blocked, or not verified yet",
        remedy="Do what AWS names, or contact AWS Support. A new account is verified within some hours.",
        source="https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html",
    ),
    Reason(
        name="network interface not made",
        says=("Unexpected EC2 error while attempting to",),
        what="EC2 refused to create the container's network interface",
        remedy=(
            "Check the options `subnets` (with free addresses) and `security_groups` (all must exist, in one "
            "VPC; at most five groups), and that the role AWSServiceRoleForECS exists."
        ),
        source=CODES,
    ),
    Reason(
        name="pod without an address",
        says=("failed to assign an IP address to container",),
        what="The pod's node had no IP address for it",
        remedy=(
            "Give the compute environment larger subnets, or the VPC CNI prefixes "
            "(ENABLE_PREFIX_DELEGATION), or the pod its node's network (`hostNetwork`)."
        ),
        source=CNI,
    ),
    Reason(
        name="network of the pod not set up",
        says=(
            'plugin type="aws-cni"',
            "AddNetwork gRPC call",
            "networkPlugin cni failed",
            "network for sandbox",
            "cni plugin not initialized",
            "dial tcp 127.0.0.1:50051",  # where the VPC CNI's own daemon listens on each node
        ),
        what="The pod's network could not be set up on its node",
        remedy=(
            "See `kubectl describe pod`, and the node's pod aws-node (VPC CNI): does it run, may its role do "
            "what AmazonEKS_CNI_Policy allows? On a new node it may just not have begun."
        ),
        source=CNI,
    ),
    Reason(
        name="network not set up",
        says=(
            "failed to configure ENI",
            "ContainerNetworkingError",
            "netplugin failed",
            "network namespace",
            "cannot join network of a non running container",
            "failed to create endpoint",
            "cni plugin",
            "container IP for SC bridge mode",
            "CannotStart...network...not found",
            "HNS endpoint",
        ),
        what="The container's network could not be set up on its host",
        remedy=("If it persists on an instance, read ecs-agent.log, and use a recent ECS-optimized image."),
        source=AGENT,
    ),
    Reason(
        name="disk came too late",
        says=("waiting for EphemeralStorage provisioning",),
        what="The container's disk was not ready in time",
        remedy="If it persists, contact AWS Support.",
        source=CODES,
    ),
    Reason(
        name="definition does not fit the capacity",
        says=("not compatible with the selected compute strategy",),
        what="The task definition cannot run on the requested capacity",
        remedy=(
            "Make its `requiresCompatibilities` and network mode match `launch_type` or "
            "`capacity_provider_strategy`."
        ),
        source=START,
    ),
)

AROUND: tuple[Reason, ...] = (*VOLUMES, *NETWORK)
