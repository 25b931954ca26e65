"""What is known to be wrong with a set-up: checks as functions of what was found out.

Law: pure. A check reads evidence and yields findings; what gathers the evidence stands beside this folder.
"""
