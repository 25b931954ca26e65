"""What the doctor knows of a set-up: the answers of AWS, as values that the checks read."""
