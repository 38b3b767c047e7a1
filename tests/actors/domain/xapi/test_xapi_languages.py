"""Which language of a language map somebody gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xapi_samples import tags

from actors.domain.xapi.languages import RANGES_MAX, Range, chosen, read_ranges

some_tags = st.lists(tags, min_size=1, max_size=5, unique=True).map(tuple)
qualities = st.sampled_from(["", ";q=1", ";q=0.5", "; Q=0.001", ";q=0"])
headers = st.lists(st.builds(str.__add__, tags | st.sampled_from(["*", "de", "EN-us"]), qualities)).map(", ".join)


@pytest.mark.parametrize(
    ("header", "there", "wanted"),
    [
        ("", "fr en", "fr"),
        ("en-GB", "en-US en-GB", "en-GB"),
        ("en-gb", "en-US EN-GB", "EN-GB"),
        ("en", "en-US en-GB", "en-US"),
        ("en", "en-US en", "en"),
        ("de, en;q=0.8", "en de-CH-1996", "de-CH-1996"),
        ("en;q=0.8, de", "en de", "de"),
        ("fr;q=0.5, de;q=0.5", "de fr", "fr"),
        ("de;q=0, en;q=0.1", "de en", "en"),
        ("de;q=0", "de en", "en"),
        ("de;q=0", "de", "de"),
        ("*;q=0", "de en", "de"),
        ("de-CH;q=0, de", "de-CH de-AT", "de-AT"),
        ("de;q=0.3, de-CH;q=0.9, en;q=0.5", "de en de-CH", "de-CH"),
        ("de;q=0.3, *", "de fr", "fr"),
        ("*, de;q=0.3", "de fr", "fr"),
        ("de-AT", "en de", "de"),
        ("de-AT", "en de-DE de", "de-DE"),
        ("zh-Hant-TW, ja;q=0.9", "en zh-Hans zh-Hant-HK", "zh-Hant-HK"),
        ("de-AT, en;q=0.3", "de en", "en"),
        ("eng", "en de", "en"),
        ("de;q=2, en;q=x, fr", "de en fr", "fr"),
        ("de_DE, ,;q=1, en", "de en", "en"),
    ],
)
def test_what_is_chosen(header: str, there: str, wanted: str) -> None:
    assert chosen(tuple(there.split()), read_ranges(header)) == wanted


@given(some_tags, headers)
def test_one_that_is_there_and_never_a_refused_one_before_another(there: tuple[str, ...], header: str) -> None:
    found = chosen(there, read_ranges(header))
    assert found in there
    refused = {one.subtags for one in read_ranges(header) if one.quality == 0}
    accepted = {one.subtags for one in read_ranges(header) if one.quality > 0}
    plain = {tag for tag in there if (tuple(tag.lower().split("-"))) in accepted - refused}
    if plain:
        assert tuple(found.lower().split("-")) not in refused - accepted


@given(some_tags, headers, st.data())
def test_who_wants_only_one_gets_it(there: tuple[str, ...], header: str, data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(there))
    assert chosen(there, read_ranges(f"{one}, *;q=0.9")) == one
    assert chosen(there, read_ranges(f"*;q=0.9,{one.upper()}")) == one


@given(st.text(max_size=200) | headers)
def test_any_header_is_read(header: str) -> None:
    assert all(0 <= one.quality <= 1 and one.subtags for one in read_ranges(header))


def test_an_endless_header_is_heeded_as_far_as_its_beginning() -> None:
    ranges = read_ranges("fr;q=0.1," * 2000 + "de")
    assert len(ranges) == RANGES_MAX
    assert Range(("de",), 1.0) not in ranges
