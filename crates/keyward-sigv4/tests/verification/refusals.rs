//! One test per row of the error table, with the exact words, and one per bound.

use keyward_sigv4::{
    AUTHORIZATION_BYTES_MAX, PATH_BYTES_MAX, QUERY_BYTES_MAX, QUERY_PARAMETERS_MAX, Refusal,
    RefusalCode, Rules, SIGNED_HEADERS_MAX, Style,
};

use crate::request::{NOW, Request, another_key, kms_rules, presigned, signed, signer, unsigned};

const MISMATCH: &str = "The request signature we calculated does not match the signature you \
     provided. Check your AWS Secret Access Key and signing method. Consult the service \
     documentation for details.";

fn assert_refused(request: &Request, code: RefusalCode, message: &str) {
    assert_refused_by(&kms_rules(), request, code, message);
}

fn assert_refused_by(rules: &Rules<'_>, request: &Request, code: RefusalCode, message: &str) {
    let expected = Refusal { code, message: message.to_owned().into() };
    assert_eq!(request.refusal(rules), expected);
}

fn query_rules() -> Rules<'static> {
    Rules { style: Style::Query, ..kms_rules() }
}

#[test]
fn a_right_request_is_verified() {
    assert_eq!(signed().verify(&kms_rules()), Ok(()));
    assert_eq!(presigned().verify(&kms_rules()), Ok(()));
}

#[test]
fn row_4_both_forms_at_once() {
    let mut request = signed();
    request.query = presigned().query;
    assert_refused(
        &request,
        RefusalCode::InvalidSignature,
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    );
}

#[test]
fn row_5_no_signature_at_all() {
    let code = RefusalCode::MissingAuthenticationToken;
    assert_refused(&unsigned(), code, "Missing Authentication Token");
    let older = "Request is missing Authentication Token";
    assert_refused_by(&query_rules(), &unsigned(), code, older);
}

#[test]
fn row_5_a_scheme_that_is_not_aws4() {
    for authorization in ["", "Bearer abc", "AWS AKIDEXAMPLE:abc", "aws4-hmac-sha256 Credential=a"]
    {
        assert_refused(
            unsigned().set("authorization", authorization),
            RefusalCode::MissingAuthenticationToken,
            "Missing Authentication Token",
        );
    }
}

#[test]
fn row_5_an_authorization_header_that_is_not_text() {
    let mut request = signed();
    request.headers.retain(|(name, _)| name != "authorization");
    request.headers.push(("authorization".to_owned(), b"AWS4-HMAC-SHA256 \xFF".to_vec()));
    let message = "Missing Authentication Token";
    assert_refused(&request, RefusalCode::MissingAuthenticationToken, message);
}

#[test]
fn row_6_a_part_that_is_no_pair() {
    assert_refused(
        unsigned().set("authorization", "AWS4-HMAC-SHA256 Credential=a, nonsense, Signature=b"),
        RefusalCode::IncompleteSignature,
        "'nonsense' not a valid key=value pair (missing equal-sign) in Authorization header: \
         'AWS4-HMAC-SHA256 Credential=a, nonsense, Signature=b'.",
    );
}

#[test]
fn row_7_everything_missing_is_listed_in_order() {
    for authorization in ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=,Signature=,Other=x"] {
        assert_refused(
            unsigned().set("authorization", authorization),
            RefusalCode::IncompleteSignature,
            &format!(
                "Authorization header requires 'Credential' parameter. Authorization header \
                 requires 'Signature' parameter. Authorization header requires 'SignedHeaders' \
                 parameter. Authorization header requires existence of either a 'X-Amz-Date' or a \
                 'Date' header. Authorization={authorization}"
            ),
        );
    }
}

#[test]
fn row_7_only_what_is_missing_is_listed() {
    let mut request = signed();
    request.edit_authorization("Signature=", "Other=");
    let authorization = request.header("authorization").unwrap();
    assert_refused(
        &request,
        RefusalCode::IncompleteSignature,
        &format!(
            "Authorization header requires 'Signature' parameter. Authorization={authorization}"
        ),
    );
}

#[test]
fn row_7q_missing_query_parameters_are_listed_in_order() {
    let mut request = unsigned();
    request.query = "X-Amz-Signature=&X-Amz-SignedHeaders=host".to_owned();
    assert_refused(
        &request,
        RefusalCode::IncompleteSignature,
        "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters \
         must include 'X-Amz-Credential'. AWS query-string parameters must include \
         'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the \
         query-string parameters.",
    );
    assert_refused(
        presigned().edit_query("X-Amz-SignedHeaders", "X-Amz-Signed-Headers"),
        RefusalCode::IncompleteSignature,
        "AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the \
         query-string parameters.",
    );
}

