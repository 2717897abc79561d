//! How many customer managed keys an account holds in a Region, counted as keys come and go: a
//! count of the rows would cost every new key a scan.

use keyward_store::Scope;
use rusqlite::params;

use crate::fault::Fault;
use crate::sql::Sql;

/// The count, of keys in any state. Invented rows do not count, nor are removed ones missed.
pub(crate) fn count(sql: &Sql<'_>, scope: &Scope) -> Result<u32, Fault> {
    Ok(sql.count(
        "SELECT ifnull((SELECT count FROM key_counts WHERE account = ?1 AND region = ?2), 0)",
        params![scope.account.as_str(), scope.region.as_str()],
    )?)
}

/// Follows one key that counted or did not and now counts or does not.
pub(crate) fn follow(
    sql: &Sql<'_>,
    scope: &Scope,
    (counted, counts): (bool, bool),
) -> Result<(), Fault> {
    let statement = match (counted, counts) {
        (false, true) => {
            "INSERT INTO key_counts (account, region, count) VALUES (?1, ?2, 1)
             ON CONFLICT (account, region) DO UPDATE SET count = count + 1"
        }
        // A count that a hand on the file lowered must not keep a key from its deletion.
        (true, false) => {
            "UPDATE key_counts SET count = max(count - 1, 0) WHERE account = ?1 AND region = ?2"
        }
        (true, true) | (false, false) => return Ok(()),
    };
    sql.execute(statement, params![scope.account.as_str(), scope.region.as_str()])?;
    Ok(())
}
