"""Why the volumes or the network around a container could not be had.

Law: rows, the most telling first: the file server's and EC2's words before the agent's.
"""

from aws_executors.core.explain.reason import Reason

CODES = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"
START = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/failed-to-start-error.html"
EFS = "https://docs.aws.amazon.com/efs/latest/ug/troubleshooting-efs-mounting.html"
ENI = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html"
TRUNKING = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html"
AGENT = "https://github.com/aws/amazon-ecs-agent/blob/master/agent/engine/docker_task_engine.go"
TAGS = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_tag-policies.html"
EBS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-ebs-volumes.html"
FSX = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/wfsx-volumes.html"

VOLUMES: tuple[Reason, ...] = (
    Reason(
        name="EFS has no address",
        says=("EFS utils...Failed to resolve", "mount.nfs4...Name or service not known"),
        what="The file system's name could not be resolved",
        remedy="Give the file system a mount target in the subnet's Availability Zone, and switch on DNS "
        "host names in the VPC.",
        source=EFS,
    ),
    Reason(
        name="EFS has no such directory",
        says=("reason given by server: No such file or directory",),
        what="The file system has no such directory",
        remedy="Create the `rootDirectory` on it, leave it out, or use an access point, which makes its own.",
        source=EFS,
    ),
    Reason(
        name="EFS denies access",
        says=("access denied by server while mounting", "reason given by server: Permission denied"),
        what="The file system denies the mount",
        remedy="Check the file system's policy, the access point, and elasticfilesystem:ClientMount for "
        "the task role (with `iam` ENABLED).",
        source=EFS,
    ),
    Reason(
        name="EFS refuses the mount",
        says=("reason given by server",),
        what="The file system refuses the mount",
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
        ),
        what="The file system did not answer",
        remedy="Let its mount targets' security group take port 2049 from the container's security "
        "group, and the container's let it out.",
        source=EFS,
    ),
    Reason(
        name="EFS not mounted",
        says=("EFS utils", "mount.nfs4", "mount.efs"),
        what="A file system of the definition could not be mounted",
        remedy="Check its id, access point and mount targets, and the security groups between.",
        source=EFS,
    ),
    Reason(
        name="FSx not mounted",
        says=("fsxwindowsfileserver", "fsx describing filesystem"),
        what="A file share of FSx that the definition names could not be mounted",
        remedy="Check its id and the secret with its credentials, and that the instance is in its domain.",
        source=FSX,
    ),
    Reason(
        name="EBS volume not had",
        says=("EBS volume", "EBS task volume"),
        what="The container's EBS volume could not be made or attached",
        remedy="Check the infrastructure role in the volume's configuration, the account's quota of "
        "volumes, and the snapshot.",
        source=EBS,
    ),
    Reason(
        name="volume's owner not set",
        says=("failed to copy file info...operation not permitted", "failed to chown"),
        what="The volume does not let its files be given to the image's user",
        remedy="Leave the access point's PosixUser out, or let the image's directory at the mount "
        "belong to that user.",
        source=CODES,
    ),
    Reason(
        name="path for a volume missing",
        says=("bind source path does not exist", "invalid mount config for type"),
        what="A path on the instance that the definition mounts does not exist",
        remedy="Create it on the instances (user data of the launch template), or mount another one.",
        source=CODES,
    ),
    Reason(
        name="volume driver not there",
        says=("looking up volume plugin", "legacy plugin"),
        what="The driver of a volume is not on the instance",
        remedy="Install the Docker plugin on the instances (user data of the launch template), or mount the "
        "volume in another way.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/docker-volumes.html",
    ),
    Reason(
        name="volume not made",
        says=("CannotCreateVolumeError", "CannotInspectVolumeError", "CannotRemoveVolumeError"),
        what="A volume of the definition could not be made",
        remedy="Check `volumes` and `mountPoints`: does the host path, the driver, the file system exist?",
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
        ),
        what="The definition mounts a volume that it does not define, or not validly",
        remedy="Let every `sourceVolume` of `mountPoints` and every container of `volumesFrom` be in the "
        "definition.",
        source=AGENT,
    ),
)

