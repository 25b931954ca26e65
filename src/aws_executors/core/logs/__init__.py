"""Find the log of a container in CloudWatch Logs, and turn its events into lines."""
