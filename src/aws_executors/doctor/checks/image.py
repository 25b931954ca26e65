"""Check the image of the Airflow container: whether it exists, its architecture and its entrypoint.

Law: pure; only images in Amazon ECR in this Region are checked. Source: API_BatchGetImage of the Amazon ECR
API Reference; OCI Image Format Specification, "image index" and "image configuration".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import Field

from aws_executors.core.aws.response import AnswerRecord
from aws_executors.doctor.checks.findings import Finding, Unasked, could_not_ask, error, of_entrypoint

REFERENCE = re.compile(
    r"(?P<registry>\d+)\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<repository>[^:@]+)"
    r"(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]+))?"
)
KINDS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64"}
"""The architecture in image manifests, by ECS's name for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where an image is in Amazon ECR."""

    text: str
    registry: str
    region: str
    repository: str
    tag: str
    digest: str


def reference(image: str) -> Reference | None:
    """Parse an image's name, if it is in Amazon ECR.

    >>> reference("1.dkr.ecr.eu-west-1.amazonaws.com/team/airflow").repository
    'team/airflow'
    >>> reference("apache/airflow:3.3.2") is None
    True
    """
    found = REFERENCE.fullmatch(image)
    if found is None:
        return None
    digest = found["digest"] or ""
    return Reference(
        text=image,
        registry=found["registry"],
        region=found["region"],
        repository=found["repository"],
        tag=found["tag"] or ("" if digest else "latest"),
        digest=digest,
    )


class Platform(AnswerRecord):
    """The machine that an image is for."""

    architecture: str = "unknown"
    os: str = "unknown"


class Listed(AnswerRecord):
    """One image of an index, or the configuration of an image."""

    digest: str
    platform: Platform | None = None


class Manifest(AnswerRecord):
    """An index (`manifests`), or one image (`config`)."""

    manifests: tuple[Listed, ...] = ()
    config: Listed | None = None

    def architectures(self) -> tuple[str, ...]:
        """The architectures of an index; attestations, which are for no machine, do not count."""
        found = [one.platform for one in self.manifests if one.platform and one.platform.os == "linux"]
        return tuple(one.architecture for one in found)


class Beginning(AnswerRecord):
    """How a container of an image starts; Docker writes null for what is not set."""

    entrypoint: tuple[str, ...] | None = Field(default=None, validation_alias="Entrypoint")
    env: tuple[str, ...] | None = Field(default=None, validation_alias="Env")
    volumes: dict[str, object] | None = Field(default=None, validation_alias="Volumes")


class ImageConfiguration(AnswerRecord):
    """The configuration of one image."""

    architecture: str = ""
    config: Beginning = Field(default_factory=Beginning)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What the registry has; `architectures` is empty if the image is not there."""

    text: str
    architectures: tuple[str, ...]
    entrypoint: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    volumes: tuple[str, ...] | None = None
    """The folders that VOLUME in its Dockerfile declares as volumes; None if they are unknown."""


ImageEvidence = Image | Unasked | None


def of_image(
    image: ImageEvidence, place: str, architecture: str, entrypoint: tuple[str, ...]
) -> Iterator[Finding]:
    """What is wrong with an image; `architecture` is ECS's name, `entrypoint` the definition's own, if any.

    >>> arm = Image(text="a:1", architectures=("arm64",))
    >>> [one.check for one in of_image(arm, "job definition d:1", "X86_64", ())]
    ['image-platform']
    """
    yield from could_not_ask("the image (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer)", image)
    if not isinstance(image, Image):
        return
    wanted = ARCHITECTURES.get(architecture, "")
    if not image.architectures:
        yield error(
            "image-missing",
            f"There is no image {image.text}, which the {place} names",
            "No container can start: CannotPullContainerError.",
            f"{place}: image = one that exists: aws ecr describe-images --repository-name NAME",
        )
    elif wanted and wanted not in image.architectures:
        yield error(
            "image-platform",
            f"{image.text} is built for {' and '.join(image.architectures)}, the {place} runs on {wanted}",
            "No container can start: no matching manifest, or exec format error.",
            f"docker buildx build --platform linux/{wanted}, or {place}: runtimePlatform cpuArchitecture",
        )
    if not entrypoint:
        yield from of_entrypoint(image.entrypoint, f"image {image.text}")


def variables(image: ImageEvidence) -> dict[str, str]:
    """The environment variables that the image sets; empty if they are not known."""
    return dict(image.variables) if isinstance(image, Image) else {}


def pairs(env: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Split ``NAME=value`` into pairs.

    >>> pairs(("A=b=c", "EMPTY="))
    (('A', 'b=c'), ('EMPTY', ''))
    """
    return tuple((name, value) for name, _, value in (one.partition("=") for one in env))
