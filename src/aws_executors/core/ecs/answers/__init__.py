"""What Amazon ECS answers, and how it is read: descriptions, events of the same shape, submissions."""
