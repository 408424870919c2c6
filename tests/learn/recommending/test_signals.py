"""What a log says of its items: how often of late, how new; the same wherever time begins and whatever its unit."""

from dataclasses import replace

import numpy as np
from tests.learn.recommending.worlds import DAY, taught_of, world

from mlwright.learn.recommending.signals import SHARES, known_of, signals


def test_columns_are_standardised_over_what_somebody_took() -> None:
    log = world(tastes=2)
    taught = taught_of(replace(log, items=(*log.items, "nobody's")))
    found, known = signals(taught), known_of(taught.log)
    assert found.shape == (61, len(SHARES) + 1)
    assert not known[60]
    np.testing.assert_allclose(found[known].mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(found[known].std(axis=0), 1.0, atol=1e-5)


def test_what_rises_has_more_of_late_than_of_old() -> None:
    log = world(tastes=1, entries=2_000)
    item = log.item.copy()
    item[item == 7] = 8
    item[-60::2] = 7
    found = signals(taught_of(replace(log, item=item)))
    assert found[7, 0] == found[:, 0].max()
    assert (np.diff(found[7, : len(SHARES)]) < 0).all()
    assert found[7, -1] == found[:, -1].min(), "it is the newest"


def test_nothing_depends_on_when_time_began() -> None:
    log = world(tastes=2)
    later = replace(log, time=log.time + 1_000 * DAY)
    np.testing.assert_allclose(signals(taught_of(log)), signals(taught_of(later)), atol=1e-4)


def test_without_times_there_is_popularity_alone() -> None:
    log = replace(world(tastes=1), has_time=False)
    found = signals(taught_of(log))
    assert found.shape == (60, 1)
    counts = np.bincount(log.item, minlength=60)
    assert (np.argsort(-counts, kind="stable") == np.argsort(-found[:, 0], kind="stable")).all()
