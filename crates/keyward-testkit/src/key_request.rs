//! A request about a key, and the rules that every such request follows whatever the operation.

use std::future::Future;
use std::pin::Pin;

use keyward_model::{KeySpec, KeyState, KeyUsage};
use serde_json::{Value, json};

use crate::{Client, OTHER_ACCOUNT, Refused, TestApp, resource};

/// States in which no cryptographic operation uses a key.
pub const UNUSABLE: &[(KeyState, &str, &str)] = &[
    (KeyState::Creating, "KMSInvalidStateException", "is creating."),
    (KeyState::Disabled, "DisabledException", "is disabled."),
    (KeyState::PendingDeletion, "KMSInvalidStateException", "is pending deletion."),
    (KeyState::PendingImport, "KMSInvalidStateException", "is pending import."),
    (KeyState::PendingReplicaDeletion, "KMSInvalidStateException", "is pending replica deletion."),
    (KeyState::Unavailable, "KMSInvalidStateException", "is unavailable."),
];

/// States in which a key can only be looked at.
pub const PENDING_DELETION: &[(KeyState, &str, &str)] = &[
    (KeyState::PendingDeletion, "KMSInvalidStateException", "is pending deletion."),
    (KeyState::PendingReplicaDeletion, "KMSInvalidStateException", "is pending replica deletion."),
];

/// A key id that no key has.
pub const ABSENT: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

type Prepared<'a> = Pin<Box<dyn Future<Output = Value> + 'a>>;
type Prepare = Box<dyn for<'a> Fn(&'a Client, &'a str) -> Prepared<'a>>;

/// How a member names a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Any,
    Keys,
    Target,
}

/// A sound request about a key: the checks put keys into it.
pub struct KeyRequest {
    operation: &'static str,
    member: &'static str,
    names: Names,
    kind: Option<(KeySpec, KeyUsage)>,
    is_multi_region: bool,
    prepare: Prepare,
}

impl KeyRequest {
    /// A request whose `KeyId` takes ids, ARNs and aliases; `input` is the rest of it.
    pub fn new(operation: &'static str, input: Value) -> Self {
        let prepare: Prepare = Box::new(move |_, _| {
            let input = input.clone();
            Box::pin(async move { input })
        });
        Self {
            operation,
            member: "KeyId",
            names: Names::Any,
            kind: None,
            is_multi_region: false,
            prepare,
        }
    }

    /// The rest of the request depends on the key, or something must happen to it first.
    #[must_use]
    pub fn prepared<F>(mut self, prepare: F) -> Self
    where
        F: for<'a> Fn(&'a Client, &'a str) -> Prepared<'a> + 'static,
    {
        self.prepare = Box::new(prepare);
        self
    }

    /// The key is no symmetric encryption key, but one of this spec and usage.
    #[must_use]
    pub const fn of_kind(mut self, spec: KeySpec, usage: KeyUsage) -> Self {
        self.kind = Some((spec, usage));
        self
    }

    /// The key is a multi-Region primary key.
    #[must_use]
    pub const fn multi_region(mut self) -> Self {
        self.is_multi_region = true;
        self
    }

    /// The key is named by another member.
    #[must_use]
    pub const fn member(mut self, member: &'static str) -> Self {
        self.member = member;
        self
    }

    /// The member takes no aliases.
    #[must_use]
    pub const fn keys_only(mut self) -> Self {
        self.names = Names::Keys;
        self
    }

    /// The member is the target of an alias.
    #[must_use]
    pub const fn target(mut self) -> Self {
        self.member = "TargetKeyId";
        self.names = Names::Target;
        self
    }

    /// The key is found by its id and its ARN, and by its alias where the operation takes aliases.
    pub async fn takes_every_form(&self) {
        for form in ["id", "ARN", "alias", "alias ARN"] {
            let app = TestApp::new().await;
            let root = app.root();
            let key = self.create_key(&root).await;
            let alias_arn = root.create_alias("alias/some/Key_1-2", &key).await;
            let named = match form {
                "id" => key.clone(),
                "ARN" => root.arn(&key).await,
                "alias" => "alias/some/Key_1-2".to_owned(),
                _ => alias_arn,
            };
            let result = self.call(&root, &key, json!(named)).await;
            let expected = if form.contains("alias") { self.alias_refusal() } else { None };
            assert_eq!(result.as_ref().err(), expected.as_ref(), "{} by {form}", self.operation);
        }
    }

