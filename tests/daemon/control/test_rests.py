"""A proof that takes long says how far it is, and ends where nobody waits for it any more."""

import pytest

from daemon.backup.copying import Stopped, Watch
from daemon.control.verbs.audit import REST_EVERY_ROWS, Rest


def test_it_says_how_many_rows_it_has_looked_at() -> None:
    watch = Watch()
    rest = Rest(watch, rows_each=1_000)
    rest()
    rest()
    assert (watch.done, watch.doing) == (2_000, "2,000 rows looked at")
    one_by_one = Rest(watch)
    for _ in range(REST_EVERY_ROWS - 1):
        one_by_one()
    assert watch.done == 2_000
    one_by_one()
    assert watch.done == REST_EVERY_ROWS


def test_it_ends_where_nobody_waits() -> None:
    watch = Watch()
    watch.stop = True
    with pytest.raises(Stopped):
        Rest(watch, rows_each=1_000)()