NETWORK: tuple[Reason, ...] = (
    Reason(
        name="subnet without free addresses",
        says=(
            "insufficient free addresses",
            "InsufficientFreeAddresses",
            "not have enough free addresses",
            "InsufficientCidrBlocks",
        ),
        what="The subnet has no free address left",
        remedy="Add larger subnets to the option `subnets`, or let fewer containers run at once.",
        source=ENI,
    ),
    Reason(
        name="account without network interfaces",
        says=("NetworkInterfaceLimitExceeded", "network interface limit"),
        what="The account has as many network interfaces as it may have in the Region",
        remedy="Ask for more in Service Quotas (VPC: network interfaces per Region), or let fewer "
        "containers run.",
        source="https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
    ),
    Reason(
        name="tag policy forbids the tags",
        says=("TagPolicyViolation",),
        what="The organisation's tag policy forbids the tags that the container's network "
        "interface would get",
        remedy="Give the request the tags and values that the policy asks for (with_tags in a builder, "
        "`propagateTags`), or have the policy changed.",
        source=TAGS,
    ),
    Reason(
        name="network interface came too late",
        says=("waiting for network interface provisioning",),
        what="The container's network interface was not ready in time",
        remedy="It is tried again. If it lasts: look at the account's quota of network interfaces, and at "
        "the subnets' free addresses.",
        source=CODES,
    ),
    Reason(
        name="network interface not attached",
        says=("error while attempting to attach network interface", "unused device index"),
        what="The container's network interface could not be attached to its machine",
        remedy="It passes: it is tried again. If it lasts, on instances: do they have a network "
        "interface left (ENI limits, trunking), and CPU enough for as many tasks?",
        source=TRUNKING,
    ),
    Reason(
        name="network interface may not be made",
        says=("Unexpected EC2 error...AuthFailure", "Unexpected EC2 error...UnauthorizedOperation"),
        what="ECS may not make the container's network interface",
        remedy="Does the role AWSServiceRoleForECS exist, as AWS made it, and does no policy of the "
        "organisation deny it ec2:CreateNetworkInterface? In a shared subnet: is it shared "
        "with this account?",
        source=CODES,
    ),
    Reason(
        name="subnet or security group missing",
        says=("InvalidSubnetID", "InvalidSubnet.", "InvalidGroup.NotFound", "InvalidSecurityGroupID"),
        what="A subnet or a security group of the request does not exist",
        remedy="Check the options `subnets` and `security_groups`: do they exist, in one VPC, in "
        "this `region`?",
        source=CODES,
    ),
    Reason(
        name="network interface not made",
        says=("Unexpected EC2 error while attempting to",),
        what="EC2 refused the container's network interface",
        remedy="Check the options `subnets` and `security_groups`: do they exist, in one VPC? Does the role "
        "AWSServiceRoleForECS?",
        source=CODES,
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
        ),
        what="The container's network could not be set up on its machine",
        remedy="It passes: it is tried again. If it lasts, on an instance: look at ecs-agent.log, "
        "and use a recent ECS-optimized image.",
        source=AGENT,
    ),
    Reason(
        name="disk came too late",
        says=("waiting for EphemeralStorage provisioning",),
        what="The container's disk was not ready in time",
        remedy="It is tried again. If it lasts, ask AWS Support.",
        source=CODES,
    ),
    Reason(
        name="definition does not fit the capacity",
        says=("not compatible with the selected compute strategy",),
        what="The task definition can not run on the capacity that was asked for",
        remedy="Let its `requiresCompatibilities` and network mode fit `launch_type` or "
        "`capacity_provider_strategy`.",
        source=START,
    ),
)

AROUND: tuple[Reason, ...] = (*VOLUMES, *NETWORK)
