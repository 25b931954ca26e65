"""The rooms of a job's life, one for each thing that it waits for; `core/advance.py` leads into them."""
