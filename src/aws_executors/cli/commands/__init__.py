"""What each command does; the table of commands is `cli/command_table.py`."""
