"""What reviewers read about conflicts, on cards and pages: each text once, in English and in German (pure).

Texts for operators at the command line are in ``wording``: there everything is English.
"""

from collections.abc import Mapping
from typing import Literal, assert_never

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
from actors.domain.conflicts.model import Blast, ConflictKind, ConflictState

Language = Literal["en", "de"]
_TITLES: Mapping[ConflictKind, tuple[str, str]] = {
    "email_differs": ("Two e-mail addresses for one person", "Zwei E-Mail-Adressen für eine Person"),
    "name_differs": ("Two names for one person", "Zwei Namen für eine Person"),
    "role_differs": ("Two roles in one course", "Zwei Rollen in einem Kurs"),
    "dates_differ": ("Different dates of an enrolment", "Verschiedene Zeiträume einer Einschreibung"),
    "status_differs": ("Different status of an enrolment", "Verschiedener Status einer Einschreibung"),
    "stranger": ("A member who is not enrolled", "Ein Mitglied ohne Einschreibung"),
    "missing": ("Somebody enrolled was taken out", "Jemand Eingeschriebenes wurde entfernt"),
    "owner_added": ("Somebody was made an owner", "Jemand wurde zum Besitzer gemacht"),
    "last_owner": ("The last owner is to leave", "Der letzte Besitzer soll gehen"),
    "linked_twice": ("One place for two courses", "Ein Ort für zwei Kurse"),
    "name_ambiguous": ("Several places have this name", "Mehrere Orte haben diesen Namen"),
    "name_taken": ("The name is taken", "Der Name ist vergeben"),
    "place_gone": ("The place is gone", "Der Ort ist nicht mehr da"),
    "place_archived": ("The place is archived", "Der Ort ist archiviert"),
    "place_full": ("The place is full", "Der Ort ist voll"),
    "near_miss": ("Somebody cannot be found", "Jemand wird nicht gefunden"),
    "identity_clash": ("Perhaps one person", "Vielleicht eine Person"),
    "account_shared": ("Two people, one account", "Zwei Personen, ein Konto"),
    "refused": ("Somebody is not let in", "Jemand wird nicht aufgenommen"),
    "brake": ("Many would be taken out", "Viele würden entfernt"),
    "brake_total": ("Many would be taken out of many places", "Viele würden aus vielen Orten entfernt"),
    "emptied": ("Everybody would be taken out", "Alle würden entfernt"),
}
_STATES: Mapping[ConflictState, tuple[str, str]] = {
    "open": ("waits for a decision", "wartet auf eine Entscheidung"),
    "approved": ("decided", "entschieden"),
    "rejected": ("left as it is", "so belassen"),
    "settled": ("is not so any more", "besteht nicht mehr"),
    "undone": ("decision taken back", "Entscheidung zurückgenommen"),
}
_SAID: Mapping[str, tuple[str, str]] = {
    "leave": ("Leave it", "So lassen"),
    "undo": ("Undo", "Zurücknehmen"),
    "sure": ("{about} % sure", "zu {about} % sicher"),
    "more": ("{about} more wait", "{about} weitere warten"),
    "by": ("by {about}", "durch {about}"),
    "says": ("{about} says", "{about} sagt"),
    "reach": ("{people} people, {places} places", "{people} Personen, {places} Orte"),
    "adds": ("adds {about}", "nimmt {about} auf"),
    "removes": ("removes {about}", "entfernt {about}"),
    "confirm": ("Are you sure?", "Sind Sie sicher?"),
    "confirm.removes": ("This takes out {about}.", "Das entfernt {about}."),
    "do": ("Yes", "Ja"),
    "not": ("No", "Nein"),
    "not.done": ("What {about} pressed was not done: {why}", "Was {about} gedrückt hat, wurde nicht getan: {why}"),
    "not.sides": ("the sides say something else since", "die Seiten sagen inzwischen etwas anderes"),
    "not.decided": ("decided otherwise since", "inzwischen anders entschieden"),
}


def title(kind: ConflictKind, language: Language) -> str:
    return _in(_TITLES[kind], language)


def standing(state: ConflictState, language: Language) -> str:
    return _in(_STATES[state], language)


def say(key: str, language: Language, **parts: object) -> str:
    return _in(_SAID[key], language).format(**parts)


def reach(blast: Blast, language: Language) -> str:
    """``3 people, 1 place`` and what is added and removed of them."""
    told = [say("reach", language, people=blast.people, places=blast.places)]
    told += [say("adds", language, about=blast.adds)] if blast.adds else []
    told += [say("removes", language, about=blast.removes)] if blast.removes else []
    return ", ".join(told)


def label(fix: AnyFix, language: Language) -> str:
    """On a button: short, and without names where it can be."""
    return _in(_label(fix), language)


def _label(fix: AnyFix) -> tuple[str, str]:  # one line a kind
    match fix:
        case LetStay():
            return "Let them stay", "Darf bleiben"
        case TakeOut():
            return "Take them out", "Entfernen"
        case Admit():
            return "Put them in again", "Wieder aufnehmen"
        case PutBack():
            return "Put them in again", "Wieder aufnehmen"
        case LetOwn(member=member):
            return f"Let {member} own it", f"{member} als Besitzer"
        case NoOwner():
            return "Member, no owner", "Mitglied, kein Besitzer"
        case ByRole():
            return "Go by their role", "Nach der Rolle im Kurs"
        case StayOut(person=person):
            return f"Leave person {person} out", f"Person {person} bleibt draußen"
        case UsePlace(place=place):
            return f"Use {place}", f"{place} verwenden"
        case MakeAnew(made_as=made_as):
            return (f"Make {made_as}", f"{made_as} anlegen") if made_as else ("Make a new one", "Neu anlegen")
        case NoPlace(unit=unit):
            return f"No place for {unit}", f"Kein Ort für {unit}"
        case LookAgain():
            return "Mended: look again", "Behoben: neu prüfen"
        case LetGo():
            return "Take them out", "Entfernen"
        case HoldBack():
            return "Keep them", "Behalten"
        case Believe(source=source, value=value):
            return f"{source}: {value}", f"{source}: {value}"
        case Contact(account=account):
            return f"It is {account}", f"Es ist {account}"
        case OnePerson():
            return "One person", "Eine Person"
        case TwoPersons():
            return "Two people", "Zwei Personen"
        case _ as never:
            assert_never(never)


def _in(both: tuple[str, str], language: Language) -> str:
    return both[0] if language == "en" else both[1]
