"""A minimal working set-up, made from settings: what it consists of, and two ways to write that down.

Law: pure. `model.py` says what is made and knows no tool; `cloudformation.py` and `terraform.py` write it,
and decide nothing.
"""
