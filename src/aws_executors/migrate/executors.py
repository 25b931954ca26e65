"""What becomes of ``[core] executor``: each class of an older package in ours, for each team.

Law: pure. A class is known by its name, whatever module somebody imported it into; what is not known stays,
and is told if it may be one of ours all the same. Source: ``airflow/executors/executor_loader.py``, which
takes ``Global;team_a=alias:path,path``.
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
"""By name: our class, and whose it is; both packages have an AwsBatchExecutor, which its module tells."""
PROVIDERS = "airflow.providers."
STAYS = ("airflow.", "aws_executors.")
LAMBDA = "AwsLambdaExecutor"


@dataclass(frozen=True, slots=True)
class Named:
    """One executor as it is written: for which team, under which alias, and its path."""

    team: str
    alias: str
    path: str

    @property
    def name(self) -> str:
        """The class's name."""
        return self.path.rpartition(".")[2]

    @property
    def ours(self) -> str:
        """Our class, if it is one of an older package, or of ours already; else nothing."""
        return CLASSES[self.name][0] if self.name in CLASSES else ""

    @property
    def package(self) -> str:
        """Whose it is; nothing, if it is ours already or nobody's."""
        if self.name not in CLASSES or self.path.startswith(OURS):
            return ""
        return PROVIDER if self.path.startswith(PROVIDERS) else CLASSES[self.name][1]

    @property
    def told(self) -> str:
        """Why it stays as it is, where a person may want it otherwise."""
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
    """The executors that a text names, in their order.

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
    """The same text with our classes.

    >>> rewritten("LocalExecutor;red=big:airflow_aws_executors.AwsBatchExecutor")
    'LocalExecutor;red=big:aws_executors.executors.AwsBatchExecutor'
    """
    lists: dict[str, list[str]] = {}
    for one in executors(value):
        known = lists.setdefault(one.team, [])
        if str(one) not in known:
            known.append(str(one))
    return ";".join(f"{team}={','.join(names)}" if team else ",".join(names) for team, names in lists.items())
