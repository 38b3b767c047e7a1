"""What a fix does, in a few words of English for operators (pure). Cards and pages have their own words."""

from typing import assert_never

from actors.domain.conflicts.fixes import (
    Admit,
    AnyFix,
    Believe,
    ByRole,
    Contact,
    HoldBack,
    LetGo,
    LetOwn,
    LetStay,
    LookAgain,
    MakeAnew,
    NoOwner,
    NoPlace,
    OnePerson,
    PutBack,
    StayOut,
    TakeOut,
    TwoPersons,
    UsePlace,
)


def said(fix: AnyFix) -> str:  # one line a kind
    """What it makes true."""
    match fix:
        case LetStay(member=member):
            return f"{member} may stay without being enrolled"
        case TakeOut(member=member):
            return f"{member} is taken out"
        case Admit(member=member):
            return f"{member} is put in without being enrolled"
        case PutBack(member=member):
            return f"{member} is put in once more"
        case LetOwn(member=member):
            return f"{member} owns it"
        case NoOwner(member=member):
            return f"{member} is a member, and no owner"
        case ByRole(member=member):
            return f"whether {member} owns it goes by their role in the course"
        case StayOut(person=person):
            return f"person {person} stays out, though enrolled"
        case UsePlace(place=place):
            return f"its place is {place}"
        case MakeAnew(made_as=made_as):
            return f"a place is made anew, called {made_as}" if made_as else "a place is made anew"
        case NoPlace(unit=unit):
            return f"{unit} has no place, and is not kept in step"
        case LookAgain():
            return "it was mended: look again"
        case LetGo(plan=plan):
            return f"plan {plan} is carried out"
        case HoldBack(plan=plan):
            return f"plan {plan} is not carried out"
        case Believe(source=source, field=field, value=value):
            return f"{source} is believed about the {field}: {value}"
        case Contact(target=target, account=account):
            return f"{target} calls them {account}" if account else f"{target} is asked by their address"
        case OnePerson():
            return "they are one person"
        case TwoPersons():
            return "they are two persons"
        case _ as never:
            assert_never(never)
