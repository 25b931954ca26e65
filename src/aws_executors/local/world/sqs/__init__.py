"""Amazon SQS in the world: standard queues, their messages, and dead-letter queues."""
