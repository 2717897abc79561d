//! What the engine tells whoever counts calls. It does not know what is made of it: which names, which
//! labels, which keys are worth a series of their own.

use std::sync::Arc;

use crate::{ErrorCode, Key};

/// Is told of calls. It is asked on the path of every request, so it must not wait, and must not
/// allocate for what happens often.
pub trait Observer: Send + Sync {
    /// So many requests counted towards the quota of the group at this place of the table. They are
    /// throttled if they are not let through.
    fn counted(&self, group: usize, requests: u32, is_let_through: bool);

    /// A call succeeded and is on record. These keys have done something for it, in this order: none
    /// of an operation that uses none.
    fn succeeded(&self, operation: &'static str, keys: &[Arc<Key>]);

    /// A call was refused.
    fn refused(&self, operation: &'static str, code: ErrorCode);
}
