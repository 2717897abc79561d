//! Generators of key material that take as long as a test wants.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use keyward_crypto::{DataKeyPair, KeyMaterial, Plaintext};
use keyward_engine::{GenerateError, Generator, LocalGenerator, Workers};
use keyward_model::KeySpec;
use tokio::sync::{Mutex, Semaphore};

/// Makes material only when the test lets it.
#[derive(Debug)]
pub struct HeldGenerator {
    allowed: Semaphore,
    waiting: Semaphore,
}

impl Default for HeldGenerator {
    fn default() -> Self {
        Self { allowed: Semaphore::new(0), waiting: Semaphore::new(0) }
    }
}

impl HeldGenerator {
    /// Lets one generation go on.
    pub fn release(&self) {
        self.allowed.add_permits(1);
    }

    /// Returns once a caller waits for its material.
    pub async fn someone_waits(&self) {
        self.waiting.acquire().await.unwrap().forget();
    }
}

#[async_trait]
impl Generator for HeldGenerator {
    async fn generate(&self, spec: KeySpec) -> Result<KeyMaterial, GenerateError> {
        self.waiting.add_permits(1);
        self.allowed.acquire().await.unwrap().forget();
        local_generator().generate(spec).await
    }

    async fn generate_pair(&self, spec: KeySpec) -> Result<DataKeyPair, GenerateError> {
        self.waiting.add_permits(1);
        self.allowed.acquire().await.unwrap().forget();
        local_generator().generate_pair(spec).await
    }
}

/// Makes material as the program does, but RSA keys once for the whole process: they take long. Two
/// keys of one spec have the same material then, which nothing shows.
#[derive(Debug)]
pub(crate) struct QuickGenerator;

#[async_trait]
impl Generator for QuickGenerator {
    async fn generate(&self, spec: KeySpec) -> Result<KeyMaterial, GenerateError> {
        static MADE: Mutex<BTreeMap<KeySpec, Vec<u8>>> = Mutex::const_new(BTreeMap::new());
        if !is_rsa(spec) {
            return local_generator().generate(spec).await;
        }
        let mut made = MADE.lock().await;
        if let Some(material) = made.get(&spec) {
            return Ok(KeyMaterial::new(material.clone()));
        }
        let material = local_generator().generate(spec).await?;
        made.insert(spec, material.expose().to_vec());
        Ok(material)
    }

    async fn generate_pair(&self, spec: KeySpec) -> Result<DataKeyPair, GenerateError> {
        static MADE: Mutex<BTreeMap<KeySpec, Pair>> = Mutex::const_new(BTreeMap::new());
        if !is_rsa(spec) {
            return local_generator().generate_pair(spec).await;
        }
        let mut made = MADE.lock().await;
        if let Some((private_key, public_key)) = made.get(&spec) {
            let private_key = Plaintext::new(private_key.clone());
            return Ok(DataKeyPair { private_key, public_key: public_key.clone() });
        }
        let pair = local_generator().generate_pair(spec).await?;
        made.insert(spec, (pair.private_key.expose().to_vec(), pair.public_key.clone()));
        Ok(pair)
    }
}

/// A private and a public key.
type Pair = (Vec<u8>, Vec<u8>);

const fn is_rsa(spec: KeySpec) -> bool {
    matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096)
}

/// The generator of the program.
pub(crate) fn local_generator() -> LocalGenerator {
    LocalGenerator::new(workers())
}

/// The workers of every service in this process.
pub(crate) fn workers() -> Arc<Workers> {
    static WORKERS: OnceLock<Arc<Workers>> = OnceLock::new();
    Arc::clone(WORKERS.get_or_init(|| Workers::start(2).unwrap()))
}
