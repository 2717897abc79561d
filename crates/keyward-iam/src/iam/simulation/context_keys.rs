//! The condition keys that policies ask for.

use keyward_audit::{JsonObject, Recorded};
use keyward_policy::{ConditionKey, Document, Element, Statement, Version};
use serde::Serialize;

use super::Source;

/// A reply that holds condition keys.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ContextKeys {
    context_key_names: Vec<String>,
}

impl ContextKeys {
    /// The keys that the policies ask for.
    pub(crate) fn of(sources: &[Source]) -> Self {
        Self { context_key_names: context_keys(sources.iter().map(|source| &source.document)) }
    }
}

impl Recorded for ContextKeys {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

/// The keys in conditions and variables, in the order in which they appear, each once.
pub(super) fn context_keys<'d>(documents: impl IntoIterator<Item = &'d Document>) -> Vec<String> {
    let mut keys = Keys::default();
    for document in documents {
        for statement in &document.statements {
            keys.add_statement(statement, document.version);
        }
    }
    keys.names
}

#[derive(Default)]
struct Keys {
    names: Vec<String>,
    known: Vec<ConditionKey>,
}

impl Keys {
    fn add_statement(&mut self, statement: &Statement, version: Version) {
        let resources = statement.resource.iter().flat_map(Element::written);
        resources.for_each(|resource| self.add_variables(resource, version));
        for test in statement.conditions.iter().flat_map(|condition| &condition.tests) {
            self.add(&test.key);
            test.values.iter().for_each(|value| self.add_variables(value, version));
        }
    }

    fn add(&mut self, name: &str) {
        let key = ConditionKey::parse(name);
        if !self.known.contains(&key) {
            self.known.push(key);
            self.names.push(name.to_owned());
        }
    }

    /// The older language has no variables.
    fn add_variables(&mut self, text: &str, version: Version) {
        if version == Version::V2008_10_17 {
            return;
        }
        let parts = text.split("${").skip(1).filter_map(|part| Some(part.split_once('}')?.0));
        for variable in parts {
            // A default may follow, and three characters stand for themselves.
            let name = variable.split(',').next().unwrap_or_default().trim();
            if !matches!(name, "" | "*" | "?" | "$") {
                self.add(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use keyward_policy::parse;

    use super::*;

    fn keys(version: &str) -> Vec<String> {
        let text = format!(
            r#"{{"Version":"{version}","Statement":[{{"Effect":"Allow","Action":"*",
            "Resource":"arn:aws:iam::*:user/${{aws:username}}${{*}}","Condition":{{
            "StringEquals":{{"aws:PrincipalTag/Team":"${{aws:userid, 'x'}}","kms:ViaService":"a"}},
            "Bool":{{"AWS:principaltag/team":"true"}}}}}}]}}"#
        );
        context_keys([&parse(&text).unwrap()])
    }

    #[test]
    fn keys_of_conditions_and_variables_are_found_once_whatever_their_case() {
        let expected = ["aws:username", "aws:PrincipalTag/Team", "aws:userid", "kms:ViaService"];
        assert_eq!(keys("2012-10-17"), expected);
        assert_eq!(keys("2008-10-17"), ["aws:PrincipalTag/Team", "kms:ViaService"]);
    }
}
