"""The life of one job: what happens to it, what it asks for, and what the end of its container means.

Law: values and total functions. Only `advance` in `machine.py` moves a job; `transitions` has what it does in
each stage.
"""
