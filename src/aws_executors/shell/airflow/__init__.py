"""Connect the engine to Airflow: the executor class, its configuration, database access, loggers and
metrics."""
