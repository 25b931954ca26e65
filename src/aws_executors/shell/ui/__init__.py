"""Extend Airflow's UI with links to a container, and with its log while it runs."""
