"""The builders of the end-to-end tests: what waits in the queue ``slow`` has tokens of a few seconds.

Law: two names for `request_builder`, and the one number that the tests reckon with.
"""

from aws_executors import batch, compose, ecs, queue_is, when, with_token_lifetime

LIFETIME = 18.0  # seconds: half of it is time for a container to begin, on a busy machine

build_ecs = compose(ecs.build, when(queue_is("slow"), with_token_lifetime(seconds=LIFETIME)))
build_batch = compose(batch.build, when(queue_is("slow"), with_token_lifetime(seconds=LIFETIME)))
