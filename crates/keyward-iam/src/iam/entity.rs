//! Entities with the body of their kind: how they are found, and how a change of one is staged.
//!
//! Whoever changes an entity does so on the condition that it is as it was read, so that no change
//! is lost and none rests on an older decision. What a body means is for the operations to say.

use keyward_engine::{Cx, OpError, op_error, reach};
use keyward_model::{AccountId, Timestamp, UniqueId, UniqueIdKind};
use keyward_store::{
    ChangeNumber, EntityBody, EntityKind, EntityName, EntityRecord, GroupBody, MfaDeviceBody,
    OidcProviderBody, PolicyBody, Precondition, RoleBody, UserBody, Versioned, Write,
};

use super::action::{Permission, Proof};

/// The body of one kind of entity.
pub(crate) trait Body: Sized + Send {
    /// The kind.
    const KIND: EntityKind;
    /// What messages call the kind.
    const WORD: &'static str;
    /// The kind of unique id it has; `None` for an entity without one.
    const ID: Option<UniqueIdKind>;

    /// The body, if it is of this kind.
    fn of(body: EntityBody) -> Option<Self>;

    /// The body as records hold it.
    fn into_entity(self) -> EntityBody;

    /// `Tags`.
    fn tags(&self) -> &[(String, String)];
}

macro_rules! bodies {
    ($($body:ty: $kind:ident $word:literal $id:expr, $tags:expr;)+) => {$(
        impl Body for $body {
            const KIND: EntityKind = EntityKind::$kind;
            const WORD: &'static str = $word;
            const ID: Option<UniqueIdKind> = $id;

            fn of(body: EntityBody) -> Option<Self> {
                match body {
                    EntityBody::$kind(body) => Some(body),
                    _ => None,
                }
            }

            fn into_entity(self) -> EntityBody {
                EntityBody::$kind(self)
            }

            fn tags(&self) -> &[(String, String)] {
                let tags: fn(&Self) -> &[(String, String)] = $tags;
                tags(self)
            }
        }
    )+};
}

bodies! {
    GroupBody: Group "group" Some(UniqueIdKind::Group), |_| &[];
    MfaDeviceBody: MfaDevice "mfa device" None, |body| &body.tags;
    OidcProviderBody: OidcProvider "oidc provider" None, |body| &body.tags;
    PolicyBody: Policy "policy" Some(UniqueIdKind::Policy), |body| &body.tags;
    RoleBody: Role "role" Some(UniqueIdKind::Role), |body| &body.tags;
    UserBody: User "user" Some(UniqueIdKind::User), |body| &body.tags;
}

/// An entity of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Entity<B> {
    pub(crate) account: AccountId,
    /// The name, as it was spelled when it was given.
    pub(crate) name: String,
    unique_id: Option<UniqueId>,
    pub(crate) path: String,
    pub(crate) created_at: Timestamp,
    pub(crate) body: B,
    /// Under which name and change it is stored; `None` for one that this very call makes.
    stored: Option<(EntityName, ChangeNumber)>,
}

impl<B: Body> Entity<B> {
    /// A new entity of the caller's account.
    pub(crate) fn new(cx: &Cx, name: &str, path: Option<&str>, body: B) -> Self {
        Self {
            account: cx.caller().account,
            name: name.to_owned(),
            unique_id: B::ID.map(|kind| UniqueId::new(kind, cx.engine().rng())),
            path: path.unwrap_or("/").to_owned(),
            created_at: cx.now(),
            body,
            stored: None,
        }
    }

    /// The entity of this name in the caller's account, however the name is spelled.
    pub(crate) async fn find(cx: &Cx, name: &str) -> Result<Option<Self>, OpError> {
        let name = EntityName::new(cx.caller().account, B::KIND, name);
        let found = cx.engine().store().entities().find(&name).await;
        found.map_err(OpError::internal)?.map(Self::of_record).transpose()
    }

    /// The entity with this unique id.
    pub(crate) async fn find_by_id(cx: &Cx, id: &UniqueId) -> Result<Option<Self>, OpError> {
        let found = cx.engine().store().entities().find_by_id(id).await;
        found.map_err(OpError::internal)?.map(Self::of_record).transpose()
    }

