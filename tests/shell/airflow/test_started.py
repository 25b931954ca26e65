"""What starting an executor does to the process around it, and how long its end may take."""

import gc

from aws_executors.shell.airflow.started import END_WITHIN, spare_what_is_loaded
from aws_executors.shell.engine.shutdown import SILENCE


def test_what_is_loaded_is_spared_by_the_collections_that_follow() -> None:
    gc.unfreeze()
    spare_what_is_loaded.cache_clear()  # another test of this process has started an executor
    loaded = len(gc.get_objects())
    spare_what_is_loaded()
    assert gc.get_freeze_count() > loaded / 2
    assert len(gc.get_objects()) < loaded / 2


def test_it_is_done_once_for_all_executors_of_a_process() -> None:
    spare_what_is_loaded()
    later = [[object()] for _ in range(10_000)]
    frozen = gc.get_freeze_count()
    spare_what_is_loaded()
    assert gc.get_freeze_count() <= frozen  # what was spared may be freed meanwhile
    assert len(later) == 10_000


def test_c26_an_end_takes_less_than_two_seconds_and_does_not_spend_them_on_a_silent_database() -> None:
    assert END_WITHIN < 2
    assert SILENCE < END_WITHIN / 2
