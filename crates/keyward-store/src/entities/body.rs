//! What is said of an entity beyond its name, and the JSON that rows hold of it.
//!
//! A release may add members, with `#[serde(default)]`; it never takes one away or gives one another
//! meaning.

use std::collections::BTreeMap;

use keyward_model::{Timestamp, UniqueId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{EntityKind, EntityRelation};

/// What is said of an entity, by what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityBody {
    /// Of a group.
    Group(GroupBody),
    /// Of an MFA device.
    MfaDevice(MfaDeviceBody),
    /// Of an OIDC provider.
    OidcProvider(OidcProviderBody),
    /// Of a managed policy.
    Policy(PolicyBody),
    /// Of a role.
    Role(RoleBody),
    /// Of a user.
    User(UserBody),
}

/// What is said of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserBody {
    /// `Tags`, in the order given.
    pub tags: Vec<(String, String)>,
    /// The ARN of the policy that is its permissions boundary.
    pub permissions_boundary: Option<String>,
    /// The ARNs of attached policies, in the order of attachment.
    pub attached_policies: Vec<String>,
    /// Inline policies: name and document.
    pub inline_policies: BTreeMap<String, String>,
    /// The groups it is in, by unique id.
    pub groups: Vec<UniqueId>,
}

/// What is said of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupBody {
    /// The ARNs of attached policies, in the order of attachment.
    pub attached_policies: Vec<String>,
    /// Inline policies: name and document.
    pub inline_policies: BTreeMap<String, String>,
}

/// What is said of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleBody {
    /// `AssumeRolePolicyDocument`, as the client sent it.
    pub assume_role_policy_document: String,
    /// Whom the trust policy's principals were when it was saved: ARN as written, unique id.
    pub trust_bindings: BTreeMap<String, UniqueId>,
    /// `Description`.
    pub description: Option<String>,
    /// `MaxSessionDuration`.
    pub max_session_duration_s: u32,
    /// `Tags`, in the order given.
    pub tags: Vec<(String, String)>,
    /// The ARN of the policy that is its permissions boundary.
    pub permissions_boundary: Option<String>,
    /// The ARNs of attached policies, in the order of attachment.
    pub attached_policies: Vec<String>,
    /// Inline policies: name and document.
    pub inline_policies: BTreeMap<String, String>,
    /// Whether it belongs to a service, which alone changes it.
    pub is_service_linked: bool,
    /// The service it is for.
    pub service: Option<String>,
}

/// What is said of a managed policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyBody {
    /// `Description`.
    pub description: Option<String>,
    /// `Tags`, in the order given.
    pub tags: Vec<(String, String)>,
    /// The version in force.
    pub default_version: u32,
    /// The number of the next version; numbers are not given twice.
    pub next_version: u32,
    /// The versions there are, in the order of numbers.
    pub versions: Vec<PolicyVersion>,
    /// `UpdateDate`.
    #[serde(with = "unix_ms")]
    pub updated_at: Timestamp,
}

/// One version of a managed policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// The number: 1 is `v1`.
    pub number: u32,
    /// The document, as the client sent it.
    pub document: String,
    /// `CreateDate`.
    #[serde(with = "unix_ms")]
    pub created_at: Timestamp,
}

/// What is said of an OIDC provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcProviderBody {
    /// `Url`, as the client sent it.
    pub url: String,
    /// `ClientIDList`.
    pub client_ids: Vec<String>,
    /// `ThumbprintList`.
    pub thumbprints: Vec<String>,
    /// `Tags`, in the order given.
    pub tags: Vec<(String, String)>,
    /// Keys of the issuer given by hand. Not used yet.
    pub jwks: Option<String>,
}

/// What is said of an MFA device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MfaDeviceBody {
    /// The seed, sealed under a domain key and bound to this row; stored in a column of its own.
    #[serde(skip)]
    pub sealed_seed: Vec<u8>,
    /// The user it is assigned to.
    pub user: Option<UniqueId>,
    /// `EnableDate`.
    #[serde(with = "unix_ms::optional")]
    pub enabled_at: Option<Timestamp>,
    /// The time step of the last code accepted; no code is accepted twice.
    pub last_step: i64,
    /// `Tags`, in the order given.
    pub tags: Vec<(String, String)>,
}

impl EntityBody {
    /// What the entity is.
    pub const fn kind(&self) -> EntityKind {
        match self {
            Self::Group(_) => EntityKind::Group,
            Self::MfaDevice(_) => EntityKind::MfaDevice,
            Self::OidcProvider(_) => EntityKind::OidcProvider,
            Self::Policy(_) => EntityKind::Policy,
            Self::Role(_) => EntityKind::Role,
            Self::User(_) => EntityKind::User,
        }
    }

    /// The body as rows hold it, but for what is sealed.
    pub fn to_text(&self) -> String {
        let text = match self {
            Self::Group(body) => serde_json::to_string(body),
            Self::MfaDevice(body) => serde_json::to_string(body),
            Self::OidcProvider(body) => serde_json::to_string(body),
            Self::Policy(body) => serde_json::to_string(body),
            Self::Role(body) => serde_json::to_string(body),
            Self::User(body) => serde_json::to_string(body),
        };
        // Texts, numbers and maps by text are always written; no text would not be read again.
        text.unwrap_or_default()
    }

