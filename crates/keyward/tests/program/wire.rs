//! Requests over a plain socket, signed with what the profile files hold.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use keyward_sigv4::RequestParts;
use keyward_sigv4::sign::Signer;

use crate::sandbox::{Sandbox, setting};

const DEADLINE: Duration = Duration::from_mins(1);

/// A reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A profile's credentials and endpoint, read once, as a client holds them.
pub(crate) struct Client {
    access_key_id: String,
    secret: String,
    region: String,
    address: String,
}

impl Client {
    /// A client that uses this profile.
    pub(crate) fn new(sandbox: &Sandbox, profile: &str) -> Self {
        let (credentials, config) = (sandbox.path("aws/credentials"), sandbox.path("aws/config"));
        let section = match profile {
            "default" => profile.to_owned(),
            _ => format!("profile {profile}"),
        };
        let endpoint = setting(&config, &section, "endpoint_url").unwrap();
        Self {
            access_key_id: setting(&credentials, profile, "aws_access_key_id").unwrap(),
            secret: setting(&credentials, profile, "aws_secret_access_key").unwrap(),
            region: setting(&config, &section, "region").unwrap(),
            address: endpoint.strip_prefix("http://").unwrap().to_owned(),
        }
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// Calls an operation of the KMS API.
    pub(crate) fn call(&self, operation: &str, body: &str) -> Reply {
        self.call_with(operation, body, "")
    }

    /// The same, with header lines that are not signed.
    pub(crate) fn call_with(&self, operation: &str, body: &str, unsigned: &str) -> Reply {
        let head = self.head(operation, body);
        exchange(
            connect(&self.address),
            &format!("{head}{unsigned}connection: close\r\n\r\n{body}"),
        )
    }

    /// Begins a call and sends no body, though the server asks for it: the request stays under way.
    pub(crate) fn stall(&self, operation: &str) -> TcpStream {
        let head = self.head(operation, "{}");
        let mut stream = connect(&self.address);
        stream.write_all(format!("{head}expect: 100-continue\r\n\r\n").as_bytes()).unwrap();
        let mut asked = [0; 12];
        stream.read_exact(&mut asked).unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100");
        stream
    }

    /// The head of a signed request, but for its last line.
    #[expect(clippy::disallowed_methods, reason = "the program under test has the real clock")]
    fn head(&self, operation: &str, body: &str) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let target = format!("TrentService.{operation}");
        let headers = [
            ("host", self.address.as_bytes()),
            ("content-type", b"application/x-amz-json-1.1".as_slice()),
            ("x-amz-target", target.as_bytes()),
        ];
        let parts = RequestParts { method: "POST", path: "/", query: "", headers: &headers };
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret: self.secret.as_bytes(),
            session_token: None,
            region: &self.region,
            service: "kms",
            now: i64::try_from(now).unwrap(),
        };
        let mut head = format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            write!(head, "{name}: {}\r\n", std::str::from_utf8(value).unwrap()).unwrap();
        }
        for (name, value) in signer.sign(&parts, body.as_bytes()) {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head
    }
}

/// An unsigned GET.
pub(crate) fn get(address: &str, path: &str) -> Reply {
    exchange(connect(address), &plain_request(address, path))
}

pub(crate) fn plain_request(host: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")
}

pub(crate) fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Sends a request that closes the connection, and reads what comes back.
pub(crate) fn exchange(mut stream: impl Read + Write, request: &str) -> Reply {
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = Vec::new();
    let end = stream.read_to_end(&mut text);
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{end:?}: {text}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, body: body.to_owned() }
}
