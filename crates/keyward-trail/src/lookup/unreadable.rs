//! Log files that lookups go without. What is wrong with them is what verification tells; here each
//! is named once in the program's log.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tracing::error;

/// How many files are named.
const NAMED_MAX: usize = 1000;

/// The files that were named.
#[derive(Debug, Default)]
pub(super) struct UnreadableFiles(Mutex<BTreeSet<String>>);

impl UnreadableFiles {
    /// Names a file, if it was not named before.
    pub(super) fn name(&self, object: &str, reason: &(dyn std::error::Error + 'static)) {
        if self.is_new(object) {
            error!(
                object,
                reason, "lookups go without a log file; `keyward audit verify` tells more"
            );
        }
    }

    fn is_new(&self, object: &str) -> bool {
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        named.len() < NAMED_MAX && named.insert(object.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_once() {
        let files = UnreadableFiles::default();
        assert!(files.is_new("a"));
        assert!(!files.is_new("a"));
        assert!(files.is_new("b"));
    }
}
