"""Why what a container needs before it starts could not be had: secrets, logs, volumes, network.

Law: rows, the most telling first. On Fargate most of them begin with ResourceInitializationError; the words
behind that prefix are what tells them apart.
"""

from aws_executors.core.reasons.row import Reason

PAGE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html"
CODES = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"
EFS = "https://docs.aws.amazon.com/efs/latest/ug/troubleshooting-efs-mounting.html"
ENI = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html"
WAY_OUT = (
    "Give the subnets a way out (`assign_public_ip` in a public subnet, NAT gateway in a private one) or a "
    "VPC endpoint for {endpoint} whose security group lets port 443 in from the container's."
)


def _way_out(endpoint: str) -> str:
    return WAY_OUT.replace("{endpoint}", endpoint)


SECRETS: tuple[Reason, ...] = (
    Reason(
        name="secret may not be read",
        says=("not authorized to perform: secretsmanager:",),
        what="The execution role may not read a secret that the definition names",
        remedy="Allow secretsmanager:GetSecretValue on that secret to the execution role (not to the task "
        "role).",
        source=PAGE,
    ),
    Reason(
        name="parameter may not be read",
        says=("not authorized to perform: ssm:",),
        what="The execution role may not read a parameter that the definition names",
        remedy="Allow ssm:GetParameters on that parameter to the execution role (not to the task role).",
        source=PAGE,
    ),
    Reason(
        name="key may not be used",
        says=("not authorized to perform: kms:", "Access to KMS is not allowed"),
        what="The execution role may not use the key that a secret is encrypted with",
        remedy="Allow kms:Decrypt on that key to the execution role, in the key's own policy, too.",
        source=PAGE,
    ),
    Reason(
        name="secret has no such key",
        says=("did not contain json key",),
        what="The secret has no such key in its JSON",
        remedy="Check the key after the secret's ARN in the definition (arn:...:secret:name:KEY::), or "
        "add it to the secret.",
        source=PAGE,
    ),
    Reason(
        name="secret does not exist",
        says=(
            "Secrets Manager can't find the specified secret",
            "secret from asm...ResourceNotFoundException",
        ),
        what="A secret that the definition names does not exist",
        remedy="Check its ARN: account, Region, name and the six characters behind it.",
        source=PAGE,
    ),
    Reason(
        name="secret is being deleted",
        says=("marked for deletion",),
        what="A secret that the definition names is marked for deletion",
        remedy="Restore it (secretsmanager restore-secret), or name another one.",
        source=PAGE,
    ),
    Reason(
        name="secret's name is not valid",
        says=("invalid ARN format for the AWS Secrets Manager", "secret from asm...ValidationException"),
        what="A secret's ARN in the definition is not well formed",
        remedy="Write the full ARN into `valueFrom`; with a key: arn:...:secret:name-AbCdEf:KEY::",
        source=PAGE,
    ),
    Reason(
        name="parameter does not exist",
        says=("invalid ssm parameters", "secrets from ssm...invalid parameters"),
        what="A parameter that the definition names does not exist",
        remedy="Check its name and Region in Parameter Store.",
        source=PAGE,
    ),
    Reason(
        name="Secrets Manager out of reach",
        says=(
            "secret from asm...deadline exceeded",
            "secret from asm...RequestCanceled",
            "secret from asm...i/o timeout",
            "connection issue between the task and AWS Secrets Manager",
        ),
        what="Secrets Manager could not be reached from the container's subnet",
        remedy=_way_out("secretsmanager"),
        source=PAGE,
    ),
    Reason(
        name="Parameter Store out of reach",
        says=(
            "secrets from ssm...deadline exceeded",
            "secrets from ssm...RequestCanceled",
            "secrets from ssm...i/o timeout",
            "connection issue between the task and AWS Systems Manager",
        ),
        what="Systems Manager's Parameter Store could not be reached from the container's subnet",
        remedy=_way_out("ssm"),
        source=PAGE,
    ),
    Reason(
        name="registry login may not be had",
        says=("ecr registry auth...not authorized to perform: ecr:",),
        what="The execution role may not log in to Amazon ECR",
        remedy="Allow ecr:GetAuthorizationToken on * to the execution role, or give it the policy "
        "AmazonECSTaskExecutionRolePolicy.",
        source=PAGE,
    ),
    Reason(
        name="ECR out of reach",
        says=(
            "ecr registry auth...RequestError",
            "ecr registry auth...RequestCanceled",
            "ecr registry auth...deadline exceeded",
            "ecr registry auth...i/o timeout",
            "connection issue between the task and Amazon ECR",
        ),
        what="Amazon ECR could not be reached from the container's subnet",
        remedy=_way_out("ecr.api, ecr.dkr and s3"),
        source=PAGE,
    ),
    Reason(
        name="registry login in a secret not had",
        says=("registry auth from asm",),
        what="The login for the private registry could not be read from its secret",
        remedy="Check the secret in `repositoryCredentials` (keys username and password), and that the "
        "execution role may read it.",
        source=PAGE,
    ),
    Reason(
        name="role can not be assumed",
        says=("unable to assume the role", "is unable to assume the execution role"),
        what="ECS may not assume a role of the definition",
        remedy="Let ecs-tasks.amazonaws.com assume it, in the role's trust policy. Does the role still "
        "exist?",
        source=CODES,
    ),
)

