"""What answers mean that tell nothing: the same for every source."""

import pytest

from actors.domain.flow import Lost, NotSent, Outcome, Response
from actors.sources.answers import Remedies, halted

REMEDIES = Remedies(
    unknown="give another key", forbidden="give it the scope", missing="write its address", address="base_url"
)


@pytest.mark.parametrize(
    ("outcome", "why", "detail"),
    [
        (NotSent("no name"), "unavailable", "users: no name"),
        (Lost("reset"), "unavailable", "users: reset"),
        (Response(status=204), "faulted", "users: HTTP 204"),
        (
            Response(status=302, headers={"location": "https://sso.example.edu/in?x=1"}),
            "faulted",
            "users: HTTP 302: base_url leads to sso.example.edu: write where it is now",
        ),
        (Response(status=400, body=b'{"message": "no such\\nfilter"}'), "faulted", "users: HTTP 400 no such filter"),
        (Response(status=401, body=b'{"error": "who?"}'), "revoked", "users: HTTP 401 who?: give another key"),
        (Response(status=403), "refused", "users: HTTP 403: give it the scope"),
        (Response(status=403, body=b"403 Forbidden (Rate Limit Exceeded)"), "throttled", "users: HTTP 403"),
        (Response(status=404), "refused", "users: HTTP 404: write its address"),
        (Response(status=405), "refused", "users: HTTP 405: write its address"),
        (Response(status=410), "refused", "users: HTTP 410: write its address"),
        (Response(status=408), "unavailable", "users: HTTP 408"),
        (Response(status=418), "faulted", "users: HTTP 418"),
        (Response(status=429), "throttled", "users: HTTP 429"),
        (Response(status=502, body=b"<html>"), "unavailable", "users: HTTP 502"),
    ],
)
def test_what_an_answer_means_and_what_to_do(outcome: Outcome, why: str, detail: str) -> None:
    ended = halted(outcome, "users", REMEDIES)
    assert (ended.why, ended.detail) == (why, detail)


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_time_that_it_names_is_handed_on(status: int) -> None:
    response = Response(status=status, headers={"retry-after": "7"}, body=b"rate limit exceeded")
    assert halted(response, "users", REMEDIES).retry_after == "7"


def test_a_vendor_may_say_it_in_its_own_way_and_mean_somebody_else() -> None:
    remedies = Remedies(unknown="let us pass", forbidden="f", missing="m", address="a", unknown_is="refused")
    ended = halted(Response(status=401, body=b'{"message": "x"}'), "users", remedies, "code 7")
    assert (ended.why, ended.detail) == ("refused", "users: HTTP 401 code 7: let us pass")
