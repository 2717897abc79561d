//! The other end of a connection.

use std::net::IpAddr;

use keyward_engine::Tls;

/// The other end of a connection, as far as the connection itself tells.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    address: IpAddr,
    tls: Option<Tls>,
}

impl Peer {
    /// A peer at an address, over TLS or not.
    pub const fn new(address: IpAddr, tls: Option<Tls>) -> Self {
        Self { address: address.to_canonical(), tls }
    }

    pub(crate) const fn address(&self) -> IpAddr {
        self.address
    }

    pub(crate) const fn tls(&self) -> Option<Tls> {
        self.tls
    }
}
