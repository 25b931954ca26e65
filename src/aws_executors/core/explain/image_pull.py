"""Explain why an image could not be pulled.

Law: the most specific rows come first: a registry's own words before the agent's. ECS and Batch (in a
container's `reason`) use the same words; Kubernetes has its own.
"""

from aws_executors.core.aws.error_codes import OTHER_POLICIES
from aws_executors.core.explain.agent import DOCKER
from aws_executors.core.explain.reason import Reason, behind
from aws_executors.core.explain.secrets_and_roles import DENIED, NO_CREDENTIALS, REFUSED_CREDENTIALS

PAGE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html"
CALLS = "https://repost.aws/knowledge-center/ecs-fargate-pull-container-error"
CACHE = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/error-pullthroughcache.html"
PODS = "https://kubernetes.io/docs/concepts/containers/images/"
ROUTE = (
    "Give the subnets a route: `assign_public_ip` in a public subnet, a NAT gateway in a private one, or "
    "VPC endpoints (ecr.api, ecr.dkr, s3, logs). Then check the security groups."
)


DISK_FULL = ("no space left on device", "disk quota exceeded", "Thin Pool has")
"""How Linux and Docker's device mapper say that a disk is full, by an image or by anything else."""

PULLS = ("CannotPull", "ImagePull")
"""How messages of the agent and Kubernetes (ErrImagePull, ImagePullBackOff) begin; both quote the runtime."""


def _pull(*words: str) -> tuple[str, ...]:
    return behind(PULLS, words)


