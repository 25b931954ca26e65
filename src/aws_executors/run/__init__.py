"""The launcher that runs in the container, if its image has this package: ``python -m aws_executors.run``.

Law: imports Airflow and, for S3, boto3, but of this package only the core. The workload comes from the
command line, a file or S3 (`sources.py`). Airflow's own supervisor runs it, in a fork of a process that has
already imported everything but user code (`first_process.py`). The result becomes an exit code
(`exit_codes.py`), according to the table that the executor reads as well
(`core/lifecycle/launcher_exit_codes.py`).
"""
