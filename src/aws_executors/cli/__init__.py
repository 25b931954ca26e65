"""The command line: argparse tables over functions of the core and the shell.

Law: a command parses, calls, prints and returns an exit code. The core decides what it prints.
"""
