//! What every call passes: the operation and its table entry, dispatch, the context a running
//! operation sees, authorization, key material in use, and the one change that gets committed.
//!
//! The journey of a call: [`dispatch`](Engine::dispatch) makes a [`Cx`] and calls the [`Entry`];
//! the operation decodes its shape, resolves, authorizes, checks, computes and stages a change;
//! dispatch commits the change with its audit record, or records the refusal. No record, no reply.
//!
//! This crate knows no operation by name, no HTTP and no SQL.

mod access_key;
mod authority;
mod authorize;
mod aws_managed_key;
mod begun;
mod bootstrap;
mod cache;
mod call_by_service;
mod cipher;
mod clock;
mod codec;
mod condition;
mod context;
mod credential;
mod deployment_clock;
mod development;
mod dispatch;
mod engine;
mod error;
mod event_history;
mod grant;
mod grantee;
mod import;
mod key;
mod key_creation;
mod key_metadata;
mod keyring;
mod last_use;
mod marker;
mod material;
mod material_set;
mod mfa;
mod named_principals;
mod observer;
mod operation;
mod operator;
mod organization;
mod outbox;
mod pair_pool;
mod principal_use;
mod principals;
mod private_key;
mod recipient;
mod record;
mod request_quota;
mod resolve;
mod schedule;
mod service;
mod session;
mod shared;
mod stamped;
mod trail_event;
mod trail_key;
mod turns;
mod workers;

pub use authorize::{Access, Account, Action, Authorized, Role, reach};
pub use begun::{Panicked, caught};
pub use bootstrap::{BootstrapError, NewDeployment, create_deployment};
pub use call_by_service::{CallByService, Maker};
pub use cipher::{CiphertextHeader, Sealed};
pub use clock::ClockWatch;
pub use condition::{ConditionValue, Conditions, NewGrant, RequestTags, Visit, visit_member};
pub use context::Cx;
pub use credential::{Credential, CredentialLookup};
pub use development::{DevelopmentError, LoadedKey};
pub use dispatch::{Call, Client, Tls};
pub use engine::{Engine, Parts, Quotas};
pub use error::{ErrorCode, OpError};
pub use event_history::{
    EventHistory, EventPage, EventPosition, EventQuery, HistoryError, TrailDescription,
    TrailPublicKey, TrailStatus,
};
pub use grant::grant_not_found;
pub use import::{ImportParameters, incorrect_material};
pub use key::Key;
pub use key_creation::KeyCreation;
pub use key_metadata::{Algorithms, KeyMetadata};
pub use keyring::KeyRing;
pub use keyward_model::LookupAttribute;
pub use marker::Page;
pub use material::{GenerateError, Generator, LocalGenerator, Version};
pub use material_set::MaterialSet;
pub use named_principals::{Bindings, NamedPrincipals};
pub use observer::Observer;
pub use operation::{
    Api, Authentication, BODY_BYTES_MAX, CallFuture, Entry, FORM_BYTES_MAX, KMS, Kind, Operation,
    Protocol, Reply, STS_EVENT_SOURCE, entry, json_entry, query_entry, unsigned_query_entry,
};
pub use operator::{NewAccount, NewCredential, OperatorError};
pub use organization::{BadControlPolicy, Member, Organization};
pub use private_key::SignedMessage;
pub use recipient::{AttestationRules, Recipient};
pub use record::record_disagreements;
pub use request_quota::{Rate, RequestGroup, RequestQuotas};
pub use resolve::{Found, Target};
pub use schedule::{DOMAIN_KEY_AGE_MAX_DAYS, ScheduleError};
pub use service::{NewService, NewServiceKind, NotAServiceName, ServiceName};
pub use session::{IssuedSession, NewSession, SESSION_S_MAX};
pub use trail_event::TrailEvent;
pub use trail_key::{TrailKeyError, TrailKeyPair};
pub use workers::{Busy, Lane, Workers};
