"""What people see in Airflow's UI: links to a container, and its log while it runs."""
