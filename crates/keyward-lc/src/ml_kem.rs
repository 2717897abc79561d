//! ML-KEM (FIPS 203) keys from their seed.

use aws_lc_sys::EVP_PKEY_KEM;

use crate::Failure;
use crate::pkey::Pkey;

/// Expands PKCS#8 in seed form (RFC 9935) to the raw keys of FIPS 203, which are exactly as long as
/// the two buffers. The buffers are then the caller's to wipe.
pub fn expand_ml_kem(
    pkcs8: &[u8],
    decapsulation_key: &mut [u8],
    encapsulation_key: &mut [u8],
) -> Result<(), Failure> {
    let key = Pkey::from_pkcs8(pkcs8, EVP_PKEY_KEM)?;
    key.raw_private_key(decapsulation_key)?;
    key.raw_public_key(encapsulation_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ML-KEM-512 in seed form, with an arbitrary seed.
    fn pkcs8() -> Vec<u8> {
        let mut der = hex::decode("3054020100300b060960864801650304040104428040").unwrap();
        der.resize(86, 7);
        der
    }

    #[test]
    fn the_decapsulation_key_holds_the_encapsulation_key() {
        let (mut decapsulation, mut encapsulation) = ([0; 1632], [0; 800]);
        expand_ml_kem(&pkcs8(), &mut decapsulation, &mut encapsulation).unwrap();
        assert_eq!(decapsulation[768..1568], encapsulation);
        assert_eq!(decapsulation[1600..], [7; 32], "the seed's second half comes last");
    }

    #[test]
    fn a_buffer_of_another_length_is_refused() {
        let (mut exact, mut long) = ([0; 1632], [0; 1633]);
        let mut encapsulation = [0; 801];
        assert_eq!(expand_ml_kem(&pkcs8(), &mut long, &mut encapsulation[..800]), Err(Failure));
        assert_eq!(
            expand_ml_kem(&pkcs8(), &mut exact[1..], &mut encapsulation[..800]),
            Err(Failure)
        );
        assert_eq!(expand_ml_kem(&pkcs8(), &mut exact, &mut encapsulation), Err(Failure));
        assert_eq!(expand_ml_kem(&pkcs8(), &mut exact, &mut encapsulation[..799]), Err(Failure));
    }

    #[test]
    fn what_is_not_exactly_an_ml_kem_seed_is_refused() {
        let whole = pkcs8();
        for len in 0..whole.len() {
            assert!(expand_ml_kem(&whole[..len], &mut [0; 1632], &mut [0; 800]).is_err());
        }
        let longer = [whole.as_slice(), &[0]].concat();
        assert!(expand_ml_kem(&longer, &mut [0; 1632], &mut [0; 800]).is_err());
    }
}
