"""A minimal working set-up, made from settings: what it consists of, and two ways to write that down.

Law: pure. `model.py` says what is made and knows no tool; `templates/` write it down, and decide nothing.
"""
