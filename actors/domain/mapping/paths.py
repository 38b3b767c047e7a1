"""What stands after ``path``: JMESPath over the body. The simplest, and most, of it goes without the interpreter.

``a``, ``a.b.c`` and ``a || b.c`` mean here what they mean in JMESPath, found directly: a school's records are many.
"""

import re
from collections.abc import Callable, Mapping

import jmespath
from jmespath.exceptions import JMESPathError

from actors.domain.mapping.flaws import Unfit

PATH_CHARS_MAX = 2_000
Getter = Callable[[Mapping[str, object]], object]
"""body → value, ABSENT where the body has no such key; raises Unfit."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
"""Not there at all: other than null, which a source may say of what it knows to be nothing. Expressions never give it:
to them, what is missing is null; what they give as null counts as not there."""


def getter(path: str) -> Getter:
    """Raises ValueError where it is no expression."""
    if len(path) > PATH_CHARS_MAX:
        raise ValueError(f"an expression has at most {PATH_CHARS_MAX} characters")
    if _PLAIN.fullmatch(path):
        return _plain(path)
    alternatives = [part.strip() for part in path.split("||")]
    if all(_PLAIN.fullmatch(part) for part in alternatives):
        return _either([_plain(part) for part in alternatives])
    return _expression(path)


def _plain(path: str) -> Getter:
    names = path.split(".")
    if len(names) == 1:
        only = names[0]
        return lambda body: body.get(only, ABSENT)
    *way, last = names

    def get(body: Mapping[str, object]) -> object:
        here: object = body
        for name in way:
            if not isinstance(here, Mapping):
                return ABSENT
            here = here.get(name)
        return here.get(last, ABSENT) if isinstance(here, Mapping) else ABSENT

    return get


def _either(getters: list[Getter]) -> Getter:
    """The first that is something, in JMESPath's sense (not null, false, or empty), else the last."""

    def get(body: Mapping[str, object]) -> object:
        value: object = ABSENT
        for each in getters:
            value = each(body)
            if value is ABSENT or value is None or value is False or value in ("", [], {}):
                continue
            return value
        return value

    return get


def _expression(path: str) -> Getter:
    try:
        compiled = jmespath.compile(path)
    except JMESPathError as error:
        raise ValueError(f"this is no JMESPath: {str(error).splitlines()[0].rstrip(':')}") from None
    except (RecursionError, ValueError):
        raise ValueError("this is no JMESPath") from None

    def get(body: Mapping[str, object]) -> object:
        try:
            found = compiled.search(body)
        except JMESPathError as error:
            raise Unfit(f"the expression cannot be applied: {' '.join(str(error).split())[:200]}", "path") from None
        except (RecursionError, TypeError, ValueError, OverflowError, AttributeError, ArithmeticError):
            raise Unfit("the expression cannot be applied to this record", "path") from None
        return ABSENT if found is None else found

    return get
