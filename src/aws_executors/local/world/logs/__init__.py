"""CloudWatch Logs in the world."""
