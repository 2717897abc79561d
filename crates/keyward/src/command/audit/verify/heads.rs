//! Digests that were noted elsewhere: lines of JSON, among others or alone.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use keyward_audit::files::{Files as _, RealFiles};
use keyward_store::Scope;
use keyward_trail::verify::Head;
use serde::Deserialize;
use serde_json::{Value, json};

/// The log of many years.
const BYTES_MAX: u64 = 256 << 20;

/// A line, as far as it matters here: of the program's log, of `audit verify --json`, or one of its
/// heads.
#[derive(Deserialize)]
struct Line {
    object: Option<String>,
    #[serde(default)]
    bucket: String,
    sha256: Option<String>,
    #[serde(default)]
    heads: Vec<Self>,
}

/// The digests that a file names. Lines that name none are none of ours; that it names none at all
/// is a mistake.
pub(super) fn read(path: &Path) -> Result<Vec<Head>> {
    let bytes = RealFiles.read(path, BYTES_MAX).map_err(anyhow::Error::from);
    bytes.and_then(|bytes| parse(&bytes)).with_context(|| path.display().to_string())
}

fn parse(bytes: &[u8]) -> Result<Vec<Head>> {
    let mut heads = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(mut line) = serde_json::from_slice::<Line>(line) else { continue };
        let inner = std::mem::take(&mut line.heads);
        heads.extend(inner.into_iter().chain([line]).filter_map(head));
    }
    if heads.is_empty() {
        bail!("no line of it names a digest: `object` and `sha256`");
    }
    Ok(heads)
}

fn head(line: Line) -> Option<Head> {
    let (object, sha256) = (line.object?, line.sha256?);
    Head::new(object, line.bucket, &sha256)
}

/// A head as it is read here again.
pub(super) fn json((scope, head): &(Scope, Head)) -> Value {
    json!({
        "accountId": scope.account.as_str(),
        "region": scope.region.as_str(),
        "bucket": head.bucket,
        "object": head.object,
        "sha256": head.sha256(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_from_logs_and_from_outcomes() {
        let hash = [7; 32];
        let head = Head { object: "a/b".to_owned(), bucket: "c".to_owned(), hash };
        let account = "111122223333".parse().unwrap();
        let scope = Scope { account, region: "us-east-1".parse().unwrap() };
        let alone = json(&(scope, head.clone()));
        let outcome = json!({ "isValid": true, "heads": [alone] });
        let logged = json!({
            "level": "INFO", "message": "delivered a digest", "object": "a/b",
            "sha256": head.sha256(),
        });
        let text = format!("started\n{{\"level\":\"INFO\"}}\n{logged}\n\n{alone}\n{outcome}");
        let unknown = Head { bucket: String::new(), ..head.clone() };
        assert_eq!(parse(text.as_bytes()).unwrap(), [unknown, head.clone(), head]);
        assert!(parse(b"").is_err());
        assert!(parse(b"{\"object\":\"a/b\",\"sha256\":\"12\"}").is_err());
    }
}
