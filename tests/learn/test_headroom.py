"""Memory: looked at often, and never taken to the last byte."""

from __future__ import annotations

from mlwright.learn.headroom import LOOK, SPARE, Headroom


def test_what_stays_free_is_not_offered():
    headroom = Headroom(lambda: SPARE + 1_000, clock=lambda: 0.0)
    assert headroom.left == 1_000
    assert headroom.fits(1_000)
    assert not headroom.fits(1_001)
    assert not headroom.gone


def test_work_ends_before_the_system_ends_it():
    free, now = [10 * SPARE], [0.0]
    headroom = Headroom(lambda: free[0], clock=lambda: now[0])
    free[0] = SPARE // 4
    assert not headroom.gone, "a look is good for a moment"
    now[0] = LOOK
    assert headroom.gone
    assert not headroom.fits(1)
    free[0] = 10 * SPARE
    now[0] = 2 * LOOK
    assert not headroom.gone


def test_the_machine_has_some():
    assert Headroom().left > 0
