"""How an alarm is told to people: its title, how bad it is and since when, in the tenant's language (pure).

What is so in particular comes from parts of the daemon and from vendors, and stays as they say it; so do commands.
"""

from collections.abc import Callable, Mapping

from actors.domain.alarms import AlarmCard
from actors.domain.speech import Speech

TEST_TITLE, TEST_WORDS = "Only a test, nothing is wrong", "Somebody asked whether alarms arrive here. Nothing is wrong."
MANY_TITLE = "Many alarms at once"
DE: Mapping[str, str] = {
    "A route does not keep its promise": "Eine Route hält ihr Versprechen nicht",
    "Deliveries wait for a person": "Zustellungen warten auf einen Menschen",
    "A vendor takes our credentials no longer": "Ein Anbieter nimmt unsere Zugangsdaten nicht mehr an",
    "A vendor is out": "Ein Anbieter ist ausgefallen",
    "A backlog is growing": "Ein Rückstau wächst",
    "More goes wrong than usual": "Es misslingt mehr als sonst",
    "An account or a secret needs somebody": "Ein Konto oder ein Geheimnis braucht jemanden",
    "A source cannot be read": "Eine Quelle lässt sich nicht lesen",
    "A source is silent": "Eine Quelle meldet sich nicht",
    "The brake is engaged": "Die Bremse hat gegriffen",
    "Something that was accepted is unaccounted for": "Etwas Angenommenes ist nicht auffindbar",
    "The disk is filling up": "Die Festplatte läuft voll",
    "The store does not write": "Die Datenbank nimmt nichts an",
    "A part of the daemon is down": "Ein Teil des Dienstes steht still",
    TEST_TITLE: "Nur ein Test, nichts ist passiert",
    TEST_WORDS: "Jemand wollte wissen, ob Alarme hier ankommen. Es ist nichts passiert.",
    MANY_TITLE: "Viele Alarme auf einmal",
    "Still: ": "Noch immer: ",
    "Over: ": "Vorbei: ",
    "critical": "dringend: jetzt",
    "warning": "heute",
    "how bad": "wie eilig",
    "since": "seit",
    "over": "vorbei",
    "what helps": "was hilft",
}
EN: Mapping[str, str] = {"critical": "critical: now", "warning": "warning: today"}
LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": EN, "de": DE}


def title_of(card: AlarmCard, language: str) -> str:
    """As it was made, with its parts in the language."""
    say, title, turn = _sayer(language), card.title, ""
    for prefix in ("Still: ", "Over: "):
        if title.startswith(prefix):
            title, turn = title.removeprefix(prefix), prefix
    subject = f": {card.alarm}" if card.alarm else ""
    return f"{say(turn)}{say(title.removesuffix(subject))}{subject}"


def text_of(card: AlarmCard, language: str) -> str:
    return _sayer(language)(card.text)


def facts_of(card: AlarmCard, speech: Speech) -> list[tuple[str, str]]:
    """While it lasts how bad it is and what helps; afterwards from when to when it was."""
    say = _sayer(speech.language)
    since = (say("since"), speech.date_time(card.since))
    if card.turn == "over":
        return [since, (say("over"), speech.date_time(card.at))]
    return [(say("how bad"), say(card.severity)), since, (say("what helps"), card.command)]


def _sayer(language: str) -> Callable[[str], str]:
    words = LANGUAGES.get(language, EN)
    return lambda text: words.get(text, text)
