"""How many examples a property test draws.

`make test` draws the same examples on every run, so that every failure can be reproduced by others. `make
soak` draws other examples on every run, and ten times as many: there, chance may find faults.
"""

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

USUAL = 100
"""How many examples a property test draws by default."""

STEADY, SOAK = "steady", "soak"

# A slow example on a busy machine is no flaw; tests that are always slow are seen in `--durations`.
settings.register_profile(
    STEADY,
    deadline=None,
    derandomize=True,
    max_examples=USUAL,
    suppress_health_check=[HealthCheck.too_slow],  # it depends on the clock
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


# Hypothesis also draws constants of those of our modules that are imported by then. Which modules these are
# depends on the tests that a worker has run before: chance, which belongs into `make soak`. Besides, each
# worker would have to read all our source for them.
LOCAL_CONSTANTS = providers._get_local_constants
providers._get_local_constants = _constants_of_tested_code


def examples(usual: int) -> settings:
    """The settings for a test that needs more or fewer examples than others: `usual` in `make test`."""
    return settings(max_examples=usual * settings().max_examples // USUAL)
