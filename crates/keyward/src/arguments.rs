//! What can be typed. Only shapes and help texts; `command` does the work.

mod audit;
mod service;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use keyward_model::{AccountId, Clock as _, Region, RequestId};

use crate::certificate::parse_name;
use crate::wiring::SystemClock;
pub(crate) use audit::{Audit, AuditDeliver, AuditSearch, AuditTail, AuditVerify, Shown};
pub(crate) use service::{Registration, Service, ServiceAdd};

/// Keyward serves the AWS KMS API from your own machine.
///
/// A deployment is one directory: its database, its root key, its audit journal and the AWS
/// profiles to use it with. `init` makes one, `serve` serves it, and any AWS SDK, CLI or tool that
/// can be pointed at an endpoint talks to it.
#[derive(Debug, Parser)]
#[command(
    name = "keyward",
    version,
    after_help = "\
Start here:
  keyward quickstart                        make a deployment in ./keyward-quickstart and serve it

Step by step:
  keyward init --data-dir ./kms             make a deployment, with one account and its profile
  keyward serve --data-dir ./kms            serve it on 127.0.0.1:7600
  export AWS_CONFIG_FILE=./kms/aws/config AWS_SHARED_CREDENTIALS_FILE=./kms/aws/credentials
  AWS_PROFILE=keyward-admin aws kms create-key    use it

Exit status: 0 done, 1 failed (the reason is on stderr), 2 wrong usage."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// What was typed, or the words with which clap refuses it.
    pub(crate) fn of(typed: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let arguments = Self::try_parse_from(typed)?;
        if let Command::Init(init) = &arguments.command
            && init.seal == SealName::File
            && init.passphrase.is_given()
        {
            // Whoever names a passphrase wants no root key in the clear beside the database.
            return Err(Self::command().error(
                ErrorKind::ArgumentConflict,
                "a passphrase is given, but the seal is a file: add `--seal passphrase`, or leave \
                 out --passphrase-file, --passphrase-fd and KEYWARD_PASSPHRASE_FILE",
            ));
        }
        if let Command::Audit(
            Audit::Search(AuditSearch { filter, .. }) | Audit::Tail(AuditTail { filter, .. }),
        ) = &arguments.command
            && filter.is_impossible(SystemClock.now())
        {
            let message = "--since is later than --until: there is no time between them";
            return Err(Self::command().error(ErrorKind::ValueValidation, message));
        }
        Ok(arguments)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Init),
    Serve(Serve),
    Quickstart(Quickstart),
    /// Add accounts and replace root credentials.
    #[command(subcommand)]
    Account(Account),
    /// Deliver, verify and read the audit trail.
    #[command(subcommand)]
    Audit(Audit),
    /// Accept the time after the clock leapt.
    #[command(subcommand)]
    Clock(Clock),
    /// Move the clock of a development deployment, and load known keys into it.
    #[command(subcommand)]
    Dev(Dev),
    Explain(Explain),
    /// Work on the key hierarchy.
    #[command(subcommand)]
    Seal(Seal),
    /// Register stores and databases of yours as services.
    #[command(subcommand)]
    Service(Service),
    /// Work on the private CA that `init --tls-name` made.
    #[command(subcommand)]
    Certificate(Certificate),
    /// Ask what policies mean: decide made-up requests, and check key policies.
    #[command(subcommand)]
    Policy(Policy),
    Version(Version),
}

