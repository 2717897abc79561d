//! Lists of all entities of one kind under a path.

use keyward_engine::{Cx, OpError};

use super::action::{Permission, Proof};
use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::entity::{Body, Entity};
use super::paging::{Page, PageRequest};

/// Decides whether the caller may do `P` to all entities of the kind under a path.
pub(crate) async fn authorize_list<P: Permission, B: Body>(
    cx: &mut Cx,
    path_prefix: &str,
) -> Result<Proof<P>, OpError> {
    let resource = Resource::new(cx, B::KIND, path_prefix, "");
    authorize(cx, &resource, Conditions::none()).await
}

/// A page of the entities under a path, by name.
pub(crate) async fn page<B: Body>(
    cx: &Cx,
    request: &PageRequest<'_>,
    path_prefix: &str,
) -> Result<Page<Entity<B>>, OpError> {
    let account = cx.caller().account;
    let entities = cx.engine().store().entities();
    let (after, limit) = (request.after.as_deref(), request.read_max());
    let found = entities.list(&account, B::KIND, path_prefix, after, limit).await;
    let found = found.map_err(OpError::internal)?.into_iter().map(Entity::of_listed);
    request.page(cx, found.collect::<Result<_, _>>()?, |entity| entity.name.clone())
}

/// How many entities are read from the store at once.
const READ_MAX: u32 = 1000;

/// All entities under a path, by name. A quota bounds how many there are.
pub(crate) async fn all<B: Body>(cx: &Cx, path_prefix: &str) -> Result<Vec<Entity<B>>, OpError> {
    let account = cx.caller().account;
    let mut all: Vec<Entity<B>> = Vec::new();
    loop {
        let after = all.last().map(|last| last.name.as_str());
        let entities = cx.engine().store().entities();
        let found = entities.list(&account, B::KIND, path_prefix, after, READ_MAX).await;
        let found = found.map_err(OpError::internal)?;
        if found.is_empty() {
            return Ok(all);
        }
        for record in found {
            all.push(Entity::of_listed(record)?);
        }
    }
}
