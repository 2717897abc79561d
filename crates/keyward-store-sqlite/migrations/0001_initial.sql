-- Every table of rows that decide ends in the same four columns: the number of the change that last
-- wrote the row, the oldest domain key the row is under, and the row's authentication code.

CREATE TABLE migrations (
    number   INTEGER PRIMARY KEY,
    checksum BLOB NOT NULL
) STRICT;

CREATE TABLE change_counters (
    shard  INTEGER PRIMARY KEY CHECK (shard BETWEEN 0 AND 63),
    number INTEGER NOT NULL CHECK (number >= 0)
) STRICT;

INSERT INTO change_counters (shard, number)
WITH RECURSIVE shards (shard) AS (SELECT 0 UNION ALL SELECT shard + 1 FROM shards WHERE shard < 63)
SELECT shard, 0 FROM shards;

CREATE TABLE domain_keys (
    number     INTEGER PRIMARY KEY CHECK (number > 0),
    wrapped    BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE deployment (
    row           INTEGER PRIMARY KEY CHECK (row = 1),
    deployment_id BLOB NOT NULL,
    partition     TEXT NOT NULL,
    regions       TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL
) STRICT;

CREATE TABLE clock (
    row       INTEGER PRIMARY KEY CHECK (row = 1),
    last_seen INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    row           INTEGER PRIMARY KEY,
    account       TEXT NOT NULL UNIQUE,
    created_at    INTEGER NOT NULL,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL
) STRICT;

CREATE INDEX accounts_by_domain_key ON accounts (domain_key);

CREATE TABLE credentials (
    row           INTEGER PRIMARY KEY,
    access_key_id TEXT NOT NULL UNIQUE,
    account       TEXT NOT NULL REFERENCES accounts (account),
    status        TEXT NOT NULL,
    sealed_secret BLOB NOT NULL,
    created_at    INTEGER NOT NULL,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL
) STRICT;

CREATE INDEX credentials_by_account ON credentials (account);
CREATE INDEX credentials_by_domain_key ON credentials (domain_key);

CREATE TABLE keys (
    row                 INTEGER PRIMARY KEY,
    account             TEXT NOT NULL,
    region              TEXT NOT NULL,
    key_id              TEXT NOT NULL,
    spec                TEXT NOT NULL,
    usage               TEXT NOT NULL,
    origin              TEXT NOT NULL,
    manager             TEXT NOT NULL,
    state               TEXT NOT NULL,
    is_multi_region     INTEGER NOT NULL CHECK (is_multi_region IN (0, 1)),
    description         TEXT NOT NULL,
    created_at          INTEGER NOT NULL,
    deletion_date       INTEGER,
    pending_window_days INTEGER,
    current_material    BLOB,
    change_shard        INTEGER NOT NULL,
    change_number       INTEGER NOT NULL,
    domain_key          INTEGER NOT NULL,
    mac                 BLOB NOT NULL,
    UNIQUE (account, region, key_id),
    UNIQUE (region, key_id)
) STRICT;

CREATE INDEX keys_by_domain_key ON keys (domain_key);
CREATE INDEX keys_due_for_deletion ON keys (deletion_date) WHERE deletion_date IS NOT NULL;
CREATE INDEX keys_of_customers ON keys (account, region) WHERE manager = 'CUSTOMER';

CREATE TABLE key_materials (
    row           INTEGER PRIMARY KEY,
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    key_id        TEXT NOT NULL,
    material_id   BLOB NOT NULL,
    sealed        BLOB NOT NULL,
    created_at    INTEGER NOT NULL,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL,
    UNIQUE (account, region, key_id, material_id),
    FOREIGN KEY (account, region, key_id) REFERENCES keys (account, region, key_id)
) STRICT;

CREATE INDEX key_materials_by_domain_key ON key_materials (domain_key);

CREATE TABLE key_policies (
    row           INTEGER PRIMARY KEY,
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    key_id        TEXT NOT NULL,
    document      TEXT NOT NULL,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL,
    UNIQUE (account, region, key_id),
    FOREIGN KEY (account, region, key_id) REFERENCES keys (account, region, key_id)
) STRICT;

CREATE INDEX key_policies_by_domain_key ON key_policies (domain_key);

CREATE TABLE aliases (
    row           INTEGER PRIMARY KEY,
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    name          TEXT NOT NULL,
    target        TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL,
    UNIQUE (account, region, name),
    FOREIGN KEY (account, region, target) REFERENCES keys (account, region, key_id)
) STRICT;

CREATE INDEX aliases_by_target ON aliases (account, region, target, name);
CREATE INDEX aliases_by_domain_key ON aliases (domain_key);

CREATE TABLE tags (
    row           INTEGER PRIMARY KEY,
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    key_id        TEXT NOT NULL,
    tag_key       TEXT NOT NULL,
    tag_value     TEXT NOT NULL,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL,
    UNIQUE (account, region, key_id, tag_key),
    FOREIGN KEY (account, region, key_id) REFERENCES keys (account, region, key_id)
) STRICT;

CREATE INDEX tags_by_domain_key ON tags (domain_key);

CREATE TABLE outbox (
    row      INTEGER PRIMARY KEY,
    event_id BLOB NOT NULL UNIQUE,
    line     BLOB NOT NULL
) STRICT;
