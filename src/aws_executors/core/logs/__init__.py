"""Where the log of a container is, and what its events are as lines."""
