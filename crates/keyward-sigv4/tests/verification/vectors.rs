//! The published test suite and the KMS vectors, read from `vectors/sigv4`.

use std::fs;
use std::path::{Path, PathBuf};

use keyward_sigv4::sign::Signer;
use keyward_sigv4::{Refusal, RefusalCode, Rules, Style};

use crate::request::{KEY_ID, Request, SECRET, kms_rules};

/// 2015-08-30 12:36:00 UTC, when everything in the suite was signed.
const SUITE_NOW: i64 = 1_440_938_160;

/// The suite has 38 cases, each signed in a header and in a query string.
const SUITE_CASES_FLOOR: usize = 38;

const SUITE_FORMS: [&str; 2] = ["header", "query"];

#[test]
fn the_published_suite_is_verified_in_both_forms() {
    let mut verified = 0;
    for case in suite_cases().into_iter().filter(|case| differs_from_kms(case).is_none()) {
        for form in SUITE_FORMS {
            let request = signed_request(&case, form);
            assert_eq!(request.verify(&suite_rules()), Ok(()), "{} {form}", case.display());
            verified += 1;
        }
    }
    assert!(verified >= 2 * (SUITE_CASES_FLOOR - 7), "only {verified} requests verified");
}

#[test]
fn the_published_strings_to_sign_are_rebuilt() {
    for case in suite_cases().into_iter().filter(|case| differs_from_kms(case).is_none()) {
        for form in SUITE_FORMS {
            let request = signed_request(&case, form);
            let rebuilt = request
                .present(&suite_rules(), |presented| presented.string_to_sign(&request.body))
                .unwrap();
            let published = read(&case, &format!("{form}-string-to-sign.txt"));
            assert_eq!(rebuilt, published, "{} {form}", case.display());
        }
    }
}

#[test]
fn the_cases_that_no_service_of_ours_accepts_are_refused() {
    let mut refused = 0;
    for case in suite_cases() {
        let Some(expected) = differs_from_kms(&case) else { continue };
        for (form, expected) in SUITE_FORMS.iter().zip(expected) {
            let refusal = signed_request(&case, form).refusal(&suite_rules());
            assert!(
                refusal.code == RefusalCode::InvalidSignature
                    && refusal.message.starts_with(expected),
                "{} {form}: {refusal}",
                case.display()
            );
            refused += 1;
        }
    }
    assert_eq!(refused, 14);
}

#[test]
fn a_token_added_after_signing_verifies_once_it_is_taken_away() {
    let mut request = signed_request(&suite_case("post-sts-header-after"), "header");
    request.unset("x-amz-security-token");
    assert_eq!(request.verify(&suite_rules()), Ok(()));
}

#[test]
fn signing_gives_the_published_signatures() {
    for case in suite_cases().into_iter().filter(|case| differs_from_kms(case).is_none()) {
        let published = signed_request(&case, "header");
        let token = published.header("x-amz-security-token").map(str::to_owned);
        let signer = suite_signer(token.as_deref());

        let mut ours = published.clone();
        ours.unset("authorization").sign(&signer);
        assert_eq!(
            ours.header("authorization"),
            published.header("authorization"),
            "{}",
            case.display()
        );

        let published = signed_request(&case, "query");
        let mut presigned = published.clone();
        presigned.query = presigned.query.split("X-Amz-Algorithm").next().unwrap().to_owned();
        presigned.query.truncate(presigned.query.trim_end_matches('&').len());
        presigned.presign(&signer, Some(3600));
        let signature = |request: &Request| request.query.rsplit('=').next().unwrap().to_owned();
        assert_eq!(signature(&presigned), signature(&published), "{}", case.display());
    }
}

#[test]
fn the_kms_vectors_are_verified() {
    for name in ["header", "header-with-token", "presigned"] {
        let request = parse(&fs::read_to_string(kms_vector(name)).unwrap());
        assert_eq!(request.verify(&kms_rules()), Ok(()), "{name}");
    }
}

