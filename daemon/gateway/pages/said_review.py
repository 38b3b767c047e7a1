"""What pages for reviewers say: each key once, in English and in German. ``said`` has them with all others."""

from collections.abc import Mapping

REVIEW: Mapping[str, tuple[str, str]] = {
    "review.title": ("What waits for a decision", "Was auf eine Entscheidung wartet"),
    "review": (
        "Here the systems of {about} disagree, or a change reaches so far that somebody should look at it first.",
        "Hier sind sich die Systeme von {about} uneinig, oder eine Änderung reicht so weit, dass erst jemand "
        "darauf sehen sollte.",
    ),
    "review.none": ("Nothing waits for a decision.", "Nichts wartet auf eine Entscheidung."),
    "review.more": ("There are more: these come first.", "Es gibt mehr: Diese kommen zuerst."),
    "review.best": ("most likely: {about}", "am wahrscheinlichsten: {about}"),
    "review.sure": ("{about} % sure", "zu {about} % sicher"),
    "review.back": ("All that waits", "Alles, was wartet"),
    "review.state": ("State", "Zustand"),
    "review.about": ("About", "Betrifft"),
    "review.what": ("What was found", "Was gefunden wurde"),
    "review.since": ("Since", "Seit"),
    "review.seen": ("Seen last", "Zuletzt gesehen"),
    "review.sides": ("What each side says", "Was jede Seite sagt"),
    "review.fixes": ("What can be done", "Was getan werden kann"),
    "review.reach": ("Reaches", "Reicht"),
    "review.undo": ("Undone", "Rückgängig"),
    "review.undo.all": ("all of it comes back", "alles ist wieder wie vorher"),
    "review.do": ("Do this: {about}", "So entscheiden: {about}"),
    "review.leave": ("Leave it as it is", "So belassen"),
    "review.leave.said": (
        "Nothing is done, and nobody is asked again while the sides say the same.",
        "Es wird nichts getan und nicht wieder gefragt, solange die Seiten dasselbe sagen.",
    ),
    "review.why": ("Why (for whoever asks later)", "Warum (für spätere Fragen)"),
    "review.take.back": ("Take the decision back", "Entscheidung zurücknehmen"),
    "review.history": ("What became of it", "Was daraus wurde"),
    "review.found": ("Found by", "Gefunden durch"),
    "review.approved": ("It is decided.", "Es ist entschieden."),
    "review.rejected": ("It stays as it is.", "Es bleibt, wie es ist."),
    "review.undone": ("The decision is taken back.", "Die Entscheidung ist zurückgenommen."),
    "review.open": ("It is asked again.", "Es wird wieder gefragt."),
    "review.not": (
        "Nothing was decided: it stands otherwise by now. This is how it stands.",
        "Es wurde nichts entschieden: Es verhält sich inzwischen anders. So verhält es sich jetzt.",
    ),
    "review.not.decided": (
        "Nothing was done: it was decided otherwise since. This is how it stands.",
        "Es wurde nichts getan: Inzwischen ist anders entschieden worden. So verhält es sich jetzt.",
    ),
    "review_forbidden.title": ("You may not decide here", "Sie dürfen hier nicht entscheiden"),
    "review_forbidden": (
        "You are signed in, but none of your roles lets you decide. Ask whoever runs this service.",
        "Sie sind angemeldet, aber keine Ihrer Rollen erlaubt es, zu entscheiden. Wenden Sie sich an den Betrieb.",
    ),
    "event.raised": ("found", "gefunden"),
    "event.again": ("found again", "wieder gefunden"),
    "event.changed": ("the sides say something else", "die Seiten sagen etwas anderes"),
    "event.approved": ("decided", "entschieden"),
    "event.rejected": ("left as it is", "so belassen"),
    "event.settled": ("is not so any more", "besteht nicht mehr"),
    "event.undone": ("taken back", "zurückgenommen"),
    "event.refused": ("pressed, and not done", "gedrückt, und nicht getan"),
}
