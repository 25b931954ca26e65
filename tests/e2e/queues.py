"""The builders of the end-to-end tests: in the queue ``slow`` tokens are valid for a few seconds, and tasks
of the queue ``warm`` share containers.

Law: two names for `request_builder`, and the one number that the tests reckon with.
"""

from aws_executors import batch, compose, ecs, queue_is, warm, when, with_token_lifetime

LIFETIME = 18.0  # seconds: half of it is time for a container to begin, on a busy machine

short_tokens = when(queue_is("slow"), with_token_lifetime(seconds=LIFETIME))
shared = when(queue_is("warm"), warm(idle=300))
build_ecs = compose(ecs.build, short_tokens, shared)
build_batch = compose(batch.build, short_tokens, shared)
