"""Add the option's name and a remedy to S3's errors, which often say no more than "Access Denied".

Law: only the text changes; the kind of the error has been decided in `core/aws/errors.py`.
"""

from dataclasses import dataclass, replace

from aws_executors.core.aws.error_codes import denied_elsewhere
from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.iam import partition

BY_BUCKET = "no resource-based policy allows"
"""S3's phrase for a bucket of another account whose bucket policy does not allow the action."""


@dataclass(frozen=True, slots=True)
class Told:
    """Explains why `action` on the objects of this store was refused, and what to do about it.

    `owner` is the account that the bucket must belong to, or "" for any.
    """

    action: str
    store: str
    region: str
    owner: str = ""

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
            case "AccessDenied" if denied_elsewhere(error.message) and BY_BUCKET not in error.message:
                return error.remedy
            case "AccessDenied" | "AllAccessDisabled":
                own = ", in the bucket's own policy, too" if BY_BUCKET in error.message else ""
                role = f"the role that the scheduler runs as{own}"
                return f"Allow {self._missing()} for {role}.{self._or_owner()}"
            case "NoSuchBucket":
                return "Create the bucket, or fix workload_store."
            case "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException":
                return "Use a bucket in the Region that the option region names."
            case code if code.startswith("KMS.") and error.kind is Kind.PERMANENT:
                return "Fix workload_kms_key: it must be an enabled encryption key in the bucket's Region."
            case _:
                return error.remedy

    def _missing(self) -> str:
        bucket, _, prefix = self.store.removeprefix("s3://").rstrip("/").partition("/")
        below = f"{prefix}/*" if prefix else "*"
        arn = f"arn:{partition(self.region)}:s3:::{bucket}"
        if self.action == "s3:ListBucket":  # of a bucket, and of no object in it
            return f"{self.action} on {arn}, for the prefix {below},"
        also = "" if self.action == "s3:GetObject" else " (and s3:GetObject)"
        return f"{self.action}{also} on {arn}/{below}"

    def _or_owner(self) -> str:
        # S3 does not say which of the two causes it is.
        wrong = f" If it is allowed, the bucket is not account {self.owner}'s: fix workload_store_owner."
        return wrong if self.owner else ""
