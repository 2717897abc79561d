//! Signatures of the Standard Webhooks convention: HMAC-SHA256 over id, time and body.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// How many secrets may be good at once, while receivers change from one to the next.
const SECRETS_MAX: usize = 4;
const SECRET_BYTES_MIN: usize = 24;

/// The secrets that events are signed with. An event has a signature of each.
#[derive(Default)]
pub struct Secrets(Vec<hmac::Key>);

/// Text that is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a secret is a line: `whsec_` and at least {SECRET_BYTES_MIN} bytes in Base64, or a text of at \
     least as many; of up to {SECRETS_MAX} secrets each makes a signature"
)]
pub struct NotASecret;

impl Secrets {
    /// Reads the secrets of a file, one a line.
    pub fn parse(text: &str) -> Result<Self, NotASecret> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(key).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() || keys.len() > SECRETS_MAX {
            return Err(NotASecret);
        }
        Ok(Self(keys))
    }

    /// What the `webhook-signature` header holds; `None` without secrets.
    pub(super) fn sign(&self, id: &str, unix_s: i64, body: &[u8]) -> Option<String> {
        let signatures = self.0.iter().map(|key| {
            let mut context = hmac::Context::with_key(key);
            context.update(id.as_bytes());
            context.update(format!(".{unix_s}.").as_bytes());
            context.update(body);
            format!("v1,{}", STANDARD.encode(context.sign()))
        });
        let signatures: Vec<_> = signatures.collect();
        (!signatures.is_empty()).then(|| signatures.join(" "))
    }
}

fn key(line: &str) -> Result<hmac::Key, NotASecret> {
    let secret = Zeroizing::new(match line.strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded).map_err(|_| NotASecret)?,
        None => line.as_bytes().to_vec(),
    });
    if secret.len() < SECRET_BYTES_MIN {
        return Err(NotASecret);
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the convention's own libraries.
    #[test]
    fn the_known_answer_is_given() {
        let secrets = Secrets::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_makes_a_signature_and_none_makes_none() {
        let (old, new) = ("an old secret, long enough", "a new secret, long enough too");
        let sign = |text: &str| Secrets::parse(text).unwrap().sign("id", 1, b"x").unwrap();
        assert_eq!(sign(&format!("{old}\n\n {new}\n")), format!("{} {}", sign(old), sign(new)));
        assert_eq!(Secrets::default().sign("id", 1, b"x"), None);
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let five = "a secret that is long enough\n".repeat(5);
        for text in ["", "\n", "too short", "whsec_!!!", "whsec_c2hvcnQ=", &five] {
            assert_eq!(Secrets::parse(text).err(), Some(NotASecret), "{text}");
        }
    }
}
