use super::*;
use crate::vectors::cases;

#[test]
fn what_was_published_as_wrapped_unwraps_and_nothing_else() {
    let cases = cases("aes-kwp/unwrap.json", 221);
    for case in &cases {
        let (key, wrapped) = (case.base64("key"), case.base64("ct"));
        let unwrapped = unwrap(&key, &wrapped);
        assert_eq!(unwrapped.is_ok(), case.is_valid(), "{}", case.name());
        if let Ok(data) = unwrapped {
            assert_eq!(data.expose(), case.base64("msg"), "{}", case.name());
        }
    }
    let valid = |bytes| {
        let of_size = cases.iter().filter(|case| case.base64("key").len() == bytes);
        of_size.filter(|case| case.is_valid()).count()
    };
    assert!([16, 24, 32].into_iter().all(|bytes| valid(bytes) >= 30));
}

#[test]
fn no_other_length_of_key_or_text_is_tried() {
    for len in [0, 8, 15, 17, 23, 31] {
        assert!(unwrap(&[1; 24], &vec![7; len]).is_err());
        assert!(unwrap(&[1; 32], &vec![7; len]).is_err());
    }
    for len in [0, 15, 17, 20, 33, 64] {
        assert!(unwrap(&vec![1; len], &[7; 32]).is_err());
    }
}
