//! What goes over the admin socket: one line of JSON each way.

use std::fmt;

use anyhow::{Result, bail};
use keyward_audit::Fragment;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// The longest command or answer: some thousand accounts in a list.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// The longest file of keys: some thousand of them.
pub(crate) const KEY_FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The longest command: a file of keys as a JSON string, in which no character of JSON text takes
/// more than two.
pub(super) const COMMAND_BYTES_MAX: usize = 2 * KEY_FILE_BYTES_MAX + 4096;

/// What an operator may ask for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Command {
    AccountCreate { account_id: Option<String> },
    AccountList {},
    AccountResetRoot { account_id: Option<String> },
    AuditDeliver { digest: bool },
    ClockAccept {},
    DevAdvance { by_s: u64 },
    DevLoad { file: KeyFile },
    Explain { request_id: String },
    SealRotateDomainKey {},
    ServiceAdd { name: String, account_id: Option<String>, calls: ServiceCalls },
    ServiceList {},
    ServiceRemove { name: String, account_id: Option<String> },
    ServiceReset { name: String, account_id: Option<String> },
}

/// For whom a service calls.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum ServiceCalls {
    AsItself { source_arn: Option<String>, source_account: Option<String> },
    OnBehalf { role: Option<String> },
    Owned {},
}

impl Command {
    /// The command's name in its audit record.
    pub(crate) const fn event_name(&self) -> &'static str {
        match self {
            Self::AccountCreate { .. } => "CreateAccount",
            Self::AccountList {} => "ListAccounts",
            Self::AccountResetRoot { .. } => "ResetRoot",
            Self::AuditDeliver { .. } => "DeliverTrail",
            Self::ClockAccept {} => "AcceptClock",
            Self::DevAdvance { .. } => "AdvanceClock",
            Self::DevLoad { .. } => "LoadKey",
            Self::Explain { .. } => "ExplainRequest",
            Self::SealRotateDomainKey {} => "RotateDomainKey",
            Self::ServiceAdd { .. } => "RegisterService",
            Self::ServiceList {} => "ListServices",
            Self::ServiceRemove { .. } => "RemoveService",
            Self::ServiceReset { .. } => "ResetService",
        }
    }
}

impl Command {
    /// Adds to `requestParameters` what a command that concerns no account was told.
    pub(crate) fn add_parameters(&self, parameters: &mut Fragment) {
        if let Self::AuditDeliver { digest: true } = self {
            parameters.add().boolean("digest", true);
        }
    }
}

/// The text of a file of keys. They are known to whoever has the file, and yet no log shows them.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct KeyFile(pub(crate) String);

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFile({} bytes)", self.0.len())
    }
}

/// What a command did. Nothing in it is secret.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Outcome {
    Accounts {
        accounts: Vec<AccountLine>,
    },
    ClockAccepted {
        now_unix_s: i64,
    },
    ClockAdvanced {
        now_unix_s: i64,
    },
    Credential {
        account_id: String,
        access_key_id: String,
        profile: String,
    },
    Delivered {
        file_count: usize,
        digest_count: usize,
        files: Vec<DeliveredLine>,
        digests: Vec<DeliveredLine>,
    },
    DomainKeyRotated {
        number: u32,
    },
    Explained {
        records: Vec<serde_json::Value>,
    },
    KeysLoaded {
        count: usize,
    },
    ServiceRemoved {
        principal: String,
    },
    Services {
        services: Vec<ServiceLine>,
    },
}

/// A log file or digest that was delivered.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveredLine {
    pub(crate) account_id: String,
    pub(crate) region: String,
    pub(crate) bucket: String,
    pub(crate) object: String,
    /// Of a log file.
    pub(crate) records: Option<u64>,
}

/// A registered service in a list.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceLine {
    pub(crate) principal: String,
    pub(crate) account_id: String,
    pub(crate) calls: String,
    pub(crate) profile: String,
    pub(crate) created_unix_s: i64,
}

/// An account in a list.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountLine {
    pub(crate) account_id: String,
    pub(crate) profile: String,
    pub(crate) created_unix_s: i64,
}

/// The answer to a command: its outcome, or the sentence that says why there is none.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Answer {
    Done(Outcome),
    Refused(String),
}

/// A value as a line.
pub(super) fn line<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads one line; `None` when the other side has closed.
pub(super) async fn read_line<R, T>(reader: &mut R, bytes_max: usize) -> Result<Option<T>>
where
    R: AsyncBufRead + Unpin,
    T: for<'de> Deserialize<'de>,
{
    let mut line = Vec::new();
    let limit = u64::try_from(bytes_max)?.saturating_add(1);
    reader.take(limit).read_until(b'\n', &mut line).await?;
    match line.split_last() {
        None => Ok(None),
        Some((b'\n', json)) => Ok(Some(serde_json::from_slice(json)?)),
        Some(_) => bail!("a line that does not end, or ends after more than {bytes_max} bytes"),
    }
}

/// Reads one answer.
pub(super) async fn read_answer<R: AsyncBufRead + Unpin>(reader: &mut R) -> Result<Option<Answer>> {
    read_line(reader, LINE_BYTES_MAX).await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &str, bytes_max: usize) -> Result<Option<Command>> {
        read_line(&mut text.as_bytes(), bytes_max).await
    }

    #[tokio::test]
    async fn a_command_is_one_bounded_line() {
        let text = "{\"command\":\"account-list\"}\n";
        assert_eq!(read(text, text.len()).await.unwrap(), Some(Command::AccountList {}));
        assert!(read(text, text.len() - 2).await.is_err());
        assert!(read(text.trim_end(), 1000).await.is_err());
        assert_eq!(read("", 1000).await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_unknown_command_or_member_is_refused() {
        for text in [
            "{\"command\":\"export\"}\n",
            "{\"command\":\"account-list\",\"x\":1}\n",
            "{\"command\":\"account-create\",\"account\":\"111122223333\"}\n",
            "\n",
            "[]\n",
        ] {
            assert!(read(text, 1000).await.is_err(), "{text:?}");
        }
    }

    #[tokio::test]
    async fn what_is_written_is_read_back() {
        let command = Command::AccountCreate { account_id: Some("111122223333".to_owned()) };
        let written = line(&command).unwrap();
        assert_eq!(read_line(&mut written.as_slice(), 1000).await.unwrap(), Some(command));

        let answer = Answer::Done(Outcome::DomainKeyRotated { number: 2 });
        let written = line(&answer).unwrap();
        assert_eq!(read_answer(&mut written.as_slice()).await.unwrap(), Some(answer));
    }
}
