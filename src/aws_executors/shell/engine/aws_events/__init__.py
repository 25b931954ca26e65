"""Learning about containers from EventBridge's events, if a queue of them is set (`events_queue`)."""
