"""``local``: run the embedded AWS.

Law: passes the options to `aws_executors.local`, whose own command line has the same ones.
"""

from argparse import Namespace

from aws_executors.cli.configuration import UNUSABLE
from aws_executors.cli.show import remark


def run(options: Namespace) -> int:
    """Run it until SIGTERM or SIGINT; 2 if it cannot start."""
    from aws_executors.local.__main__ import serve

    try:
        return serve(options)
    except (OSError, ValueError) as error:
        remark(str(error))
        return UNUSABLE
