"""The functions of the commands; `cli/command_table.py` lists them."""
