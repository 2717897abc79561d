//! The file that describes an organization: a tree of organizational units, the accounts in it, and
//! the service and resource control policies of each place.
//!
//! A policy is written out, or the path of its file, from the directory of this one. A place that
//! names no policies of a kind limits nothing; one with an empty list lets nothing through.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use keyward_engine::{Member, Organization};
use keyward_model::AccountId;
use keyward_policy::Policy;
use serde::Deserialize;
use serde_json::Value;

use crate::private_file;

const FILE_BYTES_MAX: usize = 1024 * 1024;
const POLICY_BYTES_MAX: usize = 64 * 1024;
/// The root and the units below it.
const DEPTH_MAX: usize = 6;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    id: String,
    root: Unit,
}

/// The root or an organizational unit.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Unit {
    id: String,
    service_control_policies: Option<Vec<Value>>,
    resource_control_policies: Option<Vec<Value>>,
    #[serde(default)]
    accounts: BTreeMap<String, Controls>,
    #[serde(default)]
    organizational_units: Vec<Unit>,
}

/// The policies of one account.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Controls {
    service_control_policies: Option<Vec<Value>>,
    resource_control_policies: Option<Vec<Value>>,
}

/// Reads the file at `path`; an empty path is no organization.
pub(crate) fn load(path: &Path) -> Result<Option<Organization>> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let read = || -> Result<Organization> {
        let text = private_file::read_bounded(File::open(path)?, FILE_BYTES_MAX)?;
        let document: Document = serde_json::from_slice(text.expose())?;
        let directory = path.parent().unwrap_or(Path::new(""));
        Tree { directory, members: HashMap::new() }.read(document)
    };
    let read = read().with_context(|| format!("`file` in [organization]: {}", path.display()));
    read.map(Some)
}

struct Tree<'a> {
    directory: &'a Path,
    members: HashMap<AccountId, Member>,
}

impl Tree<'_> {
    fn read(mut self, document: Document) -> Result<Organization> {
        let Document { id, root } = document;
        if !id.starts_with("o-") {
            bail!("`Id` begins with `o-`, not `{id}`");
        }
        let above = Member { path: format!("{id}/"), ..Member::default() };
        self.add_unit(root, &above, 1)?;
        Ok(Organization { id, members: self.members })
    }

    fn add_unit(&mut self, unit: Unit, above: &Member, depth: usize) -> Result<()> {
        let Unit {
            id,
            service_control_policies,
            resource_control_policies,
            accounts,
            organizational_units,
        } = unit;
        let controls = Controls { service_control_policies, resource_control_policies };
        if depth > DEPTH_MAX {
            bail!("`{id}` is more than {DEPTH_MAX} levels deep");
        }
        let mut here = self.limited(above, &controls).with_context(|| id.clone())?;
        here.path = format!("{}{id}/", above.path);
        for (name, controls) in accounts {
            let account: AccountId =
                name.parse().with_context(|| format!("`{name}` is no account"))?;
            let member = self.limited(&here, &controls).with_context(|| name.clone())?;
            if self.members.insert(account, member).is_some() {
                bail!("{name} is in two places");
            }
        }
        organizational_units.into_iter().try_for_each(|unit| self.add_unit(unit, &here, depth + 1))
    }

    /// What limits an account in a place with these policies.
    fn limited(&self, above: &Member, controls: &Controls) -> Result<Member> {
        let mut member = above.clone();
        if let Some(policies) = &controls.service_control_policies {
            member.service_control.push(self.policies(policies)?);
        }
        if let Some(policies) = &controls.resource_control_policies {
            member.resource_control.push(self.policies(policies)?);
        }
        Ok(member)
    }

    fn policies(&self, policies: &[Value]) -> Result<Vec<Arc<Policy>>> {
        policies.iter().map(|policy| self.policy(policy)).collect()
    }

    fn policy(&self, policy: &Value) -> Result<Arc<Policy>> {
        let Value::String(name) = policy else {
            return Ok(Organization::policy(&policy.to_string())?);
        };
        let read = || -> Result<Arc<Policy>> {
            let file = File::open(self.directory.join(name))?;
            let text = private_file::read_bounded(file, POLICY_BYTES_MAX)?;
            Ok(Organization::policy(std::str::from_utf8(text.expose())?)?)
        };
        read().with_context(|| name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: &str = r#"{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;

    fn read(text: &str) -> Result<Organization> {
        let directory = tempfile::tempdir()?;
        std::fs::write(directory.path().join("limit.json"), LIMIT)?;
        let path = directory.path().join("organization.json");
        std::fs::write(&path, text)?;
        Ok(load(&path)?.unwrap())
    }

    #[test]
    fn an_account_is_limited_by_every_place_above_it() {
        let organization = read(
            r#"{
                "Id": "o-exampleorgid",
                "Root": {
                    "Id": "r-ab12",
                    "ServiceControlPolicies": [{
                        "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" }
                    }, "limit.json"],
                    "Accounts": { "111122223333": { "ResourceControlPolicies": [] } },
                    "OrganizationalUnits": [{
                        "Id": "ou-ab12-11111111",
                        "ServiceControlPolicies": ["limit.json"],
                        "Accounts": { "444455556666": {} }
                    }]
                }
            }"#,
        );
        let organization = organization.unwrap();
        let member = |account: &str| &organization.members[&account.parse().unwrap()];
        let (one, other) = (member("111122223333"), member("444455556666"));
        assert_eq!(one.path, "o-exampleorgid/r-ab12/");
        assert_eq!(other.path, "o-exampleorgid/r-ab12/ou-ab12-11111111/");
        let levels = |member: &Member| {
            let counts = |levels: &[Vec<_>]| levels.iter().map(Vec::len).collect::<Vec<_>>();
            (counts(&member.service_control), counts(&member.resource_control))
        };
        assert_eq!(levels(one), (vec![2], vec![0]));
        assert_eq!(levels(other), (vec![2, 1], vec![]));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let root = |members: &str| {
            format!(r#"{{"Id":"o-exampleorgid","Root":{{"Id":"r-ab12",{members}}}}}"#)
        };
        for text in [
            "{}".to_owned(),
            r#"{"Id":"x","Root":{"Id":"r-ab12"}}"#.to_owned(),
            root(r#""Accounts":{"1":{}}"#),
            root(r#""ServiceControlPolicies":[{"Statement":{"Effect":"Perhaps"}}]"#),
            root(r#""ServiceControlPolicies":["none.json"]"#),
            root(
                r#""Accounts":{"111122223333":{}},"OrganizationalUnits":
                   [{"Id":"ou-ab12-11111111","Accounts":{"111122223333":{}}}]"#,
            ),
        ] {
            assert!(read(&text).is_err(), "{text}");
        }
    }
}