#[test]
fn row_7_an_empty_date_is_a_missing_one() {
    let mut request = signed();
    let authorization = request.header("authorization").unwrap().to_owned();
    assert_refused(
        request.set("x-amz-date", ""),
        RefusalCode::IncompleteSignature,
        &format!(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. \
             Authorization={authorization}"
        ),
    );
}

#[test]
fn row_7q_any_one_parameter_of_a_signature_is_an_attempt_at_one() {
    for name in ["Algorithm", "Credential", "SignedHeaders", "Signature"] {
        let mut request = unsigned();
        request.query = format!("X-Amz-{name}=x");
        assert_eq!(request.refusal(&kms_rules()).code, RefusalCode::IncompleteSignature, "{name}");
    }
    for name in ["Date", "Expires", "Security-Token"] {
        let mut request = unsigned();
        request.query = format!("X-Amz-{name}=x");
        let message = "Missing Authentication Token";
        assert_refused(&request, RefusalCode::MissingAuthenticationToken, message);
    }
}

#[test]
fn row_8_a_date_that_is_not_basic_format() {
    let code = RefusalCode::IncompleteSignature;
    assert_refused(
        signed().set("x-amz-date", "2026-10-18T12:00:00Z"),
        code,
        "Date must be in ISO-8601 'basic format'. Got '2026-10-18T12:00:00Z'. See \
         http://en.wikipedia.org/wiki/ISO_8601",
    );
    assert_refused(
        presigned().edit_query("X-Amz-Date=20261018T120000Z", "X-Amz-Date=20261318T120000Z"),
        code,
        "Date must be in ISO-8601 'basic format'. Got '20261318T120000Z'. See \
         http://en.wikipedia.org/wiki/ISO_8601",
    );
}

#[test]
fn row_8_x_amz_date_wins_over_date_and_may_not_be_an_http_date() {
    assert_refused(
        signed().set("x-amz-date", "Sun, 18 Oct 2026 12:00:00 GMT").set("date", "20261018T120000Z"),
        RefusalCode::IncompleteSignature,
        "Date must be in ISO-8601 'basic format'. Got 'Sun, 18 Oct 2026 12:00:00 GMT'. See \
         http://en.wikipedia.org/wiki/ISO_8601",
    );
}

#[test]
fn row_9_too_old() {
    let rules = Rules { now: NOW + 301, ..kms_rules() };
    let message = "Signature expired: 20261018T120000Z is now earlier than 20261018T120001Z \
         (20261018T120501Z - 5 min.)";
    assert_refused_by(&rules, &signed(), RefusalCode::InvalidSignature, message);
    let at_the_boundary = Rules { now: NOW + 300, ..kms_rules() };
    assert_eq!(signed().verify(&at_the_boundary), Ok(()));
}

#[test]
fn row_9_a_presigned_request_without_expires_has_the_ordinary_window() {
    let mut request = unsigned();
    request.presign(&signer(), None);
    let rules = Rules { now: NOW + 300, ..kms_rules() };
    assert_eq!(request.verify(&rules), Ok(()));
    let rules = Rules { now: NOW + 301, ..kms_rules() };
    assert_eq!(request.refusal(&rules).code, RefusalCode::InvalidSignature);
}

#[test]
fn row_9_a_presigned_request_lapses_when_its_signer_said() {
    let mut request = unsigned();
    request.presign(&signer(), Some(60));
    assert_eq!(request.verify(&Rules { now: NOW + 60, ..kms_rules() }), Ok(()));
    let lapsed = Rules { now: NOW + 61, ..kms_rules() };
    let message = "Signature expired: 20261018T120000Z is now earlier than 20261018T120001Z \
         (20261018T120101Z - 1 min.)";
    assert_refused_by(&lapsed, &request, RefusalCode::RequestExpired, message);
}

#[test]
fn row_9_a_presigned_request_lapses_with_the_endpoint_whatever_its_signer_said() {
    let message = "Signature expired: 20261018T120000Z is now earlier than 20261018T120001Z \
         (20261018T120501Z - 5 min.)";
    for expires_s in [301, 604_800] {
        let mut request = unsigned();
        request.presign(&signer(), Some(expires_s));
        assert_eq!(request.verify(&Rules { now: NOW + 300, ..kms_rules() }), Ok(()));
        let lapsed = Rules { now: NOW + 301, ..kms_rules() };
        assert_refused_by(&lapsed, &request, RefusalCode::InvalidSignature, message);
        // Where the endpoint allows a week, a week it is.
        let generous = Rules { expires_s_max: 604_800, ..kms_rules() };
        let at_the_end = Rules { now: NOW + i64::from(expires_s), ..generous };
        assert_eq!(request.verify(&at_the_end), Ok(()));
    }
}

