//! Nothing that a stranger can send makes verification do more than refuse.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::request::{Request, kms_rules, presigned, signed};

proptest! {
    #[test]
    fn any_bytes_are_refused_without_harm(
        (method, path, query) in (any::<String>(), any::<String>(), any::<String>()),
        headers in vec((header_name(), vec(any::<u8>(), 0..40)), 0..8),
        body in vec(any::<u8>(), 0..40),
    ) {
        let request = Request { method, path, query, headers, body };
        prop_assert!(request.verify(&kms_rules()).is_err());
    }

    #[test]
    fn any_mixture_of_meaningful_pieces_is_refused_without_harm(
        authorization in pieces(),
        query in pieces(),
        date in pieces(),
    ) {
        let mut request = signed();
        request.query.clone_from(&query);
        request.set("authorization", &format!("AWS4-{authorization}")).set("x-amz-date", &date);
        prop_assert!(request.verify(&kms_rules()).is_err());
        let mut request = presigned();
        request.query = format!("{}&{query}", request.query.replace("X-Amz-Date=", &date));
        prop_assert!(request.verify(&kms_rules()).is_err());
    }
}

fn header_name() -> impl Strategy<Value = String> {
    let known = ["authorization", "date", "host", "x-amz-date", "x-amz-security-token", "x"];
    select(known.to_vec()).prop_map(str::to_owned)
}

fn pieces() -> impl Strategy<Value = String> {
    let known = [
        "HMAC-SHA256",
        "AWS4-",
        "Credential",
        "SignedHeaders",
        "Signature",
        "=",
        ",",
        " ",
        ";",
        "/",
        "&",
        "%",
        "%2F",
        "+",
        "host",
        "X-Amz-",
        "Algorithm",
        "Date",
        "Expires",
        "20261018",
        "T120000Z",
        "us-east-1",
        "kms",
        "aws4_request",
        "99999999999999999999",
        "\u{1234}",
        "Sun, ",
        "Oct",
        "12:00:00",
        "GMT",
        "-",
    ];
    vec(select(known.to_vec()), 0..24).prop_map(|pieces| pieces.concat())
}
