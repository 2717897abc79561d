//! One entry of a file of keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_crypto::{KeyMaterial, Secret};
use keyward_engine::{Engine, LoadedKey};
use keyward_model::{
    AccountId, AliasName, KeyId, KeyManager, KeySpec, KeyState, KeyUsage, MultiRegionSet,
    NotAKeyId, Origin,
};
use keyward_shape::{OneOf, SecretBlob, Text};
use keyward_store::{AliasRecord, KeyRecord, PolicyRecord, Rotation, Scope, ScopedKey, Write};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use zeroize::Zeroizing;

use super::Flaw;
use crate::constraints::{
    self, AliasNameType, CiphertextType, DescriptionType, KeyUsageType, OriginType,
};
use crate::shape::Tags;
use crate::{alias_name, tags};

/// The first material and every on-demand rotation there can be.
const VERSIONS_MAX: usize = 26;

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// An entry. What has rules of its own is read later, so that what breaks one can be named.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    key_id: Cow<'a, str>,
    #[serde(borrow)]
    account: Option<&'a RawValue>,
    #[serde(borrow)]
    region: Option<&'a RawValue>,
    #[serde(borrow)]
    key_spec: Option<&'a RawValue>,
    #[serde(borrow)]
    key_usage: Option<&'a RawValue>,
    #[serde(borrow)]
    origin: Option<&'a RawValue>,
    multi_region: Option<bool>,
    #[serde(borrow)]
    description: Option<&'a RawValue>,
    #[serde(borrow)]
    policy: Option<&'a RawValue>,
    enabled: Option<bool>,
    #[serde(borrow)]
    aliases: Option<&'a RawValue>,
    #[serde(borrow)]
    tags: Option<&'a RawValue>,
    #[serde(borrow)]
    material: Option<&'a RawValue>,
    #[serde(borrow)]
    pem: Option<&'a RawValue>,
}

/// One version in a list of several.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VersionEntry<'a> {
    #[serde(borrow)]
    material: Option<&'a RawValue>,
    #[serde(borrow)]
    pem: Option<&'a RawValue>,
    #[serde(default)]
    current: bool,
}

/// The `keyId` of an entry that may be wrong in any way, cut to what a message can show.
pub(super) fn key_id(entry: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named<'a> {
        #[serde(borrow)]
        key_id: Cow<'a, str>,
    }
    let named: Named<'_> = serde_json::from_str(entry.get()).ok()?;
    Some(named.key_id.chars().take(36).collect())
}

/// A member with rules of its own.
fn read<'a, T: Deserialize<'a>>(member: &'static str, raw: &'a RawValue) -> Result<T, Flaw> {
    // The place within the member would say nothing.
    serde_json::from_str(raw.get()).map_err(|error| {
        let words = error.to_string();
        let words = words.split_once(" at line").map_or(&*words, |(words, _)| words);
        Flaw::Member(member, words.to_owned())
    })
}

fn wrong(member: &'static str, words: impl Into<String>) -> Flaw {
    Flaw::Member(member, words.into())
}