    /// What names no key is refused, each kind in its own words.
    pub async fn refuses_what_names_no_key(&self) {
        let app = TestApp::new().await;
        let root = app.root();
        let id = ABSENT;
        let key = self.create_key(&root).await;
        let arn = root.arn(&key).await;
        let not_found = [
            ("nonsense", "Invalid keyId 'nonsense'".to_owned()),
            (
                "1234ABCD-12AB-34CD-56EF-1234567890AB",
                format!("Invalid keyId '{}'", id.to_uppercase()),
            ),
            (id, format!("Key 'arn:aws:kms:us-east-1:111122223333:key/{id}' does not exist")),
            (&arn.replace(&key, id), format!("Key '{}' does not exist", arn.replace(&key, id))),
            ("arn:aws:kms", "Invalid arn arn:aws:kms".to_owned()),
            ("arn:aws:s3:::bucket", "Invalid arn arn:aws:s3:::bucket".to_owned()),
            (&arn.replace("us-east-1", "eu-central-1"), "Invalid arn eu-central-1".to_owned()),
            (&arn.replace("arn:aws:", "arn:aws-cn:"), "Invalid arn us-east-1".to_owned()),
        ];
        for (named, message) in not_found {
            let result = self.call(&root, &key, json!(named)).await;
            assert_eq!(result, Err(Refused::new("NotFoundException", message)), "{named}");
        }
        self.refuses_absent_aliases(&root, &key).await;
        self.refuses_malformed_names(&root, &key).await;
    }

    async fn refuses_absent_aliases(&self, root: &Client, key: &str) {
        let own = "arn:aws:kms:us-east-1:111122223333:alias/none";
        let absent = format!("Alias {own} is not found.");
        for (named, message) in [
            ("alias/none", absent.as_str()),
            (own, &absent),
            ("alias/a:b", "Alias arn:aws:kms:us-east-1:111122223333:alias/a:b is not found."),
            ("arn:aws:kms:eu-central-1:111122223333:alias/none", "Invalid arn eu-central-1"),
        ] {
            let result = self.call(root, key, json!(named)).await;
            let not_found = || Refused::new("NotFoundException", message);
            assert_eq!(result, Err(self.alias_refusal().unwrap_or_else(not_found)), "{named}");
        }
    }

    async fn refuses_malformed_names(&self, root: &Client, key: &str) {
        let mut path = self.member.to_owned();
        path.get_mut(..1).unwrap().make_ascii_lowercase();
        let must = |value: &str, what: &str| {
            Refused::constraint(&format!(
                "{value} at '{path}' failed to satisfy constraint: Member must {what}"
            ))
        };
        let long = "k".repeat(2049);
        let cut = format!("'{}...'", "k".repeat(1000));
        for (named, refused) in [
            (json!(""), must("''", "have length greater than or equal to 1")),
            (json!(long), must(&cut, "have length less than or equal to 2048")),
            (
                json!(7),
                Refused::new(
                    "SerializationException",
                    "NUMBER_VALUE can not be converted to a String",
                ),
            ),
            (
                json!(["k"]),
                Refused::new("SerializationException", "Start of list found where not expected"),
            ),
        ] {
            assert_eq!(self.call(root, key, named).await, Err(refused));
        }
        if self.is_required() {
            let refused = must("null", "not be null");
            assert_eq!(self.call(root, key, Value::Null).await, Err(refused));
        }
    }

    /// Another account's root user is refused in words that do not tell whether the key exists.
    pub async fn is_denied_elsewhere(&self, action: &str) {
        let app = TestApp::new().await;
        let (root, stranger) = (app.root(), app.other_account().await);
        let (key, own) = (self.create_key(&root).await, self.create_key(&stranger).await);
        let alias_arn = root.create_alias("alias/app", &key).await;
        let arn = root.arn(&key).await;
        let refused = denied_elsewhere(action);
        for named in [&arn, &arn.replace(&key, ABSENT)] {
            let result = self.call(&stranger, &own, json!(named)).await;
            assert_eq!(result, Err(refused.clone()), "{named}");
            let record = app.last_record();
            assert_eq!(record["errorCode"], "AccessDenied");
            assert_eq!(record["errorMessage"], refused.message());
            assert_eq!(record["responseElements"], Value::Null);
            assert!(listed(&record).contains(&resource(named)), "{record}");
        }
        let result = self.call(&stranger, &own, json!(alias_arn)).await;
        assert_eq!(result, Err(self.alias_refusal().unwrap_or(refused)));
    }

