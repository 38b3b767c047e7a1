"""What pages say, in the languages they speak: each key once, in English and in German."""

from collections.abc import Mapping
from typing import Literal

from daemon.gateway.pages.said_review import REVIEW

Language = Literal["en", "de"]
_BOTH: Mapping[str, tuple[str, str]] = {
    # ── what many pages have ─────────────────────────────────────────────────────────────────────────
    "skip": ("Skip to the content", "Zum Inhalt springen"),
    "back": ("Back to the accounts", "Zurück zu den Konten"),
    "again": ("Begin again", "Noch einmal beginnen"),
    "reference": ("For whoever runs this service, this happened under", "Für den Betrieb dieses Dienstes: Vorgang"),
    "leaving.link": ("Go on to {about}", "Weiter zu {about}"),
    # ── signing in and out ───────────────────────────────────────────────────────────────────────────
    "sign.in.title": ("Sign in", "Anmelden"),
    "sign.in": (
        "Sign in with your organisation's account to connect the accounts of {about}.",
        "Melden Sie sich mit dem Konto Ihrer Organisation an, um die Konten von {about} zu verbinden.",
    ),
    "sign.in.do": ("Sign in", "Anmelden"),
    "sign.in.oidc": ("Sign in (OpenID Connect)", "Anmelden (OpenID Connect)"),
    "sign.in.saml": ("Sign in (SAML)", "Anmelden (SAML)"),
    "sign.out": ("Sign out", "Abmelden"),
    "signed.in": ("You are signed in as {about}.", "Sie sind angemeldet als {about}."),
    "signed_out.title": ("You are signed out", "Sie sind abgemeldet"),
    "signed_out": (
        "Nothing of this session is left in this browser.",
        "Von dieser Sitzung ist in diesem Browser nichts mehr vorhanden.",
    ),
    "signing_out.title": ("You are signed out here", "Sie sind hier abgemeldet"),
    "signing_out": (
        "To sign out at {about}, too, go on there.",
        "Um sich auch bei {about} abzumelden, gehen Sie dorthin weiter.",
    ),
    "sign_in_refused.title": ("You could not be signed in", "Die Anmeldung ist nicht gelungen"),
    "sign_in_refused": (
        "Nobody was signed in. Begin again; if that does not help, tell whoever runs this service.",
        "Es wurde niemand angemeldet. Beginnen Sie noch einmal; hilft das nicht, wenden Sie sich an den Betrieb.",
    ),
    "sign_in_declined.title": ("You were not signed in", "Sie wurden nicht angemeldet"),
    "sign_in_declined": (
        "The sign-on service says that the sign-on was cancelled or not allowed.",
        "Der Anmeldedienst meldet, dass die Anmeldung abgebrochen wurde oder nicht erlaubt ist.",
    ),
    "sign_in_over.title": ("This sign-on is over", "Diese Anmeldung ist abgelaufen"),
    "sign_in_over": (
        "It took too long, was used already, or was begun in another browser. Begin again.",
        "Sie hat zu lange gedauert, wurde schon verwendet oder in einem anderen Browser begonnen. Beginnen Sie neu.",
    ),
    "sign_in_unusable.title": ("Signing in is not possible now", "Die Anmeldung ist gerade nicht möglich"),
    "sign_in_unusable": (
        "The sign-on service cannot be reached or is not set up. Whoever runs this service has been told why. "
        "Try again in a few minutes.",
        "Der Anmeldedienst ist nicht erreichbar oder nicht eingerichtet. Der Betrieb kennt den Grund. "
        "Versuchen Sie es in einigen Minuten noch einmal.",
    ),
    # ── what may not be ──────────────────────────────────────────────────────────────────────────────
    "nowhere.title": ("There is nothing here", "Hier ist nichts"),
    "nowhere": ("There is no page at this address.", "Unter dieser Adresse gibt es keine Seite."),
    "forbidden.title": ("You may not do this", "Das dürfen Sie nicht"),
    "forbidden": (
        "You are signed in, but none of your roles lets you connect accounts. Ask whoever runs this service.",
        "Sie sind angemeldet, aber keine Ihrer Rollen erlaubt es, Konten zu verbinden. Wenden Sie sich an den Betrieb.",
    ),
    "forged.title": ("This form cannot be taken", "Dieses Formular wird nicht angenommen"),
    "forged": (
        "It does not come from a page of this session: perhaps you signed in anew since. Nothing was changed. "
        "Open the page again and repeat it there.",
        "Es stammt nicht von einer Seite dieser Sitzung: Vielleicht haben Sie sich inzwischen neu angemeldet. Es "
        "wurde nichts geändert. Öffnen Sie die Seite noch einmal und wiederholen Sie es dort.",
    ),
    "malformed.title": ("This cannot be read", "Das ist nicht lesbar"),
    "malformed": (
        "What was sent here is not what this page takes. Nothing was changed.",
        "Was hierher gesendet wurde, passt nicht zu dieser Seite. Es wurde nichts geändert.",
    ),
    "later.title": ("This is not possible now", "Das ist gerade nicht möglich"),
    "later": (
        "Nothing was changed. Try again in a minute.",
        "Es wurde nichts geändert. Versuchen Sie es in einer Minute noch einmal.",
    ),
    # ── connecting ───────────────────────────────────────────────────────────────────────────────────
    "connect.title": ("Accounts", "Konten"),
    "connect": (
        "These are the accounts that messages of {about} are delivered with.",
        "Mit diesen Konten werden die Nachrichten von {about} zugestellt.",
    ),
    "connect.none": (
        "There is no account that could be connected.",
        "Es gibt kein Konto, das verbunden werden könnte.",
    ),
    "connect.state": ("State", "Zustand"),
    "connect.account": ("Account", "Konto"),
    "connect.by": ("Connected by", "Verbunden durch"),
    "connect.needed": ("Permissions needed", "Nötige Berechtigungen"),
    "connect.granted": ("Permissions granted", "Erteilte Berechtigungen"),
    "connect.nothing": ("none", "keine"),
    "connect.lacking": ("Permissions lacking", "Fehlende Berechtigungen"),
    "connect.excess": ("Permissions that nothing needs", "Nicht benötigte Berechtigungen"),
    "connect.do": ("Connect", "Verbinden"),
    "connect.again": ("Connect again", "Neu verbinden"),
    "connect.undo": ("Disconnect", "Trennen"),
    "state.unconnected": ("not connected", "nicht verbunden"),
    "state.connected": ("connected", "verbunden"),
    "state.lost": ("lost: connect it again", "verloren: bitte neu verbinden"),
    "state.revoked": ("disconnected", "getrennt"),
    "state.configured": ("looked after by the operators", "vom Betrieb eingerichtet"),
    "speaker.bot": ("bot", "Bot"),
    "speaker.app": ("app", "App"),
    "speaker.person": ("a person's account", "Konto einer Person"),
    "kind.slack": ("Slack", "Slack"),
    "kind.teams": ("Microsoft Teams", "Microsoft Teams"),
    "kind.canvas": ("Canvas", "Canvas"),
    "leaving.title": ("On to {about}", "Weiter zu {about}"),
    "leaving": (
        "You are being led to {about}, where you say what is permitted. You come back here afterwards.",
        "Sie werden zu {about} geleitet und sagen dort, was erlaubt ist. Danach kommen Sie hierher zurück.",
    ),
    "connected": ("{about} is connected.", "{about} ist verbunden."),
    "lacking": (
        "{about} is connected, but permissions are lacking: see below.",
        "{about} ist verbunden, aber es fehlen Berechtigungen: siehe unten.",
    ),
    "disconnected": ("{about} is disconnected.", "{about} ist getrennt."),
    "disconnect.title": ("Disconnect {about}?", "{about} trennen?"),
    "disconnect": (
        "Its tokens are given back, and what is to be delivered there waits until somebody connects it again. "
        "Nothing is lost.",
        "Die Zugänge werden zurückgegeben, und was dorthin zugestellt werden soll, wartet, bis jemand neu verbindet. "
        "Nichts geht verloren.",
    ),
    "disconnect.do": ("Disconnect {about}", "{about} trennen"),
    "not_connected.title": ("{about} could not be connected", "{about} konnte nicht verbunden werden"),
    "not_connected": (
        "The list of accounts shows how it stands. If it is not connected there, begin again; if that does not help, "
        "tell whoever runs this service.",
        "Die Liste der Konten zeigt, wie es steht. Ist es dort nicht verbunden, beginnen Sie noch einmal; hilft das "
        "nicht, wenden Sie sich an den Betrieb.",
    ),
    "not_disconnected.title": ("{about} could not be disconnected", "{about} konnte nicht getrennt werden"),
    "not_disconnected": (
        "Try again; if that does not help, tell whoever runs this service.",
        "Versuchen Sie es noch einmal; hilft das nicht, wenden Sie sich an den Betrieb.",
    ),
    "declined.title": ("{about} was not connected", "{about} wurde nicht verbunden"),
    "declined": (
        "The permission was not given there. Nothing was changed.",
        "Die Erlaubnis wurde dort nicht erteilt. Es wurde nichts geändert.",
    ),
    "errand_over.title": ("This connecting is over", "Dieses Verbinden ist abgelaufen"),
    "errand_over": (
        "It took too long, was used already, or was begun in another session. Nothing was changed. Begin again.",
        "Es hat zu lange gedauert, wurde schon verwendet oder in einer anderen Sitzung begonnen. Es wurde nichts "
        "geändert. Beginnen Sie neu.",
    ),
}
_BOTH = {**_BOTH, **REVIEW}
SAID: Mapping[Language, Mapping[str, str]] = {
    "en": {key: both[0] for key, both in _BOTH.items()},
    "de": {key: both[1] for key, both in _BOTH.items()},
}
