//! Random lives of one key, step by step beside a small model of it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use keyward_model::Clock as _;
use keyward_testkit::{Client, TestApp, blob};
use proptest::prelude::*;
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;
const ON_DEMAND_MAX: usize = 25;

/// Something that happens to the key.
#[derive(Clone, Debug)]
enum Step {
    Cancel,
    Decrypt(prop::sample::Index),
    Disable,
    DisableRotation,
    Enable,
    EnableRotation(u32),
    Encrypt,
    RotateOnDemand,
    Schedule(u32),
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Cancel),
        4 => any::<prop::sample::Index>().prop_map(Step::Decrypt),
        2 => Just(Step::Disable),
        1 => Just(Step::DisableRotation),
        4 => Just(Step::Enable),
        2 => (90..=200_u32).prop_map(Step::EnableRotation),
        4 => Just(Step::Encrypt),
        3 => Just(Step::RotateOnDemand),
        1 => (7..=30_u32).prop_map(Step::Schedule),
        4 => prop_oneof![1..40_u32, 90..400_u32].prop_map(Step::Wait),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Enabled,
    Disabled,
    PendingDeletion { until: i64 },
    Gone,
}

/// What the key should be like.
struct Model {
    state: State,
    /// The rotation period in days, and when the next rotation is due.
    rotation: Option<(u32, i64)>,
    on_demand: usize,
    /// How many versions of its material it has had.
    versions: usize,
    /// The version that made each ciphertext.
    ciphertexts: Vec<usize>,
}

impl Model {
    /// Takes a step at a time; the name of the error, if there must be one.
    fn take(&mut self, step: &Step, now: i64) -> Option<&'static str> {
        if let Step::Wait(_) = step {
            self.catch_up(now);
            return None;
        }
        let refusal = self.refusal(step);
        if refusal.is_none() {
            self.succeed(step, now);
        }
        refusal
    }

    fn refusal(&self, step: &Step) -> Option<&'static str> {
        match (self.state, step) {
            (State::Gone, _) => Some("NotFoundException"),
            (State::PendingDeletion { .. }, Step::Cancel)
            | (State::Disabled, Step::Enable | Step::Disable | Step::Schedule(_)) => None,
            (_, Step::Cancel) | (State::PendingDeletion { .. }, _) => {
                Some("KMSInvalidStateException")
            }
            (State::Disabled, _) => Some("DisabledException"),
            (State::Enabled, Step::RotateOnDemand) if self.on_demand == ON_DEMAND_MAX => {
                Some("LimitExceededException")
            }
            (State::Enabled, _) => None,
        }
    }

    fn succeed(&mut self, step: &Step, now: i64) {
        match *step {
            Step::Cancel | Step::Disable => self.state = State::Disabled,
            Step::Enable => self.state = State::Enabled,
            Step::DisableRotation => self.rotation = None,
            Step::EnableRotation(days) => {
                self.rotation = Some((days, now + i64::from(days) * DAY_MS));
            }
            Step::Encrypt => self.ciphertexts.push(self.versions),
            Step::RotateOnDemand => {
                self.on_demand += 1;
                self.versions += 1;
            }
            Step::Schedule(days) => {
                self.state = State::PendingDeletion { until: now + i64::from(days) * DAY_MS };
            }
            Step::Decrypt(_) | Step::Wait(_) => {}
        }
        self.catch_up(now);
    }

    /// What time has done by now.
    fn catch_up(&mut self, now: i64) {
        match self.state {
            State::PendingDeletion { until } if until <= now => self.state = State::Gone,
            State::Enabled => {
                if let Some((days, next)) = &mut self.rotation
                    && *next <= now
                {
                    self.versions += 1;
                    while *next <= now {
                        *next += i64::from(*days) * DAY_MS;
                    }
                }
            }
            _ => {}
        }
    }

    fn state_on_wire(&self) -> &'static str {
        match self.state {
            State::Enabled => "Enabled",
            State::Disabled => "Disabled",
            State::PendingDeletion { .. } => "PendingDeletion",
            State::Gone => "gone",
        }
    }
}

/// The real key and what it made.
struct Life {
    app: TestApp,
    root: Client,
    key: String,
    ciphertexts: Vec<String>,
    /// The id of each version, as far as seen.
    ids: Vec<String>,
}

