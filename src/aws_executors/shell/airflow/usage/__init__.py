"""What containers have used and cost: recorded in Airflow's event log, and read from it."""
