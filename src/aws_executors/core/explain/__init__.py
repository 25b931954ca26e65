"""How a container ended, or why it waits, in one sentence with a remedy.

Law: tables of literal rows, one module for each kind of words that AWS uses; `reasons.py` asks them in order,
`diagnosis.py` makes the sentence.
"""
