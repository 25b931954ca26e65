"""Amazon EventBridge in the world: rules of the default event bus, and SQS queues as their targets."""
