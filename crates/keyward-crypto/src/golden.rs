//! The golden files under `vectors/`: one sample of each format and version, made with fixed keys
//! and nonces. The tests make the sample again, compare, and open what the file holds.
//!
//! A file is written once, when its format is new: with `KEYWARD_NEW_VECTORS` set, the tests write
//! the files that are absent. No file is ever overwritten. When a format gets a new version, its
//! old file stays, and so does the test that opens it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A golden file: names and texts, bytes in hexadecimal.
pub(crate) struct Golden(BTreeMap<String, String>);

impl Golden {
    /// The file, after checking that it holds exactly what the code makes now.
    pub(crate) fn agreeing(file: &str, made: &[(&str, String)]) -> Self {
        let made: BTreeMap<_, _> =
            made.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(file);
        if !path.exists() && std::env::var_os("KEYWARD_NEW_VECTORS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
        }
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        let kept: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
        assert_eq!(kept, made, "{file}: a format that is in use has changed");
        Self(kept)
    }

    /// The bytes of a field.
    pub(crate) fn bytes(&self, field: &str) -> Vec<u8> {
        hex::decode(&self.0[field]).unwrap()
    }
}