impl Life {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let id = root.describe(&key).await["CurrentKeyMaterialId"].as_str().unwrap().to_owned();
        Self { app, root, key, ciphertexts: Vec::new(), ids: vec![id] }
    }

    /// Takes a step; the name of the error, if there was one.
    async fn take(&mut self, step: &Step) -> Option<String> {
        let key = self.key.clone();
        let result = match step {
            Step::Cancel => self.call("CancelKeyDeletion", json!({ "KeyId": key })).await,
            Step::Decrypt(at) => {
                let Some(ciphertext) = self.ciphertext(*at) else {
                    // Any request that a key refuses as it refuses Decrypt.
                    return self.call("GenerateDataKey", data_key(&key)).await.err();
                };
                let input = json!({ "CiphertextBlob": ciphertext, "KeyId": key });
                self.call("Decrypt", input).await
            }
            Step::Disable => self.call("DisableKey", json!({ "KeyId": key })).await,
            Step::DisableRotation => self.call("DisableKeyRotation", json!({ "KeyId": key })).await,
            Step::Enable => self.call("EnableKey", json!({ "KeyId": key })).await,
            Step::EnableRotation(days) => {
                let input = json!({ "KeyId": key, "RotationPeriodInDays": days });
                self.call("EnableKeyRotation", input).await
            }
            Step::Encrypt => {
                let input = json!({ "KeyId": key, "Plaintext": blob("secret") });
                self.call("Encrypt", input).await.inspect(|reply| {
                    let made = reply["CiphertextBlob"].as_str().unwrap().to_owned();
                    self.ciphertexts.push(made);
                })
            }
            Step::RotateOnDemand => self.call("RotateKeyOnDemand", json!({ "KeyId": key })).await,
            Step::Schedule(days) => {
                let input = json!({ "KeyId": key, "PendingWindowInDays": days });
                self.call("ScheduleKeyDeletion", input).await
            }
            Step::Wait(days) => {
                self.app.clock().advance_days(u64::from(*days));
                Ok(Value::Null)
            }
        };
        self.app.do_due_work().await;
        result.err()
    }

    fn ciphertext(&self, at: prop::sample::Index) -> Option<&String> {
        (!self.ciphertexts.is_empty()).then(|| at.get(&self.ciphertexts))
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, String> {
        self.root.call(operation, input).await.map_err(|refused| refused.name)
    }

    /// Compares all that can be seen of the key with the model.
    async fn compare(&mut self, model: &Model) {
        let named = json!({ "KeyId": self.key });
        if model.state == State::Gone {
            let refused = self.call("DescribeKey", named).await;
            assert_eq!(refused, Err("NotFoundException".to_owned()));
            return;
        }
        let metadata = self.root.describe(&self.key).await;
        assert_eq!(metadata["KeyState"], model.state_on_wire());
        assert_eq!(metadata["Enabled"], model.state == State::Enabled);
        let is_pending = matches!(model.state, State::PendingDeletion { .. });
        assert_eq!(metadata.get("DeletionDate").is_some(), is_pending);

        let all = json!({ "KeyId": self.key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
        let versions = self.root.ok("ListKeyRotations", all).await;
        let versions = versions["Rotations"].as_array().unwrap();
        assert_eq!(versions.len(), model.versions);
        self.ids =
            versions.iter().map(|it| it["KeyMaterialId"].as_str().unwrap().to_owned()).collect();
        assert_eq!(metadata["CurrentKeyMaterialId"].as_str(), self.ids.last().map(String::as_str));
        let current = versions.iter().filter(|it| it["KeyMaterialState"] == "CURRENT");
        assert_eq!(current.count(), 1);

        let status = self.root.ok("GetKeyRotationStatus", named).await;
        assert_eq!(status["KeyRotationEnabled"], model.rotation.is_some() && !is_pending);
        if let (Some((days, next)), false) = (model.rotation, is_pending) {
            assert_eq!(status["RotationPeriodInDays"], days);
            // A disabled key does not rotate: its date may lie behind.
            let next = json!(keyward_model::Timestamp::from_unix_ms(next));
            assert_eq!(status["NextRotationDate"], next);
        }
        if model.state == State::Enabled {
            self.open_everything(model).await;
        }
    }

    /// Every ciphertext ever made opens, under the version that made it.
    async fn open_everything(&self, model: &Model) {
        for (ciphertext, &version) in self.ciphertexts.iter().zip(&model.ciphertexts) {
            let opened = self.root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
            assert_eq!(opened["Plaintext"], blob("secret"));
            assert_eq!(opened["KeyMaterialId"], self.ids[version - 1].as_str());
        }
    }
}

fn data_key(key: &str) -> Value {
    json!({ "KeyId": key, "KeySpec": "AES_256" })
}

async fn live(steps: Vec<Step>) {
    let mut life = Life::new().await;
    let mut model = Model {
        state: State::Enabled,
        rotation: None,
        on_demand: 0,
        versions: 1,
        ciphertexts: Vec::new(),
    };
    for step in steps {
        let refused = life.take(&step).await;
        let expected = model.take(&step, life.app.clock().now().unix_ms());
        assert_eq!(refused.as_deref(), expected, "{step:?}");
        life.compare(&model).await;
    }
}

#[test]
fn a_key_lives_as_its_model_does() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    proptest!(ProptestConfig::with_cases(64), |(steps in prop::collection::vec(step(), 1..40))| {
        runtime.block_on(live(steps));
    });
}

/// Rarely met by chance.
#[tokio::test]
async fn a_key_rotates_on_demand_25_times_and_then_only_by_itself() {
    let mut steps = vec![Step::Encrypt];
    steps.extend(std::iter::repeat_n(Step::RotateOnDemand, ON_DEMAND_MAX + 1));
    steps.extend([Step::EnableRotation(90), Step::Wait(90), Step::Encrypt, Step::RotateOnDemand]);
    live(steps).await;
}
