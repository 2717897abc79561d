//! The PROXY protocol, versions 1 and 2: who is behind the proxy that opened a connection.
//! <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>
//!
//! Does not know which proxies are trusted; only the listener asks for a header.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest version 1 header, with its CRLF.
const V1_BYTES_MAX: usize = 107;
/// The longest body of a version 2 header that is read; the addresses take 36 at most.
const V2_BODY_BYTES_MAX: usize = 1024;
const V2_SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Shorter than any header of either version, so never more than a header is read.
const SHORTEST: usize = 12;

/// Why a header was not understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyHeaderError {
    #[error("the connection failed before the PROXY header was read")]
    Io(#[from] io::Error),
    #[error("the PROXY header is malformed")]
    Malformed,
    #[error("the PROXY header is too long")]
    TooLong,
}

/// Reads exactly the header. `None`: the proxy speaks for itself, as its health checks do.
pub(crate) async fn read_header(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<Option<IpAddr>, ProxyHeaderError> {
    let mut start = [0; SHORTEST];
    stream.read_exact(&mut start).await?;
    if &start == V2_SIGNATURE { read_v2(stream).await } else { read_v1(stream, &start).await }
}

async fn read_v1(
    stream: &mut (impl AsyncRead + Unpin),
    start: &[u8],
) -> Result<Option<IpAddr>, ProxyHeaderError> {
    if !start.starts_with(b"PROXY ") {
        return Err(ProxyHeaderError::Malformed);
    }
    let mut line = start.to_vec();
    // One byte at a time: what follows the line belongs to the next protocol.
    while !line.ends_with(b"\r\n") {
        if line.len() >= V1_BYTES_MAX {
            return Err(ProxyHeaderError::TooLong);
        }
        line.push(stream.read_u8().await?);
    }
    parse_v1(&line)
}

fn parse_v1(line: &[u8]) -> Result<Option<IpAddr>, ProxyHeaderError> {
    let line = std::str::from_utf8(line).unwrap_or_default().trim_end_matches("\r\n");
    match line.split(' ').collect::<Vec<_>>().as_slice() {
        ["PROXY", "UNKNOWN", ..] => Ok(None),
        ["PROXY", family, source, destination, ports @ ..] => {
            let source = parse_v1_address(family, source)?;
            parse_v1_address(family, destination)?;
            if ports.len() == 2 && ports.iter().all(|port| is_port(port)) {
                Ok(Some(source))
            } else {
                Err(ProxyHeaderError::Malformed)
            }
        }
        _ => Err(ProxyHeaderError::Malformed),
    }
}

fn parse_v1_address(family: &str, text: &str) -> Result<IpAddr, ProxyHeaderError> {
    match (family, text.parse()) {
        ("TCP4", Ok(address @ IpAddr::V4(_))) | ("TCP6", Ok(address @ IpAddr::V6(_))) => {
            Ok(address)
        }
        _ => Err(ProxyHeaderError::Malformed),
    }
}

/// Without sign or leading zeros.
fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port.to_string() == text)
}

