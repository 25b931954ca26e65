"""``aws-executors verify``: the whole life of containers, proved on the AWS that the configuration names.

Law: real requests, containers, descriptions, logs and events, by the executor's own engine; only Airflow is
played (`rows.py`). `proof/` judges what was seen and is pure; `drive.py` makes it happen.
"""
