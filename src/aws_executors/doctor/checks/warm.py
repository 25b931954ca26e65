"""Check what warm containers need: cells that can be listed and written, and our package in the image.

Law: pure. `doctor/warm_probe.py` gathers the evidence; IAM permissions are checked together with all others.
Source: "Conditional writes" and "Managing the lifecycle of objects", S3 User Guide.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import AliasChoices, Field

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.response import AnswerRecord
from aws_executors.doctor.checks.findings import Finding, Unasked, advice, could_not_ask, error, warning

CELL_READS = ("s3:GetLifecycleConfiguration",)
"""The actions by which the doctor looks at the store, besides those of the executor."""

SHORTEST = 8
"""Days for which a cell must be kept at least: longer than a container lives without a write to its cell."""


class Expiration(AnswerRecord):
    """When a rule deletes an object."""

    days: int | None = Field(default=None, validation_alias="Days")


class Prefixed(AnswerRecord):
    """A selection of objects by prefix; `more` means that tags or sizes narrow it further."""

    prefix: str = Field(default="", validation_alias="Prefix")
    more: object = Field(default=None, validation_alias=AliasChoices("Tag", "Tags", "ObjectSizeGreaterThan"))


class Filter(Prefixed):
    """The objects to which a rule applies."""

    both: Prefixed | None = Field(default=None, validation_alias="And")


class LifecycleRule(AnswerRecord):
    """One lifecycle rule of a bucket; older rules have the prefix outside of the filter."""

    status: str = Field(default="", validation_alias="Status")
    prefix: str = Field(default="", validation_alias="Prefix")
    filter: Filter | None = Field(default=None, validation_alias="Filter")
    expiration: Expiration | None = Field(default=None, validation_alias="Expiration")

    def deletes(self, key: str) -> int | None:
        """After how many days the rule deletes objects whose keys begin with `key`; None if it does not."""
        meant: Prefixed = Prefixed(prefix=self.prefix)
        if self.filter is not None:
            meant = self.filter.both or self.filter
        applies = self.status == "Enabled" and not meant.more and key.startswith(meant.prefix)
        return self.expiration.days if applies and self.expiration else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmEvidence:
    """What the store says of the cells of a section.

    `listed` is the number of cells, or why they cannot be listed; `conditions` says whether the store refuses
    a write whose condition is not met; `rules` are the lifecycle rules of the bucket.
    """

    section: str
    address: str
    listed: int | AwsError
    conditions: bool | AwsError | Unasked | None = None
    rules: tuple[LifecycleRule, ...] | Unasked | None = None


NO_REUSE = "Every task gets a container of its own: none takes a second workload."


def of_cells(found: WarmEvidence) -> Iterator[Finding]:
    """What is wrong with the store of the cells.

    >>> rule = LifecycleRule(status="Enabled", expiration=Expiration(days=1))
    >>> found = WarmEvidence(section="batch", address="s3://b/w/cells/airflow/batch", listed=0,
    ...                      conditions=True, rules=(rule,))
    >>> [one.check for one in of_cells(found)]
    ['warm-lifecycle']
    """
    store = f"[{found.section}] workload_store"
    for refused in (found.listed, found.conditions):
        if isinstance(refused, AwsError):
            doing = "listed" if refused is found.listed else "written"
            remedy = refused.remedy or f"{store}, or the permissions that `aws-executors iam-policy` prints"
            serious = error if refused.kind is Kind.PERMANENT else warning
            what = f"Cells below {found.address} cannot be {doing}: {refused}"
            yield serious("warm-cells", what, NO_REUSE, remedy)
    if found.conditions is False:
        yield error(
            "warm-conditions",
            f"The store at {found.address} carries out a write whose condition is not met",
            "Two writers of a cell would not notice each other: a task could run twice.",
            f"{store} = a bucket of Amazon S3, or of a store with conditional writes (If-Match)",
        )
    if isinstance(found.conditions, Unasked):
        yield from could_not_ask("conditional writes to the store", found.conditions)
    yield from _of_rules(found, store)


def _of_rules(found: WarmEvidence, store: str) -> Iterator[Finding]:
    yield from could_not_ask("the bucket's lifecycle rules (s3:GetLifecycleConfiguration)", found.rules)
    if not isinstance(found.rules, tuple):
        return
    key = found.address.removeprefix("s3://").partition("/")[2] + "/"
    days = [after for rule in found.rules if (after := rule.deletes(key)) is not None]
    if not days:
        yield advice(
            "warm-lifecycle",
            f"No lifecycle rule deletes what is left below {found.address}",
            "A scheduler that dies leaves the cells of its last containers, a kilobyte each, forever.",
            f"the bucket of {store}: a lifecycle rule with Expiration {SHORTEST} days (docs/transport.md)",
        )
    elif min(days) < SHORTEST:
        yield warning(
            "warm-lifecycle",
            f"A lifecycle rule deletes cells below {found.address} after {min(days)} days",
            "A container whose cell is deleted while its task runs ends, and its task's end is noticed late.",
            f"the bucket of {store}: Expiration {SHORTEST} days or more",
        )


def of_revision(named: str, option: str) -> Iterator[Finding]:
    """Whether warm containers end with the deployment of a new revision: their requests must name it.

    >>> [one.what for one in of_revision("airflow", "[batch] job_definition")]
    ['airflow names no revision, and its tasks may share warm containers']
    >>> list(of_revision("airflow:7", "[batch] job_definition"))
    []
    """
    if not re.search(r":\d+$", named):
        yield advice(
            "warm-revision",
            f"{named} names no revision, and its tasks may share warm containers",
            "After a deployment, containers of the old revision take tasks until warm_idle, warm_tasks or "
            "warm_age ends them.",
            f"{option} = {named}:7, or whichever revision it is (docs/warm.md)",
        )


def of_package(launched: bool) -> Iterator[Finding]:
    """Whether a container has shown that the image has this package; only `doctor/trial.py` starts one."""
    if not launched:
        yield from could_not_ask(
            "whether the image has this package, which warm containers need",
            Unasked("only a container can tell"),
            "aws-executors doctor --launch",
        )
