"""Check the volumes of a definition that need a role for their file system, and whether files can be written.

Law: pure. Source: "Amazon S3 Files volumes" and "Amazon EFS volumes", Amazon ECS Developer Guide;
API_EFSAuthorizationConfig of both API references.
"""

from collections.abc import Iterable, Iterator

from pydantic import Field

from aws_executors.core.aws.response import AnswerRecord
from aws_executors.doctor.checks.findings import Finding, error, warning
from aws_executors.doctor.checks.image import Image, ImageEvidence


class SignIn(AnswerRecord):
    """How an EFS volume is authorized: by the task role, if `iam` is ENABLED."""

    iam: str = ""


class Efs(AnswerRecord):
    """A volume of EFS."""

    authorization_config: SignIn = SignIn()


class S3Files(AnswerRecord):
    """A volume of S3 Files, which is always mounted with the task role."""


class Volume(AnswerRecord):
    """One volume of a task or job definition."""

    name: str = ""
    configured_at_launch: bool = False
    efs_volume_configuration: Efs | None = None
    s3files: S3Files | None = Field(default=None, validation_alias="s3filesVolumeConfiguration")


class MountPoint(AnswerRecord):
    """Where a volume is mounted in a container."""

    read_only: bool = False


class LinuxParameters(AnswerRecord):
    """Further file systems of a container: `tmpfs`."""

    tmpfs: tuple[object, ...] = ()


class Files(AnswerRecord):
    """What a container may write to."""

    readonly_root_filesystem: bool = False
    mount_points: tuple[MountPoint, ...] = ()
    volumes_from: tuple[MountPoint, ...] = ()
    linux_parameters: LinuxParameters | None = None

    @property
    def read_only(self) -> bool:
        """Whether the container may write nowhere."""
        mounted = any(not one.read_only for one in (*self.mount_points, *self.volumes_from))
        other = mounted or bool(self.linux_parameters and self.linux_parameters.tmpfs)
        return self.readonly_root_filesystem and not other


def of_files(container: Files, place: str, image: ImageEvidence) -> Iterator[Finding]:
    """Whether Airflow can write the log of a task, which it opens before it starts the task.

    Our launcher itself writes nothing. A folder that the image declares as a VOLUME can be written to; if the
    image is not known, it may have such a folder. Source: ``airflow/sdk/execution_time/supervisor.py``,
    `_configure_logging`.
    """
    declared = image.volumes if isinstance(image, Image) else None
    if container.read_only and not declared:
        told = warning if declared is None else error
        yield told(
            "read-only",
            f"The Airflow container of the {place} has a read-only root, and nothing else to write to",
            "Airflow writes the log of a task to a file: no task starts"
            + (", unless the image has a VOLUME for it." if declared is None else "."),
            f"{place}: mountPoints = a volume at Airflow's base_log_folder (and at /tmp), or "
            "readonlyRootFilesystem = false",
        )


def of_volumes(
    volumes: Iterable[Volume], role: str, place: str, member: str, *, fargate: bool
) -> Iterator[Finding]:
    """Whether there is a role for the volumes that need one; `member` is the role's name in the definition.

    On an instance, EFS may also be mounted with the instance's role, which is not checked.
    """
    if role:
        return
    for one in volumes:
        efs = one.efs_volume_configuration
        by_iam = efs is not None and efs.authorization_config.iam == "ENABLED" and fargate
        if by_iam or one.s3files is not None:
            kind = "of EFS with iam ENABLED" if by_iam else "of S3 Files"
            yield error(
                "task-role",
                f"The {place} has no {member}, but its volume {one.name!r} is one {kind}",
                "It is mounted as this role: the container never starts.",
                f"{place}: {member} = a role that may mount the file system",
            )
