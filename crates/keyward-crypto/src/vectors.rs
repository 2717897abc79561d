//! The test vectors of others under `vectors/`: lists of cases, whose bytes are text.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// One case of a file.
pub(crate) struct Case(Value);

/// All cases of a file; a file cut short is noticed.
pub(crate) fn cases(file: &str, floor: usize) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() >= floor, "{file}: {} cases", cases.len());
    cases.into_iter().map(Case).collect()
}

impl Case {
    pub(crate) fn has(&self, field: &str) -> bool {
        self.0.get(field).is_some()
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.0["valid"].as_bool().unwrap()
    }

    pub(crate) fn hex(&self, field: &str) -> Vec<u8> {
        hex::decode(self.text(field)).unwrap()
    }

    pub(crate) fn base64(&self, field: &str) -> Vec<u8> {
        STANDARD.decode(self.text(field)).unwrap()
    }

    /// What names the case in a failure.
    pub(crate) fn name(&self) -> String {
        format!("case {} {}", self.0["id"], self.0["why"])
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_else(|| panic!("{}: no {field}", self.name()))
    }
}