impl Entry<'_> {
    /// Where the key will be.
    pub(super) fn key(&self, engine: &Engine, account: AccountId) -> Result<ScopedKey, Flaw> {
        let key_id: KeyId =
            self.key_id.parse().map_err(|error: NotAKeyId| wrong("keyId", error.to_string()))?;
        let account = match self.account {
            Some(raw) => {
                let text: Cow<'_, str> = read("account", raw)?;
                text.parse().map_err(|_| wrong("account", "an account id is twelve digits"))?
            }
            None => account,
        };
        let region = match self.region {
            Some(raw) => {
                let name: Cow<'_, str> = read("region", raw)?;
                let absent = || Flaw::Absent { member: "region", value: name.to_string() };
                engine.region(&name).ok_or_else(absent)?.clone()
            }
            None => engine.default_region().clone(),
        };
        if self.multi_region.is_some_and(|is_wanted| is_wanted != key_id.is_multi_region()) {
            return Err(wrong("multiRegion", "the id of a multi-Region key begins with `mrk-`"));
        }
        Ok(Scope { account, region }.key(key_id))
    }

    /// The policy document, given as text or as an object.
    pub(super) fn policy(&self) -> Result<Option<String>, Flaw> {
        match self.policy {
            Some(raw) if raw.get().starts_with('"') => Ok(Some(read("policy", raw)?)),
            Some(raw) => Ok(Some(raw.get().to_owned())),
            None => Ok(None),
        }
    }

    /// The key with everything that belongs to it.
    pub(super) fn into_loaded(
        self,
        engine: &Engine,
        key: &ScopedKey,
        policy: PolicyRecord,
    ) -> Result<LoadedKey, Flaw> {
        let (spec, usage, origin) = self.kind(engine)?;
        let materials = self.materials(spec, origin)?;
        let is_enabled = self.enabled.unwrap_or(true);
        let record = KeyRecord {
            key: key.clone(),
            spec,
            usage,
            origin,
            manager: KeyManager::Customer,
            state: match (materials.is_empty(), is_enabled) {
                (true, _) => KeyState::PendingImport,
                (false, true) => KeyState::Enabled,
                (false, false) => KeyState::Disabled,
            },
            multi_region: key
                .key_id
                .is_multi_region()
                .then(|| MultiRegionSet::of_primary(key.scope.region.clone())),
            description: self.description()?,
            created_at: engine.clock().now(),
            deletion_date: None,
            pending_window_days: None,
            current_material: None,
            rotation: Rotation::default(),
            settles_at: None,
        };
        let aliases = self.aliases(engine)?;
        let aliases: Vec<_> = aliases.into_iter().map(|name| key.scope.alias(name)).collect();
        let mut writes = vec![Write::PutPolicy(policy)];
        writes.extend(self.tags(key)?);
        writes.extend(aliases.iter().map(|alias| {
            let (target, now) = (key.key_id, record.created_at);
            let alias = alias.clone();
            Write::PutAlias(AliasRecord { alias, target, created_at: now, updated_at: now })
        }));
        Ok(LoadedKey { record, materials, writes, aliases })
    }

    fn kind(&self, engine: &Engine) -> Result<(KeySpec, KeyUsage, Origin), Flaw> {
        let spec = match self.key_spec {
            Some(raw) => read::<OneOf<KeySpec, constraints::KeySpec>>("keySpec", raw)?.into_inner(),
            None => KeySpec::SymmetricDefault,
        };
        let usage = match (self.key_usage, spec.usages()) {
            (Some(raw), _) => read::<OneOf<KeyUsage, KeyUsageType>>("keyUsage", raw)?.into_inner(),
            (None, [only]) => *only,
            (None, _) => return Err(wrong("keyUsage", format!("{spec} has several usages"))),
        };
        if !spec.usages().contains(&usage) {
            return Err(wrong("keyUsage", format!("{usage} is not for {spec}")));
        }
        let origin = match self.origin {
            Some(raw) => read::<OneOf<Origin, OriginType>>("origin", raw)?.into_inner(),
            None => Origin::AwsKms,
        };
        if !matches!(origin, Origin::AwsKms | Origin::External) || !origin.takes(spec) {
            return Err(wrong("origin", format!("{spec} cannot be loaded with origin {origin}")));
        }
        if !engine.offers(spec) {
            return Err(wrong("keySpec", format!("{spec} is not offered here")));
        }
        Ok((spec, usage, origin))
    }

    fn description(&self) -> Result<String, Flaw> {
        let Some(raw) = self.description else { return Ok(String::new()) };
        Ok(read::<Text<'_, DescriptionType>>("description", raw)?.into_string())
    }

    fn aliases(&self, engine: &Engine) -> Result<Vec<AliasName>, Flaw> {
        let Some(raw) = self.aliases else { return Ok(Vec::new()) };
        let names: Vec<Text<'_, AliasNameType>> = read("aliases", raw)?;
        let quota = engine.quotas().aliases_per_key;
        if usize::try_from(quota).is_ok_and(|quota| names.len() > quota) {
            return Err(wrong("aliases", format!("a key has at most {quota}")));
        }
        let parse = |name: &Text<'_, AliasNameType>| {
            let parsed = alias_name::parse(name);
            let parsed = parsed.map_err(|refusal| Flaw::refused("aliases", &refusal))?;
            match parsed.reserved_for() {
                Some(_) => Err(wrong("aliases", format!("{parsed} is reserved"))),
                None => Ok(parsed),
            }
        };
        names.iter().map(parse).collect()
    }

    fn tags(&self, key: &ScopedKey) -> Result<Vec<Write>, Flaw> {
        let Some(raw) = self.tags else { return Ok(Vec::new()) };
        let tags: Tags<'_> = read("tags", raw)?;
        tags::check(&tags).map_err(|refusal| Flaw::refused("tags", &refusal))?;
        Ok(tags::writes(key, &tags))
    }

    /// Every version, oldest first, the current one last.
    fn materials(&self, spec: KeySpec, origin: Origin) -> Result<Vec<KeyMaterial>, Flaw> {
        let versions = match (self.material, self.pem) {
            (None, None) if origin == Origin::External => return Ok(Vec::new()),
            (None, None) => return Err(wrong("material", "a key of origin AWS_KMS has some")),
            (Some(raw), None) if raw.get().starts_with('[') => read("material", raw)?,
            (material, pem) => vec![VersionEntry { material, pem, current: false }],
        };
        if versions.is_empty() || versions.len() > VERSIONS_MAX {
            return Err(wrong("material", format!("a key has 1 to {VERSIONS_MAX} versions")));
        }
        if versions.len() > 1 && spec != KeySpec::SymmetricDefault {
            return Err(wrong("material", format!("a key of spec {spec} has one version")));
        }
        if versions.iter().filter(|version| version.current).count() > 1 {
            return Err(wrong("material", "one version is current"));
        }
        let is_current = |at: usize| versions.get(at).is_some_and(|version| version.current);
        let mut order: Vec<usize> = (0..versions.len()).collect();
        order.sort_by_key(|&at| is_current(at));
        let read = |at: usize| {
            let version = versions.get(at).ok_or(Flaw::Material(at + 1))?;
            let known = version.known()?;
            KeyMaterial::from_known(spec, known).map_err(|_| Flaw::Material(at + 1))
        };
        order.into_iter().map(read).collect()
    }
}

impl VersionEntry<'_> {
    fn known(&self) -> Result<Secret, Flaw> {
        match (self.material, self.pem) {
            (Some(raw), None) => {
                let blob: SecretBlob<CiphertextType> = read("material", raw)?;
                Ok(blob.into_zeroizing().into())
            }
            (None, Some(raw)) => {
                let text = Zeroizing::new(read::<String>("pem", raw)?);
                from_pem(&text).ok_or_else(|| wrong("pem", "one PKCS#8 `PRIVATE KEY` is wanted"))
            }
            _ => Err(wrong("material", "either `material` or `pem` is given")),
        }
    }
}

/// The bytes of a PEM text that holds one private key (RFC 7468).
fn from_pem(text: &str) -> Option<Secret> {
    let text = text.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
    base64.extend(text.split_ascii_whitespace());
    let bytes = STANDARD.decode(base64.as_bytes()).ok()?;
    Some(Secret::new(bytes))
}
