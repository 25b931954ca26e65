"""What happens to a job in each stage: one module for each thing that it waits for."""
