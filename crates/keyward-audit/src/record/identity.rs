//! `userIdentity`: the caller, as the account that reads the log may see it.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

use keyward_model::{
    AccountId, Caller, Identity, Principal, ServicePrincipal, Session, WebIdentity,
};

use crate::date::iso_date;
use crate::json::JsonObject;

/// Writes the members of `userIdentity` for the copy that `recipient` gets.
pub(super) fn write(o: &mut JsonObject<'_>, caller: &Caller, recipient: AccountId) {
    match &caller.principal {
        Principal::Service(service) => {
            o.text("type", "AWSService");
            o.text("invokedBy", &service.name);
            write_scope(o, service);
        }
        Principal::WebIdentity(identity) => write_web_identity(o, identity),
        _ if recipient != caller.account => write_foreign(o, caller),
        Principal::Root => write_own(o, caller, "Root", None),
        Principal::User(user) => write_own(o, caller, "IAMUser", Some(&user.name)),
        Principal::AssumedRole { .. } => write_own(o, caller, "AssumedRole", None),
        Principal::FederatedUser { .. } => write_own(o, caller, "FederatedUser", None),
    }
}

/// Writes for what a service calls that calls as itself.
// WIRE: "The audit record's words".
fn write_scope(o: &mut JsonObject<'_>, service: &ServicePrincipal) {
    let Some(source_arn) = &service.source_arn else { return };
    o.object("inScopeOf", |o| {
        o.text("sourceArn", source_arn);
        if let Some(source_account) = &service.source_account {
            o.text("sourceAccount", source_account.as_str());
        }
    });
}

fn write_own(o: &mut JsonObject<'_>, caller: &Caller, kind: &str, user_name: Option<&str>) {
    o.text("type", kind);
    o.text("principalId", &caller.user_id());
    o.text("arn", &caller.arn());
    o.text("accountId", caller.account.as_str());
    o.text("accessKeyId", caller.access_key_id.as_str());
    if let Some(user_name) = user_name {
        o.text("userName", user_name);
    }
    if let Some(session) = &caller.session {
        o.object("sessionContext", |o| write_session(o, caller, session));
    } else if matches!(caller.principal, Principal::AssumedRole { .. }) {
        // A service acts as the role without a session that anybody was given.
        o.object("sessionContext", |o| write_issuer(o, caller));
    }
}

/// Another account learns no more of the caller than account and principal id.
fn write_foreign(o: &mut JsonObject<'_>, caller: &Caller) {
    o.text("type", "AWSAccount");
    o.text("principalId", &caller.user_id());
    o.text("accountId", caller.account.as_str());
}

/// Nobody has vouched for an account yet.
fn write_web_identity(o: &mut JsonObject<'_>, identity: &WebIdentity) {
    o.text("type", "WebIdentityUser");
    o.text("principalId", &identity.principal_id());
    o.text("userName", &identity.subject);
    o.text("identityProvider", &identity.provider);
}

fn write_session(o: &mut JsonObject<'_>, caller: &Caller, session: &Session) {
    write_issuer(o, caller);
    if let Some(federation) = &session.federation {
        o.object("webIdFederationData", |o| {
            o.text("federatedProvider", &federation.provider);
            let single = |(key, values): &'_ (String, Vec<String>)| {
                values.first().map(|value| (key.clone(), value.clone()))
            };
            let claims: Vec<_> = federation.claims.iter().filter_map(single).collect();
            o.text_map("attributes", claims.iter().map(|(key, value)| (&**key, &**value)));
        });
    }
    o.object("attributes", |o| {
        o.display("creationDate", iso_date(session.issued_at));
        o.text(
            "mfaAuthenticated",
            if session.mfa_authenticated_at.is_some() { "true" } else { "false" },
        );
    });
    if let Some(source_identity) = &session.source_identity {
        o.text("sourceIdentity", source_identity);
    }
}

/// Who issued the session: the role, or the user or root user behind a federated user. A session of
/// GetSessionToken is its user's own and names no issuer.
fn write_issuer(o: &mut JsonObject<'_>, caller: &Caller) {
    let (kind, of, issuer) = match &caller.principal {
        Principal::AssumedRole { role, .. } => ("Role", "role", Some(role)),
        Principal::FederatedUser { user: Some(user), .. } => ("IAMUser", "user", Some(user)),
        Principal::FederatedUser { user: None, .. } => ("Root", "root", None),
        _ => return,
    };
    let account = caller.account.as_str();
    let full_name = issuer.map(Identity::full_name).unwrap_or_default();
    let id = issuer.map_or_else(|| account.to_owned(), |issuer| issuer.unique_id.to_string());
    o.object("sessionIssuer", |o| {
        o.text("type", kind);
        o.text("principalId", &id);
        o.text("arn", &format!("arn:{}:iam::{account}:{of}{full_name}", caller.partition));
        o.text("accountId", account);
        if let Some(issuer) = issuer {
            o.text("userName", &issuer.name);
        }
    });
}
