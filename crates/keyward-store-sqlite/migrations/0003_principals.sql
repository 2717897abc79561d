-- Who may do what: IAM's entities, whose access key is whose, registered services, and whom policies
-- and grants named when they were written. What an older row says without the new columns, it says
-- with them at their defaults.

ALTER TABLE accounts ADD COLUMN owner_service TEXT;

ALTER TABLE credentials ADD COLUMN owner TEXT NOT NULL DEFAULT 'root';

CREATE INDEX credentials_by_owner ON credentials (owner, account);

-- Every list is one of an owner now.
DROP INDEX credentials_by_account;

ALTER TABLE key_policies ADD COLUMN bindings TEXT;

ALTER TABLE grants ADD COLUMN grantee_id TEXT;
ALTER TABLE grants ADD COLUMN retiring_id TEXT;
ALTER TABLE grants ADD COLUMN created_by_service TEXT;

CREATE TABLE iam_entities (
    row           INTEGER PRIMARY KEY,
    account       TEXT NOT NULL REFERENCES accounts (account),
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL,
    name_folded   TEXT NOT NULL,
    unique_id     TEXT UNIQUE,
    path          TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    body          TEXT NOT NULL,
    sealed        BLOB,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL,
    UNIQUE (account, kind, name_folded)
) STRICT;

CREATE INDEX iam_entities_by_domain_key ON iam_entities (domain_key);

-- What the bodies name, so that counts and conflicts cost no scan. It carries no code: an invented
-- row refuses, and no row permits.
CREATE TABLE iam_references (
    account         TEXT NOT NULL,
    relation        TEXT NOT NULL,
    target          TEXT NOT NULL,
    referrer_kind   TEXT NOT NULL,
    referrer_folded TEXT NOT NULL,
    referrer_name   TEXT NOT NULL,
    PRIMARY KEY (account, relation, target, referrer_kind, referrer_folded)
) STRICT, WITHOUT ROWID;

CREATE INDEX iam_references_by_referrer
    ON iam_references (account, referrer_kind, referrer_folded);

CREATE TABLE principal_uses (
    row           INTEGER PRIMARY KEY,
    principal     TEXT NOT NULL UNIQUE,
    used_at       INTEGER NOT NULL,
    service       TEXT NOT NULL,
    region        TEXT NOT NULL,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL
) STRICT;

CREATE INDEX principal_uses_by_domain_key ON principal_uses (domain_key);

CREATE TABLE services (
    row            INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    account        TEXT NOT NULL REFERENCES accounts (account),
    kind           TEXT NOT NULL,
    source_arn     TEXT,
    source_account TEXT,
    role           TEXT,
    owned_account  TEXT,
    created_at     INTEGER NOT NULL,
    change_shard   INTEGER NOT NULL,
    change_number  INTEGER NOT NULL,
    domain_key     INTEGER NOT NULL,
    mac            BLOB NOT NULL,
    UNIQUE (name, account)
) STRICT;

CREATE INDEX services_by_domain_key ON services (domain_key);
