//! The API models, from a pinned release of botocore.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::tree;

/// The release. To move to another: change these two, run `cargo xtask model`, read the difference.
pub(super) const VERSION: &str = "1.44.5";
const SHA256: &str = "8f16a56d1dff125dd65322ae021efa7ba5195a6db5102b96862566055b748921";

/// Checks the archive's digest and prints the model it holds.
const EXTRACT: &str = r#"
import gzip, hashlib, sys, zipfile
wheel, expected, model = sys.argv[1:]
with open(wheel, "rb") as file:
    found = hashlib.sha256(file.read()).hexdigest()
if found != expected:
    sys.exit(f"{wheel}: sha256 is {found}, expected {expected}")
with zipfile.ZipFile(wheel) as archive:
    model = archive.read(f"botocore/data/{model}/service-2.json.gz")
sys.stdout.buffer.write(gzip.decompress(model))
"#;

/// A model's JSON. The archive is downloaded once and kept in `.cache/`.
pub(super) fn service_model(root: &Path, model: &str) -> anyhow::Result<Vec<u8>> {
    let cache = root.join(".cache");
    let wheel = cache.join(format!("botocore-{VERSION}-py3-none-any.whl"));
    if !wheel.exists() {
        fs::create_dir_all(&cache)?;
        let release = format!("botocore=={VERSION}");
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"]);
        tree::run(pip.arg(&cache).arg(release))?;
    }
    tree::output(Command::new("python3").args(["-c", EXTRACT]).arg(&wheel).args([SHA256, model]))
}
