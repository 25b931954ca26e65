"""How many examples a property test draws.

`make test` draws the same ones on every run, so that nobody's first run meets a fault that nobody else can
see. `make soak` draws others on every run, and ten times as many: there is where chance is to find faults.
What costs in a property test is each draw, some 50 microseconds; so what is drawn here is drawn sparsely.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import combinations
from random import Random
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import HypothesisProvider, _get_local_constants
from hypothesis.internal.constants_ast import Constants

T = TypeVar("T")

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


def _constants_of_tested_code(_: HypothesisProvider) -> Constants:
    return Constants() if settings().derandomize else _get_local_constants()


# Hypothesis also draws the constants of those modules of ours that are imported by then, and which these are
# depends on the tests that a worker has had before: chance, which belongs into `make soak`.
HypothesisProvider._local_constants = property(_constants_of_tested_code)  # type: ignore[assignment]


def examples(usual: int) -> settings:
    """For a test that needs more examples than others, or can afford fewer: so many in `make test`."""
    return settings(max_examples=usual * settings().max_examples // USUAL)


TELLING = ("password", "--password", "--token=", "DB_PWD", "mysql", "-p", "***", "a", "A", " ", "0", "/")
"""Texts that are read as more than texts, and the shortest."""


def words(alphabet: str, least: int = 1, most: int = 12) -> st.SearchStrategy[str]:
    """Texts of these signs; each is one draw, where `st.text` draws each sign."""
    telling = [text for text in TELLING if set(text) <= set(alphabet) and least <= len(text) <= most]

    def spelt(number: int) -> str:
        if number < len(telling):
            return telling[number]
        drawn = Random(number)
        return "".join(drawn.choices(alphabet, k=drawn.randint(least, most)))

    return st.integers(0, MANY).map(spelt)


MANY = 2**20
"""So many texts, at most: of a larger range hypothesis draws the small numbers most often."""


def some(
    kind: Callable[..., T], always: dict[str, st.SearchStrategy[Any]], **members: st.SearchStrategy[Any]
) -> st.SearchStrategy[T]:
    """Values of one structure: what it has `always`, and none, one, two or three of the other members, any
    of them; or, in one of eight, all."""
    names = list(members)
    sparse = [pick for size in range(4) for pick in combinations(names, size)]
    picks = st.sampled_from([*sparse, *[tuple(names)] * -(-len(sparse) // 7)])

    @st.composite
    def drawn(draw: st.DrawFn) -> T:
        present = {**always, **{name: members[name] for name in draw(picks)}}
        return kind(**{name: draw(values) for name, values in present.items()})

    return drawn()


ODD: st.SearchStrategy[Any] = (
    st.sampled_from(
        [
            *(
                None,
                False,
                True,
                0,
                1,
                -1,
                2**63,
                0.5,
                float("nan"),
                float("inf"),
                datetime(2026, 3, 2, tzinfo=UTC),
            ),
            *("", " ", "a", "0", "\x00", "\ud800", "ß", "<html>", "2026-03-02T10:00:14Z"),
            *(
                [],
                [[]],
                [None],
                ["a"],
                [{}],
                [7, "a"],
                {},
                {"": None},
                {"a": []},
                {"name": "a"},
                {"a": {"b": [1]}},
            ),
        ]
    )
    | st.integers()
    | st.text(max_size=8)
)
"""What may stand in the place of any member of an answer."""

JSON: st.SearchStrategy[Any] = st.recursive(
    ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=8
)
"""Any answer, as boto3 hands it over."""
