-- Reminders of work that is due. What follows from records is kept by triggers, whoever changes them. None is run by
-- an insertion, which would cost that of every record something: whoever inserts work updates it.

-- When work is due, also for single learners, as text: moments in UTC, or dates. Both sort by time, to within a day.
CREATE TABLE dues (
    record INTEGER NOT NULL,
    due    TEXT NOT NULL,
    PRIMARY KEY (record, due)
) WITHOUT ROWID;
CREATE INDEX dues_due ON dues (due, record);
CREATE TRIGGER dues_changed AFTER UPDATE OF state, canonical ON records WHEN new.entity = 'assignment' BEGIN
    DELETE FROM dues WHERE record = new.no;
    INSERT OR IGNORE INTO dues SELECT new.no, value FROM (
        SELECT json_extract(CAST(new.canonical AS TEXT), '$.due') AS value
            WHERE new.state <> 'gone' AND new.canonical <> x''
        UNION SELECT value FROM json_each(CASE new.canonical WHEN x'' THEN '{}' ELSE CAST(new.canonical AS TEXT) END,
            '$.due_for') WHERE new.state <> 'gone'
    ) WHERE value <> '';
END;
CREATE TRIGGER dues_removed AFTER DELETE ON records WHEN old.entity = 'assignment' BEGIN
    DELETE FROM dues WHERE record = old.no;
END;

-- What has been done already: `work` is the assignment's id, or of a completion the activity's IRI.
CREATE TABLE handed (
    record INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    work   TEXT NOT NULL,
    user   TEXT NOT NULL
);
CREATE INDEX handed_work ON handed (source, work, user);
CREATE TRIGGER handed_changed AFTER UPDATE OF state, canonical ON records
        WHEN new.entity IN ('submission', 'grade', 'completion') BEGIN
    DELETE FROM handed WHERE record = new.no;
    INSERT OR REPLACE INTO handed SELECT new.no, new.source, work, user FROM (SELECT
        json_extract(CAST(new.canonical AS TEXT), '$.user') AS user,
        CASE new.entity
            WHEN 'submission' THEN iif(json_extract(CAST(new.canonical AS TEXT), '$.at') <> '',
                json_extract(CAST(new.canonical AS TEXT), '$.assignment'), NULL)
            WHEN 'grade' THEN iif(json_extract(CAST(new.canonical AS TEXT), '$.score.raw') IS NOT NULL,
                json_extract(CAST(new.canonical AS TEXT), '$.assignment'), NULL)
            ELSE iif(coalesce(json_extract(CAST(new.canonical AS TEXT), '$.complete'), 1),
                json_extract(CAST(new.canonical AS TEXT), '$.activity'), NULL)
        END AS work WHERE new.state <> 'gone' AND new.canonical <> x'') WHERE work <> '' AND user <> '';
END;
CREATE TRIGGER handed_removed AFTER DELETE ON records WHEN old.entity IN ('submission', 'grade', 'completion') BEGIN
    DELETE FROM handed WHERE record = old.no;
END;

-- Reminders that were made.
CREATE TABLE reminded (
    source   INTEGER NOT NULL,
    work     TEXT NOT NULL,
    user     TEXT NOT NULL,
    due      TEXT NOT NULL,
    before_s INTEGER NOT NULL,
    at_us    INTEGER NOT NULL,
    PRIMARY KEY (source, work, user, due, before_s)
) WITHOUT ROWID;