    /// The body that a row holds; `None` for what [`Self::to_text`] of no release writes.
    pub fn from_row(kind: EntityKind, text: &str, sealed: Option<Vec<u8>>) -> Option<Self> {
        let body = match kind {
            EntityKind::Group => Self::Group(parse(text)?),
            EntityKind::MfaDevice => Self::MfaDevice(parse(text)?),
            EntityKind::OidcProvider => Self::OidcProvider(parse(text)?),
            EntityKind::Policy => Self::Policy(parse(text)?),
            EntityKind::Role => Self::Role(parse(text)?),
            EntityKind::User => Self::User(parse(text)?),
        };
        match (body, sealed) {
            (Self::MfaDevice(body), Some(sealed_seed)) => {
                Some(Self::MfaDevice(MfaDeviceBody { sealed_seed, ..body }))
            }
            (Self::MfaDevice(_), None) | (_, Some(_)) => None,
            (body, None) => Some(body),
        }
    }

    /// What is sealed: the seed of an MFA device.
    pub fn sealed(&self) -> Option<&[u8]> {
        match self {
            Self::MfaDevice(body) => Some(&body.sealed_seed),
            _ => None,
        }
    }

    /// Replaces what is sealed, if something is, and answers what was.
    pub fn replace_sealed(&mut self, sealed: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Self::MfaDevice(body) => Some(std::mem::replace(&mut body.sealed_seed, sealed)),
            _ => None,
        }
    }

    /// Everything the entity names, each once.
    pub fn references(&self) -> Vec<(EntityRelation, String)> {
        let mut references = Vec::new();
        let attached = self.attached_policies().iter();
        references.extend(attached.map(|arn| (EntityRelation::Policy, arn.clone())));
        match self {
            Self::User(UserBody { permissions_boundary, groups, .. }) => {
                references.extend(boundary(permissions_boundary.as_ref()));
                references.extend(groups.iter().map(|id| (EntityRelation::Group, id.to_string())));
            }
            Self::Role(RoleBody { permissions_boundary, .. }) => {
                references.extend(boundary(permissions_boundary.as_ref()));
            }
            Self::MfaDevice(MfaDeviceBody { user, .. }) => {
                references.extend(user.iter().map(|id| (EntityRelation::MfaUser, id.to_string())));
            }
            Self::Group(_) | Self::OidcProvider(_) | Self::Policy(_) => {}
        }
        references.sort_unstable();
        references.dedup();
        references
    }

    fn attached_policies(&self) -> &[String] {
        match self {
            Self::Group(body) => &body.attached_policies,
            Self::Role(body) => &body.attached_policies,
            Self::User(body) => &body.attached_policies,
            Self::MfaDevice(_) | Self::OidcProvider(_) | Self::Policy(_) => &[],
        }
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn boundary(arn: Option<&String>) -> Option<(EntityRelation, String)> {
    arn.map(|arn| (EntityRelation::Boundary, arn.clone()))
}

/// Times as rows hold them: whole milliseconds.
mod unix_ms {
    use keyward_model::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.unix_ms())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(from).map(Timestamp::from_unix_ms)
    }

    pub(super) mod optional {
        use super::{Deserializer, Serializer, Timestamp};
        use serde::{Deserialize as _, Serialize as _};

        #[expect(clippy::ref_option, reason = "serde asks for this reference")]
        pub(in super::super) fn serialize<S: Serializer>(
            at: &Option<Timestamp>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            at.map(Timestamp::unix_ms).serialize(to)
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            Ok(Option::deserialize(from)?.map(Timestamp::from_unix_ms))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_a_later_release_are_no_reason_to_refuse_a_row() {
        let text = r#"{"attached_policies":["a"],"inline_policies":{},"later":{"x":[1]}}"#;
        let read = EntityBody::from_row(EntityKind::Group, text, None).unwrap();
        let attached_policies = vec!["a".to_owned()];
        let expected = GroupBody { attached_policies, ..GroupBody::default() };
        assert_eq!(read, EntityBody::Group(expected));
    }

    #[test]
    fn what_is_sealed_stands_beside_the_text_of_an_mfa_device_and_of_nothing_else() {
        let body = MfaDeviceBody { sealed_seed: vec![1, 2], last_step: 5, ..Default::default() };
        let text = EntityBody::MfaDevice(body.clone()).to_text();
        assert!(!text.contains("seed"), "{text}");
        let read = |kind, sealed| EntityBody::from_row(kind, &text, sealed);
        let sealed = || Some(vec![1, 2]);
        assert_eq!(read(EntityKind::MfaDevice, sealed()), Some(EntityBody::MfaDevice(body)));
        assert_eq!(read(EntityKind::MfaDevice, None), None);
        let user = EntityBody::User(UserBody::default()).to_text();
        assert!(EntityBody::from_row(EntityKind::User, &user, None).is_some());
        assert_eq!(EntityBody::from_row(EntityKind::User, &user, sealed()), None);
    }

    #[test]
    fn text_that_is_no_body_of_the_kind_is_refused() {
        for text in ["", "{}", "[]", "null", "{\"attached_policies\":[]}", "{\"tags\":1}"] {
            assert_eq!(EntityBody::from_row(EntityKind::Group, text, None), None, "{text}");
        }
    }

    #[test]
    fn an_entity_names_each_thing_once() {
        let group: UniqueId = "AGPACKCEVSQ6C2EXAMPLE".parse().unwrap();
        let body = EntityBody::User(UserBody {
            permissions_boundary: Some("b".to_owned()),
            attached_policies: ["b", "a", "b"].map(str::to_owned).into(),
            groups: vec![group, group],
            ..UserBody::default()
        });
        let expected = [
            (EntityRelation::Boundary, "b".to_owned()),
            (EntityRelation::Group, group.to_string()),
            (EntityRelation::Policy, "a".to_owned()),
            (EntityRelation::Policy, "b".to_owned()),
        ];
        assert_eq!(body.references(), expected);
    }
}
