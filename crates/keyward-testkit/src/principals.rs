//! Users, roles and sessions that no operation made: put straight into the database.

use keyward_crypto::{Binding, MfaSeed, SigningSecret};
use keyward_engine::{IssuedSession, NewCredential, NewService, NewServiceKind, NewSession};
use keyward_model::{
    AccessKeyId, AccountId, Caller, Clock, Identity, Partition, Principal, Session, UniqueId,
    UniqueIdKind,
};
use keyward_store::{
    Change, CredentialOwner, CredentialRecord, CredentialStatus, EntityBody, EntityKind,
    EntityName, EntityRecord, MfaDeviceBody, RoleBody, UserBody, Write,
};

use crate::{Client, TestApp};

impl TestApp {
    /// Puts an entity with path `/` into the first account, or replaces it.
    pub async fn put_entity(&self, name: &str, body: EntityBody) -> Identity {
        self.put_entity_into(self.account(), name, body).await
    }

    /// The same of any account.
    pub async fn put_entity_into(
        &self,
        account: AccountId,
        name: &str,
        body: EntityBody,
    ) -> Identity {
        let entity = EntityName::new(account, body.kind(), name);
        let found = self.engine().store().entities().find(&entity).await.unwrap();
        let known = found.and_then(|found| found.record.unique_id);
        let kind = match body.kind() {
            EntityKind::Group => Some(UniqueIdKind::Group),
            EntityKind::Policy => Some(UniqueIdKind::Policy),
            EntityKind::Role => Some(UniqueIdKind::Role),
            EntityKind::User => Some(UniqueIdKind::User),
            EntityKind::MfaDevice | EntityKind::OidcProvider => None,
        };
        let unique_id = known.or_else(|| kind.map(|kind| UniqueId::new(kind, self.engine().rng())));
        let record = EntityRecord {
            account,
            name: name.to_owned(),
            unique_id,
            path: "/".to_owned(),
            created_at: self.clock().now(),
            body,
        };
        self.write_to(account, vec![Write::PutEntity(Box::new(record))]).await;
        // Those without a unique id have no identity that anybody looks at.
        let unique_id =
            unique_id.unwrap_or_else(|| UniqueId::new(UniqueIdKind::User, self.engine().rng()));
        Identity { path: "/".to_owned(), name: name.to_owned(), unique_id }
    }

    /// Removes an entity of the first account.
    pub async fn delete_entity(&self, kind: EntityKind, name: &str) {
        self.write(vec![Write::DeleteEntity(EntityName::new(self.account(), kind, name))]).await;
    }

    /// Gives an entity of the first account another name.
    pub async fn rename_entity(&self, kind: EntityKind, from: &str, to: &str) {
        let entity = EntityName::new(self.account(), kind, from);
        let found = self.engine().store().entities().find(&entity).await.unwrap();
        let record = EntityRecord { name: to.to_owned(), ..found.unwrap().record };
        let writes = vec![Write::DeleteEntity(entity), Write::PutEntity(Box::new(record))];
        self.write(writes).await;
    }

    /// Adds a user to the first account, with an access key.
    pub async fn user(&self, name: &str, body: UserBody) -> Client {
        self.user_of(self.account(), name, body).await
    }

    /// Adds a user to any account, with an access key.
    pub async fn user_of(&self, account: AccountId, name: &str, body: UserBody) -> Client {
        let user = self.put_entity_into(account, name, EntityBody::User(body)).await;
        let access_key_id = AccessKeyId::long_term(self.engine().rng());
        let owner = CredentialOwner::User(user.unique_id);
        self.put_access_key(account, &access_key_id, owner).await;
        let root = self.root();
        let caller = Caller { account, principal: Principal::User(user), ..root.caller().clone() };
        let secret = || SigningSecret::new(SECRET.as_bytes().to_vec());
        root.with_credentials(Caller { access_key_id, ..caller }, secret(), None)
    }

    /// Adds a role to the first account.
    pub async fn role(&self, name: &str, trust_policy: &str) -> Identity {
        let body = RoleBody {
            assume_role_policy_document: trust_policy.to_owned(),
            max_session_duration_s: 3600,
            ..RoleBody::default()
        };
        self.put_entity(name, EntityBody::Role(body)).await
    }

    /// A session that nobody has asked for.
    pub fn session(&self, principal: Principal, session: Session) -> Client {
        let account = self.account();
        let new = NewSession { account, principal, session, parent: None };
        let issued = self.engine().issue_session(new).unwrap();
        let IssuedSession { caller, secret, token, .. } = issued;
        self.root().with_credentials(caller, secret, Some(token))
    }

    /// Registers a service for the first account.
    pub async fn service(&self, name: &str, kind: NewServiceKind) -> Client {
        let new = NewService { name: name.parse().unwrap(), account: self.account(), kind };
        let credential = self.engine().add_service(new, "test").await.unwrap();
        let root = self.root();
        let NewCredential { account, access_key_id, secret } = credential;
        root.with_credentials(Caller::root(Partition::Aws, account, access_key_id), secret, None)
    }

    /// Gives a user of the first account an MFA device, whose name is the user's. Its codes are
    /// those of the seed.
    pub async fn mfa_device(&self, user: &Identity) -> MfaSeed {
        let seed = || MfaSeed::new(b"12345678901234567890".to_vec());
        let device = EntityName::new(self.account(), EntityKind::MfaDevice, user.name.as_str());
        let row = device.row_identity();
        let binding = Binding { table: EntityRecord::TABLE, row: &row, column: "sealed" };
        let body = MfaDeviceBody {
            sealed_seed: self.key_ring().keys().seal(&binding, &seed()).unwrap(),
            user: Some(user.unique_id),
            enabled_at: Some(self.clock().now()),
            ..MfaDeviceBody::default()
        };
        self.put_entity(&user.name, EntityBody::MfaDevice(body)).await;
        seed()
    }

    async fn put_access_key(&self, account: AccountId, id: &AccessKeyId, owner: CredentialOwner) {
        let secret = SigningSecret::new(SECRET.as_bytes().to_vec());
        let row = id.as_str().as_bytes();
        let binding = Binding { table: CredentialRecord::TABLE, row, column: "sealed_secret" };
        let record = CredentialRecord {
            access_key_id: id.clone(),
            account,
            owner,
            status: CredentialStatus::Active,
            sealed_secret: self.key_ring().keys().seal(&binding, &secret).unwrap(),
            created_at: self.clock().now(),
        };
        self.write(vec![Write::PutCredential(record)]).await;
    }

    /// Writes behind the back of the service.
    async fn write(&self, writes: Vec<Write>) {
        self.write_to(self.account(), writes).await;
    }

    async fn write_to(&self, account: AccountId, writes: Vec<Write>) {
        self.engine().store().commit(Change { writes, ..Change::default() }).await.unwrap();
        self.engine().forget_entities(&account);
    }
}

/// The secret of users' access keys.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
