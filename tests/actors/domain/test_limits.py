import math

import pytest

from actors.domain.limits import check_limits, terms

PUBLISHED = {"posts_per_s": 4.0, "lookups_per_s": 0.5}


def test_what_an_operator_may_override() -> None:
    check_limits({}, PUBLISHED)
    check_limits({"posts_per_s": 0.01, "lookups_per_s": 1e6}, PUBLISHED)
    with pytest.raises(ValueError, match="unknown 'post_per_s', one of posts_per_s, lookups_per_s"):
        check_limits({"post_per_s": 1.0}, PUBLISHED)


@pytest.mark.parametrize("per_s", [0.0, -1.0, math.inf, math.nan])
def test_what_is_no_rate(per_s: float) -> None:
    with pytest.raises(ValueError, match="posts_per_s is a number of posts a second, above 0"):
        check_limits({"posts_per_s": per_s}, PUBLISHED, "posts")


def test_the_terms_of_a_bucket() -> None:
    assert (terms({}, PUBLISHED, "posts_per_s").per_s, terms({}, PUBLISHED, "posts_per_s").burst) == (4.0, 4.0)
    assert terms({}, PUBLISHED, "posts_per_s", burst_max=2.0).burst == 2.0
    assert terms({}, PUBLISHED, "lookups_per_s").burst == 1.0, "a bucket that holds less than one lets nothing pass"
    assert terms({"posts_per_s": 9.0}, PUBLISHED, "posts_per_s").per_s == 9.0
