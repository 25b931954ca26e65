"""An auth manager that knows who may read what: Airflow's simple one, with one person more restricted.

Law: named by a test in ``[core] auth_manager``; everything else of it is Airflow's own.
"""

from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

ANN = SimpleAuthManagerUser(username="ann", role="viewer", teams=None)
"""May read everything."""

VERA = SimpleAuthManagerUser(username="vera", role="viewer", teams=None)
"""May read no DAG."""

NEMO = SimpleAuthManagerUser(username="nemo", role="viewer", teams=None)
"""May not see the cluster's activity."""


class PickyAuthManager(SimpleAuthManager):
    """As Airflow's simple one, but for two people."""

    def is_authorized_dag(self, **asked: Any) -> bool:
        """Nothing is for Vera."""
        return asked["user"].get_name() != VERA.username and super().is_authorized_dag(**asked)

    def is_authorized_view(self, *, access_view: AccessView, user: SimpleAuthManagerUser) -> bool:
        """Nothing is for Nemo."""
        return user.username != NEMO.username and super().is_authorized_view(
            access_view=access_view, user=user
        )
