"""The people file: what is read, and what is said about files an administrator may export."""

from pathlib import Path

import pytest

from config.model import PersonRow
from config.people import PROBLEMS_MAX, read_people

HEADER = "home_page,account,email,display_name,locale,timezone,org_unit\n"


def people(tmp_path: Path, content: str | bytes) -> tuple[tuple[PersonRow, ...], list[tuple[int, str, str]]]:
    file = tmp_path / "people.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    rows, problems = read_people(file)
    return rows, [(problem.line, problem.key, problem.message) for problem in problems]


def test_rows(tmp_path: Path) -> None:
    content = (
        "\ufeff" + HEADER + 'https://m/,ada,ADA@Example.edu,"Lovelace,\r\nAda",en-GB,Europe/London,Maths\r\n\r\n'
        "https://m/,stra\u00dfe,,,,,\r\n,,x+y@sub.example.org,,,,\r\n"
    )
    assert people(tmp_path, content.replace("\r\nAda", " Ada")) == (
        (
            PersonRow(
                home_page="https://m/",
                account="ada",
                email="ada@example.edu",
                display_name="Lovelace, Ada",
                locale="en-GB",
                timezone="Europe/London",
                org_unit="Maths",
            ),
            PersonRow(home_page="https://m/", account="stra\u00dfe"),
            PersonRow(home_page="", account="", email="x+y@sub.example.org"),
        ),
        [],
    )


def test_columns_may_be_fewer_and_in_another_order(tmp_path: Path) -> None:
    rows, problems = people(tmp_path, "Email, account ,HOME_PAGE\na@b.org,ada,https://m\n")
    assert (rows, problems) == ((PersonRow(home_page="https://m", account="ada", email="a@b.org"),), [])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", [(1, "home_page", "this column is missing"), (1, "account", "this column is missing"), (1, "email", "this column is missing")]),  # noqa: E501  # one case, one row
        ("home_page;account;email\n", [(1, "", "fields are separated by commas")]),
        ("home_page,account,email,e-mail\n", [(1, "", "there is no column 'e-mail'")]),
        ("home_page,account,email,email\n", [(1, "email", "this column is there twice")]),
        (HEADER + "https://m,ada\n", [(2, "", "7 fields are needed, not 2")]),
        (HEADER + "https://m,ada,ada@,,,,\n", [(2, "email", "this is no e-mail address")]),
        (HEADER + "https://m,ada,a b@c.org,,,,\n", [(2, "email", "this is no e-mail address")]),
        (HEADER + ",ada,ada@b.org,,,,\n", [(2, "home_page", "an account is one on a system: its home_page is needed")]),
        (HEADER + "https://m,,,Ada,,,\n", [(2, "", "this row names nobody: it has neither account nor email")]),
        (HEADER + "https://m,ada,,,xx-YY,,\n", [(2, "locale", "there is no locale 'xx-YY'")]),
        (HEADER + "https://m,ada,,,,Berlin,\n", [(2, "timezone", "there is no time zone 'Berlin'")]),
        (HEADER + "https://m,ada,,,,,\n\nhttps://m/,ada,,,,,\n", [(4, "account", "the same as on line 2")]),
        (HEADER + ",,a@b.org,,,,\n,,A@B.org,,,,\n", [(3, "email", "the same as on line 2")]),
        (HEADER + f"https://m,ada,,{'x' * 1001},,,\n", [(2, "display_name", "a field has at most 1,000 characters and none to control with")]),  # noqa: E501
        (HEADER + "https://m,ada,,a\x1bb,,,\n", [(2, "display_name", "a field has at most 1,000 characters and none to control with")]),  # noqa: E501
        (HEADER + 'https://m,"ada"x,,,,,\n', [(2, "", "this is not CSV: ',' expected after '\"'")]),
        (HEADER.encode() + b"https://m,j\xfcrgen,,,,,\n", [(0, "", "the file is not UTF-8 (line 2)")]),
    ],
)  # fmt: skip
def test_broken_files(tmp_path: Path, content: str | bytes, expected: list[tuple[int, str, str]]) -> None:
    assert people(tmp_path, content) == ((), expected)


def test_one_address_may_have_accounts_on_several_systems(tmp_path: Path) -> None:
    rows, problems = people(tmp_path, HEADER + "https://m,ada,a@b.org,,,,\nhttps://n,ada,a@b.org,,,,\n")
    assert (len(rows), problems) == (2, [])


def test_problems_are_bounded_and_counted(tmp_path: Path) -> None:
    _, problems = people(tmp_path, HEADER + "".join(f"https://m,{n},no,,,,\n" for n in range(PROBLEMS_MAX + 7)))
    assert len(problems) == PROBLEMS_MAX + 1
    assert problems[-1] == (58, "", "and 7 problems more")


def test_problems_repeat_nothing_of_a_person(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(HEADER + "https://m,ada,ada(at)example,Ada,,,\nhttps://m,ada,,,,,\n")
    assert "ada" not in "".join(problem.message for problem in read_people(file)[1])
