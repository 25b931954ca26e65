"""Find out for which DAGs a user may read the task instances and the audit log.

Law: Airflow's auth manager alone decides. A call to it may be slow, so it is asked about all DAGs of the page
at once, and about each DAG only if that is refused.
"""

from collections.abc import Collection
from dataclasses import dataclass

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.batch_apis import IsAuthorizedDagRequest
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails

from aws_executors.shell.airflow.compat import teams_of


@dataclass(frozen=True, slots=True)
class Rights:
    """The DAGs whose task instances a user may read, and those whose audit log the user may read, too."""

    tasks: frozenset[str]
    log: frozenset[str]


def rights_of(user: BaseUser, dags: Collection[str]) -> Rights:
    """What a user may read of these DAGs; nothing of a DAG that Airflow does not know."""
    readable = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
    known = frozenset(dags) & readable
    teams = teams_of(known)
    tasks = _allowed(user, known, DagAccessEntity.TASK_INSTANCE, teams)
    return Rights(tasks=tasks, log=_allowed(user, tasks, DagAccessEntity.AUDIT_LOG, teams))


def _allowed(
    user: BaseUser, dags: frozenset[str], entity: DagAccessEntity, teams: dict[str, str | None]
) -> frozenset[str]:
    requests: dict[str, IsAuthorizedDagRequest] = {
        dag: {
            "method": "GET",
            "access_entity": entity,
            "details": DagDetails(id=dag, team_name=teams.get(dag)),
        }
        for dag in sorted(dags)
    }
    manager = get_auth_manager()
    if not requests or manager.batch_is_authorized_dag(list(requests.values()), user=user):
        return dags
    return frozenset(
        dag for dag, one in requests.items() if manager.batch_is_authorized_dag([one], user=user)
    )
