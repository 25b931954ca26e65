"""News of containers by events of EventBridge, where a queue of them is set (`events_queue`)."""
