//! AWS managed keys: one for each service in each account and Region, born when its predefined alias
//! is first described, or when its service first uses it.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk>

use std::collections::BTreeMap;

use keyward_audit::Fragment;
use keyward_model::{
    AliasName, KeyId, KeyManager, KeySpec, KeyState, KeyUsage, Origin, Partition, Principal,
    Timestamp,
};
use keyward_policy::{
    AWS_MANAGED_SERVICES, AwsManagedService, find_aws_managed_service, service_key_policy,
};
use keyward_store::{
    AliasRecord, AuditRow, Change, CommitError, KeyRecord, PolicyRecord, Precondition, Rotation,
    Scope, Write,
};

use crate::call_by_service::call_by_service_row;
use crate::{
    Account, Action, Authorized, CallByService, Cx, Engine, KeyCreation, KeyMetadata, Maker,
    OpError, reach,
};

/// What the key of a service is called and who may use it.
struct ServiceKey {
    alias: AliasName,
    description: String,
    document: String,
}

impl Cx {
    /// Stages the key of a known service in the caller's account, with its alias and its policy.
    pub async fn stage_aws_managed_key<A>(
        &mut self,
        account: &Authorized<A, Account>,
        alias: AliasName,
        service: &AwsManagedService,
    ) -> Result<KeyRecord, OpError>
    where
        A: Action<Reach = reach::Change>,
    {
        let (engine, scope) = (self.engine(), self.scope());
        let key = ServiceKey::known(alias, service, (engine.partition(), &scope));
        let (record, change) = engine.new_aws_managed_key(&scope, &key).await?;
        let time = self.recording_time();
        let rows = creation_rows(self, time, (&record, &key), Maker::Service);
        self.change.audit.extend(rows);
        // Two callers who describe the alias at once get one key.
        change.preconditions.into_iter().for_each(|it| self.require(it));
        self.stage_in_account(account, change.writes);
        Ok(record)
    }

    /// Makes the calling service's own key in the account it calls for, if that is what the alias
    /// is predefined for. Whether it is there now.
    pub(crate) async fn make_key_of_calling_service(
        &self,
        alias: &AliasName,
    ) -> Result<bool, OpError> {
        let caller = self.caller();
        let (Some(service), Principal::AssumedRole { .. }) =
            (&caller.invoked_by, &caller.principal)
        else {
            return Ok(false);
        };
        let (engine, scope) = (self.engine(), self.scope());
        let place = (engine.partition(), &scope);
        let Some(key) = ServiceKey::of(service, alias, place) else { return Ok(false) };
        let (record, mut change) = engine.new_aws_managed_key(&scope, &key).await?;
        let (now, maker) = (engine.clock().now(), Maker::Caller(service));
        let [of_key, of_alias] = creation_rows(self, now, (&record, &key), maker);
        change.audit.push(of_alias);
        match engine.commit_recorded(change, of_key).await {
            // Somebody else was first.
            Ok(()) | Err(CommitError::Conflict(_)) => Ok(true),
            Err(error) => Err(OpError::internal(error)),
        }
    }
}

/// The records of a service's key that was made, and of its alias.
fn creation_rows(
    cx: &Cx,
    time: Timestamp,
    (record, new): (&KeyRecord, &ServiceKey),
    maker: Maker<'_>,
) -> [AuditRow; 2] {
    let (engine, key) = (cx.engine(), cx.engine().key_arn(&record.key));
    let of_key = CallByService {
        event_name: "CreateKey",
        maker,
        request_parameters: &KeyCreation::of(record, false)
            .request_parameters([], Some(&new.document)),
        response_elements: &KeyMetadata::of_new(engine, record).of_creation(),
        alias: None,
        key: &key,
    };
    let (mut request_parameters, mut response_elements) =
        (Fragment::default(), Fragment::default());
    let mut to = request_parameters.add();
    to.text("aliasName", new.alias.as_str());
    to.text("targetKeyId", record.key.key_id.as_str());
    response_elements.add().display("keyId", &key);
    let of_alias = CallByService {
        event_name: "CreateAlias",
        maker,
        request_parameters: &request_parameters,
        response_elements: &response_elements,
        alias: Some(&cx.alias_arn(new.alias.clone())),
        key: &key,
    };
    [of_key, of_alias].map(|made| call_by_service_row(cx, time, &made))
}

impl ServiceKey {
    /// The key of a service that AWS documents one for.
    fn known(
        alias: AliasName,
        service: &AwsManagedService,
        (partition, Scope { account, region }): (Partition, &Scope),
    ) -> Self {
        let (account, region) = (account.as_str(), region.as_str());
        Self {
            alias,
            description: service.description.to_owned(),
            document: service.key_policy(partition.as_str(), account, region),
        }
    }

    /// The key that this alias is predefined for, if it is this service's.
    fn of(
        service_principal: &str,
        alias: &AliasName,
        (partition, scope): (Partition, &Scope),
    ) -> Option<Self> {
        let service = service_principal.strip_suffix(".amazonaws.com")?;
        let reserved_for = alias.reserved_for()?;
        if let Some(known) = find_aws_managed_service(reserved_for) {
            let is_its_own = known.via_service == service;
            return is_its_own.then(|| Self::known(alias.clone(), known, (partition, scope)));
        }
        let is_known = AWS_MANAGED_SERVICES.iter().any(|known| known.via_service == service);
        if is_known || reserved_for != service {
            return None;
        }
        let (account, region) = (scope.account.as_str(), scope.region.as_str());
        Some(Self {
            alias: alias.clone(),
            description: format!(
                "Default key that protects my {service} data when no other key is defined"
            ),
            document: service_key_policy(service, partition.as_str(), account, region),
        })
    }
}

impl Engine {
    /// The key's row, and the change that makes it.
    async fn new_aws_managed_key(
        &self,
        scope: &Scope,
        new: &ServiceKey,
    ) -> Result<(KeyRecord, Change), OpError> {
        let now = self.clock().now();
        let key = scope.key(KeyId::single_region(self.rng()));
        let material = self.new_material(&key, KeySpec::SymmetricDefault).await?;
        let record = KeyRecord {
            key: key.clone(),
            spec: KeySpec::SymmetricDefault,
            usage: KeyUsage::EncryptDecrypt,
            origin: Origin::AwsKms,
            manager: KeyManager::Aws,
            state: KeyState::Enabled,
            multi_region: None,
            description: new.description.clone(),
            created_at: now,
            deletion_date: None,
            pending_window_days: None,
            current_material: Some(material.material_id),
            rotation: Rotation::of_aws_managed_key(now),
            settles_at: None,
        };
        let alias = AliasRecord {
            alias: scope.alias(new.alias.clone()),
            target: key.key_id,
            created_at: now,
            updated_at: now,
        };
        let preconditions = vec![Precondition::AliasAbsent(alias.alias.clone())];
        let policy =
            PolicyRecord { key, document: new.document.clone(), bindings: BTreeMap::new() };
        let writes = vec![
            Write::PutKey(Box::new(record.clone())),
            Write::PutMaterial(material),
            Write::PutPolicy(policy),
            Write::PutAlias(alias),
        ];
        Ok((record, Change { preconditions, writes, ..Change::default() }))
    }
}
