"""``aws-executors verify``: the whole life of containers, proved on the AWS that the configuration names.

Law: real requests, containers, descriptions, logs and events, by the executor's own engine; only Airflow is
simulated (`rows.py`). `drive.py` runs the containers; `proof/`, which is pure, judges what was seen.
"""
