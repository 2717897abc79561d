//! Users and roles by ARN: who they are when a policy or grant that names them is saved, and what
//! they are called when it is shown.

use keyward_model::UniqueId;
use keyward_store::{EntityKind, EntityName, EntityRecord};

use crate::{Engine, OpError};

/// A user, role or role session, as an ARN names it.
struct Named<'a> {
    entity: EntityName,
    /// Of a session, the role is named without its path.
    session_of: Option<&'a str>,
}

impl Engine {
    /// The unique id of the user or role with this ARN; that of the role for a role's session.
    pub async fn find_principal(&self, arn: &str) -> Result<Option<UniqueId>, OpError> {
        Ok(self.find_named(arn).await?.map(|(id, _is_session)| id))
    }

    /// The same, and whether it is a role's session.
    pub(crate) async fn find_named(&self, arn: &str) -> Result<Option<(UniqueId, bool)>, OpError> {
        let Some(named) = named(arn, self.partition().as_str()) else { return Ok(None) };
        let found = self.store().entities().find(&named.entity).await.map_err(OpError::internal)?;
        let record = found.map(|found| found.record).filter(|record| match named.session_of {
            Some(role) => record.name == role,
            None => record.arn(self.partition()) == arn,
        });
        let is_session = named.session_of.is_some();
        Ok(record.and_then(|record| record.unique_id).map(|id| (id, is_session)))
    }

    /// The ARN of the user or role with this unique id, while there is one.
    pub async fn find_principal_arn(&self, id: &UniqueId) -> Result<Option<String>, OpError> {
        let found = self.store().entities().find_by_id(id).await.map_err(OpError::internal)?;
        let arn = |record: EntityRecord| record.arn(self.partition());
        Ok(found.map(|found| arn(found.record)))
    }
}

fn named<'a>(arn: &'a str, partition: &str) -> Option<Named<'a>> {
    let rest = arn.strip_prefix("arn:")?.strip_prefix(partition)?.strip_prefix(':')?;
    let mut parts = rest.splitn(4, ':');
    let (service, region, account) = (parts.next()?, parts.next()?, parts.next()?);
    let (kind, name) = parts.next()?.split_once('/')?;
    let (kind, name, session_of) = match (service, kind) {
        ("iam", "user") => (EntityKind::User, name.rsplit('/').next()?, None),
        ("iam", "role") => (EntityKind::Role, name.rsplit('/').next()?, None),
        ("sts", "assumed-role") => {
            let (role, session) = name.split_once('/')?;
            (EntityKind::Role, role, (!session.is_empty()).then_some(role))
        }
        _ => return None,
    };
    let account = account.parse().ok().filter(|_| region.is_empty())?;
    Some(Named { entity: EntityName::new(account, kind, name), session_of })
}