LOGS: tuple[Reason, ...] = (
    Reason(
        name="log group missing",
        says=("specified log group does not exist",),
        what="The log group that the definition names does not exist",
        remedy='Create it, or set "awslogs-create-group": "true" and allow logs:CreateLogGroup to the '
        "execution role.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html",
    ),
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
            "Cloudwatch log...deadline exceeded",
            "Cloudwatch log...RequestCanceled",
            "Cloudwatch log...i/o timeout",
            "failed to validate logger args...signal: killed",
            "connection issue between the task and CloudWatch",
        ),
        what="CloudWatch Logs could not be reached from the container's subnet",
        remedy=_way_out("logs"),
        source=PAGE,
    ),
    Reason(
        name="log driver refused",
        says=("failed to validate logger args", "failed to initialize logging driver"),
        what="The container's log driver could not be set up",
        remedy="Check `logConfiguration` in the definition: awslogs-group, awslogs-region, "
        "awslogs-stream-prefix.",
        source=PAGE,
    ),
)

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
        name="EFS out of reach",
        says=("EFS utils...timed out", "mount.nfs4...Connection timed out", "EFS utils...Connection reset"),
        what="The file system did not answer",
        remedy="Let its mount targets' security group take port 2049 from the container's security group.",
        source=EFS,
    ),
    Reason(
        name="EFS denies access",
        says=("access denied by server while mounting",),
        what="The file system denies the mount",
        remedy="Check the file system's policy, the access point, and elasticfilesystem:ClientMount for "
        "the task role (with `iam` ENABLED).",
        source=EFS,
    ),
    Reason(
        name="EFS not mounted",
        says=("failed to invoke EFS utils", "EFS utils"),
        what="A file system of the definition could not be mounted",
        remedy="Check its id, access point and mount targets, and the security groups between.",
        source=EFS,
    ),
    Reason(
        name="volume not made",
        says=("CannotCreateVolumeError",),
        what="A volume of the definition could not be made",
        remedy="Check `volumes` and `mountPoints`: does the host path, the driver, the file system exist?",
        source=CODES,
    ),
)

NETWORK: tuple[Reason, ...] = (
    Reason(
        name="subnet without free addresses",
        says=("insufficient free addresses", "InsufficientFreeAddresses", "not have enough free addresses"),
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
        name="network interface came too late",
        says=("waiting for network interface provisioning",),
        what="The container's network interface was not ready in time",
        remedy="It is tried again. If it lasts: look at the account's quota of network interfaces, and at "
        "the subnets' free addresses.",
        source=CODES,
    ),
    Reason(
        name="network interface not made",
        says=("Unexpected EC2 error while attempting to...Network Interface",),
        what="EC2 refused the container's network interface",
        remedy="Check the options `subnets` and `security_groups`: do they exist, in one VPC? Does the role "
        "AWSServiceRoleForECS?",
        source=CODES,
    ),
    Reason(
        name="disk came too late",
        says=("waiting for EphemeralStorage provisioning",),
        what="The container's disk was not ready in time",
        remedy="It is tried again. If it lasts, ask AWS Support.",
        source=CODES,
    ),
    Reason(
        name="environment file not read",
        says=("failed to download env files",),
        what="A file of the definition's `environmentFiles` could not be read",
        remedy="Check its ARN, and allow s3:GetObject on it and s3:GetBucketLocation to the execution role.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html",
    ),
    Reason(
        name="container not set up",
        says=("ResourceInitializationError",),
        what="Something that the container needs before it starts could not be set up",
        remedy="Check what AWS names. Often it is a subnet without a way out, an execution role without the "
        "permission, or a VPC without DNS resolution.",
        source=PAGE,
    ),
)

SETUP: tuple[Reason, ...] = (*SECRETS, *LOGS, *VOLUMES, *NETWORK)
