"""Judge the containers of `verify`: checks, measurements and facts, from what was seen of them.

Law: pure.
"""
