"""AWS Batch in the core: settings, request, builder, steps, and what DescribeJobs says.

Law: pure; nothing here knows of the service ECS. `aws_executors.batch` makes its public names available.
"""
