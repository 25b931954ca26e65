"""What a task has used, measured in its container: from the cgroup, its processes, or ECS's figures."""
