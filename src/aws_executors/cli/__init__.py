"""Commands for people: argparse tables over what the core and the shell already do.

Law: a command parses, calls, prints and gives an exit code. What it prints is decided in the core.
"""
