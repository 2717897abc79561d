use super::*;

struct World;

impl Principals for World {
    fn account_exists(&self, account: &str) -> bool {
        account == "111122223333"
    }
    fn principal_exists(&self, arn: &str) -> bool {
        arn == "arn:aws:iam::111122223333:role/app"
    }
    fn partition(&self) -> &'static str {
        "aws"
    }
    fn service_is_known(&self, service: &str) -> bool {
        service == "ec2.amazonaws.com"
    }
}

fn identity(statements: &str) -> Result<(), String> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
    IdentityPolicy::check(&text).map(drop).map_err(|error| error.to_string())
}

fn trust(statements: &str) -> Result<(), String> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
    TrustPolicy::check(&text, &World).map(drop).map_err(|error| error.to_string())
}

fn refused(message: &str) -> Result<(), String> {
    Err(message.to_owned())
}

#[test]
fn an_ordinary_identity_policy_is_taken_as_it_is() {
    let text = r#"{"Statement": {"Sid":"A1","Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:kms:*","Condition":{"Bool":{"aws:SecureTransport":true}}}}"#;
    assert_eq!(IdentityPolicy::check(text).unwrap().text(), text);
    for resource in
        ["*", "arn:aws:kms:us-east-1:111122223333:key/*", "arn:*:s3:::b", "arn:aws:s3:*"]
    {
        let statement = format!(r#"{{"Effect":"Deny","Action":["*"],"Resource":"{resource}"}}"#);
        assert_eq!(identity(&statement), Ok(()), "{resource}");
    }
}

#[test]
fn an_identity_policy_needs_actions_and_resources_and_no_principal() {
    let principal = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;
    assert_eq!(identity(principal), refused("Policy document should not specify a principal."));
    for action in ["", r#""Action":[],"#] {
        let statement = format!(r#"{{"Effect":"Allow",{action}"Resource":"*"}}"#);
        assert_eq!(identity(&statement), refused("Policy statement must contain actions."));
    }
    for resource in ["", r#","Resource":[]"#] {
        let statement = format!(r#"{{"Effect":"Allow","Action":"*"{resource}}}"#);
        assert_eq!(identity(&statement), refused("Policy statement must contain resources."));
    }
    assert_eq!(identity("[]"), refused("Syntax errors in policy."));
    assert_eq!(identity("{"), refused("Syntax errors in policy."));
}

#[test]
fn actions_and_condition_keys_name_their_service() {
    let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    for action in ["Encrypt", ":Encrypt", "kms:", "k*:Encrypt", "*:*", "", "**"] {
        let statement = format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#);
        assert_eq!(identity(&statement), refused(message), "{action}");
    }
    let condition = r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"SecureTransport":true}}}"#;
    assert_eq!(identity(condition), refused(message));
}

#[test]
fn a_resource_is_an_arn_of_a_partition_and_a_service() {
    for (resource, message) in [
        ("key/1", r#"Resource key/1 must be in ARN format or "*"."#),
        ("arn:aws:kms", r#"Resource arn:aws:kms must be in ARN format or "*"."#),
        ("a*", r#"Resource a* must be in ARN format or "*"."#),
        ("arn:mars:s3:::b", r#"Partition "mars" is not valid for resource "arn:mars:s3:::b"."#),
        (
            "arn:aws:k*:us-east-1:111122223333:key/1",
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
    ] {
        let statement = format!(r#"{{"Effect":"Allow","Action":"*","Resource":"{resource}"}}"#);
        assert_eq!(identity(&statement), refused(message));
    }
}

#[test]
fn statement_ids_are_alphanumeric_and_unique() {
    let with = |first: &str, second: &str| {
        identity(&format!(
            r#"[{{"Sid":"{first}","Effect":"Allow","Action":"*","Resource":"*"}},
                {{"Sid":"{second}","Effect":"Allow","Action":"*","Resource":"*"}}]"#
        ))
    };
    assert_eq!(with("A1", "a1"), Ok(()));
    assert_eq!(with("", ""), Ok(()));
    let message = "Statement IDs (SID) in a single policy must be unique.";
    assert_eq!(with("A1", "A1"), refused(message));
    let message = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the \
                   regular expression [0-9A-Za-z]*";
    assert_eq!(with("A 1", "A"), refused(message));
}

#[test]
fn a_trust_policy_trusts_who_exists() {
    for principal in [
        r#""*""#,
        r#"{"AWS":"*"}"#,
        r#"{"AWS":["111122223333","arn:aws:iam::111122223333:role/app"]}"#,
        r#"{"Service":"ec2.amazonaws.com"}"#,
        r#"{"Federated":["accounts.example.com","arn:aws:iam::111122223333:saml-provider/x"]}"#,
    ] {
        let statement =
            format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#);
        assert_eq!(trust(&statement), Ok(()), "{principal}");
    }
    for (principal, named) in [
        (r#"{"AWS":"444455556666"}"#, r#""AWS":"444455556666""#),
        (
            r#"{"AWS":"arn:aws:iam::111122223333:role/no"}"#,
            r#""AWS":"arn:aws:iam::111122223333:role/no""#,
        ),
        (r#"{"AWS":"alice"}"#, r#""AWS":"alice""#),
        (r#"{"Service":"x"}"#, r#""SERVICE":"x""#),
        (
            r#"{"Federated":"arn:aws:iam::111122223333:role/app"}"#,
            r#""FEDERATED":"arn:aws:iam::111122223333:role/app""#,
        ),
        (r#"{"CanonicalUser":"0"}"#, r#""CANONICALUSER":"0""#),
    ] {
        let statement =
            format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#);
        assert_eq!(trust(&statement), refused(&format!("Invalid principal in policy: {named}")));
    }
}

#[test]
fn a_trust_policy_has_principal_and_sts_actions_and_nothing_else() {
    for (rest, message) in [
        (r#""Action":"sts:AssumeRole""#, "Missing required field Principal"),
        (r#""Principal":{},"Action":"sts:AssumeRole""#, "Missing required field Principal"),
        (r#""Principal":{"AWS":[]},"Action":"sts:AssumeRole""#, "Missing required field Principal"),
        (r#""Principal":"*""#, "Missing required field Action"),
        (r#""Principal":"*","Action":[]"#, "Missing required field Action"),
        (r#""NotPrincipal":"*","Action":"sts:*""#, "Has prohibited field NotPrincipal"),
        (r#""Principal":"*","NotAction":"sts:*""#, "Has prohibited field NotAction"),
        (r#""Principal":"*","Action":"sts:*","Resource":"*""#, "Has prohibited field Resource"),
        (
            r#""Principal":"*","Action":"sts:*","NotResource":"*""#,
            "Has prohibited field NotResource",
        ),
        (
            r#""Principal":"*","Action":["sts:AssumeRole","kms:*"]"#,
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            r#""Principal":"*","Action":"*""#,
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
    ] {
        assert_eq!(trust(&format!(r#"{{"Effect":"Allow",{rest}}}"#)), refused(message), "{rest}");
    }
}

#[test]
fn white_space_does_not_count() {
    assert_eq!(
        policy_size("{ \"a\":\t1,\r\n \"\u{e9}\" : 2 }"),
        policy_size("{\"a\":1,\"\u{e9}\":2}")
    );
    assert_eq!(policy_size("{\"\u{e9}\":2}"), 7);
}
