//! Where a passphrase comes from: a file, a file descriptor or a systemd credential. Never the
//! command line or an environment variable, which others can see.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use keyward_crypto::{Passphrase, Secret};

use crate::arguments::PassphraseSource;
use crate::private_file;

const BYTES_MAX: usize = 1024;
/// The database can be copied and guessed at; Argon2id slows guessing, it does not stop it.
const CHARS_MIN: usize = 12;
const CREDENTIAL: &str = "keyward-passphrase";

/// Reads the passphrase. A line end behind it does not belong to it.
pub(crate) fn read(source: &PassphraseSource) -> Result<Passphrase> {
    let secret = match (&source.passphrase_file, source.passphrase_fd) {
        (Some(path), _) => from_file(path)?,
        (None, Some(fd)) => from_descriptor(fd)?,
        (None, None) => match credential() {
            Some(path) if path.exists() => from_file(&path)?,
            _ => bail!(
                "the seal is a passphrase; give it with --passphrase-file, --passphrase-fd or the \
                 systemd credential `{CREDENTIAL}`"
            ),
        },
    };
    let text = secret.expose();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    Ok(Passphrase::new(text.to_vec()))
}

/// Whether there is a passphrase to read: named, or handed over by systemd.
pub(crate) fn is_offered(source: &PassphraseSource) -> bool {
    source.is_given() || credential().is_some_and(|path| path.exists())
}

/// Refuses a passphrase too short to seal a new deployment with.
pub(crate) fn require_strength(passphrase: &Passphrase) -> Result<()> {
    let text = std::str::from_utf8(passphrase.expose()).context("the passphrase is not text")?;
    if text.chars().count() < CHARS_MIN {
        bail!(
            "a passphrase has at least {CHARS_MIN} characters; five or more random words are good"
        );
    }
    Ok(())
}

/// Service managers mount secrets behind symbolic links and with modes of their own, so only the
/// bound is kept here.
fn from_file(path: &std::path::Path) -> Result<Secret> {
    File::open(path)
        .map_err(anyhow::Error::from)
        .and_then(|file| private_file::read_bounded(file, BYTES_MAX))
        .with_context(|| format!("could not read the passphrase from {}", path.display()))
}

fn from_descriptor(fd: u16) -> Result<Secret> {
    from_file(&PathBuf::from(format!("/dev/fd/{fd}")))
}

fn credential() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(|dir| PathBuf::from(dir).join(CREDENTIAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Passphrase> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passphrase");
        std::fs::write(&path, text).unwrap();
        read(&PassphraseSource { passphrase_file: Some(path), passphrase_fd: None })
    }

    #[test]
    fn one_line_end_does_not_belong_to_the_passphrase() {
        for text in ["correct horse", "correct horse\n", "correct horse\r\n"] {
            assert_eq!(read_text(text).unwrap().expose(), b"correct horse", "{text:?}");
        }
        assert_eq!(read_text(" a \n\n").unwrap().expose(), b" a \n");
    }

    #[test]
    fn a_passphrase_is_bounded() {
        assert!(read_text(&"x".repeat(BYTES_MAX)).is_ok());
        assert!(read_text(&"x".repeat(BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_short_passphrase_seals_nothing_new() {
        let strong = |text: &str| require_strength(&Passphrase::new(text.as_bytes().to_vec()));
        assert!(strong("elevenchars").is_err());
        assert!(strong("").is_err());
        assert!(strong("twelve chars").is_ok());
    }
}