    /// What a record says.
    pub(crate) fn of_record(found: Versioned<EntityRecord>) -> Result<Self, OpError> {
        let stored = (found.record.entity_name(), found.change);
        Ok(Self { stored: Some(stored), ..Self::of_listed(found.record)? })
    }

    /// What a record says that is only looked at.
    pub(crate) fn of_listed(record: EntityRecord) -> Result<Self, OpError> {
        let EntityRecord { account, name, unique_id, path, created_at, body } = record;
        let body = B::of(body).ok_or_else(|| OpError::internal("an entity of another kind"))?;
        Ok(Self { account, name, unique_id, path, created_at, body, stored: None })
    }

    /// The unique id.
    pub(crate) fn unique_id(&self) -> Result<UniqueId, OpError> {
        self.unique_id.ok_or_else(|| OpError::internal("an entity without a unique id"))
    }

    /// The ARN.
    pub(crate) fn arn(&self, cx: &Cx) -> String {
        arn_of(cx, B::KIND, &self.path, &self.name)
    }

    fn entity_name(&self) -> EntityName {
        EntityName::new(self.account, B::KIND, self.name.as_str())
    }

    /// Makes the change depend on the entity being as it was read.
    pub(crate) fn require_unchanged(&self, cx: &mut Cx) {
        if let Some((name, change)) = &self.stored {
            cx.require(Precondition::EntityAt(name.clone(), *change));
        }
    }

    /// Stages the entity as it is now: added if it is new, replaced if it was read, also under
    /// another name.
    pub(crate) fn stage<P>(self, cx: &mut Cx, proof: &Proof<P>)
    where
        P: Permission<Reach = reach::Change>,
    {
        self.require_unchanged(cx);
        let name = self.entity_name();
        let mut writes = Vec::new();
        match &self.stored {
            Some((stored, _)) if *stored == name => {}
            Some((stored, _)) => {
                cx.require(Precondition::EntityAbsent(name));
                writes.push(Write::DeleteEntity(stored.clone()));
            }
            None => cx.require(Precondition::EntityAbsent(name)),
        }
        writes.push(Write::PutEntity(Box::new(self.into_record())));
        cx.stage_in_account(proof, writes);
    }

    /// Stages the removal of the entity.
    pub(crate) fn stage_removal<P>(&self, cx: &mut Cx, proof: &Proof<P>)
    where
        P: Permission<Reach = reach::Change>,
    {
        self.require_unchanged(cx);
        cx.stage_in_account(proof, [Write::DeleteEntity(self.entity_name())]);
    }

    fn into_record(self) -> EntityRecord {
        let Self { account, name, unique_id, path, created_at, body, stored: _ } = self;
        let body = body.into_entity();
        EntityRecord { account, name, unique_id, path, created_at, body }
    }
}

/// The ARN of an entity of the caller's account.
pub(crate) fn arn_of(cx: &Cx, kind: EntityKind, path: &str, name: &str) -> String {
    let (partition, account) = (cx.engine().partition(), cx.caller().account);
    format!("arn:{partition}:iam::{account}:{}{path}{name}", kind.as_str())
}

/// The refusal of a name that no entity has.
pub(crate) fn no_such<B: Body>(name: &str) -> OpError {
    op_error!(NoSuchEntity, "The {} with name {name} cannot be found.", B::WORD)
}

/// The refusal of a name that an entity has already.
pub(crate) fn already_exists<B: Body>(name: &str) -> OpError {
    let (first, rest) = B::WORD.split_at(1);
    let first = first.to_ascii_uppercase();
    op_error!(EntityAlreadyExists, "{first}{rest} with name {name} already exists.")
}

/// Refuses a name that an entity has already.
pub(crate) async fn require_free<B: Body>(cx: &Cx, name: &str) -> Result<(), OpError> {
    match Entity::<B>::find(cx, name).await? {
        Some(_) => Err(already_exists::<B>(name)),
        None => Ok(()),
    }
}
