# Here so that the stubs below shadow single modules; the rest of Airflow is found where it is installed.