#[test]
fn row_9_where_expires_says_nothing_a_presigned_request_has_the_ordinary_window() {
    for expires in ["X-Amz-Expires=301", "X-Amz-Expires=0", "X-Amz-Expires=604801"] {
        let rules = Rules { ignores_expires: true, past_window_s: 900, ..query_rules() };
        let mut request = presigned();
        request.edit_query("X-Amz-Expires=300", expires);
        let refusal = request.refusal(&Rules { now: NOW + 901, ..rules });
        assert_eq!(refusal.code, RefusalCode::InvalidSignature);
        assert!(refusal.message.starts_with("Signature expired: "), "{}", refusal.message);
        assert!(!request.refusal(&Rules { now: NOW + 900, ..rules }).message.contains("expired"));
    }
}

#[test]
fn expires_is_a_number_of_seconds_up_to_a_week() {
    for value in ["", "0", "604801", "-1", "%2B60", "60s", "99999999999999999999"] {
        let mut request = presigned();
        request.edit_query("X-Amz-Expires=300", &format!("X-Amz-Expires={value}"));
        let shown = value.replace("%2B", "+");
        let message =
            format!("X-Amz-Expires must be a number of seconds from 1 to 604800. Got '{shown}'.");
        assert_refused(&request, RefusalCode::IncompleteSignature, &message);
    }
}

#[test]
fn row_10_too_new() {
    let rules = Rules { now: NOW - 301, ..kms_rules() };
    let message = "Signature not yet current: 20261018T120000Z is still later than \
         20261018T115959Z (20261018T115459Z + 5 min.)";
    for request in [signed(), presigned()] {
        assert_refused_by(&rules, &request, RefusalCode::InvalidSignature, message);
        assert_eq!(request.verify(&Rules { now: NOW - 300, ..kms_rules() }), Ok(()));
    }
}

#[test]
fn row_11_the_host_is_not_signed() {
    let message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
    let code = RefusalCode::InvalidSignature;
    assert_refused(signed().edit_authorization(";host;", ";"), code, message);
    assert_refused(presigned().edit_query("%3Bhost%3B", "%3B"), code, message);
}

#[test]
fn row_11_a_sent_header_that_decides_the_meaning_is_not_signed() {
    let mut with_token = unsigned();
    let mut session = signer();
    session.session_token = Some("token");
    with_token.sign(&session);
    for (mut request, name, quoted) in [
        (signed(), "x-amz-date", "'X-Amz-Date'"),
        (with_token, "x-amz-security-token", "'X-Amz-Security-Token'"),
        (signed(), "x-amz-target", "'X-Amz-Target'"),
    ] {
        request.edit_authorization(&format!(";{name}"), "");
        assert_refused(
            &request,
            RefusalCode::InvalidSignature,
            &format!("{quoted} must be a 'SignedHeader' in the AWS Authorization."),
        );
    }
    let message = "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.";
    let mut request = presigned();
    request.edit_query("%3Bx-amz-target", "");
    assert_refused(&request, RefusalCode::InvalidSignature, message);
}

#[test]
fn row_12_sigv4a_and_other_algorithms() {
    let mut request = signed();
    request.edit_authorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    let message =
        "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). ";
    assert_refused(&request, RefusalCode::IncompleteSignature, message);
    let mut request = presigned();
    request.edit_query("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    assert_refused(&request, RefusalCode::IncompleteSignature, message);
}

#[test]
fn row_13_a_credential_that_is_not_five_parts() {
    for credential in [
        "AKIDEXAMPLE",
        "AKIDEXAMPLE/20261018/kms/aws4_request",
        "AKIDEXAMPLE/20261018/us-east-1/kms/aws4_request/",
    ] {
        let mut request = signed();
        request.edit_authorization("AKIDEXAMPLE/20261018/us-east-1/kms/aws4_request", credential);
        let message = format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term, got '{credential}'"
        );
        assert_refused(&request, RefusalCode::IncompleteSignature, &message);
    }
}

#[test]
fn row_14_each_fault_of_the_scope_is_told() {
    for (part, wrong, message) in [
        ("us-east-1", "eu-west-1", "Credential should be scoped to a valid region. "),
        ("/kms/", "/sts/", "Credential should be scoped to correct service: 'kms'. "),
        (
            "aws4_request",
            "aws5_request",
            "Credential should be scoped with a valid terminator: 'aws4_request', not \
             'aws5_request'. ",
        ),
        (
            "/20261018/",
            "/20261017/",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '20261017' != '20261018', from '20261018T120000Z'.",
        ),
    ] {
        let mut request = signed();
        request.edit_authorization(part, wrong);
        assert_refused(&request, RefusalCode::InvalidSignature, message);
    }
}

