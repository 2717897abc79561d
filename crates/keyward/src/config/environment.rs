//! `KEYWARD_SECTION_SETTING` over the configuration file.
//!
//! The type of each setting is that of its default. Variables of no section of ours are left
//! alone, and so are those that container platforms set for a service named `keyward` or
//! `keyward-server`; a misspelt setting of one of our sections is refused.

use std::ffi::OsString;

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use super::Config;

const PREFIX: &str = "KEYWARD_";
/// Read by `arguments`.
const OTHERS: [&str; 3] = ["config", "data_dir", "passphrase_file"];
/// What stands behind the name of a service in the variables of container platforms.
const PLATFORM: [&str; 3] = ["port", "service_host", "service_port"];

/// Lays the variables over the table, and tells which.
pub(super) fn overlay(
    table: &mut Table,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<String>> {
    let defaults = Table::try_from(Config::default())?;
    let mut laid = Vec::new();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let Some((section, setting, default)) = find(&defaults, name)? else { continue };
        let text = value.to_str().with_context(|| format!("{name} is not text"))?;
        let value = parse(text, default).with_context(|| format!("{name}: `{text}`"))?;
        let values = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        match values {
            Value::Table(values) => values.insert(setting, value),
            _ => bail!("`{section}` in the configuration file is not a section"),
        };
        // One after the other, so that an error names the variable.
        let _: Config = table.clone().try_into().with_context(|| format!("{name}: `{text}`"))?;
        laid.push(name.to_owned());
    }
    Ok(laid)
}

/// The names that begin like ours and mean nothing.
pub(super) fn unread(names: impl IntoIterator<Item = OsString>) -> Result<Vec<String>> {
    let defaults = Table::try_from(Config::default())?;
    let mut unread = Vec::new();
    for name in names {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let lower = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase();
        let is_read = OTHERS.contains(&lower.as_str()) || find(&defaults, name)?.is_some();
        if !is_read && !is_of_platform(&lower) {
            unread.push(name.to_owned());
        }
    }
    unread.sort();
    Ok(unread)
}

/// Whether a container platform sets this for a service named `keyward` or `keyward-something`:
/// `PORT`, `PORT_7600_TCP_ADDR`, `SERVICE_HOST`, `SERVICE_PORT_HTTPS`.
fn is_of_platform(lower: &str) -> bool {
    let name = format!("_{lower}_");
    PLATFORM.iter().any(|word| name.contains(&format!("_{word}_")))
}

/// The section and setting a variable names, with the setting's default.
fn find<'a>(defaults: &'a Table, name: &str) -> Result<Option<(&'a str, String, &'a Value)>> {
    let lower = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase();
    // Backwards: `audit_otlp` before `audit`, whose name it begins with.
    for (section, settings) in defaults.iter().rev() {
        let rest = lower.strip_prefix(section.as_str()).and_then(|rest| rest.strip_prefix('_'));
        let (Some(setting), Value::Table(settings)) = (rest, settings) else { continue };
        return match settings.get(setting) {
            Some(default) => Ok(Some((section, setting.to_owned(), default))),
            None if PLATFORM.iter().any(|prefix| setting.starts_with(prefix)) => Ok(None),
            None => bail!("{name} names no setting of the section [{section}]"),
        };
    }
    Ok(None)
}

fn parse(text: &str, default: &Value) -> Result<Value> {
    Ok(match default {
        Value::Integer(_) => Value::Integer(text.parse()?),
        Value::Boolean(_) => Value::Boolean(text.parse()?),
        Value::Table(_) => text.parse()?,
        Value::Array(_) => Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        ),
        _ => Value::String(text.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(name: &str, value: &str) -> Result<Table> {
        let mut table = Table::new();
        overlay(&mut table, [(name.into(), value.into())])?;
        Ok(table)
    }

    #[test]
    fn each_type_is_read_as_that_of_its_default() {
        for (name, value, expected) in [
            ("KEYWARD_SERVER_LISTEN", "127.0.0.1:1", "[server]\nlisten = '127.0.0.1:1'"),
            ("KEYWARD_SERVER_CONNECTIONS_MAX", "9", "[server]\nconnections_max = 9"),
            ("KEYWARD_SERVER_PROXY_PROTOCOL", "true", "[server]\nproxy_protocol = true"),
            ("KEYWARD_SERVER_TRUSTED_PROXIES", "a, b", "[server]\ntrusted_proxies = ['a', 'b']"),
            (
                "KEYWARD_REQUEST_QUOTAS_RATES",
                "{ CreateKey = 1 }",
                "[request_quotas]\nrates = { CreateKey = 1 }",
            ),
            ("KEYWARD_LOG_FORMAT", "json", "[log]\nformat = 'json'"),
            ("KEYWARD_AUDIT_DURABILITY", "fsync", "[audit]\ndurability = 'fsync'"),
            ("KEYWARD_AUDIT_OTLP_TIMEOUT_S", "3", "[audit_otlp]\ntimeout_s = 3"),
        ] {
            assert_eq!(laid(name, value).unwrap(), expected.parse::<Table>().unwrap(), "{name}");
        }
    }

    #[test]
    fn a_misspelt_setting_or_a_value_of_another_type_is_refused() {
        for (name, value) in [
            ("KEYWARD_SERVER_LISSTEN", "127.0.0.1:1"),
            ("KEYWARD_SERVER_CONNECTIONS_MAX", "many"),
            ("KEYWARD_SERVER_PROXY_PROTOCOL", "yes"),
        ] {
            assert!(laid(name, value).is_err(), "{name}");
        }
    }

    #[test]
    fn an_error_names_the_variable_that_made_it() {
        for (name, value) in [
            ("KEYWARD_LOG_FORMAT", "xml"),
            ("KEYWARD_SERVER_LISTEN", "kms.internal"),
            ("KEYWARD_SERVER_CONNECTIONS_MAX", "-1"),
        ] {
            let refused = format!("{:#}", laid(name, value).unwrap_err());
            assert!(refused.contains(name), "{refused}");
        }
    }

    #[test]
    fn a_name_that_nothing_reads_is_found_and_those_of_platforms_are_not() {
        let names = [
            "KEYWARD_SERVR_LISTEN",
            "KEYWARD_DATADIR",
            "KEYWARD_",
            "KEYWARD_REPORTS",
            "KEYWARD_DATA_DIR",
            "KEYWARD_CONFIG",
            "KEYWARD_PASSPHRASE_FILE",
            "KEYWARD_SERVER_LISTEN",
            "KEYWARD_PORT",
            "KEYWARD_SERVICE_HOST",
            "KEYWARD_SERVICE_PORT_HTTPS",
            "KEYWARD_PORT_7600_TCP_ADDR",
            "KEYWARD_KMS_PORT_7600_TCP",
            "KEYWARD_SERVER_SERVICE_HOST",
            "PATH",
        ];
        let unread = unread(names.map(OsString::from)).unwrap();
        let expected = ["KEYWARD_", "KEYWARD_DATADIR", "KEYWARD_REPORTS", "KEYWARD_SERVR_LISTEN"];
        assert_eq!(unread, expected);
    }

    #[test]
    fn variables_of_other_owners_are_left_alone() {
        for name in [
            "KEYWARD_SERVICE_HOST",
            "KEYWARD_PORT",
            "KEYWARD_SERVER_PORT_7600_TCP_ADDR",
            "KEYWARD_SERVER_SERVICE_HOST",
            "KEYWARD_DATA_DIR",
            "PATH",
            "KEYWARD_",
        ] {
            assert!(laid(name, "x").unwrap().is_empty(), "{name}");
        }
    }
}
