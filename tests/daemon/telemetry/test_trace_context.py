import pytest

from daemon.telemetry.trace_context import TraceContext, from_headers, parse, root

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_a_traceparent_survives_the_round() -> None:
    given = f"00-{TRACE}-{SPAN}-01"
    context = parse(given)
    assert context == TraceContext(TRACE, SPAN, True, remote=True)
    assert context.traceparent == given
    assert parse(f"00-{TRACE}-{SPAN}-00") == TraceContext(TRACE, SPAN, False, remote=True)
    assert from_headers({"traceparent": given}) == context
    assert from_headers({}) is None


def test_later_versions_are_understood_as_far_as_this_one_goes() -> None:
    assert parse(f"01-{TRACE}-{SPAN}-03-more") == TraceContext(TRACE, SPAN, True, remote=True)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_anything_else_begins_a_new_trace(bad: str | None) -> None:
    assert parse(bad) is None


def test_a_child_stays_in_its_trace_under_an_id_of_its_own() -> None:
    parent = root(1.0)
    child = parent.child()
    assert (child.trace_id, child.sampled) == (parent.trace_id, True)
    assert child.span_id != parent.span_id
    read = parse(child.traceparent)
    assert read is not None
    assert (read.traceparent, read.remote, child.remote) == (child.traceparent, True, False)


def test_the_ratio_is_kept() -> None:
    assert not any(root(0.0).sampled for _ in range(200))
    assert all(root(1.0).sampled for _ in range(200))
    assert 800 < sum(root(0.5).sampled for _ in range(2000)) < 1200
