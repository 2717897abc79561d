//! Registered services: stores and databases of the operator's that call for others, or as
//! themselves. This is the operator's side: registration and its credentials.
//!
//! Three kinds. *On behalf*: calls act for an account, as a role in it, through the service. *As
//! itself*: calls are the service principal's, with a source fixed at registration. *Owned*: the
//! service has an account of its own that nobody else signs in to, whose keys serve everyone.

use std::collections::BTreeMap;
use std::str::FromStr;

use keyward_audit::Fragment;
use keyward_model::{AccountId, Principal, ServicePrincipal, UniqueId, UniqueIdKind};
use keyward_store::{
    AccountRecord, CredentialOwner, EntityBody, EntityKind, EntityName, EntityRecord, Precondition,
    RoleBody, ServiceKind, ServiceRecord, StoreError, Write,
};

use crate::operator::OperatorCommand;
use crate::{Engine, NewCredential, OperatorError};

/// How long a session of a service's role could be.
const SESSION_S_MAX: u32 = 3600;

/// The first label of a service principal: `s3` of `s3.amazonaws.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceName(String);

/// Text that is no service name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a service name is 1 to 32 lower-case letters, digits and hyphens, a letter first")]
pub struct NotAServiceName;

/// For whom a new service calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewServiceKind {
    /// As itself, always for the same resource.
    AsItself {
        /// `aws:SourceArn`.
        source_arn: Option<String>,
        /// `aws:SourceAccount`; the account it is registered in unless another is named.
        source_account: Option<AccountId>,
    },
    /// For the account, as this role of it; as a new one unless a role is named.
    OnBehalf {
        /// `RoleName`.
        role: Option<String>,
    },
    /// As the owner of keys in an account of its own.
    Owned,
}

/// A registration an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewService {
    /// What it is called.
    pub name: ServiceName,
    /// The account it calls for, or is registered in. An owned service gets a new one.
    pub account: AccountId,
    /// For whom it calls.
    pub kind: NewServiceKind,
}

impl ServiceName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The service principal.
    pub fn principal(&self) -> String {
        service_principal(&self.0)
    }
}

impl FromStr for ServiceName {
    type Err = NotAServiceName;

    fn from_str(text: &str) -> Result<Self, NotAServiceName> {
        let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let starts_well = text.starts_with(|first: char| first.is_ascii_lowercase());
        if starts_well && !text.ends_with('-') && text.len() <= 32 && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAServiceName)
        }
    }
}

impl Engine {
    /// Who signs with the credentials of a service, and through which service; `None` if it is not
    /// registered, or acts as a role that is gone.
    pub(crate) async fn service_caller(
        &self,
        account: &AccountId,
        name: &str,
    ) -> Result<Option<(Principal, Option<String>)>, StoreError> {
        let Some(service) = self.store().services().find(name, account).await? else {
            return Ok(None);
        };
        let principal = service_principal(name);
        if service.owned_account.is_some() {
            return Ok(Some((Principal::Root, Some(principal))));
        }
        if service.kind == ServiceKind::AsItself {
            let ServiceRecord { source_arn, source_account, .. } = service;
            let itself = ServicePrincipal { name: principal, source_arn, source_account };
            return Ok(Some((Principal::Service(itself), None)));
        }
        let Some(id) = service.role else { return Ok(None) };
        let role = self.identity(account, &id).await?;
        Ok(role.map(|role| {
            let (role, session_name) = (role.as_ref().clone(), name.to_owned());
            (Principal::AssumedRole { role, session_name }, Some(principal))
        }))
    }
}

/// The service principal of a registered service.
pub(crate) fn service_principal(name: &str) -> String {
    format!("{name}.amazonaws.com")
}

