"""The life of one job: what happens to it, what it asks for, and what the end of its container means.

Law: values and total functions. Only `advance` in `machine.py` moves a job; what the job does in each stage
is in `transitions`.
"""
