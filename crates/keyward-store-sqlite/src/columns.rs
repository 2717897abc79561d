//! Reading a row's columns into the types of a record.

use std::str::FromStr;

use keyward_model::{Timestamp, UnknownValue};
use keyward_store::{ChangeNumber, RowTag, Scope, ScopedKey};
use rusqlite::Row;
use rusqlite::types::FromSql;

use crate::fault::Cause;

/// The columns of a row, in the order of the query. `None` is a value outside its type.
pub(crate) struct Columns<'r> {
    row: &'r Row<'r>,
    next: usize,
}

/// The columns that authenticate a row.
pub(crate) struct Code {
    /// The change that last wrote the row.
    pub(crate) change: ChangeNumber,
    /// The oldest domain key the row is under, by its code or by what it holds sealed.
    pub(crate) domain_key: u32,
    /// The code.
    pub(crate) mac: RowTag,
}

impl Code {
    /// The change's number as SQLite stores it.
    pub(crate) fn number(&self) -> Result<i64, Cause> {
        i64::try_from(self.change.number).map_err(|_| Cause::OutOfRange)
    }
}

impl<'r> Columns<'r> {
    /// The columns from the first on.
    pub(crate) fn of(row: &'r Row<'r>) -> Self {
        Self { row, next: 0 }
    }

    /// The next column as it is.
    pub(crate) fn value<T: FromSql>(&mut self) -> Option<T> {
        let value = self.row.get(self.next).ok();
        self.next += 1;
        value
    }

    /// The next column, a text that is parsed.
    pub(crate) fn word<T: FromStr>(&mut self) -> Option<T> {
        let word = self.row.get_ref(self.next).ok()?.as_str().ok()?.parse().ok();
        self.next += 1;
        word
    }

    /// The next column, words separated by commas.
    pub(crate) fn words<T: FromStr>(&mut self) -> Option<Vec<T>> {
        let words = self.row.get_ref(self.next).ok()?.as_str().ok()?;
        self.next += 1;
        let words = if words.is_empty() { None } else { Some(words.split(',')) };
        words.into_iter().flatten().map(|word| word.parse().ok()).collect()
    }

    /// The next column, a text that is parsed, or nothing.
    pub(crate) fn optional_word<T: FromStr>(&mut self) -> Result<Option<T>, UnknownValue> {
        let word: Option<Option<String>> = self.value();
        word.ok_or(UnknownValue)?.map(|word| word.parse().map_err(|_| UnknownValue)).transpose()
    }

    /// The next column, a time or nothing.
    pub(crate) fn optional_timestamp(&mut self) -> Result<Option<Timestamp>, UnknownValue> {
        let at: Option<Option<i64>> = self.value();
        Ok(at.ok_or(UnknownValue)?.map(Timestamp::from_unix_ms))
    }

    /// The next column, a time.
    pub(crate) fn timestamp(&mut self) -> Option<Timestamp> {
        self.value().map(Timestamp::from_unix_ms)
    }

    /// The next three columns: account, Region, key id.
    pub(crate) fn scoped_key(&mut self) -> Option<ScopedKey> {
        let scope = self.scope()?;
        Some(ScopedKey { scope, key_id: self.word()? })
    }

    /// The next two columns: account, Region.
    pub(crate) fn scope(&mut self) -> Option<Scope> {
        Some(Scope { account: self.word()?, region: self.word()? })
    }

    /// The last four columns of every row that decides.
    pub(crate) fn code(&mut self) -> Option<Code> {
        let change = ChangeNumber {
            shard: self.value()?,
            number: u64::try_from(self.value::<i64>()?).ok()?,
        };
        Some(Code { change, domain_key: self.value()?, mac: self.value()? })
    }
}
