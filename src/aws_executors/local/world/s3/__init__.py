"""Amazon S3 in the world."""
