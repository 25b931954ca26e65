"""What AWS Batch answers, and how it is read: descriptions, events of the same shape, submissions."""
