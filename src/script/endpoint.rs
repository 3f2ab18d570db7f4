//! The ends of connections and datagrams as scripts give and see them: addresses, ports, and the bytes that go between.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use rhai::{Blob, Dynamic, ImmutableString, Map};

use crate::lab::failure::{Failure, Outcome};

use super::options::{Options, describe};
use super::value::map;

/// Where somebody is to listen: any address, of IPv4 and IPv6, where none is given.
pub(super) fn place(options: &mut Options, port: i64) -> Outcome<SocketAddr> {
    let address = options.take::<IpAddr>("address")?;
    let address = address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    Ok(SocketAddr::new(address, port_number(port)?))
}

/// An IPv4 address that a socket of IPv6 gives, as what it is.
pub(super) fn canonical(end: SocketAddr) -> SocketAddr {
    SocketAddr::new(end.ip().to_canonical(), end.port())
}

/// One end of a connection.
pub(super) fn end(of: SocketAddr) -> Map {
    let of = canonical(of);
    map([
        ("address", of.ip().to_string().into()),
        ("port", i64::from(of.port()).into()),
    ])
}

/// A port as a script gives it.
pub(super) fn port_number(port: i64) -> Outcome<u16> {
    match u16::try_from(port) {
        Ok(number) if number > 0 => Ok(number),
        _ => {
            let words = format!("{port} is no port: they go from 1 to 65535");
            Err(Failure::new(words).blame("port"))
        }
    }
}

/// A text or a blob, as bytes.
pub(super) fn to_bytes(value: &Dynamic) -> Outcome<Vec<u8>> {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(text.as_bytes().to_vec());
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(bytes.clone());
    }
    let words = format!("a text or a blob can be sent, not {}", describe(value));
    Err(Failure::new(words).blame("bytes"))
}
