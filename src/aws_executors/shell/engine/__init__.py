"""The engine: one thread that owns all jobs and decides, and workers that make calls.

Law: it knows jobs by their key alone; Airflow is in `shell/airflow`, AWS in `shell/aws`.
"""
