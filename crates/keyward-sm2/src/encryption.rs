//! SM2PKE (GM/T 0003.4) with SM3. A ciphertext is DER as in GM/T 0009, 7.2: x and y of the
//! ephemeral point, C3 (the hash), C2 (the text).

use sm2::Sm2;
use sm2::pkcs8::der::Decode;
use sm2::pke::{Cipher, DecryptingKey, EncryptingKey, Mode};
use sm3::Sm3;
use zeroize::Zeroizing;

use crate::error::{EncryptError, InvalidCiphertext};
use crate::key::Sm2Key;
use crate::random::Source;

/// The longest plaintext that is encrypted: the API's bound.
pub const PLAINTEXT_BYTES_MAX: usize = 1024;

/// The longest ciphertext that is read: the API's bound. It may hold more than is encrypted here,
/// as a wrapped RSA key does.
pub const CIPHERTEXT_BYTES_MAX: usize = 6144;

impl Sm2Key {
    /// Encrypts for the holder of this key. An empty plaintext cannot be encrypted.
    pub fn encrypt<E>(
        &self,
        plaintext: &[u8],
        fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Vec<u8>, EncryptError<E>> {
        if plaintext.is_empty() || plaintext.len() > PLAINTEXT_BYTES_MAX {
            return Err(EncryptError::PlaintextLength);
        }
        let mut source = Source::new(fill);
        let ciphertext =
            EncryptingKey::new(self.public()).encrypt_der_digest::<_, Sm3>(&mut source, plaintext);
        // Besides the source's failures the library knows only a bad length.
        ciphertext.map_err(|_| {
            source.take_failure().map_or(EncryptError::PlaintextLength, EncryptError::Random)
        })
    }

    /// Decrypts. Every defect of a ciphertext is the same error.
    pub fn decrypt(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, InvalidCiphertext> {
        if ciphertext.len() > CIPHERTEXT_BYTES_MAX {
            return Err(InvalidCiphertext);
        }
        // The library checks that the point is on the curve; of order n it then is, the cofactor
        // being 1.
        let cipher = Cipher::<Sm2, Sm3>::from_der(ciphertext).map_err(|_| InvalidCiphertext)?;
        if cipher.c2().is_empty() {
            return Err(InvalidCiphertext);
        }
        let mut plaintext = Zeroizing::new(vec![0; cipher.c2().len()]);
        let key = DecryptingKey::new_with_mode(self.secret.to_nonzero_scalar(), Mode::default());
        key.decrypt_cipher_with_buf(&cipher, &mut plaintext).map_err(|_| InvalidCiphertext)?;
        Ok(plaintext)
    }
}
