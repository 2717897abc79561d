//! The other end of a connection.

use std::net::IpAddr;

use keyward_engine::Tls;
use tokio::sync::Semaphore;

use crate::Limits;

/// The other end of a connection, as far as the connection itself tells.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    address: IpAddr,
    tls: Option<Tls>,
    is_named_by_proxy: bool,
}

impl Peer {
    /// A peer at an address, over TLS or not.
    pub const fn new(address: IpAddr, tls: Option<Tls>) -> Self {
        Self { address: address.to_canonical(), tls, is_named_by_proxy: false }
    }

    /// A proxy said at the start of the connection whose it is, itself being one answer. What a
    /// request says of it afterwards does not count.
    pub(crate) const fn named_by_proxy(self) -> Self {
        Self { is_named_by_proxy: true, ..self }
    }

    pub(crate) const fn address(&self) -> IpAddr {
        self.address
    }

    pub(crate) const fn is_named_by_proxy(&self) -> bool {
        self.is_named_by_proxy
    }

    pub(crate) const fn tls(&self) -> Option<Tls> {
        self.tls
    }
}

/// A connection, as far as the requests on it share anything.
pub(crate) struct Connection {
    pub(crate) peer: Peer,
    /// Places for bodies that are slow to arrive.
    pub(crate) slow_bodies: Semaphore,
}

impl Connection {
    pub(crate) fn new(peer: Peer, limits: &Limits) -> Self {
        let places = limits.slow_bodies_per_connection_max.min(Semaphore::MAX_PERMITS);
        Self { peer, slow_bodies: Semaphore::new(places) }
    }
}
