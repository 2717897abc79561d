//! Passwords, which nobody has here.

use keyward_engine::{OpError, op_error};

use super::access_key::owner_name;
use super::subject::Subject;

/// The refusal of who has no password.
pub(crate) fn no_login_profile(subject: &Subject) -> OpError {
    let name = owner_name(subject);
    op_error!(NoSuchEntity, "Login Profile for User {name} cannot be found.")
}
