"""The texts of a report about what is stuck and what is asked, by language: causes, what helps, kinds of questions.

What helps is told in English by the daemon itself (``control.words.advice``), which knows its causes.
"""

EN = {
    "cause_unmatched_learner": "person not found",
    "cause_destination_gone": "channel is gone",
    "cause_destination_refused": "channel takes nothing",
    "cause_missing_permission": "permission is missing",
    "cause_bad_template": "mistake in a template",
    "cause_bad_configuration": "mistake in the configuration",
    "cause_payload_refused": "content was refused",
    "cause_exhausted": "all attempts are used up",
    "cause_vendor_outage": "vendor was out for too long",
    "cause_revoked": "access was withdrawn",
    "cause_expired": "too old by now",
    "cause_poison": "cannot be carried",
    "cause_unknown_outcome": "nobody knows whether it arrived",
    "cause_statement_gone": "what it told of is gone",
    "conflict_email_differs": "sources name different addresses",
    "conflict_name_differs": "sources name different names",
    "conflict_role_differs": "sources name different roles",
    "conflict_dates_differ": "sources name different dates",
    "conflict_status_differs": "sources disagree whether somebody takes part",
    "conflict_stranger": "people in a place who do not belong there",
    "conflict_missing": "people who were taken out by hand",
    "conflict_owner_added": "owners who were added by hand",
    "conflict_last_owner": "a place would have no owner left",
    "conflict_linked_twice": "one account for several people",
    "conflict_name_ambiguous": "several places of one name",
    "conflict_name_taken": "a place of that name is somebody else's",
    "conflict_place_gone": "a place is gone",
    "conflict_place_archived": "a place is archived",
    "conflict_place_full": "a place is full",
    "conflict_near_miss": "perhaps the same person",
    "conflict_identity_clash": "evidence about a person contradicts itself",
    "conflict_account_shared": "an account that several people seem to use",
    "conflict_refused": "the vendor refuses somebody",
    "conflict_brake": "a plan would take out many",
    "conflict_brake_total": "plans together would take out many",
    "conflict_emptied": "a place would be emptied",
}
DE = {
    "cause_unmatched_learner": "Person nicht gefunden",
    "cause_destination_gone": "Kanal nicht mehr da",
    "cause_destination_refused": "Kanal nimmt nichts an",
    "cause_missing_permission": "Berechtigung fehlt",
    "cause_bad_template": "Textvorlage fehlerhaft",
    "cause_bad_configuration": "Konfiguration fehlerhaft",
    "cause_payload_refused": "Inhalt abgelehnt",
    "cause_exhausted": "alle Versuche verbraucht",
    "cause_vendor_outage": "Anbieter war zu lange aus",
    "cause_revoked": "Zugang entzogen",
    "cause_expired": "zu alt geworden",
    "cause_poison": "unzustellbar",
    "cause_unknown_outcome": "Ausgang unbekannt",
    "cause_statement_gone": "Anlass nicht mehr da",
    "advice_unmatched_learner": (
        "Die E-Mail-Adresse in die Datei von [people] eintragen oder die Person beim Anbieter anlegen; dann erneut "
        "senden."
    ),
    "advice_destination_gone": (
        "Den Kanal oder das Team wiederherstellen oder die Route ändern; dann erneut senden oder verwerfen."
    ),
    "advice_destination_refused": (
        "Der Anbieter lässt uns dort nicht schreiben: die App einladen oder die Route ändern; dann erneut senden."
    ),
    "advice_missing_permission": (
        "Der App die fehlende Berechtigung geben und sie neu installieren; dann erneut senden."
    ),
    "advice_bad_template": "Die Textvorlage berichtigen, `lmsyncctl reload`; dann erneut senden.",
    "advice_bad_configuration": "Die Konfiguration berichtigen, `lmsyncctl reload`; dann erneut senden.",
    "advice_payload_refused": (
        "Der Anbieter nahm nicht an, was wir daraus gemacht haben: bitte melden; eine kürzere Textvorlage "
        "hilft vielleicht."
    ),
    "advice_exhausted": (
        "Alle Versuche misslangen: nachsehen, was die letzten sagen; geht es dem Anbieter wieder gut, erneut senden."
    ),
    "advice_vendor_outage": (
        "Der Anbieter war länger aus, als retry.age_max der Route zulässt; geht es ihm wieder gut, erneut senden."
    ),
    "advice_revoked": (
        "Der Zugang war länger tot, als retry.age_max der Route zulässt: das Konto neu verbinden, dann erneut senden."
    ),
    "advice_expired": (
        "Es wartete länger, als retry.age_max der Route zulässt, und ist keine Neuigkeit mehr: wenn es "
        "zählt, erneut senden."
    ),
    "advice_poison": (
        "Wer es trug, stürzte darüber ab: bitte mit dem Protokoll melden; geschieht es wieder, verwerfen."
    ),
    "advice_unknown_outcome": (
        "Vielleicht steht es schon dort, niemand konnte es herausfinden: am Ziel nachsehen. `dlq replay ID` sieht noch "
        "einmal nach, `dlq replay ID --accept-double` sendet es auf die Gefahr hin, dass es doppelt steht, "
        "`dlq discard ID` lässt es gut sein."
    ),
    "advice_statement_gone": "Der Anlass ist gelöscht (auf Wunsch oder nach Frist): Es gibt nichts mehr zu senden.",
    "conflict_email_differs": "Quellen nennen verschiedene Adressen",
    "conflict_name_differs": "Quellen nennen verschiedene Namen",
    "conflict_role_differs": "Quellen nennen verschiedene Rollen",
    "conflict_dates_differ": "Quellen nennen verschiedene Daten",
    "conflict_status_differs": "Quellen sind uneins, ob jemand teilnimmt",
    "conflict_stranger": "Personen an einem Ort, an den sie nicht gehören",
    "conflict_missing": "Personen, die jemand von Hand entfernt hat",
    "conflict_owner_added": "Besitzer, die jemand von Hand hinzugefügt hat",
    "conflict_last_owner": "ein Ort hätte keinen Besitzer mehr",
    "conflict_linked_twice": "ein Konto für mehrere Personen",
    "conflict_name_ambiguous": "mehrere Orte desselben Namens",
    "conflict_name_taken": "ein Ort dieses Namens gehört jemand anderem",
    "conflict_place_gone": "ein Ort ist verschwunden",
    "conflict_place_archived": "ein Ort ist archiviert",
    "conflict_place_full": "ein Ort ist voll",
    "conflict_near_miss": "vielleicht dieselbe Person",
    "conflict_identity_clash": "Hinweise auf eine Person widersprechen sich",
    "conflict_account_shared": "ein Konto, das mehrere zu benutzen scheinen",
    "conflict_refused": "der Anbieter lehnt jemanden ab",
    "conflict_brake": "ein Plan würde viele entfernen",
    "conflict_brake_total": "Pläne zusammen würden viele entfernen",
    "conflict_emptied": "ein Ort würde leer",
}