impl Engine {
    /// Registers a service and makes its credential.
    pub async fn add_service(
        &self,
        new: NewService,
        operator: &str,
    ) -> Result<NewCredential, OperatorError> {
        let mut writes = Vec::new();
        let mut preconditions = Vec::new();
        let record = match &new.kind {
            NewServiceKind::AsItself { source_arn, source_account } => ServiceRecord {
                source_arn: source_arn.clone(),
                source_account: Some(source_account.unwrap_or(new.account)),
                ..self.registration(&new, new.account, ServiceKind::AsItself)
            },
            NewServiceKind::OnBehalf { role } => {
                let id = match role {
                    Some(name) => self.existing_role(new.account, name).await?,
                    None => self.new_role(&new, (&mut preconditions, &mut writes)).await?,
                };
                let registration = self.registration(&new, new.account, ServiceKind::OnBehalf);
                ServiceRecord { role: Some(id), ..registration }
            }
            NewServiceKind::Owned => {
                let account = self.owned_account(&new, &mut writes).await?;
                // It acts as the root user of its own account, which nobody else is.
                let registration = self.registration(&new, account, ServiceKind::OnBehalf);
                ServiceRecord { owned_account: Some(account), ..registration }
            }
        };
        self.require_account(&new, record.account).await?;
        if self.store().services().find(&record.name, &record.account).await?.is_some() {
            return Err(OperatorError::ServiceExists(record.name, record.account));
        }
        let owner = CredentialOwner::Service(record.name.clone());
        let (credential, key) = self.new_credential(record.account, owner)?;
        let command = self.service_command("RegisterService", &record, operator);
        writes.extend([Write::PutService(Box::new(record.clone())), Write::PutCredential(key)]);
        self.operate_if(&command, preconditions, writes).await?;
        Ok(credential)
    }

    /// Every registration, by name and account.
    pub async fn list_services(&self) -> Result<Vec<ServiceRecord>, OperatorError> {
        Ok(self.store().services().list().await?)
    }

    /// Replaces a service's credentials: every older one stops working.
    pub async fn reset_service(
        &self,
        (name, account): (&ServiceName, AccountId),
        operator: &str,
    ) -> Result<NewCredential, OperatorError> {
        let record = self.registered(name, account).await?;
        let owner = CredentialOwner::Service(record.name.clone());
        let mut writes = self.deletions(account, &owner).await?;
        let (credential, key) = self.new_credential(account, owner)?;
        writes.push(Write::PutCredential(key));
        let command = self.service_command("ResetService", &record, operator);
        self.operate(&command, writes).await?;
        Ok(credential)
    }

    /// Ends a registration: its credentials stop working. Its role, its grants and its keys stay:
    /// they are the account's to remove.
    pub async fn remove_service(
        &self,
        (name, account): (&ServiceName, AccountId),
        operator: &str,
    ) -> Result<(), OperatorError> {
        let record = self.registered(name, account).await?;
        let mut writes =
            self.deletions(account, &CredentialOwner::Service(record.name.clone())).await?;
        writes.push(Write::DeleteService(record.name.clone(), account));
        let command = self.service_command("RemoveService", &record, operator);
        self.operate(&command, writes).await
    }

    fn registration(
        &self,
        new: &NewService,
        account: AccountId,
        kind: ServiceKind,
    ) -> ServiceRecord {
        ServiceRecord {
            name: new.name.as_str().to_owned(),
            account,
            kind,
            source_arn: None,
            source_account: None,
            role: None,
            owned_account: None,
            created_at: self.clock().now(),
        }
    }

    async fn registered(
        &self,
        name: &ServiceName,
        account: AccountId,
    ) -> Result<ServiceRecord, OperatorError> {
        let found = self.store().services().find(name.as_str(), &account).await?;
        found.ok_or_else(|| OperatorError::NoSuchService(name.as_str().to_owned(), account))
    }

    /// Refuses an account that is not there. The hidden account of an owned service is being made.
    async fn require_account(
        &self,
        new: &NewService,
        account: AccountId,
    ) -> Result<(), OperatorError> {
        let is_new = new.kind == NewServiceKind::Owned;
        if is_new || self.store().accounts().find(&account).await?.is_some() {
            return Ok(());
        }
        Err(OperatorError::NoSuchAccount(account))
    }

    async fn deletions(
        &self,
        account: AccountId,
        owner: &CredentialOwner,
    ) -> Result<Vec<Write>, OperatorError> {
        let keys = self.store().credentials().list(&account, owner).await?;
        Ok(keys.into_iter().map(|key| Write::DeleteCredential(key.access_key_id)).collect())
    }

