"""What watches from outside is what the definitions of the metrics make of it."""

from checkout import TOP, written

from daemon.telemetry.observe.files import files


def test_the_files_are_up_to_date() -> None:
    """If not: python -m daemon.telemetry.observe writes them."""
    there = {str(path.relative_to(TOP / "systemd/observe")) for path in (TOP / "systemd/observe").rglob("*.*")}
    assert there == set(files())
    assert [name for name, text in files().items() if written(TOP / "systemd/observe" / name) != text] == []
