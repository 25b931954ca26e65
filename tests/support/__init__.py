"""Helpers that many tests share: small worlds, recipes for values, rows of Airflow, and payloads."""