    async fn existing_role(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<UniqueId, OperatorError> {
        let entity = EntityName::new(account, EntityKind::Role, name);
        let found = self.store().entities().find(&entity).await?;
        let id = found.and_then(|role| role.record.unique_id);
        id.ok_or_else(|| OperatorError::NoSuchRole(name.to_owned(), account))
    }

    /// The role a service acts as unless another is named: it may use the account's keys, as far as
    /// their policies let the account decide. It is an ordinary role, which the account may change.
    async fn new_role(
        &self,
        new: &NewService,
        (preconditions, writes): (&mut Vec<Precondition>, &mut Vec<Write>),
    ) -> Result<UniqueId, OperatorError> {
        let name = format!("keyward-{}", new.name.as_str());
        let entity = EntityName::new(new.account, EntityKind::Role, name.as_str());
        if let Some(found) = self.store().entities().find(&entity).await? {
            let missing = || OperatorError::NoSuchRole(name, new.account);
            return found.record.unique_id.ok_or_else(missing);
        }
        let id = UniqueId::new(UniqueIdKind::Role, self.rng());
        let use_keys = ("UseKeys".to_owned(), USE_KEYS.to_owned());
        let body = RoleBody {
            assume_role_policy_document: trust_in(&new.name.principal()),
            description: Some(format!("What {} does for this account", new.name.principal())),
            max_session_duration_s: SESSION_S_MAX,
            inline_policies: BTreeMap::from([use_keys]),
            ..RoleBody::default()
        };
        let record = EntityRecord {
            account: new.account,
            name,
            unique_id: Some(id),
            path: "/service-role/".to_owned(),
            created_at: self.clock().now(),
            body: EntityBody::Role(body),
        };
        preconditions.push(Precondition::EntityAbsent(entity));
        writes.push(Write::PutEntity(Box::new(record)));
        Ok(id)
    }

    /// The account of an owned service: a new one.
    async fn owned_account(
        &self,
        new: &NewService,
        writes: &mut Vec<Write>,
    ) -> Result<AccountId, OperatorError> {
        let name = new.name.as_str();
        let services = self.store().services().list().await?;
        let owned = services.iter().find(|one| one.name == name && one.owned_account.is_some());
        if let Some(owned) = owned {
            return Err(OperatorError::ServiceExists(owned.name.clone(), owned.account));
        }
        let account = AccountId::random(self.rng());
        if self.store().accounts().find(&account).await?.is_some() {
            return Err(OperatorError::AccountExists(account));
        }
        writes.push(Write::PutAccount(AccountRecord {
            account,
            created_at: self.clock().now(),
            owner_service: Some(name.to_owned()),
        }));
        Ok(account)
    }

    fn service_command<'a>(
        &'a self,
        name: &'a str,
        record: &ServiceRecord,
        operator: &'a str,
    ) -> OperatorCommand<'a> {
        let mut request_parameters = Fragment::default();
        let mut to = request_parameters.add();
        to.text("service", &service_principal(&record.name));
        to.text("accountId", record.account.as_str());
        to.text("kind", record.kind.as_str());
        if let Some(source_arn) = &record.source_arn {
            to.text("sourceArn", source_arn);
        }
        let (account, region) = (record.account, self.default_region());
        OperatorCommand { name, account, region, operator, request_parameters }
    }
}

/// The default permissions of a service's role: use of keys, and grants for its own work.
const USE_KEYS: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "UseKeys",
      "Effect": "Allow",
      "Action": [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ListAliases",
        "kms:ReEncrypt*"
      ],
      "Resource": "*"
    },
    {
      "Sid": "GrantForItself",
      "Effect": "Allow",
      "Action": "kms:CreateGrant",
      "Resource": "*",
      "Condition": { "Bool": { "kms:GrantIsForAWSResource": "true" } }
    }
  ]
}"#;

fn trust_in(principal: &str) -> String {
    format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {{\n      \"Effect\": \"Allow\",\n      \
         \"Principal\": {{ \"Service\": \"{principal}\" }},\n      \"Action\": \"sts:AssumeRole\"\n    }}\n  ]\n}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_name_is_a_label() {
        for name in ["s3", "a", "my-store", "dynamodb", "a234567890123456789012345678901b"] {
            assert_eq!(
                name.parse::<ServiceName>().unwrap().principal(),
                format!("{name}.amazonaws.com")
            );
        }
        for text in
            ["", "S3", "3s", "-a", "a-", "a.b", "a_b", "ä", "a2345678901234567890123456789012c"]
        {
            assert_eq!(text.parse::<ServiceName>(), Err(NotAServiceName), "{text}");
        }
    }

    #[test]
    fn the_documents_of_a_services_role_are_policies() {
        for document in [USE_KEYS, &trust_in("s3.amazonaws.com")] {
            keyward_policy::parse(document).unwrap();
        }
    }
}