    /// The key of an AWS service is closed to everyone: its policy allows the action to no one.
    pub async fn is_denied_on_aws_managed_keys(&self, action: &str) {
        let app = TestApp::new().await;
        let root = app.root();
        let (key, managed) = (self.create_key(&root).await, root.aws_managed_key().await);
        let arn = root.arn(&managed).await;
        let result = self.call(&root, &key, json!(managed)).await;
        assert_eq!(result, Err(denied_by_policy(action, &arn)));
        let record = app.last_record();
        assert_eq!(record["errorCode"], "AccessDenied");
        assert!(listed(&record).contains(&resource(&arn)), "{record}");
    }

    /// The states of `refused` answer with an error whose text starts with the key's ARN; every
    /// other state is as good as Enabled.
    pub async fn answers_by_state(&self, refused: &[(KeyState, &str, &str)]) {
        let app = TestApp::new().await;
        let root = app.root();
        for &state in KeyState::ALL {
            let key = self.create_key(&root).await;
            let arn = root.arn(&key).await;
            let input = self.input(&root, &key, json!(key)).await;
            app.put_in_state(&key, state).await;
            let result = root.call(self.operation, input).await;
            let expected = refused.iter().find(|(refused, ..)| *refused == state);
            let expected = expected.map(|(_, name, is)| Refused::new(name, format!("{arn} {is}")));
            assert_eq!(result.as_ref().err(), expected.as_ref(), "{} {state}", self.operation);
            let record = app.last_record_in("us-east-1");
            assert!(listed(&record).contains(&resource(&arn)), "{record}");
            assert_eq!(record["errorMessage"].as_str(), expected.as_ref().map(Refused::message));
        }
    }

    async fn create_key(&self, client: &Client) -> String {
        match self.kind {
            Some((spec, usage)) => client.create_key_of(spec, usage).await,
            None if self.is_multi_region => client.create_multi_region_key().await,
            None => client.create_key().await,
        }
    }

    async fn call(&self, client: &Client, key: &str, named: Value) -> Result<Value, Refused> {
        let input = self.input(client, key, named).await;
        client.call(self.operation, input).await
    }

    /// A request that is sound for `key`, but names `named`.
    async fn input(&self, client: &Client, key: &str, named: Value) -> Value {
        let mut input = (self.prepare)(client, key).await;
        input.as_object_mut().unwrap().insert(self.member.to_owned(), named);
        input
    }

    /// How an alias is refused, where none may stand.
    fn alias_refusal(&self) -> Option<Refused> {
        match self.names {
            Names::Any => None,
            Names::Keys => Some(Refused::new(
                "InvalidArnException",
                "Key Aliases are not supported for this operation.",
            )),
            Names::Target => {
                Some(Refused::new("ValidationException", "Aliases must refer to keys. Not aliases"))
            }
        }
    }

    fn is_required(&self) -> bool {
        let input = keyward_ops::find(self.operation).unwrap().model.input;
        input.members.iter().any(|member| member.name == self.member && member.required)
    }
}

/// The refusal of [`TestApp::other_account`] by a key of the first account.
pub fn denied_elsewhere(action: &str) -> Refused {
    denied_without_reason(OTHER_ACCOUNT, action, "this resource")
}

/// The refusal of a ciphertext whose key the caller's account does not hold.
pub fn denied_ciphertext(account: &str, action: &str) -> Refused {
    denied_without_reason(account, action, "the resource associated with this ciphertext")
}

fn denied_without_reason(account: &str, action: &str, resource: &str) -> Refused {
    Refused::new(
        "AccessDeniedException",
        format!(
            "User: arn:aws:iam::{account}:root is not authorized to perform: {action} on \
             {resource} because the resource does not exist in this Region, no resource-based \
             policies allow access, or a resource-based policy explicitly denies access"
        ),
    )
}

/// The refusal of the account's own root user by the policy of a key.
pub fn denied_by_policy(action: &str, arn: &str) -> Refused {
    Refused::new(
        "AccessDeniedException",
        format!(
            "User: arn:aws:iam::111122223333:root is not authorized to perform: {action} on \
             resource: {arn} because no resource-based policy allows the {action} action"
        ),
    )
}

fn listed(record: &Value) -> &[Value] {
    record["resources"].as_array().map_or(&[], Vec::as_slice)
}
