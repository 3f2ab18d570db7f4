//! What is worked out of a header: lengths, checksums, and what follows.

use std::net::IpAddr;

use pnet::packet::ip::IpNextHeaderProtocol;
use pnet::packet::util::{checksum, ipv4_checksum, ipv6_checksum};

use super::bits;
use super::header::{Kind, Usual};
use super::{Layer, Unencodable, Value};

/// Fills in what is not given.
pub(super) fn fill(
    layer: &Layer,
    header: &mut [u8],
    body: &[u8],
    inner: Option<&str>,
    outer: Option<&Layer>,
) -> Result<(), Unencodable> {
    let kind = layer.kind;
    follow(layer, header, inner)?;
    let whole = header.len() + body.len();
    let words = u64::try_from(header.len() / 4).unwrap_or(u64::MAX);
    put(layer, header, "hdrlength", words)?;
    put(layer, header, "doff", words)?;
    let length = if kind.name == "ip6" {
        body.len()
    } else {
        whole
    };
    put(
        layer,
        header,
        "length",
        u64::try_from(length).unwrap_or(u64::MAX),
    )?;
    let Some(sum) = kind
        .field("checksum")
        .filter(|_| layer.get("checksum").is_none())
    else {
        return Ok(());
    };
    let sum_at = sum.at / 16;
    let bytes = match kind.name {
        // It covers the header alone.
        "ip" => header.to_vec(),
        _ => [&*header, body].concat(),
    };
    let number = match (kind.name, addresses(outer)) {
        ("ip" | "icmp", _) => checksum(&bytes, sum_at),
        (name, Some((source, destination))) => {
            let protocol = IpNextHeaderProtocol(protocol_of(name));
            with_addresses(&bytes, sum_at, source, destination, protocol)
        }
        // There are no addresses to sum up: the sum is left at zero.
        (_, None) => 0,
    };
    // Zero is no checksum at all (RFC 768).
    let number = if kind.name == "udp" && number == 0 && outer.is_some() {
        0xffff
    } else {
        number
    };
    bits::set(header, sum.at, sum.bits, u64::from(number));
    Ok(())
}

/// The field that tells what follows.
fn follow(layer: &Layer, header: &mut [u8], inner: Option<&str>) -> Result<(), Unencodable> {
    let kind = layer.kind;
    let Some(field) = kind
        .fields
        .iter()
        .find(|field| field.usual == Usual::Follows)
    else {
        return Ok(());
    };
    if layer.get(field.name).is_some() {
        return Ok(());
    }
    let place = || format!("{}.{}", kind.name, field.name);
    let told = match inner {
        Some(inner) => number_of(kind, inner).ok_or_else(|| Unencodable {
            place: place(),
            words: format!(
                "{inner} is not known to follow {}: say by which number",
                kind.name
            ),
        })?,
        None => {
            return Err(Unencodable {
                place: kind.name.into(),
                words: format!(
                    "it has no {}, and nothing follows that would tell it",
                    field.name
                ),
            });
        }
    };
    bits::set(header, field.at, field.bits, told);
    Ok(())
}

fn number_of(kind: &Kind, inner: &str) -> Option<u64> {
    let (number, _) = kind.next.iter().find(|(_, name)| *name == inner)?;
    Some(*number)
}

fn put(layer: &Layer, header: &mut [u8], name: &str, number: u64) -> Result<(), Unencodable> {
    let field = layer.kind.field(name);
    let Some(field) = field.filter(|_| layer.get(name).is_none()) else {
        return Ok(());
    };
    if !bits::fits(number, field.bits) {
        return Err(Unencodable {
            place: layer.kind.name.into(),
            words: format!("with {number} bytes it is longer than a packet can be"),
        });
    }
    bits::set(header, field.at, field.bits, number);
    Ok(())
}

fn addresses(outer: Option<&Layer>) -> Option<(IpAddr, IpAddr)> {
    let address = |name: &str| match outer?.get(name)? {
        Value::Ip(address) => Some(*address),
        _ => None,
    };
    Some((address("saddr")?, address("daddr")?))
}

fn protocol_of(name: &str) -> u8 {
    match name {
        "icmp6" => 58,
        "tcp" => 6,
        _ => 17,
    }
}

fn with_addresses(
    bytes: &[u8],
    sum_at: usize,
    source: IpAddr,
    destination: IpAddr,
    protocol: IpNextHeaderProtocol,
) -> u16 {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            ipv4_checksum(bytes, sum_at, &[], &source, &destination, protocol)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            ipv6_checksum(bytes, sum_at, &[], &source, &destination, protocol)
        }
        _ => 0,
    }
}
