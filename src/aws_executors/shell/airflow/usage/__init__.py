"""What containers used and cost: recorded in Airflow's event log, and read from there."""
