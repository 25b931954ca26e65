"""How many examples a property test draws.

`make test` draws the same ones on every run, so that nobody's first run meets a fault that nobody else can
see. `make soak` draws others on every run, and ten times as many: there is where chance is to find faults.
"""

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

USUAL = 100
"""Examples of a property test that says nothing else."""

STEADY, SOAK = "steady", "soak"

# An example that takes long on a busy machine is no flaw; what takes long on any is seen in `--durations`.
settings.register_profile(
    STEADY,
    deadline=None,
    derandomize=True,
    max_examples=USUAL,
    suppress_health_check=[HealthCheck.too_slow],  # it goes by the clock
)
settings.register_profile(
    SOAK,
    deadline=None,
    derandomize=False,
    max_examples=10 * USUAL,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def _constants_of_tested_code() -> Constants:
    return Constants() if settings().derandomize else LOCAL_CONSTANTS()


# Hypothesis also draws the constants of those modules of ours that are imported by then, and which these are
# depends on the tests that a worker has had before: chance, which belongs into `make soak`. Nor need they be
# read: each worker would read all our source for them.
LOCAL_CONSTANTS = providers._get_local_constants
providers._get_local_constants = _constants_of_tested_code


def examples(usual: int) -> settings:
    """For a test that needs more examples than others, or can afford fewer: so many in `make test`."""
    return settings(max_examples=usual * settings().max_examples // USUAL)
