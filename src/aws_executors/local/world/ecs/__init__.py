"""Amazon ECS in the world: clusters, definitions, RunTask, and the life of a task."""
