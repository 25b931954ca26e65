"""The executor class, and what it needs of Airflow: configuration, database, loggers and metrics."""
