"""Check whether the account's quota limits how much runs on Fargate at once.

Law: pure; the same for ECS and for Batch on Fargate. Source: AWS Fargate service quotas; the codes are those
of Service Quotas.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import Field

from aws_executors.core.aws.response import AnswerRecord
from aws_executors.doctor.checks.findings import Finding, Unasked, advice, could_not_ask, error

ON_DEMAND, SPOT = "L-3032A538", "L-36FBB829"
NAMES = {ON_DEMAND: "Fargate On-Demand vCPUs", SPOT: "Fargate Spot vCPUs"}


class ServiceQuota(AnswerRecord):
    """One of the account's quotas."""

    value: float = Field(validation_alias="Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The vCPUs of one container, the number of containers that Airflow may start, and the account's quota in
    vCPUs.

    `vcpus` is None if they are not known, `quota` is None if it does not matter.
    """

    code: str
    vcpus: float | None
    at_once: int
    quota: float | Unasked | None


def of_allowance(allowance: Allowance, region: str) -> Iterator[Finding]:
    """Whether the account's quota will keep containers waiting.

    >>> few = Allowance(code=ON_DEMAND, vcpus=2.0, at_once=32, quota=6.0)
    >>> [(one.check, str(one.severity)) for one in of_allowance(few, "us-east-1")]
    [('quota', 'advice')]
    """
    yield from could_not_ask(
        f"the quota of {NAMES[allowance.code]} (servicequotas:GetServiceQuota)", allowance.quota
    )
    quota, vcpus, name = allowance.quota, allowance.vcpus, NAMES[allowance.code]
    if not isinstance(quota, float) or not vcpus:
        return
    change = (
        f"aws service-quotas request-service-quota-increase --region {region} --service-code fargate "
        f"--quota-code {allowance.code} --desired-value {max(vcpus, vcpus * allowance.at_once):g}"
    )
    if vcpus > quota:
        yield error(
            "quota",
            f"A container needs {vcpus:g} vCPUs, but the account's quota is {quota:g} ({name})",
            "Nothing starts: every container waits forever.",
            change,
        )
    elif vcpus * allowance.at_once > quota:
        yield advice(
            "quota",
            f"The account's quota is {quota:g} {name}: {quota // vcpus:g} containers of this "
            f"size at once, but "
            f"Airflow may start {allowance.at_once}",
            "The others wait, and are retried.",
            f"{change}, or [core] parallelism = {quota // vcpus:g}",
        )


def vcpus(written: str) -> float | None:
    """The size of an ECS task in vCPUs, from CPU units or a number of vCPUs.

    >>> vcpus("256"), vcpus("2 vCPU"), vcpus("")
    (0.25, 2.0, None)
    """
    number, _, unit = written.strip().partition(" ")
    try:
        return float(number) if unit or "." in number else float(number) / 1024
    except ValueError:
        return None
