"""An auth manager that knows who may read what: Airflow's simple one, with some people more restricted.

Law: named by a test in ``[core] auth_manager``; everything else of it is Airflow's own.
"""

from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

ANN = SimpleAuthManagerUser(username="ann", role="viewer", teams=None)
"""May read everything."""

VERA = SimpleAuthManagerUser(username="vera", role="viewer", teams=None)
"""May read no DAG."""

TARA = SimpleAuthManagerUser(username="tara", role="viewer", teams=None)
"""May read DAGs, and nothing in them."""

LEO = SimpleAuthManagerUser(username="leo", role="viewer", teams=None)
"""May read DAGs and their task instances, and no audit log."""

REFUSED = {TARA.username: frozenset(DagAccessEntity), LEO.username: frozenset({DagAccessEntity.AUDIT_LOG})}
"""What of a DAG somebody may not read."""

NEMO = SimpleAuthManagerUser(username="nemo", role="viewer", teams=None)
"""May not see the cluster's activity."""


class PickyAuthManager(SimpleAuthManager):
    """As Airflow's simple one, but for some people."""

    def is_authorized_dag(self, **asked: Any) -> bool:
        """Nothing is for Vera, and for two others some of it."""
        name = asked["user"].get_name()
        refused = asked.get("access_entity") in REFUSED.get(name, ())
        return name != VERA.username and not refused and super().is_authorized_dag(**asked)

    def is_authorized_view(self, *, access_view: AccessView, user: SimpleAuthManagerUser) -> bool:
        """Nothing is for Nemo."""
        return user.username != NEMO.username and super().is_authorized_view(
            access_view=access_view, user=user
        )
