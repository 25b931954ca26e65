"""What an executor's section of airflow.cfg says: its settings, its builder, its connection."""
