"""The options of a section of airflow.cfg: how their texts are read, and what is said of their faults.

Law: pure; a service's own options are in its `settings.py`.
"""
