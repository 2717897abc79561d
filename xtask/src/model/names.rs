//! The model's names as Rust's.

/// `GenerateDataKeyRequest` as `GENERATE_DATA_KEY_REQUEST`.
pub(crate) fn upper_snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut written = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| letters.get(index));
        let after = letters.get(index + 1);
        // A word starts where lower case ends, and at the last capital of a run of them.
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if starts {
            written.push('_');
        }
        written.push(letter.to_ascii_uppercase());
    }
    written
}

/// `GenerateDataKey` as `generate_data_key`.
pub(crate) fn lower_snake(name: &str) -> String {
    upper_snake(name).to_ascii_lowercase()
}

/// `userNameType` as `UserNameType`.
pub(crate) fn type_name(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        assert_eq!(upper_snake("GenerateDataKey"), "GENERATE_DATA_KEY");
        assert_eq!(upper_snake("ReEncrypt"), "RE_ENCRYPT");
        assert_eq!(upper_snake("AWSAccountIdType"), "AWS_ACCOUNT_ID_TYPE");
        assert_eq!(lower_snake("VerifyMac"), "verify_mac");
        assert_eq!(lower_snake("ListOpenIDConnectProviders"), "list_open_id_connect_providers");
        assert_eq!(type_name("userNameType"), "UserNameType");
        assert_eq!(type_name("ArnType"), "ArnType");
    }
}
