//! New names and paths of users and groups.

use keyward_engine::{Cx, OpError, reach};

use super::action::Permission;
use super::authorize::{Resource, authorize, existing};
use super::conditions::{Conditions, Holder};
use super::entity::{Body, Entity, already_exists};

/// Where an entity goes; what is not given stays.
pub(crate) struct NewPlace<'a> {
    pub(crate) path: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
}

/// Gives an entity another name or path. The caller needs the permission for both places.
pub(crate) async fn rename<P, B>(cx: &mut Cx, name: &str, new: &NewPlace<'_>) -> Result<(), OpError>
where
    P: Permission<Reach = reach::Change>,
    B: Body + Holder,
{
    let (proof, mut entity) = existing::<P, B>(cx, name, Conditions::none()).await?;
    let before = entity.arn(cx);
    let is_other_name = new.name.is_some_and(|new| !new.eq_ignore_ascii_case(&entity.name));
    entity.path = new.path.unwrap_or(&entity.path).to_owned();
    entity.name = new.name.unwrap_or(&entity.name).to_owned();
    if entity.arn(cx) == before {
        return Ok(());
    }
    let there = Resource::new(cx, B::KIND, &entity.path, &entity.name);
    authorize::<P>(cx, &there, Conditions::none().of_entity(&entity.body)).await?;
    if is_other_name && Entity::<B>::find(cx, &entity.name).await?.is_some() {
        return Err(already_exists::<B>(&entity.name));
    }
    entity.stage(cx, &proof);
    Ok(())
}
