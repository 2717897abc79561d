//! What happens between the calls of a golden file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyward_attestation::testing::Evidence;
use keyward_crypto::MFA_STEP_S;
use keyward_engine::{NewServiceKind, RequestQuotas};
use keyward_model::Clock;
use keyward_ops::REQUEST_GROUPS;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Scene;
use super::refusing_store::RefusingStore;
use crate::{MockClock, TestApp, TestIssuer, TestOptions, attester, blob, enclave, mfa_seed};

/// The identity provider whose token every scene has.
const ISSUER: &str = "https://id.example.com/x";

/// Something that is no call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Deed {
    /// There is one more account, whose root user has this name.
    AddAccount { name: String, account: String },
    /// Time passes.
    AdvanceDays(u64),
    /// An attestation document is `<attestationDocument>`.
    Attest(Recipient),
    /// What is due is done.
    DoDueWork,
    /// The database takes no changes from now on, or takes them again.
    RefuseChanges(bool),
    /// A text so many times over is known by a name.
    Repeat { text: String, times: usize, name: String },
    /// States that end by themselves end.
    Settle,
    /// Two codes of the device with this seed are `<code1>` and `<code2>`, from so many steps
    /// after now.
    ShowCodes { seed: String, steps: i64 },
    /// A key gets into a state.
    PutInState { key: String, state: String },
    /// A service is registered, and calls by its name.
    RegisterService { name: String, kind: Service, source_arn: Option<String> },
    /// A key's material, bytes of one value, is `<importToken>` and `<wrappedMaterial>`.
    Wrap { key: String, byte: u8 },
}

/// For whom a service calls.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Service {
    AsItself,
    OnBehalf,
    /// Its account is `<nameUserId>`: it is the root user there.
    Owned,
}

/// Whom an attestation document speaks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Recipient {
    Enclave,
    NitroTpm,
}

/// A service that knows an identity provider's keys, and two tokens of that provider: the second says
/// who is behind it.
pub(super) async fn app(
    rates: &BTreeMap<String, u32>,
    refuses_changes: &Arc<AtomicBool>,
) -> (TestApp, [String; 2]) {
    let issuer = TestIssuer::new(ISSUER);
    let key_sets = BTreeMap::from([(ISSUER.to_owned(), issuer.key_set().to_string())]);
    let now_s = MockClock::default().now().unix_s();
    let mut claims = json!({
        "sub": "dana",
        "aud": "app",
        "iat": now_s,
        "exp": now_s + 600,
        "https://aws.amazon.com/tags": {
            "principal_tags": { "team": ["red"], "cost": ["7"] },
            "transitive_tag_keys": ["team"],
        },
    });
    let token = issuer.token(&claims);
    claims["https://aws.amazon.com/source_identity"] = json!("dana@example.com");
    let tokens = [token, issuer.token(&claims)];
    let own = |name: &str| rates.get(name).copied();
    let request_quotas =
        (!rates.is_empty()).then(|| RequestQuotas::new(REQUEST_GROUPS, false, own));
    let refuses = Arc::clone(refuses_changes);
    let options = TestOptions {
        key_sets,
        request_quotas,
        wrap_store: Some(Box::new(move |store| Arc::new(RefusingStore { store, refuses }))),
        ..TestOptions::default()
    };
    (TestApp::with(options).await, tokens)
}

impl Scene {
    pub(super) async fn do_deed(&mut self, deed: &Deed) {
        let app = &self.app;
        match deed {
            Deed::AddAccount { name, account } => {
                let client = app.add_account(account).await;
                self.bind_client(name, &client);
                self.clients.insert(name.clone(), client);
            }
            Deed::AdvanceDays(days) => app.clock().advance_days(*days),
            Deed::Attest(recipient) => {
                let (public_key, now) = (enclave().public_key(), app.clock().now());
                let evidence = match recipient {
                    Recipient::Enclave => Evidence::enclave(public_key, now),
                    Recipient::NitroTpm => Evidence::nitro_tpm(public_key, now),
                };
                let document = attester().attest(&evidence);
                self.bindings.set("attestationDocument", blob(document));
            }
            Deed::DoDueWork => app.do_due_work().await,
            Deed::RefuseChanges(refuses) => {
                self.refuses_changes.store(*refuses, Ordering::Relaxed);
            }
            Deed::Repeat { text, times, name } => self.bindings.set(name, text.repeat(*times)),
            Deed::Settle => app.settle().await,
            Deed::ShowCodes { seed, steps } => {
                let base32 = self.bindings.filled_text(seed);
                let seed = mfa_seed(&crate::unblob(&Value::from(base32)));
                let step = app.clock().now().unix_s().div_euclid(MFA_STEP_S) + steps;
                self.bindings.set("code1", &**seed.code(step));
                self.bindings.set("code2", &**seed.code(step + 1));
            }
            Deed::PutInState { key, state } => {
                let key = self.bindings.filled_text(key);
                app.put_in_state(&key, state.parse().unwrap()).await;
            }
            Deed::RegisterService { name, kind, source_arn } => {
                let kind = match kind {
                    Service::AsItself => NewServiceKind::AsItself {
                        source_arn: source_arn.clone(),
                        source_account: None,
                    },
                    Service::OnBehalf => NewServiceKind::OnBehalf { role: None },
                    Service::Owned => NewServiceKind::Owned,
                };
                let client = app.service(name, kind).await;
                self.bind_client(name, &client);
                self.clients.insert(name.clone(), client);
            }
            Deed::Wrap { key, byte } => {
                let key = self.bindings.filled_text(key);
                let request = app.root().import_parameters(&key).await.request(&[*byte; 32]);
                let text = |member: &str| request[member].as_str().unwrap().to_owned();
                self.bindings.set("importToken", text("ImportToken"));
                self.bindings.set("wrappedMaterial", text("EncryptedKeyMaterial"));
            }
        }
    }
}
