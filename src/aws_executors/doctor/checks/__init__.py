"""The checks of a set-up, as functions of the evidence.

Law: pure. A check reads evidence and yields findings; the modules beside this folder gather the evidence.
"""
