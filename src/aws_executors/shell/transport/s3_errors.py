"""Add the option and a remedy to S3's errors, which often say no more than "Access Denied".

Law: only the text changes; the kind of the error has been decided in `core/aws/errors.py`.
"""

from dataclasses import dataclass, replace

from aws_executors.core.aws.errors import AwsError


@dataclass(frozen=True, slots=True)
class Told:
    """Explains why `action` on the objects of this store was refused, and what to do about it."""

    action: str
    store: str

    def __call__(self, error: AwsError) -> AwsError:
        message = f"workload_store = {self.store}: {error.message}"
        return replace(error, message=message, remedy=self._remedy(error))

    def _remedy(self, error: AwsError) -> str:
        match error.code:
            case "AccessDenied" | "AllAccessDisabled" if "kms:" in error.message:
                return (
                    "Allow kms:GenerateDataKey and kms:Decrypt on workload_kms_key for the role that the "
                    "scheduler runs as, in the key's own policy as well."
                )
            case "AccessDenied" | "AllAccessDisabled":
                arn = f"arn:aws:s3:::{self.store.removeprefix('s3://').rstrip('/')}/*"
                also = "" if self.action == "s3:GetObject" else " (and s3:GetObject)"
                return f"Allow {self.action}{also} on {arn} for the role that the scheduler runs as."
            case "NoSuchBucket":
                return "Create the bucket, or fix workload_store."
            case "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException":
                return "Use a bucket in the Region that the option region names."
            case code if code.startswith("KMS."):
                return "Fix workload_kms_key: it must be an enabled encryption key in the bucket's Region."
            case _:
                return error.remedy