IMAGE: tuple[Reason, ...] = (
    Reason(
        name="image denied by another policy",
        says=_pull(*OTHER_POLICIES),
        what="A policy denies the pull of the image",
        remedy=(
            "Change the policy that AWS names: the VPC endpoint's (for ECR's layers that of S3), the "
            "repository's, the organization's, or a permissions boundary. Allowing more to the role does not "
            "help."
        ),
        source=DENIED,
    ),
    Reason(
        name="image registry login not there",
        says=(
            "engine ecr credentials: not found",
            "private registry credentials: not found",
            *_pull(*NO_CREDENTIALS, REFUSED_CREDENTIALS, "error getting credentials - err: exec: "),
        ),
        what="The instance's ECS agent had no valid credentials for the image's registry",
        remedy=(
            "Check that the definition has an execution role that ECS can assume, and that the role "
            "can read the secret in `repositoryCredentials`. If both are right, the error is "
            "transient and is retried."
        ),
        source=DOCKER,
    ),
    Reason(
        name="image registry login expired",
        says=("authorization token has expired",),
        what="The login for the image's registry had expired",
        remedy="If it persists, check the instance's clock, and update its agent.",
        source=CALLS,
    ),
    Reason(
        name="image for another platform",
        says=(
            "descriptor matching platform",
            "no matching manifest for",
            "cannot be used on this platform",
            "no match for platform in manifest",
            "image is incompatible with",
            "does not match the specified platform",
            "does not provide the specified platform",
            *_pull("operating system is not supported"),
        ),
        what="The image is not built for the platform it was to run on",
        remedy="Build it for that platform (`docker buildx build --platform linux/amd64`), or set "
        "`runtimePlatform` in the task or job definition to the image's.",
        source=PAGE,
    ),
    Reason(
        name="image with an attestation",
        says=("no processor for media-type", *_pull("vnd.in-toto")),
        what="The image contains a build attestation, which the runtime cannot unpack as a layer",
        remedy="Build it without: `docker buildx build --provenance=false --sbom=false`, or "
        "BUILDX_NO_DEFAULT_ATTESTATIONS=1. Then push it again.",
        source="https://github.com/aws/aws-cdk/issues/30258",
    ),
    Reason(
        name="image format too old",
        says=(
            "unsupported manifest media type",
            "unsupported media type application/vnd.docker",
            "manifest schema unsupported",
            "docker image format v1",
            *_pull(
                "missing signature key",
                "mediaType in manifest should be",
                "unsupported manifest format",
                "manifest.v1+prettyjws",
                "no longer supported since containerd",
            ),
        ),
        what="The image's manifest has a format that the runtime does not support",
        remedy="Rebuild and push it with a recent Docker, as a schema 2 or OCI image. On an instance with an "
        "old Docker, update its image (AMI).",
        source=PAGE,
    ),
    Reason(
        name="image of another kind",
        says=_pull(
            "unsupported media type",
            "unexpected media type application/",
            "not supported media type",
            "unsupported compression",
        ),
        what="The image has a media type or a compression that the runtime does not support",
        remedy=(
            "Build it as an ordinary image, with layers in gzip. A Helm chart, or another artifact, is no "
            "image."
        ),
        source="https://github.com/opencontainers/image-spec/blob/main/media-types.md",
    ),
    Reason(
        name="image registry limits pulls",
        says=(
            "toomanyrequests",
            "pull rate limit",
            *_pull("Too Many Requests", "Rate exceeded", "Throttling"),
        ),
        what="The registry's pull rate limit was reached",
        remedy="Copy the image to Amazon ECR, use a pull through cache, or log in to the registry "
        "(`repositoryCredentials`).",
        source=PAGE,
    ),
    Reason(
        name="image too large for the disk",
        says=(
            "GetImageBlob...no space left on device",
            *_pull(*DISK_FULL, "not enough space on the disk"),
        ),
        what="The image does not fit on the disk",
        remedy=(
            "Make the image smaller, or the disk larger (`ephemeralStorage` on Fargate; the root "
            "volume on an instance, or free some space there)."
        ),
        source=PAGE,
    ),
    Reason(
        name="image with too many layers",
        says=_pull("max depth exceeded"),
        what="The image has more layers than the runtime can mount",
        remedy="Build it with fewer (at most 127): join instructions of the Dockerfile, or use more stages.",
        source="https://github.com/moby/moby/issues/1171",
    ),
    Reason(
        name="image not stored by its runtime",
        says=_pull("extraction snapshot", "parent snapshot", "lease does not exist"),
        what="The image was found, but the container runtime lost what it had stored of it",
        remedy="If it persists on an instance, replace it.",
        source="https://github.com/containerd/containerd/issues/5492",
    ),
    Reason(
        name="image held back by its registry",
        says=_pull(
            "412 Precondition Failed",
            "cannot be pulled due to configured policy",
            "image is not signed in",
            "download blocking policy",
        ),
        what="A policy of the image's registry holds the image back",
        remedy=(
            "See the registry's scan of the image, or sign it, as its policy wants. (Harbor: deployment "
            "security of the project; JFrog: the policies of Xray.)"
        ),
        source="https://goharbor.io/docs/main/working-with-projects/project-configuration/",
    ),
    Reason(
        name="image incomplete in its registry",
        says=_pull(
            "unknown blob",
            "blob unknown",
            "could not fetch content descriptor",
            "content digest...not found",
        ),
        what="The registry has the image, but not all of its layers were had",
        remedy=(
            "Push the image again. If the registry mirrors another one, check that the mirror reaches it. On "
            "an instance, remove what it has of the image, or replace the instance."
        ),
        source="https://github.com/containerd/containerd/issues/3604",
    ),
    Reason(
        name="image's proxy does not answer",
        says=_pull("proxyconnect", "Proxy Authentication Required"),
        what="The proxy between the instance and the image's registry refused or did not answer",
        remedy=(
            "Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the container runtime on the instance: address, "
            "login, and exceptions for ECR and S3 endpoints."
        ),
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/http_proxy_config.html",
    ),
    Reason(
        name="image registry has no address",
        says=_pull("no such host", "server misbehaving", "name resolution"),
        what="The registry's name could not be resolved",
        remedy=(
            "Check the registry in the image's name, and that DNS resolution and DNS hostnames are "
            "enabled in the VPC."
        ),
        source=CALLS,
    ),
    Reason(
        name="image layers forbidden",
        says=(
            "starport-layer-bucket...403 Forbidden",
            "httpRead...403 Forbidden",
            *_pull("<Code>AccessDenied"),
        ),
        what="The image was found, but its layers could not be downloaded: access denied",
        remedy=(
            "Layers are kept in S3: the policy of the subnets' S3 endpoint must allow s3:GetObject on "
            "arn:aws:s3:::prod-<region>-starport-layer-bucket/* for ECR, and on "
            "arn:aws:s3:::docker-images-prod/* for Docker Hub."
        ),
        source=PAGE,
    ),
    Reason(
        name="image registry failed",
        says=_pull(
            *(
                f"{code} {text}"
                for code, text in (
                    (500, "Internal Server Error"),
                    (502, "Bad Gateway"),
                    (503, "Service Unavailable"),
                    (503, "Slow Down"),
                    (504, "Gateway Time"),
                )
            ),
            "HTTP status: 5",
        ),
        what="The image's registry failed",
        remedy="If it persists, check the registry's status page.",
        source=CALLS,
    ),
    Reason(
        name="image layers out of reach",
        says=(
            "starport-layer-bucket",
            "pull command failed: panic",
            "error pulling image conf",
            *_pull("httpReadSeeker...request", "httpReaderSeeker...request"),
        ),
        what="The image was found, but its layers could not be downloaded",
        remedy=(
            "ECR keeps layers in S3: give the subnets a gateway endpoint for S3 (its policy must "
            "allow arn:aws:s3:::prod-<region>-starport-layer-bucket/*) or a NAT gateway, and allow "
            "outbound port 443 in the security group."
        ),
        source=PAGE,
    ),
    Reason(
        name="image registry does not answer",
        says=(
            "pull the image. Check your network configuration",
            *_pull(
                "i/o timeout",
                "request canceled while waiting for connection",
                "deadline exceeded",
                "connection timed out",
                "Client.Timeout exceeded",
                "TLS handshake timeout",
                "connection issue between the task and Amazon ECR",
                "connection issue between the task and the registry",
                "network is unreachable",
                "no route to host",
                "unable to ping registry endpoint",
                "Could not reach any registry endpoint",
            ),
        ),
        what="The image's registry could not be reached from the container's subnet",
        remedy=ROUTE,
        source=PAGE,
    ),
    Reason(
        name="image registry refuses connections",
        says=_pull(
            "connection refused", "connection reset by peer", "broken pipe", 'failed to authorize...": EOF'
        ),
        what="The image's registry refused or reset the connection",
        remedy="Check the registry's name and port, and any firewall or proxy between the subnet and it.",
        source=CALLS,
    ),
    Reason(
        name="image registry is not trusted",
        says=_pull("x509:", "tls: ", "server gave HTTP response to HTTPS client"),
        what="The registry's TLS certificate was not trusted",
        remedy="Give the registry a certificate from a public authority, or use Amazon ECR.",
        source=CALLS,
    ),
    Reason(
        name="image behind a pull through cache",
        says=(
            "UnableToGetUpstream",
            "UnableToAccessSecret",
            "UnableToDecryptSecretValue",
            "ecr:BatchImportUpstream",
            *_pull("upstream registry", "pull through cache rule"),
        ),
        what="ECR's pull through cache could not get the image from its upstream registry",
        remedy=(
            "Check the secret of the cache rule, the image's name at the upstream registry, and "
            "ecr:BatchImportUpstreamImage and ecr:CreateRepository for the execution role."
        ),
        source=CACHE,
    ),
    Reason(
        name="image may not be pulled",
        says=(
            "Check that the role has the permissions to pull images",
            *_pull("not authorized to perform: ecr:", "AccessDenied"),
        ),
        what="The role that pulls the image is not allowed to",
        remedy=(
            "Give the execution role (on an instance without one, and on Kubernetes: the instance's role) "
            "the policy AmazonECSTaskExecutionRolePolicy; for an image in another account, the repository's "
            "policy must allow it as well. Check that the image exists."
        ),
        source=PAGE,
    ),
    Reason(
        name="image registry asks for a login",
        says=(
            "pull access denied",
            "Check whether the image exists",
            *_pull(
                "no basic auth credentials",
                "401 Unauthorized",
                "unauthorized: ",
                "authorization failed",
                "failed to authorize",
                "requested access to the resource is denied",
                "insufficient_scope",
                "invalid_token",
                "Authentication is required",
                ": unauthorized",
                "denied: denied",
                "from registry: denied",
            ),
        ),
        what="The registry requires a login, or does not have the image",
        remedy="Check the image's name. For ECR, the definition needs an execution role; for another private "
        "registry, `repositoryCredentials` (on Kubernetes: `imagePullSecrets`).",
        source=PAGE,
    ),
    Reason(
        name="image registry forbids",
        says=_pull("403 Forbidden", "HTTP 403", "denied: ", '": Forbidden', "unknown: Forbidden"),
        what="The registry denied the pull",
        remedy=(
            "Check the execution role's permissions on the repository, the repository's policy, and "
            "the policies of the VPC endpoints for ECR and S3."
        ),
        source=PAGE,
    ),
    Reason(
        name="image registry answers with a page",
        says=(
            "unexpected media type text/html",
            *_pull("content type: text/html", "<html", "<!DOCTYPE", "error parsing HTTP"),
        ),
        what="A web page, or what no registry answers, came in the place of the image",
        remedy=(
            "Check the registry's name, and what is between the subnet and it: a proxy, a firewall, a mirror."
        ),
        source="https://github.com/containerd/nerdctl/issues/3264",
    ),
    Reason(
        name="image not found",
        says=(
            "manifest unknown",
            *_pull("not found", "does not exist", "repo digest matching", "not known to registry"),
        ),
        what="The image or its tag does not exist",
        remedy=(
            "Check the image in the task or job definition (account, Region, repository, tag), and "
            "that it was pushed and is not archived."
        ),
        source=PAGE,
    ),
    Reason(
        name="image download refused",
        says=_pull("httpReadSeeker...unexpected status code", "httpReaderSeeker...unexpected status code"),
        what="The image was found, but its download was answered with an error, which AWS may have cut off",
        remedy=(
            "From Docker Hub, most often its pull rate limit was reached: copy the image to Amazon ECR. From "
            "ECR, check that the policy of the subnets' S3 endpoint allows "
            "arn:aws:s3:::prod-<region>-starport-layer-bucket/*."
        ),
        source=PAGE,
    ),
    Reason(
        name="image name is no name",
        says=(
            "invalid reference format",
            "InvalidImageName",
            "prepare a canonical reference",
            *_pull("failed to parse reference", "invalid hostname", "invalid port"),
        ),
        what="The image's name is not valid",
        remedy="Write it as registry/repository:tag, in lower case and without a scheme such as https://.",
        source=PAGE,
    ),
    Reason(
        name="image layers do not match",
        says=_pull(
            "diffIDs don't match",
            "layers from manifest don't match",
            "mismatched",
            "invalid tar header",
            "filesystem layer verification failed",
        ),
        what="The image is corrupt: its layers do not match its manifest",
        remedy="Rebuild it with the same compression for all layers, and push it again.",
        source="https://vrnithinkumar.github.io/2025/02/17/aws-ecs-docker-pull-error",
    ),
    Reason(
        name="image download broke off",
        says=_pull(
            "EOF",
            "short read",
            "failed size validation",
            "failed commit on ref",
            "unexpected commit digest",
            "use of closed network connection",
            "stream error: ",
            "locked for",
        ),
        what="The download of the image was interrupted",
        remedy="If it persists, check what is between the subnet and the registry.",
        source=CALLS,
    ),
    Reason(
        name="image came too slowly",
        says=("inactivity time exceeded timeout while pulling image", "Could not transition to pulled"),
        what="The image pull timed out",
        remedy=(
            "Make the image smaller, keep it in the same Region (Amazon ECR), or use "
            "instances with a faster network and disk."
        ),
        source=DOCKER,
    ),
    Reason(
        name="image not unpacked",
        says=("failed to register layer", *_pull("failed to unpack", "failed to extract layer")),
        what="The image was downloaded but could not be unpacked",
        remedy=(
            "On an instance, check the disk and Docker (docker.log), or replace the instance. "
            "Otherwise rebuild the image and push it again."
        ),
        source=CALLS,
    ),
    Reason(
        name="image pull was cancelled",
        says=_pull("context canceled"),
        what="The image pull was cancelled",
        remedy=ROUTE,
        source=PAGE,
    ),
    Reason(
        name="image not resolved",
        says=("failed to resolve ref", "failed to resolve reference", "pull image manifest has been retried"),
        what="The image could not be resolved: its registry was not reached, or does not have it",
        remedy=(
            "Check the image's name and tag, then the route from the subnets to the registry, then "
            "the execution role's permissions."
        ),
        source=PAGE,
    ),
    Reason(
        name="image registry login not had",
        says=("CannotPullContainerAuthError",),
        what="The login for the private registry could not be retrieved",
        remedy="Check the secret in `repositoryCredentials`, and that the execution role can read it.",
        source=DOCKER,
    ),
    Reason(
        name="image gone from the instance",
        says=("No such image",),
        what="The image was removed from the instance before the container was created",
        remedy=(
            "If it persists, check whether the instance's disk is full, so that "
            "images are removed, and whether ECS_IMAGE_PULL_BEHAVIOR is `prefer-cached` or `once`."
        ),
        source=DOCKER,
    ),
    Reason(
        name="image not pulled on Kubernetes",
        says=(
            "ErrImagePull",
            "ImagePullBackOff",
            "ErrImageNeverPull",
            "ImageInspectError",
            "RegistryUnavailable",
            "Back-off pulling image",
        ),
        what="The pod's image could not be pulled",
        remedy=(
            "See `kubectl describe pod`: the image's name, the node's role (ecr:BatchGetImage), "
            "`imagePullSecrets`, or the route from the nodes to the registry."
        ),
        source=PODS,
    ),
    Reason(
        name="image not pulled",
        says=("CannotPull",),
        what="The image could not be pulled",
        remedy=(
            "Check the image's name, the execution role's permissions, and the route from the "
            "subnets to the registry."
        ),
        source=PAGE,
    ),
)
