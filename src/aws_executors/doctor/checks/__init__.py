"""The checks of a set-up, as functions of the evidence.

Law: pure. A check reads evidence, which the modules beside this folder gather, and yields findings.
"""
