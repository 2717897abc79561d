//! What becomes of the audit trail itself and is to be on record.

use keyward_audit::{Alteration, Fragment, JournalPosition};

/// What became of the audit trail. Its record is an operator's event, by `keyward`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrailEvent {
    /// The database knows less than the files of the trail: an older one was put back.
    DatabaseOlder {
        /// How many digests' chains are longer in files than the database knows.
        chains: u64,
        /// How many public keys stand beside the files that the database does not know.
        public_keys: u64,
    },
    /// Somebody else wrote to the newest segment of the journal, cut it or took it away.
    JournalAltered(Alteration),
    /// Lines of the journal are no records, and so in no log file.
    LinesUnreadable {
        /// Where what was read begins.
        from: JournalPosition,
        /// Where it ends.
        to: JournalPosition,
        /// How many of the lines between are no records.
        count: u64,
    },
    /// Lines of the journal were gone before they were delivered.
    RecordsLost {
        /// Where delivery was.
        from: JournalPosition,
        /// Where it goes on.
        to: JournalPosition,
    },
}

impl TrailEvent {
    /// `eventName`.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::DatabaseOlder { .. } => "AuditDatabaseOlder",
            Self::JournalAltered(_) => "AuditJournalAltered",
            Self::LinesUnreadable { .. } => "AuditLinesUnreadable",
            Self::RecordsLost { .. } => "AuditRecordsLost",
        }
    }

    /// `requestParameters`.
    pub(crate) fn parameters(&self) -> Fragment {
        let mut parameters = Fragment::default();
        let mut object = parameters.add();
        match self {
            Self::DatabaseOlder { chains, public_keys } => {
                object.integer("digestChains", integer(*chains));
                object.integer("publicKeys", integer(*public_keys));
            }
            Self::JournalAltered(Alteration { at, found_bytes }) => {
                object.display("at", at);
                if let Some(bytes) = found_bytes {
                    object.integer("foundBytes", integer(*bytes));
                }
            }
            Self::LinesUnreadable { from, to, count } => {
                object.display("from", from);
                object.display("to", to);
                object.integer("count", integer(*count));
            }
            Self::RecordsLost { from, to } => {
                object.display("from", from);
                object.display("to", to);
            }
        }
        parameters
    }
}

fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
