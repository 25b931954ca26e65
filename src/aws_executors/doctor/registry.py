"""Ask Amazon ECR about an image, and read the image's own configuration.

Law: gathers evidence for `doctor/checks/image.py` and judges nothing. Nothing is raised. Of the image only
its configuration is fetched, which is a few kilobytes, not its layers.
"""

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.client import HTTPException
from typing import Any, TypeAlias

from pydantic import ValidationError
from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.doctor.checks.findings import Unasked
from aws_executors.doctor.checks.image import (
    ARCHITECTURES,
    KINDS,
    Image,
    ImageConfiguration,
    ImageEvidence,
    Manifest,
    Reference,
    pairs,
    reference,
)

Ask: TypeAlias = Callable[..., Result[Mapping[str, Any], AwsError]]
LARGEST = 1 << 20
TIMEOUT = 5.0


def image_seen(ask: Ask, text: str, region: str, architecture: str) -> ImageEvidence:
    """What the registry has under this image name; None if it is not Amazon ECR in this Region."""
    named = reference(text)
    if named is None or named.region != region:
        return None
    try:
        return _seen(ask, named, architecture)
    except (OSError, HTTPException, ValueError, KeyError, ValidationError) as problem:
        return Unasked(f"{text}: {problem}")


def _seen(ask: Ask, named: Reference, architecture: str) -> ImageEvidence:
    manifest = _manifest(ask, named, {"imageTag": named.tag} if named.tag else {"imageDigest": named.digest})
    if not isinstance(manifest, Manifest):
        return manifest or Image(text=named.text, architectures=())
    if not manifest.manifests:
        return _of_one(ask, named, manifest)
    wanted = ARCHITECTURES.get(architecture, "amd64")
    own = [one for one in manifest.manifests if one.platform and one.platform.architecture == wanted]
    inner = _manifest(ask, named, {"imageDigest": own[0].digest}) if own else None
    found = _of_one(ask, named, inner) if isinstance(inner, Manifest) else None
    known = found if isinstance(found, Image) else Image(text=named.text, architectures=())
    return replace(known, architectures=manifest.architectures())


def _manifest(ask: Ask, named: Reference, id_: Mapping[str, str]) -> Manifest | Unasked | None:
    """The manifest; None if there is no such image."""
    answer = ask(
        "ecr",
        "batch_get_image",
        registryId=named.registry,
        repositoryName=named.repository,
        imageIds=[id_],
        acceptedMediaTypes=list(KINDS),
    )
    match unwrap_or_failure(answer):
        case AwsError(code="RepositoryNotFoundException"):
            return None
        case AwsError() as error:
            return Unasked(str(error))
        case found:
            images = found.get("images", ())
            return Manifest.model_validate(json.loads(images[0]["imageManifest"])) if images else None


def _of_one(ask: Ask, named: Reference, manifest: Manifest) -> ImageEvidence:
    if manifest.config is None:
        return None
    answer = ask(
        "ecr",
        "get_download_url_for_layer",
        registryId=named.registry,
        repositoryName=named.repository,
        layerDigest=manifest.config.digest,
    )
    match unwrap_or_failure(answer):
        case AwsError() as error:
            return Unasked(str(error))
        case found:
            url = str(found["downloadUrl"])
    with urllib.request.urlopen(url, timeout=TIMEOUT) as body:  # noqa: S310 - AWS's own, signed
        read = ImageConfiguration.model_validate(json.loads(body.read(LARGEST)))
    return Image(
        text=named.text,
        architectures=(read.architecture,),
        entrypoint=read.config.entrypoint or (),
        variables=pairs(read.config.env or ()),
        volumes=tuple(read.config.volumes or ()),
    )
