"""The facts of conflicts in German: every sentence that the classes make in English, with what stands in it (pure).

A conflict is kept as it was found, in English, and spoken when somebody looks at it. ``{}`` is whatever stands there:
a name, an id, or another sentence of these. Of those that fit the whole text the one with the most words counts.
"""

PHRASES: tuple[tuple[str, str], ...] = (
    # drift
    ("is in it, and was never enrolled", "ist darin und war nie eingeschrieben"),
    ("is in it; {}, and was never enrolled", "ist darin und war nie eingeschrieben; {}"),
    (
        "somebody who belongs in cannot be found, and may be them",
        "jemand, der hineingehört, ist nicht zu finden, und könnte es sein",
    ),
    ("somebody at the platform put them in; they are {}", "jemand hat sie auf der Plattform aufgenommen; es ist {}"),
    ("nobody whom a source knows", "niemand, den eine Quelle kennt"),
    ("person {} of the ledger", "Person {} des Verzeichnisses"),
    ("nobody enrolled them; but {}", "niemand hat sie eingeschrieben; aber {}"),
    ("nobody enrolled them", "niemand hat sie eingeschrieben"),
    ("they are asked about again", "es wird wieder nach ihnen gefragt"),
    (
        "they are put in again; what they missed meanwhile is the platform's affair",
        "sie werden wieder aufgenommen; was sie inzwischen verpasst haben, ist Sache der Plattform",
    ),
    (
        "belongs in it, and was taken out at the platform, or left",
        "gehört hinein und wurde auf der Plattform entfernt oder ist gegangen",
    ),
    ("they are enrolled", "sie sind eingeschrieben"),
    (
        "nothing by itself: decide otherwise where they are to stay out",
        "von selbst nichts: entscheiden Sie anders, wenn sie draußen bleiben sollen",
    ),
    (
        "somebody meant them to be out, or they left by themselves",
        "jemand wollte sie nicht darin haben, oder sie sind selbst gegangen",
    ),
    (
        "what the platform objected to may have been mended there",
        "was die Plattform einzuwenden hatte, kann dort behoben sein",
    ),
    ("nothing: it only tries again", "nichts: es wird nur noch einmal versucht"),
    (
        "the platform does not take them: they are accounted for as left out",
        "die Plattform nimmt sie nicht auf: sie werden als ausgelassen geführt",
    ),
    ("is not let in: {}", "wird nicht aufgenommen: {}"),
    (
        "the vendor took them {} times, and they do not show up",
        "die Plattform hat sie {} Mal aufgenommen, und sie erscheinen dort nicht",
    ),
    ("the vendor does not make them an owner: {}", "die Plattform macht sie nicht zum Besitzer: {}"),
    ("the vendor does not make them a member: {}", "die Plattform macht sie nicht zum Mitglied: {}"),
    (
        "somebody at the platform gave it to them on purpose",
        "jemand hat es ihnen auf der Plattform mit Absicht gegeben",
    ),
    ("their role in the course makes them no owner", "ihre Rolle im Kurs macht sie nicht zum Besitzer"),
    ("they stay a member", "sie bleiben Mitglied"),
    ("they are made an owner again", "sie werden wieder Besitzer"),
    ("was made an owner at the platform", "wurde auf der Plattform zum Besitzer gemacht"),
    (
        "a place without an owner can be looked after by nobody",
        "um einen Ort ohne Besitzer kann sich niemand kümmern",
    ),
    ("{} owns it instead, and {} is a member", "{} besitzt ihn statt dessen, und {} ist Mitglied"),
    ("{} owns it instead, and {} leaves", "{} besitzt ihn statt dessen, und {} geht"),
    (
        "whether they own it goes by their role again; who left is not put in",
        "ob sie ihn besitzen, geht wieder nach ihrer Rolle; wer gegangen ist, wird nicht aufgenommen",
    ),
    ("is its last owner, and is to be a member only: {}", "ist der letzte Besitzer und soll nur Mitglied sein: {}"),
    ("is its last owner, and is to leave: {}", "ist der letzte Besitzer und soll gehen: {}"),
    ("{}, and the place would have no owner left", "{}, und der Ort hätte keinen Besitzer mehr"),
    ("their role makes them no owner any more", "ihre Rolle macht sie nicht mehr zum Besitzer"),
    ("no enrolment any more", "keine Einschreibung mehr"),
    ("was erased", "wurde gelöscht"),
    ("they have their seat again", "sie haben ihren Platz wieder"),
    ("a member", "ein Mitglied"),
    ("no member", "kein Mitglied"),
    ("no enrolment", "keine Einschreibung"),
    ("enrolled", "eingeschrieben"),
    ("an owner", "ein Besitzer"),
    ("the only owner", "der einzige Besitzer"),
    # people
    ("{} looks like {}", "{} sieht aus wie {}"),
    (
        "in every place that they belong to, and for posts to them",
        "an jedem Ort, an den sie gehören, und für Nachrichten an sie",
    ),
    (
        "they are looked for by their address again, and asked about where nobody has it",
        "sie werden wieder nach ihrer Adresse gesucht, und wo niemand sie hat, wird gefragt",
    ),
    ("is enrolled, and nobody there has their address", "ist eingeschrieben, und niemand hat dort diese Adresse"),
    (
        "the account is {}'s: {} has no seat of their own",
        "das Konto gehört {}: {} hat keinen eigenen Platz",
    ),
    ("both have a seat again, and it is asked anew", "beide haben wieder einen Platz, und es wird neu gefragt"),
    ("are both {} there", "sind dort beide {}"),
    ("both have {}", "beide haben {}"),
    (
        "their enrolments are one person's: one membership in each place",
        "ihre Einschreibungen sind die einer Person: an jedem Ort eine Mitgliedschaft",
    ),
    (
        "they are two again, and it is asked again; what was counted of them as one stays so",
        "es sind wieder zwei, und es wird wieder gefragt; was von ihnen als einer Person gezählt ist, bleibt so",
    ),
    ("have {} in common; against it: {}", "haben {} gemeinsam; dagegen spricht: {}"),
    ("it is asked again", "es wird wieder gefragt"),
    # places
    (
        "it gets a place of its own, and {} keeps this one",
        "er bekommt einen eigenen Ort, und {} behält diesen",
    ),
    ("{} keeps it, and {} is not kept in step", "{} behält ihn, und {} wird nicht abgeglichen"),
    (
        "{} takes it over, and {} is not kept in step any more",
        "{} übernimmt ihn, und {} wird nicht mehr abgeglichen",
    ),
    (
        "who belongs to the other alone is asked about, and not taken out at once",
        "nach denen, die nur zum anderen gehören, wird gefragt; sie werden nicht gleich entfernt",
    ),
    ("the other has it again", "der andere hat ihn wieder"),
    ("the same place as {}", "derselbe Ort wie {}"),
    ("none of them is meant", "keiner davon ist gemeint"),
    ("it needs none", "es braucht keinen"),
    ("it needs no place", "es braucht keinen Ort"),
    ("{} places are called {}", "{} Orte heißen {}"),
    ("it is made under another name", "er wird unter einem anderen Namen angelegt"),
    (
        "whoever has the name gave it up, or let us in",
        "wer den Namen hat, hat ihn aufgegeben oder uns eingelassen",
    ),
    ("{} is taken: {}", "{} ist vergeben: {}"),
    ("wants {}", "will {}"),
    ("its people have no place now", "seine Leute haben jetzt keinen Ort"),
    ("it is there again, or we were let in again", "er ist wieder da, oder wir wurden wieder eingelassen"),
    ("somebody deleted it on purpose", "jemand hat ihn mit Absicht gelöscht"),
    ("is gone: {}", "ist nicht mehr da: {}"),
    (
        "somebody took it out of the archive: that is done at the platform",
        "jemand hat ihn aus dem Archiv geholt: das geschieht auf der Plattform",
    ),
    ("it was archived on purpose", "er wurde mit Absicht archiviert"),
    ("another one takes its place", "ein anderer tritt an seine Stelle"),
    ("is archived", "ist archiviert"),
    ("archived", "archiviert"),
    (
        "the rule was made narrower (match, into by section), or the platform takes more now",
        "die Regel wurde enger gefasst (match, into nach Abschnitten), oder die Plattform nimmt jetzt mehr auf",
    ),
    (
        "it is not kept in step: nobody is put in or taken out",
        "er wird nicht abgeglichen: niemand wird aufgenommen oder entfernt",
    ),
    ("takes {}", "nimmt {} auf"),
    ("{} belong in it, and it takes {}", "{} gehören hinein, und er nimmt {} auf"),
    ("people belong in it", "es gehören Leute hinein"),
    ("{} belong in it", "{} gehören hinein"),
    (
        "it is looked for by its name again, and asked about; who was put into this one stays there",
        "er wird wieder nach seinem Namen gesucht, und es wird gefragt; wer in diesen aufgenommen wurde, bleibt dort",
    ),
    ("{}; it is called {}", "{}; er heißt {}"),
    ("what was made stays; it is not deleted", "was angelegt wurde, bleibt; es wird nicht gelöscht"),
    ("nothing: it only looks", "nichts: es wird nur nachgesehen"),
    ("it is kept in step again", "er wird wieder abgeglichen"),
    ("has that name", "hat diesen Namen"),
    ("public", "öffentlich"),
    ("private", "privat"),
    # brakes
    (
        "{} may have told a part only: nobody is taken out until it tells something else",
        "{} hat vielleicht nur einen Teil mitgeteilt: niemand wird entfernt, bis etwas anderes mitgeteilt wird",
    ),
    ("they left in truth", "sie sind wirklich gegangen"),
    (
        "nothing by itself: who was taken out is put in again when the source enrols them",
        "von selbst nichts: wer entfernt wurde, wird wieder aufgenommen, wenn die Quelle ihn einschreibt",
    ),
    ("people are in it", "es sind Leute darin"),
    ("{} are in it", "{} sind darin"),
    ("nobody would be left of {}: the roster is empty: {}", "von {} bliebe niemand: die Liste ist leer: {}"),
    ("nobody would be left of {}: the roster is empty", "von {} bliebe niemand: die Liste ist leer"),
    ("nobody would be left of {}", "von {} bliebe niemand"),
    ("{} would be taken out, more than {}", "{} würden entfernt, mehr als {}"),
    ("{} would be taken out", "{} würden entfernt"),
    ("{} of {} in {} places", "{} von {} an {} Orten"),
    ("{} of {}", "{} von {}"),
    # sources
    ("the {} differs: {}", "verschieden ist {}: {}"),
    ("e-mail address", "die E-Mail-Adresse"),
    ("name", "der Name"),
    ("role", "die Rolle"),
    ("dates", "der Zeitraum"),
    ("status", "der Status"),
    (
        "{} says {}; it was told last, {} sources agree",
        "{} sagt {}; das wurde zuletzt mitgeteilt, {} Quellen sind einig",
    ),
    ("{} says {}; it was told last", "{} sagt {}; das wurde zuletzt mitgeteilt"),
    (
        "{} says {}; it was told before, {} sources agree",
        "{} sagt {}; das wurde früher mitgeteilt, {} Quellen sind einig",
    ),
    ("{} says {}; it was told before", "{} sagt {}; das wurde früher mitgeteilt"),
    (
        "each source is believed about itself again, and it is asked again",
        "jeder Quelle wird wieder für sich geglaubt, und es wird wieder gefragt",
    ),
    (
        "in every place: they are looked for by that address",
        "an jedem Ort: sie werden nach dieser Adresse gesucht",
    ),
    ("what they are called in posts and reports", "wie sie in Nachrichten und Berichten heißen"),
    (
        "whether they own the place, and whether they belong in it",
        "ob sie den Ort besitzen, und ob sie hineingehören",
    ),
    ("whether they belong in it, and until when", "ob sie hineingehören, und bis wann"),
    # what became of it
    ("it is not so any more", "es ist nicht mehr so"),
    ("its rule is not configured any more", "die Regel ist nicht mehr eingerichtet"),
    ("before: {}", "vorher: {}"),
    ("the roster {}", "die Regel {}"),
)
"""English and German."""

WORDS = {
    "learner": "teilnehmend",
    "instructor": "lehrend",
    "assistant": "assistierend",
    "designer": "gestaltend",
    "mentor": "begleitend",
    "observer": "beobachtend",
    "administrator": "verwaltend",
    "active": "aktiv",
    "invited": "eingeladen",
    "completed": "abgeschlossen",
    "suspended": "gesperrt",
    "ended": "beendet",
}
"""Roles, and how an enrolment stands."""
