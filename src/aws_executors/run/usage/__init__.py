"""What a task has used, measured in its container: by the cgroup, by its processes, or by what ECS says."""
