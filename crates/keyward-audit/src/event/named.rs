//! What events of IAM and STS are about. Their records name it in parameters and replies and have no
//! `resources`, but lookups find them by it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::EventResource;

const OIDC_PROVIDER: &str = "AWS::IAM::OpenIDConnectProvider";

type Text<'r> = Option<Cow<'r, str>>;

/// What names something, in parameters and within the reply.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Names<'r> {
    #[serde(borrow)]
    user_name: Text<'r>,
    #[serde(borrow)]
    role_name: Text<'r>,
    #[serde(borrow)]
    group_name: Text<'r>,
    #[serde(borrow)]
    policy_arn: Text<'r>,
    #[serde(borrow)]
    access_key_id: Text<'r>,
    #[serde(borrow)]
    serial_number: Text<'r>,
    #[serde(rename = "openIDConnectProviderArn", borrow)]
    open_id_connect_provider_arn: Text<'r>,
}

/// A reply, whose members name what was made or given out.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Reply<'r> {
    #[serde(borrow)]
    user: Names<'r>,
    #[serde(borrow)]
    role: Names<'r>,
    #[serde(borrow)]
    group: Names<'r>,
    #[serde(borrow)]
    policy: Made<'r>,
    #[serde(borrow)]
    access_key: Names<'r>,
    #[serde(rename = "virtualMFADevice", borrow)]
    virtual_mfa_device: Names<'r>,
    #[serde(rename = "openIDConnectProviderArn", borrow)]
    open_id_connect_provider_arn: Text<'r>,
    #[serde(borrow)]
    credentials: Names<'r>,
    #[serde(borrow)]
    assumed_role_user: Made<'r>,
}

/// What is named by its ARN.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Made<'r> {
    #[serde(borrow)]
    arn: Text<'r>,
}

// WIRE: types as CloudTrail has them; which events name which resources is not documented.
/// What the event of this source is about, each once.
pub(super) fn named<'r>(
    source: &str,
    parameters: Option<&'r RawValue>,
    reply: Option<&'r RawValue>,
) -> Vec<EventResource<'r>> {
    if !matches!(source, "iam.amazonaws.com" | "sts.amazonaws.com") {
        return Vec::new();
    }
    let mut resources = Vec::new();
    read::<Names<'r>>(parameters).add_to(&mut resources);
    let reply: Reply<'r> = read(reply);
    for names in [reply.user, reply.role, reply.group, reply.access_key, reply.credentials] {
        names.add_to(&mut resources);
    }
    add(&mut resources, "AWS::IAM::Policy", reply.policy.arn);
    add(&mut resources, "AWS::IAM::MfaDevice", reply.virtual_mfa_device.serial_number);
    add(&mut resources, OIDC_PROVIDER, reply.open_id_connect_provider_arn);
    add(&mut resources, "AWS::STS::AssumedRole", reply.assumed_role_user.arn);
    resources
}

fn read<'r, T: Default + Deserialize<'r>>(json: Option<&'r RawValue>) -> T {
    json.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default()
}

impl<'r> Names<'r> {
    fn add_to(self, resources: &mut Vec<EventResource<'r>>) {
        for (kind, name) in [
            ("AWS::IAM::User", self.user_name),
            ("AWS::IAM::Role", self.role_name),
            ("AWS::IAM::Group", self.group_name),
            ("AWS::IAM::Policy", self.policy_arn),
            ("AWS::IAM::AccessKey", self.access_key_id),
            ("AWS::IAM::MfaDevice", self.serial_number),
            (OIDC_PROVIDER, self.open_id_connect_provider_arn),
        ] {
            add(resources, kind, name);
        }
    }
}

fn add<'r>(resources: &mut Vec<EventResource<'r>>, kind: &'static str, name: Text<'r>) {
    if name.is_some() {
        let resource = EventResource { kind: Some(Cow::Borrowed(kind)), arn: name };
        if !resources.contains(&resource) {
            resources.push(resource);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str, parameters: &str, reply: &str) -> Vec<(String, String)> {
        let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
        let (parameters, reply) = (raw(parameters), raw(reply));
        let pair =
            |it: EventResource<'_>| (it.kind.unwrap().into_owned(), it.arn.unwrap().into_owned());
        named(source, Some(&parameters), Some(&reply)).into_iter().map(pair).collect()
    }

    fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned())).collect()
    }

    const IAM: &str = "iam.amazonaws.com";

    #[test]
    fn events_of_iam_are_about_what_they_name_each_once() {
        let policy = "arn:aws:iam::111122223333:policy/p";
        for (parameters, reply, found) in [
            (
                r#"{"userName":"alice","tags":[{"key":"roleName","value":"x"}]}"#,
                r#"{"user":{"userName":"alice","arn":"arn:u"}}"#,
                expected(&[("AWS::IAM::User", "alice")]),
            ),
            (
                r#"{"roleName":"r","policyArn":"arn:aws:iam::111122223333:policy/p"}"#,
                "null",
                expected(&[("AWS::IAM::Role", "r"), ("AWS::IAM::Policy", policy)]),
            ),
            (
                r#"{"policyName":"p"}"#,
                r#"{"policy":{"policyName":"p","arn":"arn:aws:iam::111122223333:policy/p"}}"#,
                expected(&[("AWS::IAM::Policy", policy)]),
            ),
            (
                "null",
                r#"{"accessKey":{"userName":"alice","accessKeyId":"AKIA1"}}"#,
                expected(&[("AWS::IAM::User", "alice"), ("AWS::IAM::AccessKey", "AKIA1")]),
            ),
            (
                r#"{"groupName":"g","userName":"al\u0069ce"}"#,
                "null",
                expected(&[("AWS::IAM::User", "alice"), ("AWS::IAM::Group", "g")]),
            ),
            (r#"{"maxItems":3}"#, "null", Vec::new()),
            ("[1]", r#""x""#, Vec::new()),
        ] {
            assert_eq!(of(IAM, parameters, reply), found, "{parameters} {reply}");
        }
    }

    #[test]
    fn a_session_is_found_by_its_access_key_and_its_arn() {
        let arn = "arn:aws:sts::111122223333:assumed-role/r/job";
        let reply = format!(
            r#"{{"credentials":{{"accessKeyId":"ASIA1"}},"assumedRoleUser":{{"arn":"{arn}"}}}}"#
        );
        let found = expected(&[("AWS::IAM::AccessKey", "ASIA1"), ("AWS::STS::AssumedRole", arn)]);
        assert_eq!(of("sts.amazonaws.com", r#"{"roleArn":"arn:r"}"#, &reply), found);
    }

    #[test]
    fn events_of_other_services_are_about_their_resources_alone() {
        assert_eq!(of("kms.amazonaws.com", r#"{"userName":"alice"}"#, "null"), []);
    }
}
