"""What happens to a job in each stage: one module for each thing that the job waits for."""
