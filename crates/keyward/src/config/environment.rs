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
/// What stands behind the name of a service in the variables of container platforms.
const PLATFORM: [&str; 3] = ["port", "service_host", "service_port"];

/// Lays the variables over the table.
pub(super) fn overlay(
    table: &mut Table,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<()> {
    let defaults = Table::try_from(Config::default())?;
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
    }
    Ok(())
}

/// The section and setting a variable names, with the setting's default.
fn find<'a>(defaults: &'a Table, name: &str) -> Result<Option<(&'a str, String, &'a Value)>> {
    let lower = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase();
    for (section, settings) in defaults {
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
            ("KEYWARD_LOG_FORMAT", "json", "[log]\nformat = 'json'"),
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