#[test]
fn row_14_all_faults_of_the_scope_are_told_in_order() {
    let mut request = signed();
    request.edit_authorization("20261018/us-east-1/kms/aws4_request", "2026/xx/yy/zz");
    assert_refused(
        &request,
        RefusalCode::InvalidSignature,
        "Credential should be scoped to a valid region. Credential should be scoped to correct \
         service: 'kms'. Credential should be scoped with a valid terminator: 'aws4_request', not \
         'zz'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
         HTTP: '2026' != '20261018', from '20261018T120000Z'.",
    );
}

#[test]
fn row_15_an_unknown_key_is_refused_in_its_own_words() {
    let refusal = Refusal::unknown_access_key();
    assert_eq!(refusal.code, RefusalCode::UnrecognizedClient);
    assert_eq!(refusal.message, "The security token included in the request is invalid.");
}

#[test]
fn row_16_a_signature_by_another_key() {
    let request = signed();
    let verified =
        request.present(&kms_rules(), |presented| presented.verify(&another_key(), &request.body));
    let refusal = verified.unwrap().unwrap_err();
    assert_eq!((refusal.code, &*refusal.message), (RefusalCode::InvalidSignature, MISMATCH));
}

#[test]
fn row_16_a_signature_that_is_not_64_digits_of_lower_case_hex() {
    let upper_case = |signature: &str| signature.to_ascii_uppercase();
    let shorter = |signature: &str| signature[1..].to_owned();
    let longer = |signature: &str| format!("{signature}0");
    let not_hex = |signature: &str| format!("g{}", &signature[1..]);
    let zeros = |_: &str| "0".repeat(64);
    for change in [upper_case, shorter, longer, not_hex, zeros] {
        let mut request = signed();
        let signature = request.header("authorization").unwrap().rsplit('=').next().unwrap();
        let signature = signature.to_owned();
        request.edit_authorization(&signature, &change(&signature));
        assert_refused(&request, RefusalCode::InvalidSignature, MISMATCH);
    }
}

#[test]
fn row_16_a_signed_header_that_was_not_sent() {
    let mut request = signed();
    request.unset("content-type");
    assert_refused(&request, RefusalCode::InvalidSignature, MISMATCH);
    // Not even when the signer left its line out of what was signed, as here.
    let mut request = unsigned();
    request.set("x-amz-date", "20261018T120000Z").set(
        "authorization",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261018/us-east-1/kms/aws4_request, \
         SignedHeaders=host;x-absent;x-amz-date;x-amz-target, \
         Signature=210c375570cad7d61b9f66d499ae6a1f14219087abf32cd8f21d991f559b4e92",
    );
    assert_refused(&request, RefusalCode::InvalidSignature, MISMATCH);
}

#[test]
fn row_16_a_signature_in_the_query_is_an_ordinary_parameter_beside_one_in_the_header() {
    let mut request = unsigned();
    request.query = "X-Amz-Signature=a".to_owned();
    assert_eq!(request.sign(&signer()).verify(&kms_rules()), Ok(()));
    request.query = "X-Amz-Signature=b".to_owned();
    assert_refused(&request, RefusalCode::InvalidSignature, MISMATCH);
}

#[test]
fn row_16_an_announced_body_hash_must_be_the_one_of_the_body() {
    let of_the_body = "fb6f4a0d02fe5c621667821cc3d876d5477c611c27709a1283f5c399e0faea7f";
    let mut request = unsigned();
    request.set("x-amz-content-sha256", of_the_body).sign(&signer());
    assert_eq!(request.verify(&kms_rules()), Ok(()));
    for announced in [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "",
    ] {
        let mut signed = unsigned();
        signed.set("x-amz-content-sha256", announced).sign(&signer());
        assert_refused(&signed, RefusalCode::InvalidSignature, MISMATCH);
        let mut presigned = unsigned();
        presigned.set("x-amz-content-sha256", announced).presign(&signer(), Some(300));
        assert_refused(&presigned, RefusalCode::InvalidSignature, MISMATCH);
    }
}

#[test]
fn row_17_a_bad_session_token() {
    for (style, message) in [
        (Style::Json, "The security token included in the request is invalid"),
        (Style::Query, "The security token included in the request is invalid."),
    ] {
        let refusal = Refusal::bad_session_token(style);
        assert_eq!(refusal.code, RefusalCode::UnrecognizedClient);
        assert_eq!(refusal.message, message);
    }
}

