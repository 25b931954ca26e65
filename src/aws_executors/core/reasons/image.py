"""Why an image could not be pulled.

Law: rows, the most telling first: a registry's own words before the agent's. The same words come from ECS
and, as a container's `reason`, from Batch.
"""

from aws_executors.core.reasons.row import Reason

PAGE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html"
CALLS = "https://repost.aws/knowledge-center/ecs-fargate-pull-container-error"
ROUTE = (
    "Give the subnets a way out: `assign_public_ip` in a public subnet, a NAT gateway in a private one, or "
    "VPC endpoints (ecr.api, ecr.dkr, s3, logs). Then look at the security groups."
)

IMAGE: tuple[Reason, ...] = (
    Reason(
        name="image for another platform",
        says=("CannotPull...descriptor matching platform", "CannotPull...no matching manifest for"),
        what="The image is not built for the machine it was to run on",
        remedy="Build it for that platform (`docker buildx build --platform linux/amd64`), or set "
        "`runtimePlatform` in the task or job definition to the image's.",
        source=PAGE,
    ),
    Reason(
        name="image registry limits pulls",
        says=("CannotPull...toomanyrequests", "CannotPull...pull rate limit", "CannotPull...429 Too Many"),
        what="The registry refused the image, because too many were pulled",
        remedy="Copy the image to Amazon ECR, use a pull through cache, or log in to the registry "
        "(`repositoryCredentials`).",
        source=PAGE,
    ),
    Reason(
        name="image too large for the disk",
        says=("CannotPull...no space left on device",),
        what="The image does not fit on the disk",
        remedy="Make the image smaller, or the disk larger (`ephemeralStorage` on Fargate; on an "
        "instance, its root volume, or clean it up).",
        source=PAGE,
    ),
    Reason(
        name="image registry has no address",
        says=("CannotPull...no such host",),
        what="The registry's name could not be resolved",
        remedy="Check the registry in the image's name, and that the VPC has DNS resolution and DNS host "
        "names switched on.",
        source=CALLS,
    ),
    Reason(
        name="image registry does not answer",
        says=(
            "CannotPull...i/o timeout",
            "CannotPull...request canceled while waiting for connection",
            "CannotPull...deadline exceeded",
            "CannotPull...connection timed out",
            "CannotPull...Client.Timeout exceeded",
        ),
        what="The registry could not be reached from the container's subnet",
        remedy=ROUTE,
        source=PAGE,
    ),
    Reason(
        name="image registry refuses connections",
        says=("CannotPull...connection refused", "CannotPull...connection reset by peer"),
        what="The registry's machine refused or broke the connection",
        remedy="Check the registry's name and port, and what filters traffic between the subnet and it.",
        source=CALLS,
    ),
    Reason(
        name="image registry is not trusted",
        says=("CannotPull...x509:",),
        what="The registry's certificate was not accepted",
        remedy="Give the registry a certificate of a public authority, or use Amazon ECR.",
        source=CALLS,
    ),
    Reason(
        name="image layers out of reach",
        says=("CannotPull...failed to copy: httpReadSeeker", "CannotPull...failed to copy: httpReaderSeeker"),
        what="The image was found, but its layers could not be downloaded",
        remedy="ECR keeps layers in S3: give the subnets a gateway endpoint for s3 (its policy must allow "
        "arn:aws:s3:::prod-<region>-starport-layer-bucket/*), or a NAT gateway.",
        source=PAGE,
    ),
    Reason(
        name="image may not be pulled",
        says=("CannotPull...not authorized to perform: ecr:",),
        what="The execution role may not pull the image",
        remedy="Give the execution role the policy AmazonECSTaskExecutionRolePolicy; for an image of another "
        "account, let that repository's policy allow it, too.",
        source=PAGE,
    ),
    Reason(
        name="image registry forbids",
        says=("CannotPull...403 Forbidden", "CannotPull...denied: "),
        what="The registry forbids to pull the image",
        remedy="Check the execution role's permissions on the repository, the repository's own policy, and "
        "the policies of VPC endpoints for ECR and S3.",
        source=PAGE,
    ),
    Reason(
        name="image registry asks for a login",
        says=(
            "CannotPull...no basic auth credentials",
            "CannotPull...401 Unauthorized",
            "CannotPull...pull access denied",
        ),
        what="The registry asks for a login, or does not have the image",
        remedy="Check the image's name. For ECR, the definition needs an execution role; for another private "
        "registry, `repositoryCredentials`.",
        source=PAGE,
    ),
    Reason(
        name="image not found",
        says=("CannotPull...not found", "CannotPull...manifest unknown"),
        what="The image, or this tag of it, does not exist",
        remedy="Check the image in the task or job definition: account, Region, repository, tag. Was it "
        "pushed?",
        source=PAGE,
    ),
    Reason(
        name="image name is no name",
        says=("CannotPull...invalid reference format", "CannotPull...failed to parse reference"),
        what="The image's name is not well formed",
        remedy="Write it as registry/repository:tag, in lower case and without a scheme such as https://.",
        source=PAGE,
    ),
    Reason(
        name="image layers do not match",
        says=("CannotPull...diffIDs don't match", "CannotPull...mismatched"),
        what="The image is broken: its layers are not those that its manifest names",
        remedy="Build it again with one compression for all layers, and push it again.",
        source="https://vrnithinkumar.github.io/2025/02/17/aws-ecs-docker-pull-error",
    ),
    Reason(
        name="image pull was cancelled",
        says=("CannotPull...context canceled",),
        what="The pull of the image was broken off",
        remedy=ROUTE,
        source=PAGE,
    ),
    Reason(
        name="image not pulled",
        says=("CannotPull",),
        what="The image could not be pulled",
        remedy="Check the image's name, the execution role's permissions, and the way from the subnets to "
        "the registry.",
        source=PAGE,
    ),
)
