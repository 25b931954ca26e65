"""Texts without secrets: which names stand for one, how they are found, how every text leaves for Airflow."""
