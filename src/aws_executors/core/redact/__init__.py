"""Texts without secrets: which names are secret, how secrets are found, how every text goes to Airflow."""
