"""AWS Batch in the world: its resources, SubmitJob, and the life of a job."""
