//! `keyward version`

use anyhow::Result;
use serde_json::json;

use super::{print, print_json};
use crate::arguments::Version;

pub(super) fn run(arguments: &Version) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    if arguments.json {
        print_json(&json!({ "name": "keyward", "version": version }))
    } else {
        print(&format!("keyward {version}\n"))
    }
}
