"""Translate ``[core] executor``: replace the classes of older packages by ours, for each team.

Law: pure. A class is recognised by its name, whichever module it was imported from. An unknown class is kept,
and reported if it may extend an older executor. Source: ``airflow/executors/executor_loader.py``, which
accepts ``Global;team_a=alias:path,path``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aws_executors.migrate.table import OLDER, OURS, PROVIDER

CLASSES: Mapping[str, tuple[str, str]] = {
    "AwsEcsExecutor": (f"{OURS}AwsEcsFargateExecutor", PROVIDER),
    "AwsBatchExecutor": (f"{OURS}AwsBatchExecutor", OLDER),
    "AwsEcsFargateExecutor": (f"{OURS}AwsEcsFargateExecutor", OLDER),
    "AwsFargateExecutor": (f"{OURS}AwsEcsFargateExecutor", OLDER),
    "EcsFargateExecutor": (f"{OURS}AwsEcsFargateExecutor", OLDER),
}
"""Our class and the package of origin, by class name; the module distinguishes the AwsBatchExecutors."""
PROVIDERS = "airflow.providers."
STAYS = ("airflow.", "aws_executors.")
LAMBDA = "AwsLambdaExecutor"


@dataclass(frozen=True, slots=True)
class Named:
    """One executor in ``[core] executor``: its team, its alias and its path."""

    team: str
    alias: str
    path: str

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.path.rpartition(".")[2]

    @property
    def ours(self) -> str:
        """Our class, if the path names a class of an older package or of this one; otherwise empty."""
        return CLASSES[self.name][0] if self.name in CLASSES else ""

    @property
    def package(self) -> str:
        """The package that the class comes from; empty if the class is ours already or unknown."""
        if self.name not in CLASSES or self.path.startswith(OURS):
            return ""
        return PROVIDER if self.path.startswith(PROVIDERS) else CLASSES[self.name][1]

    @property
    def told(self) -> str:
        """Why the path is kept, for the user; empty if that needs no remark."""
        if self.name == LAMBDA:
            return f"{self.path} stays: Lambda is not there."
        if self.ours or "." not in self.path or self.path.startswith(STAYS):
            return ""
        return (
            f"{self.path} stays: it is a class of your own. If it extends an executor of an older package, "
            "write our class here, and what it does as request_builder."
        )

    def __str__(self) -> str:
        path = self.ours if self.package else self.path
        return f"{self.alias}:{path}" if self.alias else path


def executors(value: str) -> Iterator[Named]:
    """The executors in a value of ``[core] executor``, in order.

    >>> [one.team for one in executors("LocalExecutor;red=big:airflow_aws_executors.AwsBatchExecutor")]
    ['', 'red']
    """
    for part in value.split(";"):
        team, _, names = part.rpartition("=")
        for one in names.split(","):
            alias, _, path = one.strip().rpartition(":")
            if path:
                yield Named(team.strip(), alias, path)


def rewritten(value: str) -> str:
    """The same value with our classes.

    >>> rewritten("LocalExecutor;red=big:airflow_aws_executors.AwsBatchExecutor")
    'LocalExecutor;red=big:aws_executors.executors.AwsBatchExecutor'
    """
    lists: dict[str, list[str]] = {}
    for one in executors(value):
        known = lists.setdefault(one.team, [])
        if str(one) not in known:
            known.append(str(one))
    return ";".join(f"{team}={','.join(names)}" if team else ",".join(names) for team, names in lists.items())