/// Where the deployment is.
#[derive(Args, Debug)]
pub(crate) struct Directory {
    /// The data directory [default: $XDG_DATA_HOME/keyward, ~/.local/share/keyward, or
    /// /var/lib/keyward for root]
    #[arg(long, value_name = "DIR", env = "KEYWARD_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// Where a passphrase is read from. It is never an argument: arguments are seen by every user.
#[derive(Args, Debug, Default)]
pub(crate) struct PassphraseSource {
    /// Read the passphrase from this file
    ///
    /// Without it the passphrase is the systemd credential `keyward-passphrase`, if there is one.
    #[arg(long, value_name = "FILE", env = "KEYWARD_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Read the passphrase from this open file descriptor
    #[arg(long, value_name = "FD", conflicts_with = "passphrase_file")]
    pub(crate) passphrase_fd: Option<u16>,
}

impl PassphraseSource {
    /// Whether one is named, by an argument or the environment.
    pub(crate) const fn is_given(&self) -> bool {
        self.passphrase_file.is_some() || self.passphrase_fd.is_some()
    }
}

/// What it takes to open a deployment.
#[derive(Args, Debug)]
pub(crate) struct Deployment {
    #[command(flatten)]
    pub(crate) directory: Directory,
    /// The configuration file [default: DIR/keyward.toml, if it exists]
    #[arg(long, value_name = "FILE", env = "KEYWARD_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseSource,
}

/// Make a deployment
///
/// Creates the data directory with a database, a root key, one account with root credentials and
/// the user `admin`, and the AWS profiles `keyward` (the root user, `default` as well) and
/// `keyward-admin` in DIR/aws. Asks nothing and starts nothing. Work as the user; the root user is
/// for emergencies.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyward init --data-dir ./kms
  keyward init --data-dir ./kms --account-id 111122223333 --region eu-central-1
  keyward init --data-dir ./kms --tls-name kms.internal      serve TLS under a CA of its own
  keyward init --data-dir ./kms --seal passphrase --passphrase-file ./passphrase

Keep DIR/root.key (or the passphrase) in a safe place away from DIR as well: without it the
database is lost, and with both anyone can read it.")]
pub(crate) struct Init {
    #[command(flatten)]
    pub(crate) directory: Directory,
    #[command(flatten)]
    pub(crate) birth: Birth,
    /// What the root key comes from
    #[arg(long, value_name = "SEAL", default_value = "file")]
    pub(crate) seal: SealName,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseSource,
    /// Mark the deployment as one for development, for good
    ///
    /// Its clock can be moved and known keys be loaded with `keyward dev`, so it is no place for keys that must be kept. It
    /// serves on loopback addresses only. Nothing makes another deployment one.
    #[arg(long)]
    pub(crate) dev: bool,
    /// Do nothing, successfully, if the directory holds a deployment already
    #[arg(long)]
    pub(crate) if_missing: bool,
    /// Print dataDir, accountId, accessKeyId and profile as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The facts a deployment is born with.
#[derive(Args, Debug)]
pub(crate) struct Birth {
    /// The first account's id, twelve digits [default: a random one]
    #[arg(long, value_name = "N")]
    pub(crate) account_id: Option<AccountId>,
    /// A Region to serve; repeat it for more, the first one is the default of the profiles. All
    /// belong to one partition
    #[arg(long = "region", value_name = "REGION", default_value = "us-east-1")]
    pub(crate) regions: Vec<Region>,
    /// Make a private CA and a certificate for this host name or address; repeat it for more
    #[arg(long = "tls-name", value_name = "HOST", value_parser = parse_name)]
    pub(crate) tls_names: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SealName {
    /// A root key file, DIR/root.key
    File,
    /// A passphrase of at least 12 characters, through Argon2id
    Passphrase,
}

/// Serve a deployment until SIGTERM
///
/// Ready when GET /health/ready answers 200; DIR/run/address then holds the address. SIGHUP loads
/// changed certificates, which happens by itself within a minute as well.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyward serve --data-dir ./kms
  keyward serve --data-dir ./kms --listen 127.0.0.1:0        any free port; see DIR/run/address
  keyward serve --print-config > keyward-example.toml        every setting with its explanation

Every setting can also be given as an environment variable: KEYWARD_SERVER_LISTEN is `listen` in
the section [server]. Arguments win over the environment, the environment over the file.")]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    #[command(flatten)]
    pub(crate) listeners: Listeners,
    /// Print the configuration in force, defaults included, and exit
    #[arg(long)]
    pub(crate) print_config: bool,
}

/// Settings that are worth an argument.
#[derive(Args, Debug, Default)]
pub(crate) struct Listeners {
    /// The address and port to serve on [default: 127.0.0.1:7600]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// The address and port of Prometheus metrics [default: none]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Serve an address other machines reach without TLS: plaintexts and data keys cross the
    /// network for all to read. Only for a network that is private in itself, or behind a proxy
    /// that adds TLS
    #[arg(long)]
    pub(crate) expose_plaintext_http_to_the_network: bool,
}

/// Make a deployment if there is none, serve it, and print how to use it
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  keyward quickstart
  # then, in another shell, paste the three lines it prints:
  aws kms create-key")]
pub(crate) struct Quickstart {
    /// The data directory
    #[arg(
        long,
        value_name = "DIR",
        env = "KEYWARD_DATA_DIR",
        default_value = "keyward-quickstart"
    )]
    pub(crate) data_dir: PathBuf,
    #[command(flatten)]
    pub(crate) birth: Birth,
    /// A new deployment is sealed with the passphrase, if one is given here
    #[command(flatten)]
    pub(crate) passphrase: PassphraseSource,
    #[command(flatten)]
    pub(crate) listeners: Listeners,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Add an account with root credentials and the user `admin`, in the profiles `keyward-N` and
    /// `keyward-N-admin`
    Create(AccountCreate),
    /// List the accounts
    List(AccountList),
    /// Replace an account's root credentials, lost or leaked: every older one stops working
    ResetRoot(AccountResetRoot),
}

