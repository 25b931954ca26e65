"""From a task to a request: what a builder is given, how builders and steps are put together, what is sent.

Law: pure, and the same for every service; what differs is in `core/ecs` and `core/batch`.
"""
