"""How a statement of a source was learnt: as a row, and in words."""

import msgspec

from daemon.control.times import moment

QUIET = {
    "first": "the source's first reading takes in how things stand",
    "backfill": "it is of the past",
    "part": "it was found, or went to quarantine, while a part of the source was read for the first time",
}


class LearntView(msgspec.Struct, frozen=True, kw_only=True):
    """``by``: a ``reading`` (with its ``mode``, when it began and, while that is on record, ended, and how), a ``call``
    of the source, a ``hand`` (``who`` let a record in or corrected it), or a ``reminder``. ``mapping``: the version of
    the mapping by which the record was read, 0 where none is needed. ``record``: ENTITY/ID, empty where there is none
    or it is not kept any more (``forgotten``). ``quiet``: why nobody was told, empty where people were."""

    kind: str
    by: str
    mode: str = ""
    began_us: int | None = None
    ended_us: int | None = None
    how: str = ""
    who: str = ""
    mapping: int = 0
    record: str = ""
    form: str = ""
    forgotten: bool = False
    quiet: str = ""


def learnt_in_words(view: LearntView) -> tuple[str, ...]:
    """What it was, how it came, and why nobody was told."""
    record = f"record {view.record}" if view.record else "a record that is not kept any more" if view.forgotten else ""
    form = f" ({view.form})" if view.form else ""
    mapped = f", read by version {view.mapping} of its mapping" if view.mapping and record else ""
    said = [f"{record}{form}{mapped}"] if record else []
    said.append(came(view))
    if view.quiet:
        said.append(f"told to nobody: {view.quiet}")
    return tuple(said)


def came(view: LearntView) -> str:
    match view.by:
        case "reading":
            began = "" if view.began_us is None else f" that began at {moment(view.began_us)}"
            ended = f" and {view.how} at {moment(view.ended_us)}" if view.ended_us is not None else ""
            return f"{view.mode} reading{began}{ended}"
        case "call":
            return "a call of the source"
        case "hand":
            return f"taken in anew, as {view.who or 'an operator'} asked"
        case _:
            return "a reminder that fell due"
