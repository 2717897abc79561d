//! The callers that cases name.

use keyward_policy::{ParentUser, Subject};

pub(crate) fn find(name: &str) -> Subject<'static> {
    match name {
        "root" => Subject::Root { account: "111122223333" },
        "alice" => Subject::User {
            account: "111122223333",
            arn: "arn:aws:iam::111122223333:user/alice",
            id: "AIDAALICEEXAMPLE00001",
        },
        "app" => Subject::RoleSession {
            account: "111122223333",
            arn: "arn:aws:sts::111122223333:assumed-role/app/i-1",
            role_arn: "arn:aws:iam::111122223333:role/path/app",
            role_id: "AROAAPPEXAMPLE0000001",
        },
        "fred" => Subject::FederatedUser {
            account: "111122223333",
            arn: "arn:aws:sts::111122223333:federated-user/fred",
            parent: Some(ParentUser {
                arn: "arn:aws:iam::111122223333:user/alice",
                id: "AIDAALICEEXAMPLE00001",
            }),
        },
        "far-root" => Subject::Root { account: "444455556666" },
        "carol" => Subject::User {
            account: "444455556666",
            arn: "arn:aws:iam::444455556666:user/carol",
            id: "AIDACAROLEXAMPLE00001",
        },
        "far" => Subject::RoleSession {
            account: "444455556666",
            arn: "arn:aws:sts::444455556666:assumed-role/far/i-2",
            role_arn: "arn:aws:iam::444455556666:role/far",
            role_id: "AROAFAREXAMPLE0000001",
        },
        "ec2" => Subject::Service { names: &["ec2.amazonaws.com", "ec2.us-east-1.amazonaws.com"] },
        "web" => Subject::WebIdentity {
            provider_arn: "arn:aws:iam::111122223333:oidc-provider/accounts.example.com",
        },
        "anonymous" => Subject::Anonymous,
        other => panic!("no caller `{other}`"),
    }
}
