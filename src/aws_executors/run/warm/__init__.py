"""The part of a warm container that runs inside it: its cell, a fork for each workload, and its clean-up."""
