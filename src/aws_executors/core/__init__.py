"""The functional core: values and total functions, free of clock, network, threads and Airflow.

Law: a module here imports the standard library's pure parts, pydantic and returns, nothing else. boto3's
stubs may be named under ``TYPE_CHECKING``. Time, randomness and ids are arguments. Not one expression is
typed ``Any``. `tests/test_architecture.py` and `mypy.ini` check this.
"""
