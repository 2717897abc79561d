-- The audit trail behind the journal: how far its readers are, the log files and digests made of it,
-- and the keys that sign digests.

CREATE TABLE trail_cursors (
    row           INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    segment       INTEGER NOT NULL,
    "offset"      INTEGER NOT NULL,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL
) STRICT;

CREATE INDEX trail_cursors_by_domain_key ON trail_cursors (domain_key);

-- The account is no reference: a record keeps its account, whatever becomes of the account.
CREATE TABLE trail_files (
    row             INTEGER PRIMARY KEY,
    account         TEXT NOT NULL,
    region          TEXT NOT NULL,
    object          TEXT NOT NULL,
    bucket          TEXT NOT NULL,
    state           TEXT NOT NULL,
    delivered_at    INTEGER NOT NULL,
    oldest          INTEGER NOT NULL,
    newest          INTEGER NOT NULL,
    records         INTEGER NOT NULL,
    bytes           INTEGER NOT NULL,
    stored_bytes    INTEGER NOT NULL,
    digest_ended_at INTEGER,
    change_shard    INTEGER NOT NULL,
    change_number   INTEGER NOT NULL,
    domain_key      INTEGER NOT NULL,
    mac             BLOB NOT NULL,
    hash            BLOB NOT NULL,
    blocks          BLOB NOT NULL,
    event_ids       BLOB,
    UNIQUE (account, region, object)
) STRICT;

CREATE INDEX trail_files_by_time ON trail_files (account, region, newest, object, oldest);
CREATE INDEX trail_files_by_digest
    ON trail_files (account, region, digest_ended_at, delivered_at, object);
CREATE INDEX trail_files_staged ON trail_files (row) WHERE state = 'staged';
CREATE INDEX trail_files_indexed ON trail_files (newest) WHERE event_ids IS NOT NULL;
CREATE INDEX trail_files_by_domain_key ON trail_files (domain_key);

-- The distinct values in a file of what events are looked up by. It carries no code: it says where
-- to look, and the files say what is so.
CREATE TABLE trail_values (
    file      INTEGER NOT NULL REFERENCES trail_files (row) ON DELETE CASCADE,
    attribute TEXT NOT NULL,
    value     TEXT NOT NULL,
    PRIMARY KEY (file, attribute, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE trail_digests (
    row                INTEGER PRIMARY KEY,
    account            TEXT NOT NULL,
    region             TEXT NOT NULL,
    object             TEXT NOT NULL,
    bucket             TEXT NOT NULL,
    state              TEXT NOT NULL,
    started_at         INTEGER NOT NULL,
    ended_at           INTEGER NOT NULL,
    bytes              INTEGER NOT NULL,
    stored_bytes       INTEGER NOT NULL,
    hash               BLOB NOT NULL,
    signature          BLOB NOT NULL,
    fingerprint        TEXT NOT NULL,
    previous_bucket    TEXT,
    previous_object    TEXT,
    previous_hash      BLOB,
    previous_signature BLOB,
    blocks             BLOB NOT NULL,
    change_shard       INTEGER NOT NULL,
    change_number      INTEGER NOT NULL,
    domain_key         INTEGER NOT NULL,
    mac                BLOB NOT NULL,
    UNIQUE (account, region, ended_at)
) STRICT;

CREATE INDEX trail_digests_by_end ON trail_digests (ended_at);
CREATE INDEX trail_digests_staged ON trail_digests (row) WHERE state = 'staged';
CREATE INDEX trail_digests_by_domain_key ON trail_digests (domain_key);

CREATE TABLE trail_signing_keys (
    row                INTEGER PRIMARY KEY,
    fingerprint        TEXT NOT NULL UNIQUE,
    region             TEXT NOT NULL,
    public_key         BLOB NOT NULL,
    sealed_private_key BLOB NOT NULL,
    valid_from         INTEGER NOT NULL,
    valid_to           INTEGER NOT NULL,
    change_shard       INTEGER NOT NULL,
    change_number      INTEGER NOT NULL,
    domain_key         INTEGER NOT NULL,
    mac                BLOB NOT NULL
) STRICT;

CREATE INDEX trail_signing_keys_by_region ON trail_signing_keys (region, valid_from);
CREATE INDEX trail_signing_keys_by_domain_key ON trail_signing_keys (domain_key);
