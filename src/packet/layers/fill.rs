//! What is worked out of a header: lengths, checksums, and what follows.

use std::net::IpAddr;

use pnet::packet::util::checksum;

use super::bits;
use super::header::{Extent, Kind, MOST_LENGTH, Next, Usual};
use super::sums::pseudo;
use super::{Layer, Unencodable, Value};

/// Fills in what is not given.
pub(super) fn fill(
    layer: &Layer,
    header: &mut [u8],
    body: &[u8],
    inner: Option<&str>,
    outer: &[Layer],
) -> Result<(), Unencodable> {
    let kind = layer.kind;
    follow(layer, header, body.len(), inner)?;
    if let Extent::Told { field, unit, more } = kind.extent {
        put(
            layer,
            header,
            field,
            header.len().saturating_sub(more) / unit,
        )?;
    }
    let whole = header.len() + body.len();
    match kind.name {
        "ip6" => put(layer, header, "length", body.len())?,
        "ip" | "udp" => put(layer, header, "length", whole)?,
        _ => {}
    }
    let Some(sum) = kind
        .field_in("checksum", header)
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
        ("ip" | "icmp" | "igmp" | "gre", _) => checksum(&bytes, sum_at),
        (name, Some((source, destination))) => pseudo(name, source, destination).of(&bytes, sum_at),
        // There are no addresses to sum up: the sum is left at zero.
        (_, None) => 0,
    };
    // Zero is no checksum at all (RFC 768).
    let number = if kind.name == "udp" && number == 0 && !outer.is_empty() {
        0xffff
    } else {
        number
    };
    bits::set(header, sum.at, sum.bits, u64::from(number));
    Ok(())
}

/// The field that tells what follows.
fn follow(
    layer: &Layer,
    header: &mut [u8],
    length: usize,
    inner: Option<&str>,
) -> Result<(), Unencodable> {
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
        Some("llc") if field.name == "type" => u64::try_from(length)
            .ok()
            .filter(|length| *length <= MOST_LENGTH)
            .ok_or_else(|| Unencodable {
                place: kind.name.into(),
                words: format!("with {length} bytes it is longer than a frame with llc can be"),
            })?,
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
    let Next::Told(numbers) = kind.next else {
        return None;
    };
    let (number, _) = numbers.iter().find(|(_, name)| *name == inner)?;
    Some(*number)
}

fn put(layer: &Layer, header: &mut [u8], name: &str, number: usize) -> Result<(), Unencodable> {
    let field = layer.kind.field(name);
    let Some(field) = field.filter(|_| layer.get(name).is_none()) else {
        return Ok(());
    };
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    if !bits::fits(number, field.bits) {
        return Err(Unencodable {
            place: layer.kind.name.into(),
            words: format!("with {number} bytes it is longer than a packet can be"),
        });
    }
    bits::set(header, field.at, field.bits, number);
    Ok(())
}

/// The addresses that the checksum of what is inside covers: those of the nearest IP header.
fn addresses(outer: &[Layer]) -> Option<(IpAddr, IpAddr)> {
    let mut outer = outer.iter().rev();
    let ip = outer.find(|layer| layer.kind.name == "ip" || layer.kind.name == "ip6")?;
    let address = |name: &str| match ip.get(name)? {
        Value::Ip(address) => Some(*address),
        _ => None,
    };
    Some((address("saddr")?, address("daddr")?))
}
