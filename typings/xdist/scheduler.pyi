"""Who gives tests to workers. Source: xdist/scheduler/loadscope.py."""

import pytest

class LoadScopeScheduling:
    def __init__(self, config: pytest.Config, log: object = None) -> None: ...
    def _split_scope(self, nodeid: str) -> str: ...
