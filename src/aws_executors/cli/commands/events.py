"""``events``: print what `events_queue` needs in AWS.

Law: reads the configuration, makes no calls, prints. `deploy/events.py` says what is needed.
"""

from argparse import Namespace

from aws_executors.cli.commands.cloudformation import print_template
from aws_executors.cli.commands.iam_policy import ordinary, say_idle
from aws_executors.cli.commands.terraform import print_configuration
from aws_executors.cli.configuration import UNUSABLE, CommandError, asked, required
from aws_executors.cli.show import remark
from aws_executors.core.aws.event_rules import HOSTNAME
from aws_executors.core.aws.iam import Also
from aws_executors.core.services import SERVICES
from aws_executors.deploy.cloudformation import events_template
from aws_executors.deploy.events import EventsSetup, EventsSetupError, of_events, source
from aws_executors.deploy.terraform import events_configuration


def run(options: Namespace) -> int:
    """Print the set-up; 2 if the settings cannot be used."""
    try:
        setup = events_setup(options)
    except (CommandError, EventsSetupError) as unusable:
        remark(str(unusable))
        return UNUSABLE
    if options.tool == "terraform":
        print_configuration(events_configuration(setup), options.output)
    else:
        output = "yaml" if options.output == "text" else options.output
        print_template(events_template(setup), output)
    return 0


def events_setup(options: Namespace) -> EventsSetup:
    """The set-up of the sections that the command line asks for."""
    wanted = asked(options)
    also = Also(queues=tuple(options.queue or ()), clusters=tuple(options.cluster or ()))
    sections = {section: required(section, wanted.team) for section in wanted.sections}
    sources = [
        source(
            SERVICES[section].event_rule, own.settings, ordinary(SERVICES[section], own), also, wanted.team
        )
        for section, own in sections.items()
    ]
    setup = of_events(sources, options.host or ())
    say_idle(options, wanted.sections)
    if options.host and not any(HOSTNAME in own.settings.events_queue for own in sections.values()):
        remark(f"--host has no effect; events_queue has no {HOSTNAME}.")
    return setup
