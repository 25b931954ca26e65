"""What runs in a container whose image has this package: ``python -m aws_executors.run``.

Law: imports Airflow and, for S3, boto3, but nothing of ours except the core. The workload comes from the
command line, a file or S3 (`sources.py`); it runs through Airflow's own supervisor, in a fork of a process
that has imported everything that is not a user's (`parent.py`); how that went becomes an exit code
(`ends.py`), by the one table that the executor reads as well (`core/lifecycle/launcher_exit_codes.py`).
"""
