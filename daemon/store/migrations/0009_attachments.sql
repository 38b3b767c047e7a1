-- What came along with statements. A content is kept once for a tenant, whoever declares it, in pieces so that it can be
-- read a bit at a time. `links` counts the statements that declare it: at none it leaves by retention. A large one is
-- written `ahead` of its statement, under its hash to be; `sha2` is given with the statement, in one transaction.
CREATE TABLE contents (
    no     INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    sha2   BLOB CHECK (length(sha2) IN (28, 32, 48, 64)),
    ahead  BLOB,
    bytes  INTEGER NOT NULL,
    links  INTEGER NOT NULL DEFAULT 0 CHECK (links >= 0),
    CHECK ((sha2 IS NULL) = (ahead IS NOT NULL)),
    CHECK ((links > 0) <= (sha2 IS NOT NULL))
);
CREATE UNIQUE INDEX contents_sha2 ON contents (tenant, sha2);
CREATE INDEX contents_idle ON contents (tenant, no) WHERE links = 0 AND sha2 IS NOT NULL;
CREATE INDEX contents_ahead ON contents (tenant, ahead) WHERE ahead IS NOT NULL;

CREATE TABLE pieces (
    content INTEGER NOT NULL,
    piece   INTEGER NOT NULL,
    bytes   BLOB NOT NULL
);
CREATE UNIQUE INDEX pieces_content ON pieces (content, piece);

-- Which statement declares which content, and how it is spelt there.
CREATE TABLE attachments (
    seq          INTEGER NOT NULL,
    content      INTEGER NOT NULL,
    sha2         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    PRIMARY KEY (seq, content)
) WITHOUT ROWID;
CREATE TRIGGER attachments_made AFTER INSERT ON attachments BEGIN
    UPDATE contents SET links = links + 1 WHERE no = new.content;
END;
CREATE TRIGGER attachments_gone AFTER DELETE ON attachments BEGIN
    UPDATE contents SET links = links - 1 WHERE no = old.content;
END;
