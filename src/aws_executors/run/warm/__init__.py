"""A warm container from within: its cell, a fork for each workload, and what one leaves behind."""
