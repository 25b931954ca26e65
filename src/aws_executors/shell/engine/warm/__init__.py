"""Warm containers in the engine: which workload goes to which, and the calls that this needs."""