#[test]
fn the_kms_vector_has_the_published_canonical_request() {
    let request = parse(&fs::read_to_string(kms_vector("header")).unwrap());
    let string_to_sign =
        request.present(&kms_rules(), |presented| presented.string_to_sign(&request.body)).unwrap();
    assert_eq!(
        string_to_sign,
        "AWS4-HMAC-SHA256\n20261018T120000Z\n20261018/us-east-1/kms/aws4_request\n\
         b7c4276d2733f4797c46ab9ccdad1add679d440c7f0720606657f025e297f83c"
    );
}

/// What a case is refused with, header form and query form, where it follows rules that the
/// services here do not: paths that are signed as they are (S3), tokens that are not signed.
fn differs_from_kms(case: &Path) -> Option<[&'static str; 2]> {
    const MISMATCH: &str = "The request signature we calculated does not match";
    let name = case.file_name().unwrap().to_str().unwrap();
    match name {
        "post-sts-header-after" => Some(["'X-Amz-Security-Token' must be a", MISMATCH]),
        // There is nothing to normalise in this one.
        "get-space-unnormalized" => None,
        _ => name.ends_with("-unnormalized").then_some([MISMATCH, MISMATCH]),
    }
}

fn suite_rules() -> Rules<'static> {
    Rules { service: "service", now: SUITE_NOW, style: Style::Query, ..kms_rules() }
}

fn suite_signer(session_token: Option<&str>) -> Signer<'_> {
    Signer {
        access_key_id: KEY_ID,
        secret: SECRET,
        session_token,
        region: "us-east-1",
        service: "service",
        now: SUITE_NOW,
    }
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/sigv4")
}

fn kms_vector(name: &str) -> PathBuf {
    vectors().join("kms").join(format!("{name}.txt"))
}

fn suite_case(name: &str) -> PathBuf {
    vectors().join("suite").join(name)
}

fn suite_cases() -> Vec<PathBuf> {
    let cases: Vec<PathBuf> =
        fs::read_dir(vectors().join("suite")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(cases.len() >= SUITE_CASES_FLOOR, "only {} cases", cases.len());
    cases
}

fn signed_request(case: &Path, form: &str) -> Request {
    parse(&read(case, &format!("{form}-signed-request.txt")))
}

fn read(case: &Path, name: &str) -> String {
    fs::read_to_string(case.join(name)).unwrap()
}

/// Reads the suite's notation: an HTTP request whose target may hold anything, with `\n` for
/// CRLF, folded headers, and a body only where there is a `Content-Length`.
fn parse(text: &str) -> Request {
    let (head, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let (request_line, fields) = head.split_once('\n').unwrap();
    let (method, target) = request_line.split_once(' ').unwrap();
    let target = target.strip_suffix(" HTTP/1.1").unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    for line in fields.lines() {
        if let Some(folded) = line.strip_prefix(' ') {
            headers.last_mut().unwrap().1.extend_from_slice(format!("\n {folded}").as_bytes());
        } else {
            let (name, value) = line.split_once(':').unwrap();
            headers.push((name.to_ascii_lowercase(), value.as_bytes().to_vec()));
        }
    }
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Vec::new(),
    };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body = rest.as_bytes().get(..length).unwrap().to_vec();
    request
}

#[test]
fn a_changed_published_signature_is_refused() {
    for case in suite_cases().into_iter().filter(|case| differs_from_kms(case).is_none()) {
        let mut request = signed_request(&case, "header");
        let authorization = request.header("authorization").unwrap().to_owned();
        let last = if authorization.ends_with('0') { '1' } else { '0' };
        let changed = format!("{}{last}", &authorization[..authorization.len() - 1]);
        request.set("authorization", &changed);
        let refusal: Refusal = request.refusal(&suite_rules());
        assert_eq!(refusal.code, RefusalCode::InvalidSignature, "{}", case.display());
    }
}
