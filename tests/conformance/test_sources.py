"""Every source there is, against the one suite."""

from collections.abc import Callable

import pytest
from source_stage import SETUPS, Stage, kinds
from source_suite import CHECKS


def test_every_kind_that_is_read_is_tried() -> None:
    assert {setup.kind for setup in SETUPS.values()} == set(kinds())


@pytest.mark.parametrize("name", sorted(SETUPS))
@pytest.mark.parametrize("promise", CHECKS, ids=lambda function: function.__name__)
def test_promise(name: str, promise: Callable[[Stage], None]) -> None:
    promise(Stage(SETUPS[name]))
