"""Who is whose parent; judged by OpenTelemetry's own propagator and samplers, too."""

from unittest.mock import Mock, patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from daemon.telemetry import trace_context
from daemon.telemetry.trace_context import TraceContext, from_headers, parse, root
from daemon.telemetry.tracing import Tracer

PROPAGATOR = TraceContextTextMapPropagator()
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


def test_who_begins_later_is_behind_in_an_index() -> None:
    made = []
    for now_s in (1_800_000_000, 1_800_000_001, 2**32 - 1):
        with patch.object(trace_context.time, "time", return_value=now_s):
            made += [sorted(root(1.0).trace_id for _ in range(9))]
    assert [one[:8] for some in made for one in some] == 9 * ["6b49d200"] + 9 * ["6b49d201"] + 9 * ["ffffffff"]
    assert len({one for some in made for one in some}) == 27


def test_the_ratio_is_kept() -> None:
    assert not any(root(0.0).sampled for _ in range(200))
    assert all(root(1.0).sampled for _ in range(200))
    assert 800 < sum(root(0.5).sampled for _ in range(2000)) < 1200


hexes = st.text("0123456789abcdef", max_size=34)
headers = st.one_of(
    st.builds(
        "{}{}-{}-{}-{}{}{}".format,
        st.sampled_from(["", " ", "\t "]),
        st.sampled_from(["00", "01", "cc", "fe", "ff", "0", "0G"]),
        st.sampled_from([TRACE, "0" * 32, TRACE[1:], TRACE.upper()]),
        st.sampled_from([SPAN, "0" * 16, SPAN + "0"]),
        st.sampled_from(["00", "01", "02", "03", "ff", "1", "0x"]),
        st.sampled_from(["", "-", "-more", "more", "-" + "x" * 456, "-" + "x" * 457, "- more"]),
        st.sampled_from(["", " ", " \t"]),
    ),
    st.builds("{}-{}-{}-{}".format, hexes, hexes, hexes, hexes),
    st.text(max_size=60),
).filter(lambda text: not text.endswith("\n"))  # a header has none; the SDK's pattern would let one pass


@given(headers)
def test_what_is_read_is_what_the_sdk_reads(header: str) -> None:
    read = get_current_span(PROPAGATOR.extract({"traceparent": header}, Context())).get_span_context()
    ours = parse(header)
    assert (ours is not None) == read.is_valid
    if ours is not None:
        assert (int(ours.trace_id, 16), int(ours.span_id, 16)) == (read.trace_id, read.span_id)
        assert (ours.sampled, ours.remote) == (read.trace_flags.sampled, read.is_remote)


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_what_is_written_is_what_the_sdk_writes(trace: int, span: int, sampled: bool) -> None:
    """Its ``random`` flag apart, which it sets for traces of its own: that is of the trace context's second level."""
    carrier: dict[str, str] = {}
    where = SpanContext(trace, span, False, TraceFlags(sampled))
    PROPAGATOR.inject(carrier, set_span_in_context(NonRecordingSpan(where), Context()))
    assert carrier["traceparent"] == TraceContext(f"{trace:032x}", f"{span:016x}", sampled).traceparent


@given(st.floats(0.0, 1.0), st.integers(1, 2**128 - 1), st.none() | st.booleans())
def test_who_is_sampled_is_whom_the_sdk_samples(ratio: float, trace: int, parents: bool | None) -> None:
    """By the trace's id where it begins here, by the parent's word where there is one."""
    sampler, above, parent = ParentBased(TraceIdRatioBased(ratio)), Context(), None
    if parents is not None:
        parent = parse(f"00-{trace:032x}-{SPAN}-0{int(parents)}")
        above = set_span_in_context(
            NonRecordingSpan(SpanContext(trace, int(SPAN, 16), True, TraceFlags(parents))), above
        )
    tracer = Tracer(Mock(), ratio, lambda: 0)
    bits = {96: trace & (2**96 - 1), 64: int(SPAN, 16)}
    with (
        patch.object(trace_context._ids, "getrandbits", bits.__getitem__),
        patch.object(trace_context.time, "time", return_value=trace >> 96),
    ):
        ours = tracer.context(parent)
    assert ours.sampled == sampler.should_sample(above, trace, "x").decision.is_sampled()
    assert ours.trace_id == f"{trace:032x}"
