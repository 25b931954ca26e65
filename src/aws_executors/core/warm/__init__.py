"""Warm containers: containers that take one workload after another."""
