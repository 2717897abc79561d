//! A connection in use: queries whose rows are authenticated, counters, and codes for new rows.

use keyward_store::{CanonicalRow, ChangeNumber, RowAuthenticator, RowTag, StoreError, Versioned};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row};

use crate::columns::{Code, Columns};
use crate::fault::{Cause, Fault};

/// A record whose row decides and therefore carries an authentication code.
pub(crate) trait DecidingRow: Sized {
    /// The table.
    const TABLE: &'static str;

    /// Reads the record's columns; `None` when one holds a value outside its type.
    fn read(columns: &mut Columns<'_>) -> Option<Self>;

    /// What the code is made over, but for the change number.
    fn form(&self) -> CanonicalRow;

    /// The sealed value in the row, if the table has one.
    fn sealed(&self) -> Option<&[u8]> {
        None
    }
}

/// A connection and what authenticates its rows.
pub(crate) struct Sql<'c> {
    connection: &'c Connection,
    rows: &'c dyn RowAuthenticator,
}

impl<'c> Sql<'c> {
    /// Puts the two together for one lookup or one change.
    pub(crate) fn new(connection: &'c Connection, rows: &'c dyn RowAuthenticator) -> Self {
        Self { connection, rows }
    }

    /// The connection itself, for tables whose rows carry no code.
    pub(crate) fn connection(&self) -> &'c Connection {
        self.connection
    }

    /// The statement, prepared once per connection.
    pub(crate) fn statement(&self, sql: &str) -> Result<CachedStatement<'c>, rusqlite::Error> {
        self.connection.prepare_cached(sql)
    }

    /// Runs a statement that answers no rows.
    pub(crate) fn execute(&self, sql: &str, params: impl Params) -> Result<usize, rusqlite::Error> {
        self.statement(sql)?.execute(params)
    }

    /// The one row of a query, authenticated.
    pub(crate) fn find<T: DecidingRow>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Option<Versioned<T>>, Fault> {
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params)?;
        Ok(rows.next()?.map(|row| self.authenticate(row)).transpose()?)
    }

    /// The rows of a query, each authenticated.
    pub(crate) fn list<T: DecidingRow>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Vec<T>, Fault> {
        let found = self.list_versioned(sql, params)?;
        Ok(found.into_iter().map(|found| found.record).collect())
    }

    /// The rows of a query, each authenticated and with its change number.
    pub(crate) fn list_versioned<T: DecidingRow>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Vec<Versioned<T>>, Fault> {
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params)?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(self.authenticate(row)?);
        }
        Ok(records)
    }

    /// The first `limit` rows of a query that are genuine. For work that has come due: a forged row
    /// must not keep the others waiting, and nothing is done for it.
    pub(crate) fn list_genuine<T: DecidingRow>(
        &self,
        (sql, params): (&str, impl Params),
        limit: u32,
    ) -> Result<Vec<T>, Fault> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params)?;
        let mut records = Vec::new();
        while records.len() < limit
            && let Some(row) = rows.next()?
        {
            // Logged where it is found out.
            records.extend(self.authenticate(row).ok().map(|row| row.record));
        }
        Ok(records)
    }

    /// The one number a query answers.
    pub(crate) fn count(&self, sql: &str, params: impl Params) -> Result<u32, rusqlite::Error> {
        self.statement(sql)?.query_row(params, |row| row.get(0))
    }

    /// Takes the next number of a shard. It is given back when the change is rolled back.
    pub(crate) fn next_change(&self, shard: u8) -> Result<ChangeNumber, Fault> {
        let number: i64 = self
            .statement(
                "UPDATE change_counters SET number = number + 1 WHERE shard = ?1 RETURNING number",
            )?
            .query_row([shard], |row| row.get(0))?;
        let number = u64::try_from(number).map_err(|_| Cause::OutOfRange)?;
        Ok(ChangeNumber { shard, number })
    }

    /// The code columns of a row about to be written by `change`.
    pub(crate) fn code<T: DecidingRow>(
        &self,
        record: &T,
        change: ChangeNumber,
    ) -> Result<Code, Fault> {
        let mac = self.rows.tag(&record.form().finish(change))?;
        let domain_key = self.oldest_domain_key(record, &mac);
        self.require_domain_key(domain_key)?;
        Ok(Code { change, domain_key, mac })
    }

    fn authenticate<T: DecidingRow>(&self, row: &Row<'_>) -> Result<Versioned<T>, StoreError> {
        self.genuine(row).ok_or_else(|| {
            tracing::error!(table = T::TABLE, "a row fails its authentication");
            StoreError::Forged { table: T::TABLE }
        })
    }

    fn genuine<T: DecidingRow>(&self, row: &Row<'_>) -> Option<Versioned<T>> {
        let mut columns = Columns::of(row);
        let record = T::read(&mut columns)?;
        let code = columns.code()?;
        let is_genuine = self.rows.check(&record.form().finish(code.change), &code.mac)
            && code.domain_key == self.oldest_domain_key(&record, &code.mac);
        is_genuine.then_some(Versioned { record, change: code.change })
    }

    /// A sealed value that names no domain key counts as older than all.
    fn oldest_domain_key<T: DecidingRow>(&self, record: &T, mac: &RowTag) -> u32 {
        let [a, b, c, d, ..] = *mac;
        let tagged_under = u32::from_be_bytes([a, b, c, d]);
        match record.sealed() {
            Some(sealed) => self.rows.sealed_under(sealed).unwrap_or(0).min(tagged_under),
            None => tagged_under,
        }
    }

    /// A value sealed before its domain key was destroyed must not be stored after: nothing would
    /// open it again.
    fn require_domain_key(&self, number: u32) -> Result<(), Fault> {
        let exists: Option<bool> = self
            .statement(
                "SELECT 1 WHERE EXISTS (SELECT 1 FROM domain_keys WHERE number = ?1)
                 OR NOT EXISTS (SELECT 1 FROM domain_keys)",
            )?
            .query_row([number], |row| row.get(0))
            .optional()?;
        exists.map(|_| ()).ok_or_else(|| Cause::NoDomainKey(number).into())
    }
}
