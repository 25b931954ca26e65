"""The fleet page: schedulers tell of their jobs, API servers show it.

Law: the two never talk. What travels lies in Airflow's own database, as rows of the table `variable`, because
an API server is another process and often another machine. Nothing here runs in the scheduler's thread or in
the engine's, and a page that can not be shown, or told, harms nobody.
"""
