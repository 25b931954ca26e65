"""``aws-executors verify``: the whole life of containers, proved on the AWS that the configuration names.

Law: real requests, containers, descriptions, logs and events, by the executor's own engine; only Airflow is
played (`rows.py`). `checks.py` and `facts.py` judge what was seen and are pure; `drive.py` makes it happen.
"""