#[derive(Args, Debug)]
pub(crate) struct AccountCreate {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// The account's id, twelve digits [default: a random one]
    #[arg(long, value_name = "N")]
    pub(crate) account_id: Option<AccountId>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct AccountList {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct AccountResetRoot {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// The account's id [default: the first account]
    #[arg(long, value_name = "N")]
    pub(crate) account_id: Option<AccountId>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Clock {
    /// Believe the present time, after which due keys are deleted again
    ///
    /// After a leap of the wall clock that nothing explains, keys whose waiting period seems over
    /// are not deleted, and no hourly digests of audit records are made. Check the clock first:
    /// deletion cannot be undone.
    Accept(Deployment),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dev {
    Advance(DevAdvance),
    Load(DevLoad),
}

/// Move the deployment's clock forward, and do what is due by then
///
/// States, timers and records follow the moved clock: keys are deleted and rotated, imported
/// material expires, and the audit journal says so. Signatures, sessions, certificates and
/// attestation documents go by the machine's clock, so clients notice nothing. The clock cannot be
/// set back.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyward dev advance 30d --data-dir ./kms
  keyward dev advance 90m --data-dir ./kms --json")]
pub(crate) struct DevAdvance {
    /// How far: a number and `d`, `h`, `m` or `s`
    #[arg(value_name = "TIME", value_parser = parse_time)]
    pub(crate) by: Duration,
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// Print nowUnixSeconds, the time the clock shows then, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Load keys with known ids and known material
///
/// All keys of the file are loaded, or none. docs/DEVELOPMENT-DEPLOYMENT.md describes the file.
#[derive(Args, Debug)]
#[command(after_help = r#"Example:
  keyward dev load keys.json --data-dir ./kms, where keys.json holds
  [{"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "aliases": ["alias/test"],
    "material": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}]"#)]
pub(crate) struct DevLoad {
    /// The file, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// Print keysLoaded as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A time such as `30d`.
fn parse_time(text: &str) -> Result<Duration, &'static str> {
    const WRONG: &str = "a time is a number and `d`, `h`, `m` or `s`, such as 30d";
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(WRONG)?;
    let seconds: u64 = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return Err(WRONG),
    };
    // `parse` takes a sign as well.
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(WRONG);
    }
    let number: u64 = number.parse().map_err(|_| WRONG)?;
    match number.checked_mul(seconds) {
        Some(0) | None => Err("the clock moves forward, by a time that can be told"),
        Some(seconds) => Ok(Duration::from_secs(seconds)),
    }
}

/// Say why a past request was allowed or refused
///
/// Reads the audit journal: which action was asked for, on what, and which policies and statements
/// decided. Callers are never told as much.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  keyward explain 5b1e8a50-0b6f-4d0a-9c27-64c5f0a1d7e3 --data-dir ./kms

The request id stands in the reply's header x-amzn-RequestId, in the error that a client shows,
and as requestID in the audit record.")]
pub(crate) struct Explain {
    /// The request's id
    #[arg(value_name = "REQUEST-ID")]
    pub(crate) request_id: RequestId,
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// Print the records with the reasons as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Seal {
    /// Replace the domain key now, and seal everything anew under the next one
    ///
    /// Happens by itself every month. The root key stays as it is.
    RotateDomainKey(Deployment),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Certificate {
    /// Issue the server's certificate anew; a running server loads it within a minute
    Renew(CertificateRenew),
}

#[derive(Args, Debug)]
pub(crate) struct CertificateRenew {
    #[command(flatten)]
    pub(crate) directory: Directory,
    /// The host names and addresses, in place of those it has
    #[arg(long = "tls-name", value_name = "HOST", value_parser = parse_name)]
    pub(crate) tls_names: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    Simulate(PolicySimulate),
    Check(PolicyCheck),
}

/// Decide made-up requests: one JSON object a line in, one JSON object a line out
///
/// Asks the evaluator that serves requests, for any service, and needs no deployment. A line has a
/// `request` (`action`, `resource`, `principal`, and optionally `resourceAccount` and `context`) and
/// the policies around it: `identityPolicies`, `resourcePolicy`, `permissionsBoundaries`,
/// `sessionPolicies`, `serviceControlPolicies` and `resourceControlPolicies` (lists of levels, each a
/// list of policies), and `grants`. All but `request` may be absent.
#[derive(Args, Debug)]
#[command(after_help = r#"Example: may Alice, who may use every key, use this one?
  echo '{"request": {"action": "kms:Decrypt", "principal": "arn:aws:iam::111122223333:user/alice",
    "resource": "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
    "identityPolicies": [{"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}],
    "resourcePolicy": {"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"},
    "Action": "kms:*", "Resource": "*"}}}' | tr -d '\n' | keyward policy simulate

answers with
  {"because": "an identity-based policy allows it", "decision": "Allowed", "statements": [...]}

The decision is Allowed, ImplicitlyDenied or ExplicitlyDenied; `statements` are those that made
it, by the member of the input they stand in and their places there, from 0.

A principal is the ARN of a user, a role (any session of it), a session or an account's root, an
account id, a service such as backup.amazonaws.com, `*` for no one known, or an object such as
{"Federated": "accounts.example.com"}. Condition keys that follow from the principal and the
resource (aws:PrincipalArn, aws:PrincipalAccount, aws:username, aws:ResourceAccount ...) are
filled in unless `context` has them. Where `resourceAccount` is absent, the resource is of the
account in its ARN, or else of the principal's.

A line that cannot be read is answered with {"error": "..."}, and the exit status is 1 at the end."#)]
pub(crate) struct PolicySimulate {}

/// Check a key policy, and say who can do what with it
///
/// Reports what KMS would refuse, what has no effect, what allows more than it seems to, and whether
/// the key could be locked out; then a table of principals.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyward policy check key-policy.json --account 111122223333
  aws kms get-key-policy --key-id alias/app --query Policy --output text | keyward policy check -

Exit status: 0 nothing to report, or warnings only; 1 errors, or warnings with --strict.")]
pub(crate) struct PolicyCheck {
    /// The file, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The account of the key, to tell its own principals from others
    #[arg(long, value_name = "N")]
    pub(crate) account: Option<AccountId>,
    /// Fail on warnings too
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print findings and access as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print the version
#[derive(Args, Debug)]
pub(crate) struct Version {
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(typed: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::of(typed.iter().map(OsString::from))
    }

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    /// Help texts are wrapped at 100 columns, and then also where the author broke lines.
    fn require_narrow(command: &clap::Command) {
        let texts = [command.get_after_help(), command.get_after_long_help()];
        for text in texts.into_iter().flatten().map(ToString::to_string) {
            for line in text.lines() {
                assert!(line.chars().count() <= 98, "{}: {line}", command.get_name());
            }
        }
        command.get_subcommands().for_each(require_narrow);
    }

    #[test]
    fn no_line_below_a_help_text_is_broken_by_its_width() {
        require_narrow(&Arguments::command());
    }

    #[test]
    fn a_passphrase_cannot_be_an_argument() {
        let serve = ["keyward", "serve"];
        assert!(of(&[&serve[..], &["--passphrase", "x"]].concat()).is_err());
        assert!(of(&[&serve[..], &["--passphrase-file", "x"]].concat()).is_ok());
    }

    #[test]
    fn a_passphrase_without_its_seal_is_wrong_usage() {
        for source in [["--passphrase-file", "x"], ["--passphrase-fd", "3"]] {
            let init = ["keyward", "init", source[0], source[1]];
            assert_eq!(of(&init).unwrap_err().exit_code(), 2);
            of(&[&init[..], &["--seal", "passphrase"]].concat()).unwrap();
        }
    }

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        for (text, seconds) in [("30d", 2_592_000), ("12h", 43_200), ("90m", 5_400), ("45s", 45)] {
            assert_eq!(parse_time(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "d", "30", "-1d", "+1d", "1w", "1.5h", "0s", "1ä", "999999999999999999d"]
        {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_malformed_account_region_or_host_is_wrong_usage() {
        for argument in [["--account-id", "123"], ["--region", "mars"], ["--tls-name", "kms:7600"]]
        {
            let arguments = ["keyward", "init", argument[0], argument[1]];
            let refused = of(&arguments).unwrap_err();
            assert_eq!(refused.exit_code(), 2);
        }
    }
}
