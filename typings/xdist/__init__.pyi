"""Only what tests/e2e/conftest.py touches; pytest-xdist comes without types."""
