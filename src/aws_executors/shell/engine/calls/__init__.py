"""The engine's calls to AWS, the store and the database: when each is made, by which thread, and the log."""
