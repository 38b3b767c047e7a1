-- Who did what: appended, chained, never changed. docs/audit.md tells how a row is hashed.
-- seq counts all rows without gaps, no those of one tenant ('' is the host). sums are commitments to what audit_told
-- has in clear, 32 bytes each: so a person can be erased from it while the chain stays whole.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    v INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    no INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('intended', 'concluded', 'noted', 'refused', 'cut', 'erased')),
    of INTEGER NOT NULL,
    what TEXT NOT NULL,
    result TEXT NOT NULL CHECK (result IN ('', 'done', 'failed', 'refused')),
    times INTEGER NOT NULL,
    sums BLOB NOT NULL,
    prev BLOB NOT NULL,
    before BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE UNIQUE INDEX audit_tenant ON audit (tenant, no);
CREATE UNIQUE INDEX audit_concluded ON audit (tenant, of) WHERE kind = 'concluded';
CREATE INDEX audit_marks ON audit (kind, tenant) WHERE kind IN ('cut', 'erased');

CREATE TABLE audit_told (
    seq INTEGER PRIMARY KEY,
    who TEXT NOT NULL,
    place TEXT NOT NULL,
    object TEXT NOT NULL,
    arguments TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    salts BLOB NOT NULL
);

CREATE TRIGGER audit_appended BEFORE INSERT ON audit
WHEN NEW.seq <= (SELECT max(seq) FROM audit) OR NEW.no <= (SELECT max(no) FROM audit WHERE tenant = NEW.tenant)
BEGIN
    SELECT RAISE(ABORT, 'the audit is only appended to');
END;
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is never changed');
END;
-- A row may leave once a cut of its tenant is on record that covers it.
CREATE TRIGGER audit_kept BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM audit c WHERE c.kind = 'cut' AND c.tenant = OLD.tenant AND c.of >= OLD.no AND c.no > OLD.no)
BEGIN
    SELECT RAISE(ABORT, 'the audit is never changed');
END;
CREATE TRIGGER audit_told_once BEFORE INSERT ON audit_told
WHEN EXISTS (SELECT 1 FROM audit_told WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the audit is only appended to');
END;
-- In clear text a person gives way to a pseudonym, right after the row that says so.
CREATE TRIGGER audit_told_unchanged BEFORE UPDATE ON audit_told
WHEN (SELECT kind FROM audit ORDER BY seq DESC LIMIT 1) <> 'erased'
BEGIN
    SELECT RAISE(ABORT, 'the audit is never changed');
END;
CREATE TRIGGER audit_told_kept BEFORE DELETE ON audit_told
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = OLD.seq)
BEGIN
    SELECT RAISE(ABORT, 'the audit is never changed');
END;
