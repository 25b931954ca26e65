"""AWS Batch in the world: set-up, submission, and the life of a job."""