#[test]
fn row_18_an_expired_session_token() {
    let refusal = Refusal::expired_session_token();
    assert_eq!(refusal.code, RefusalCode::ExpiredToken);
    assert_eq!(refusal.message, "The security token included in the request is expired");
}

#[test]
fn names_and_statuses_are_those_of_each_protocol() {
    use RefusalCode::*;
    for (code, json, query) in [
        (ExpiredToken, ("ExpiredTokenException", 400), ("ExpiredToken", 403)),
        (IncompleteSignature, ("IncompleteSignatureException", 400), ("IncompleteSignature", 400)),
        (InvalidSignature, ("InvalidSignatureException", 400), ("SignatureDoesNotMatch", 403)),
        (
            MissingAuthenticationToken,
            ("MissingAuthenticationTokenException", 400),
            ("MissingAuthenticationToken", 403),
        ),
        (RequestExpired, ("InvalidSignatureException", 400), ("RequestExpired", 400)),
        (UnrecognizedClient, ("UnrecognizedClientException", 400), ("InvalidClientTokenId", 403)),
    ] {
        assert_eq!(code.on_wire(Style::Json), json);
        assert_eq!(code.on_wire(Style::Query), query);
    }
}

#[test]
fn a_repeated_header_that_authentication_reads_is_refused() {
    for name in [
        "Authorization",
        "Date",
        "Host",
        "X-Amz-Content-Sha256",
        "X-Amz-Date",
        "X-Amz-Security-Token",
        "X-Amz-Target",
    ] {
        let mut request = signed();
        let lower_case = name.to_ascii_lowercase();
        request.unset(&lower_case).add(&lower_case, "a").add(&lower_case, "b");
        let message = format!("'{name}' must be sent once.");
        assert_refused(&request, RefusalCode::IncompleteSignature, &message);
    }
}

#[test]
fn a_repeated_parameter_of_a_signature_is_refused() {
    for name in ["Credential", "Signature", "SignedHeaders"] {
        let mut request = signed();
        request.edit_authorization(name, &format!("{name}=, {name}"));
        let message = format!("'{name}' must be sent once.");
        assert_refused(&request, RefusalCode::IncompleteSignature, &message);
    }
    for name in ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"] {
        let mut request = presigned();
        // However it is spelled.
        request.edit_query("X-Amz-Algorithm", &format!("%58-Amz-{name}&X-Amz-Algorithm"));
        let message = format!("'X-Amz-{name}' must be sent once.");
        assert_refused(&request, RefusalCode::IncompleteSignature, &message);
    }
}

#[test]
fn everything_is_bounded_and_the_bound_itself_is_allowed() {
    let code = RefusalCode::IncompleteSignature;
    let mut request = unsigned();
    request.path = format!("/{}", "a".repeat(PATH_BYTES_MAX - 1));
    assert_eq!(request.sign(&signer()).verify(&kms_rules()), Ok(()));
    request.path.push('a');
    assert_refused(request.sign(&signer()), code, "Path must not exceed 8192 bytes.");

    let mut request = unsigned();
    request.query = "a".repeat(QUERY_BYTES_MAX);
    assert_eq!(request.sign(&signer()).verify(&kms_rules()), Ok(()));
    request.query.push('a');
    assert_refused(request.sign(&signer()), code, "Query string must not exceed 32768 bytes.");

    let mut request = unsigned();
    request.query = vec!["a"; QUERY_PARAMETERS_MAX].join("&");
    assert_eq!(request.sign(&signer()).verify(&kms_rules()), Ok(()));
    request.query.push_str("&a");
    let message = "Query string must not exceed 256 parameters.";
    assert_refused(request.sign(&signer()), code, message);

    let mut request = unsigned();
    for number in 0..SIGNED_HEADERS_MAX - 4 {
        request.add(&format!("x-{number}"), "");
    }
    assert_eq!(request.sign(&signer()).verify(&kms_rules()), Ok(()));
    request.add("x-last", "");
    let message = "SignedHeaders must not exceed 64 names.";
    assert_refused(request.sign(&signer()), code, message);

    let mut request = signed();
    let authorization = request.header("authorization").unwrap();
    let room = AUTHORIZATION_BYTES_MAX - authorization.len() - ", x=".len();
    let longest = format!("{authorization}, x={}", "x".repeat(room));
    assert_eq!(request.set("authorization", &longest).verify(&kms_rules()), Ok(()));
    let message = "Authorization header must not exceed 8192 bytes.";
    assert_refused(request.set("authorization", &format!("{longest}x")), code, message);
}
