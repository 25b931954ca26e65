"""``python -m aws_executors``: the command ``aws-executors``, for when its script is not on the PATH."""

import sys

from aws_executors.cli.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
