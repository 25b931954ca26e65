"""The options of a section of airflow.cfg: how a text is read, and what is said of one that cannot be.

Law: pure; a service's own options stand in its `settings.py`.
"""
