//! Whether the caller may do something to an entity of its account.
//!
//! The entity is looked for first, because its path is part of its ARN and its tags are condition
//! keys, but a caller who may not learns nothing of it: the refusal comes before `NoSuchEntity`.

use keyward_engine::{Cx, OpError};
use keyward_store::EntityKind;

use super::action::{Asked, Permission, Proof};
use super::conditions::{Conditions, Holder};
use super::entity::{Body, Entity, arn_of, no_such};

/// What an IAM action is done to.
pub(crate) struct Resource {
    /// What policies name it by.
    pub(crate) arn: String,
    /// What refusals name it by.
    pub(crate) shown: String,
}

impl Resource {
    /// An entity that exists, or that a request takes for existing.
    fn existing(cx: &Cx, kind: EntityKind, word: &str, (path, name): (&str, &str)) -> Self {
        // WIRE: "IAM: resources in refusals".
        Self { arn: arn_of(cx, kind, path, name), shown: format!("{word} {name}") }
    }

    /// An entity to be made, or all under a path.
    pub(crate) fn new(cx: &Cx, kind: EntityKind, path: &str, name: &str) -> Self {
        Self::of_arn(arn_of(cx, kind, path, name))
    }

    /// Whatever has this ARN.
    pub(crate) fn of_arn(arn: String) -> Self {
        Self { shown: arn.clone(), arn }
    }

    /// No resource in particular.
    pub(crate) fn any() -> Self {
        Self::of_arn("*".to_owned())
    }
}

/// Decides whether the caller may do `P` to what is or may be there.
pub(crate) async fn authorize<P: Permission>(
    cx: &mut Cx,
    resource: &Resource,
    conditions: Conditions<'_>,
) -> Result<Proof<P>, OpError> {
    cx.authorize_named((&resource.arn, &resource.shown), Asked::<P>::with(conditions)).await
}

/// Decides whether the caller may do `P` to the entity of this name, and finds it.
pub(crate) async fn existing<P: Permission, B: Body + Holder>(
    cx: &mut Cx,
    name: &str,
    conditions: Conditions<'_>,
) -> Result<(Proof<P>, Entity<B>), OpError> {
    let found = Entity::<B>::find(cx, name).await?;
    let proof = authorize_found::<P, B>(cx, (name, found.as_ref()), conditions).await?;
    let entity = found.ok_or_else(|| no_such::<B>(name))?;
    Ok((proof, entity))
}

/// Decides whether the caller may do `P` to an entity that was looked for.
pub(crate) async fn authorize_found<P: Permission, B: Body + Holder>(
    cx: &mut Cx,
    (name, found): (&str, Option<&Entity<B>>),
    conditions: Conditions<'_>,
) -> Result<Proof<P>, OpError> {
    let place = found.map_or(("/", name), |entity| (&*entity.path, &*entity.name));
    let resource = Resource::existing(cx, B::KIND, B::WORD, place);
    let conditions = match found {
        Some(entity) => conditions.of_entity(&entity.body),
        None => conditions,
    };
    authorize(cx, &resource, conditions).await
}
