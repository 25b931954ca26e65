"""Airflow's side: the executor, its configuration, its database, its loggers and metrics."""
