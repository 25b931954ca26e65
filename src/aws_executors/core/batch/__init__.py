"""AWS Batch in the core: settings, request, builder, steps, and what DescribeJobs says.

Law: pure, and never a word of ECS the service; `aws_executors.batch` is where its names are public.
"""
