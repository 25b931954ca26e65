"""Warm containers in the engine: which workload goes to which container, and the calls that this needs."""
