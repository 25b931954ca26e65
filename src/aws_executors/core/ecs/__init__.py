"""All that is particular to ECS: options, request, builders, steps, and how its answers are read.

Law: nothing here knows of Batch. `aws_executors.ecs` makes its public names available.
"""
