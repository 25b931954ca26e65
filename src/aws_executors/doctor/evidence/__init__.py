"""What the doctor knows of a set-up: AWS's answers, as values that the checks read."""
