"""The verdict of a soak: what grows is growth, what goes up and down is not."""

import pytest

from tests.benchmarks.soak import Sample, grown, slope
from tests.benchmarks.wear import Held

FLAT = Held(memory_mib=100.0, descriptors=24, threads=6, tasks=43)


def samples(mib_per_h: float, *, descriptors_more: int = 0, n: int = 90) -> list[Sample]:
    """Half an hour, with a MiB that comes and goes."""
    return [
        Sample(
            20.0 * i,
            FLAT._replace(
                memory_mib=100 + mib_per_h * 20 * i / 3600 + (i % 2),
                descriptors=24 + descriptors_more * (i >= 2 * n // 3),
            ),
        )
        for i in range(n)
    ]


def test_the_slope_is_found_through_what_comes_and_goes() -> None:
    assert slope(samples(6.0)).per_h == pytest.approx(6.0, abs=0.2)
    assert slope(samples(0.0)).per_h == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize(
    ("mib_per_h", "descriptors_more", "said"), [(0, 0, ""), (6, 0, "memory"), (0, 5, "descriptors")]
)
def test_only_growth_is_called_growth(mib_per_h: float, descriptors_more: int, said: str) -> None:
    found = grown(samples(mib_per_h, descriptors_more=descriptors_more), per_s=20)
    assert [each.partition(":")[0] for each in found] == ([said] if said else [])
