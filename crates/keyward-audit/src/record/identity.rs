//! `userIdentity`: the caller, as the account that reads the log may see it.

use keyward_model::{AccountId, Caller, Principal};

use crate::json::JsonObject;

/// Writes the members of `userIdentity` for the copy that `recipient` gets.
pub(super) fn write(o: &mut JsonObject<'_>, caller: &Caller, recipient: AccountId) {
    if recipient != caller.account {
        return write_foreign(o, caller);
    }
    match caller.principal {
        Principal::Root => {
            o.text("type", "Root");
            o.text("principalId", principal_id(caller));
            o.text("arn", &caller.arn());
            o.text("accountId", caller.account.as_str());
            o.text("accessKeyId", caller.access_key_id.as_str());
        }
    }
}

/// Another account learns no more of the caller than account and principal id.
fn write_foreign(o: &mut JsonObject<'_>, caller: &Caller) {
    o.text("type", "AWSAccount");
    o.text("principalId", principal_id(caller));
    o.text("accountId", caller.account.as_str());
}

fn principal_id(caller: &Caller) -> &str {
    match caller.principal {
        Principal::Root => caller.account.as_str(),
    }
}
