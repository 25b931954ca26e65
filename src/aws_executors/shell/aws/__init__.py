"""The calls that we make, by boto3; each returns a value and raises nothing."""
