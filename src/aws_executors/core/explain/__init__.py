"""Explain in one sentence, with a remedy, how a container ended or why it waits.

Each module holds a literal table for one kind of AWS message. `reasons.py` puts the tables in order, and
`diagnosis.py` makes the sentence.
"""
