"""The life of one job: what happens to it, what it asks for, and what the end of its container means.

Law: values and total functions. `machine.py` is the one function that moves a job; `transitions` has what it
does in each stage.
"""
