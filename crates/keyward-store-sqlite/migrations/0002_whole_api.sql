-- What the whole API needs: rotation, imports, multi-Region sets, grants, last uses, a clock that
-- development deployments may move, and counts that cost no scan. What an older row says without
-- the new columns, it says with them at their defaults.

ALTER TABLE deployment ADD COLUMN is_development INTEGER NOT NULL DEFAULT 0
    CHECK (is_development IN (0, 1));

-- Made anew, for the time last seen may be unknown when the clock is first moved.
CREATE TABLE clock_0002 (
    row       INTEGER PRIMARY KEY CHECK (row = 1),
    last_seen INTEGER,
    offset_ms INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO clock_0002 (row, last_seen) SELECT row, last_seen FROM clock;
DROP TABLE clock;
ALTER TABLE clock_0002 RENAME TO clock;

-- A multi-Region key without a primary Region is the only member of its set.
ALTER TABLE keys ADD COLUMN primary_region TEXT;
ALTER TABLE keys ADD COLUMN replica_regions TEXT;
ALTER TABLE keys ADD COLUMN rotation_period_days INTEGER;
ALTER TABLE keys ADD COLUMN next_rotation INTEGER;
ALTER TABLE keys ADD COLUMN on_demand_started INTEGER;
ALTER TABLE keys ADD COLUMN on_demand_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN settles_at INTEGER;

CREATE INDEX keys_due_for_rotation ON keys (next_rotation)
    WHERE next_rotation IS NOT NULL AND state = 'Enabled'
      AND (primary_region IS NULL OR primary_region = region);
CREATE INDEX keys_of_sets ON keys (account, key_id, region) WHERE is_multi_region = 1;
CREATE INDEX keys_unsettled ON keys (settles_at) WHERE settles_at IS NOT NULL;

-- Customer managed keys by account and Region. Counts carry no code: nothing is permitted by them
-- but one more row.
CREATE TABLE key_counts (
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    count   INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (account, region)
) STRICT, WITHOUT ROWID;

INSERT INTO key_counts (account, region, count)
SELECT account, region, count(*) FROM keys WHERE manager = 'CUSTOMER' GROUP BY account, region;

-- Served the count alone.
DROP INDEX keys_of_customers;

-- Made anew, for imported material that is gone leaves its row behind.
CREATE TABLE key_materials_0002 (
    row           INTEGER PRIMARY KEY,
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    key_id        TEXT NOT NULL,
    material_id   BLOB NOT NULL,
    sealed        BLOB,
    public_key    BLOB,
    state         TEXT NOT NULL DEFAULT 'CURRENT',
    rotated_at    INTEGER,
    rotation_type TEXT,
    description   TEXT,
    expires_at    INTEGER,
    created_at    INTEGER NOT NULL,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL,
    UNIQUE (account, region, key_id, material_id),
    FOREIGN KEY (account, region, key_id) REFERENCES keys (account, region, key_id)
) STRICT;

INSERT INTO key_materials_0002
    (row, account, region, key_id, material_id, sealed, created_at,
     change_shard, change_number, domain_key, mac)
SELECT row, account, region, key_id, material_id, sealed, created_at,
       change_shard, change_number, domain_key, mac
FROM key_materials;
DROP TABLE key_materials;
ALTER TABLE key_materials_0002 RENAME TO key_materials;

CREATE INDEX key_materials_by_domain_key ON key_materials (domain_key);
CREATE INDEX key_materials_due_for_expiry ON key_materials (expires_at)
    WHERE expires_at IS NOT NULL AND sealed IS NOT NULL;

CREATE TABLE grants (
    row                         INTEGER PRIMARY KEY,
    account                     TEXT NOT NULL,
    region                      TEXT NOT NULL,
    key_id                      TEXT NOT NULL,
    grant_id                    BLOB NOT NULL,
    name                        TEXT,
    grantee_principal           TEXT,
    grantee_service_principal   TEXT,
    retiring_principal          TEXT,
    retiring_service_principal  TEXT,
    issuing_account             TEXT NOT NULL,
    operations                  TEXT NOT NULL,
    encryption_context_equals   BLOB,
    encryption_context_subset   BLOB,
    source_arn                  TEXT,
    fingerprint                 BLOB,
    created_at                  INTEGER NOT NULL,
    change_shard                INTEGER NOT NULL,
    change_number               INTEGER NOT NULL,
    domain_key                  INTEGER NOT NULL,
    mac                         BLOB NOT NULL,
    UNIQUE (account, region, key_id, grant_id),
    FOREIGN KEY (account, region, key_id) REFERENCES keys (account, region, key_id)
) STRICT;

CREATE UNIQUE INDEX grants_by_fingerprint ON grants (account, region, key_id, fingerprint)
    WHERE fingerprint IS NOT NULL;
CREATE INDEX grants_by_grantee ON grants (account, region, key_id, grantee_principal, grant_id)
    WHERE grantee_principal IS NOT NULL;
CREATE INDEX grants_by_grantee_service
    ON grants (account, region, key_id, grantee_service_principal, grant_id)
    WHERE grantee_service_principal IS NOT NULL;
CREATE INDEX grants_by_retiring ON grants (region, retiring_principal, grant_id)
    WHERE retiring_principal IS NOT NULL;
CREATE INDEX grants_by_retiring_service ON grants (region, retiring_service_principal, grant_id)
    WHERE retiring_service_principal IS NOT NULL;
CREATE INDEX grants_by_domain_key ON grants (domain_key);

CREATE TABLE grant_counts (
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    key_id  TEXT NOT NULL,
    count   INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (account, region, key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_wrapping_keys (
    row                INTEGER PRIMARY KEY,
    token_id           BLOB NOT NULL UNIQUE,
    account            TEXT NOT NULL,
    region             TEXT NOT NULL,
    key_id             TEXT NOT NULL,
    algorithm          TEXT NOT NULL,
    wrapping_key_spec  TEXT NOT NULL,
    sealed_private_key BLOB NOT NULL,
    expires_at         INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    change_shard       INTEGER NOT NULL,
    change_number      INTEGER NOT NULL,
    domain_key         INTEGER NOT NULL,
    mac                BLOB NOT NULL,
    FOREIGN KEY (account, region, key_id) REFERENCES keys (account, region, key_id)
) STRICT;

CREATE INDEX import_wrapping_keys_by_key ON import_wrapping_keys (account, region, key_id);
CREATE INDEX import_wrapping_keys_expired ON import_wrapping_keys (expires_at);
CREATE INDEX import_wrapping_keys_by_domain_key ON import_wrapping_keys (domain_key);

CREATE TABLE last_uses (
    row           INTEGER PRIMARY KEY,
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    key_id        TEXT NOT NULL,
    operation     TEXT NOT NULL,
    used_at       INTEGER NOT NULL,
    event_id      BLOB NOT NULL,
    request_id    BLOB NOT NULL,
    change_shard  INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    domain_key    INTEGER NOT NULL,
    mac           BLOB NOT NULL,
    UNIQUE (account, region, key_id),
    FOREIGN KEY (account, region, key_id) REFERENCES keys (account, region, key_id)
) STRICT;

CREATE INDEX last_uses_by_domain_key ON last_uses (domain_key);