async fn read_v2(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<Option<IpAddr>, ProxyHeaderError> {
    let mut fixed = [0; 4];
    stream.read_exact(&mut fixed).await?;
    let [version_and_command, family, high, low] = fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > V2_BODY_BYTES_MAX {
        return Err(ProxyHeaderError::TooLong);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    parse_v2(version_and_command, family, &body)
}

fn parse_v2(
    version_and_command: u8,
    family: u8,
    body: &[u8],
) -> Result<Option<IpAddr>, ProxyHeaderError> {
    match (version_and_command, family) {
        // The proxy speaks for itself; or the family is unspecified, datagrams or Unix sockets,
        // which names nobody.
        (0x20, _) | (0x21, 0x00 | 0x12 | 0x22 | 0x31 | 0x32) => Ok(None),
        // Source address, destination address, two ports.
        (0x21, 0x11) if body.len() >= 12 => {
            Ok(body.first_chunk().map(|a| Ipv4Addr::from(*a).into()))
        }
        (0x21, 0x21) if body.len() >= 36 => {
            Ok(body.first_chunk().map(|a| Ipv6Addr::from(*a).into()))
        }
        _ => Err(ProxyHeaderError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The source that was read, and what was left for the next protocol.
    async fn read(mut bytes: &[u8]) -> Result<(Option<String>, Vec<u8>), ProxyHeaderError> {
        let source = read_header(&mut bytes).await?;
        Ok((source.map(|address| address.to_string()), bytes.to_vec()))
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [V2_SIGNATURE.as_slice(), &[command, family], &length, body, b"rest"].concat()
    }

    #[tokio::test]
    async fn version_1_names_the_source_and_leaves_the_rest() {
        let (source, rest) =
            read(b"PROXY TCP4 198.51.100.7 10.0.0.1 4711 443\r\nPOST /").await.unwrap();
        assert_eq!(source.unwrap(), "198.51.100.7");
        assert_eq!(rest, b"POST /");
        let (source, _) = read(b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n").await.unwrap();
        assert_eq!(source.unwrap(), "2001:db8::1");
        let (source, rest) = read(b"PROXY UNKNOWN\r\nx").await.unwrap();
        assert_eq!((source, rest.as_slice()), (None, b"x".as_slice()));
        assert_eq!(read(b"PROXY UNKNOWN ff:: ff:: 1 1\r\n").await.unwrap().0, None);
    }

    #[tokio::test]
    async fn version_2_names_the_source_and_leaves_the_rest() {
        let body = [198, 51, 100, 7, 10, 0, 0, 1, 0, 1, 0, 2];
        let (source, rest) = read(&v2(0x21, 0x11, &body)).await.unwrap();
        assert_eq!(
            (source.unwrap().as_str(), rest.as_slice()),
            ("198.51.100.7", b"rest".as_slice())
        );
        let with_extension = [body.as_slice(), &[4, 0, 1, 0]].concat();
        let (source, rest) = read(&v2(0x21, 0x11, &with_extension)).await.unwrap();
        assert_eq!(
            (source.unwrap().as_str(), rest.as_slice()),
            ("198.51.100.7", b"rest".as_slice())
        );
        let mut body = [0; 36];
        body[15] = 1;
        assert_eq!(read(&v2(0x21, 0x21, &body)).await.unwrap().0.unwrap(), "::1");
        assert_eq!(read(&v2(0x20, 0x00, &[])).await.unwrap().0, None);
    }

    #[tokio::test]
    async fn a_header_that_is_malformed_or_too_long_is_refused() {
        for bytes in [
            b"POST / HTTP/1.1\r\n\r\n".as_slice(),
            b"PROXY TCP4 ::1 ::1 1 1\r\n",
            b"PROXY TCP6 10.0.0.1 10.0.0.1 1 1\r\n",
            b"PROXY TCP4 10.0.0.1 10.0.0.1 1 65536\r\n",
            b"PROXY TCP4 10.0.0.1 10.0.0.1 01 1\r\n",
            b"PROXY TCP4 10.0.0.1 10.0.0.1 1\r\n",
            b"PROXY TCP4 10.0.0.1 10.0.0.1 1 1 1\r\n",
            b"PROXY UDP4 10.0.0.1 10.0.0.1 1 1\r\n",
            b"PROXY TCP4 \xff\xff\xff\xff 10.0.0.1 1 1\r\n",
            b"PROXY  TCP4 10.0.0.1 10.0.0.1 1 1\r\n",
            &v2(0x11, 0x11, &[0; 12]),
            &v2(0x22, 0x11, &[0; 12]),
            &v2(0x21, 0x11, &[0; 11]),
            &v2(0x21, 0x21, &[0; 35]),
            &v2(0x21, 0x41, &[0; 36]),
        ] {
            assert!(matches!(read(bytes).await, Err(ProxyHeaderError::Malformed)), "{bytes:?}");
        }
        let endless = [b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat();
        assert!(matches!(read(&endless).await, Err(ProxyHeaderError::TooLong)));
        assert!(matches!(
            read(&v2(0x21, 0x11, &[0; V2_BODY_BYTES_MAX + 1])).await,
            Err(ProxyHeaderError::TooLong)
        ));
        assert!(matches!(read(b"PROXY TCP4 1").await, Err(ProxyHeaderError::Io(_))));
    }
}
