//! The bytes of one value as text.
//!
//! Pure formatting: which kind of value an attribute has comes from `tables/`, what nests in what is `tree.rs`.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::tables::{FAMILIES, Header, Integer, Kind, Names};

/// AF_MPLS, sys/socket.h: the one family whose addresses are labels.
const AF_MPLS: u8 = 28;

/// More bytes than this of an unexplained value are not shown.
const DUMPED: usize = 64;

/// A text is cut after so many bytes; the longest that the kernel makes (IFLA_IFALIAS) has 256.
const TEXT: usize = 512;

/// One value that has nothing below it. `family` is the address family of the message around it,
/// `network_order` the attribute's NLA_F_NET_BYTEORDER bit.
pub fn value(kind: &Kind, bytes: &[u8], family: u8, network_order: bool) -> String {
    let known = match kind {
        Kind::Decimal(integer) => {
            read(*integer, bytes, network_order).map(|n| decimal(*integer, n))
        }
        Kind::Hex(integer) => read(*integer, bytes, network_order).map(|n| format!("{n:#x}")),
        Kind::Name(integer, names) => read(*integer, bytes, network_order).map(|n| name(names, n)),
        Kind::Flags(integer, names) => {
            read(*integer, bytes, network_order).map(|n| flags(names, n))
        }
        Kind::Lifetime => read(Integer::U32, bytes, network_order).map(lifetime),
        Kind::Handle => read(Integer::U32, bytes, network_order).map(handle),
        Kind::Text => Some(text(bytes)),
        Kind::Mac => (bytes.len() == 6).then(|| colons(bytes)),
        Kind::LinkLayer => link_layer(bytes),
        Kind::Address if family == AF_MPLS => labels(bytes),
        Kind::Address => address(bytes),
        Kind::Labels => labels(bytes),
        Kind::Via => via(bytes),
        Kind::Presence => bytes.is_empty().then(|| "present".to_string()),
        Kind::Counters(integer, names) => counters(*integer, names, bytes),
        Kind::Record(header) => Some(record(header, bytes)),
        _ => None,
    };
    known.unwrap_or_else(|| unexpected(kind, bytes))
}

/// The fields of a struct on one line; what the bytes do not reach is said.
pub fn record(header: &Header, bytes: &[u8]) -> String {
    let mut fields = Vec::new();
    let mut rest = bytes;
    for (field, kind) in header.fields {
        let Some((head, tail)) = rest.split_at_checked(kind.width()) else {
            fields.push(format!(
                "malformed: {} bytes where struct {} has {}",
                bytes.len(),
                header.name,
                header.width()
            ));
            break;
        };
        rest = tail;
        if !matches!(kind, Kind::Skip(_)) {
            fields.push(format!("{field} {}", value(kind, head, 0, false)));
        }
    }
    fields.join(", ")
}

/// `NAME (number)`, or the number alone.
pub fn name(names: Names, number: u64) -> String {
    match names.iter().find(|(value, _)| *value == number) {
        Some((_, name)) => format!("{name} ({number})"),
        None => number.to_string(),
    }
}

/// `ONE|OTHER (0x11)`; bits without a name are in it as a number. A name for several bits stands before theirs.
pub fn flags(names: Names, number: u64) -> String {
    if number == 0 {
        return "0".to_string();
    }
    let mut nameless = number;
    let mut shown = Vec::new();
    for (bits, name) in names {
        if nameless & bits == *bits {
            nameless &= !bits;
            shown.push((*name).to_string());
        }
    }
    if shown.is_empty() {
        return format!("{number:#x}");
    }
    if nameless != 0 {
        shown.push(format!("{nameless:#x}"));
    }
    format!("{} ({number:#x})", shown.join("|"))
}

/// The first bytes in hexadecimal, and how many there are.
pub fn dump(bytes: &[u8]) -> String {
    let mut shown = String::from("bytes");
    for byte in bytes.iter().take(DUMPED) {
        // Writing to a String does not fail.
        let _ = write!(shown, " {byte:02x}");
    }
    match bytes.len() {
        0 => "empty".to_string(),
        length if length > DUMPED => format!("{shown} ... ({DUMPED} of {length})"),
        _ => shown,
    }
}

/// An unsigned reading of an integer's bytes; signed ones are put right by [`decimal`].
pub fn read(integer: Integer, bytes: &[u8], network_order: bool) -> Option<u64> {
    match integer.width() {
        Some(width) if width != bytes.len() => return None,
        None if !matches!(bytes.len(), 4 | 8) => return None,
        _ => {}
    }
    let big = network_order || matches!(integer, Integer::Be16 | Integer::Be32 | Integer::Be64);
    let mut wide = [0u8; 8];
    if big || cfg!(target_endian = "big") {
        wide.iter_mut()
            .zip(bytes.iter().rev())
            .for_each(|(to, from)| *to = *from);
    } else {
        wide.iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
    }
    Some(u64::from_le_bytes(wide))
}

fn decimal(integer: Integer, number: u64) -> String {
    match integer {
        // The number came from four or eight bytes: their two's complement is what was meant.
        Integer::I32 => u32::try_from(number)
            .map_or_else(|_| number.to_string(), |n| n.cast_signed().to_string()),
        Integer::I64 => number.cast_signed().to_string(),
        _ => number.to_string(),
    }
}

fn lifetime(seconds: u64) -> String {
    if seconds == u64::from(u32::MAX) {
        "forever (0xffffffff)".to_string()
    } else {
        format!("{seconds} s")
    }
}

/// linux/pkt_sched.h: TC_H_ROOT, TC_H_INGRESS, otherwise major:minor.
fn handle(number: u64) -> String {
    match number {
        0 => "0".to_string(),
        0xffff_ffff => "TC_H_ROOT (0xffffffff)".to_string(),
        0xffff_fff1 => "TC_H_INGRESS (0xfffffff1)".to_string(),
        _ => format!("{:x}:{:x} ({number:#x})", number >> 16, number & 0xffff),
    }
}

/// In quotes, up to the NUL; the kernel takes most strings with or without one.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    let said = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or(bytes);
    let shown = said.get(..TEXT).unwrap_or(said);
    let mut quoted = format!("{:?}", String::from_utf8_lossy(shown));
    if shown.len() < said.len() {
        quoted += &format!(" ... ({TEXT} of {} bytes)", said.len());
    }
    let after = bytes.get(said.len()..).unwrap_or_default();
    if after.iter().any(|byte| *byte != 0) {
        quoted += &format!(", after it {}", dump(after));
    }
    quoted
}

fn colons(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

fn link_layer(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 | 16 => address(bytes),
        // MAX_ADDR_LEN, linux/netdevice.h.
        1..=32 => Some(colons(bytes)),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).to_string());
    }
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(sixteen).to_string())
}

/// RFC 3032: label 20 bits, traffic class 3, bottom of stack 1, TTL 8.
fn labels(bytes: &[u8]) -> Option<String> {
    let (entries, []) = bytes.as_chunks::<4>() else {
        return None;
    };
    if entries.is_empty() || entries.len() > 32 {
        return None;
    }
    let shown: Vec<String> = entries
        .iter()
        .map(|entry| (u32::from_be_bytes(*entry) >> 12).to_string())
        .collect();
    Some(format!("label {}", shown.join("/")))
}

/// `struct rtvia`, linux/rtnetlink.h.
fn via(bytes: &[u8]) -> Option<String> {
    let (family, bytes) = bytes.split_at_checked(2)?;
    let family = read(Integer::U16, family, false)?;
    Some(format!("{} {}", name(FAMILIES, family), address(bytes)?))
}

/// Those that are not zero by name, or by place where a kernel has more than we have names for; and how many are zero.
fn counters(integer: Integer, names: &[&str], bytes: &[u8]) -> Option<String> {
    let width = integer.width()?;
    if bytes.is_empty() || !bytes.len().is_multiple_of(width) {
        return None;
    }
    let mut shown = Vec::new();
    let mut zeros = 0usize;
    for (place, number) in bytes.chunks_exact(width).enumerate() {
        match (read(integer, number, false)?, names.get(place)) {
            (0, _) => zeros += 1,
            (number, Some(name)) => shown.push(format!("{name} {}", decimal(integer, number))),
            (number, None) => shown.push(format!("[{place}] {}", decimal(integer, number))),
        }
    }
    Some(match (shown.is_empty(), zeros) {
        (true, _) => format!("all {zeros} are 0"),
        (false, 0) => shown.join(", "),
        (false, _) => format!("{}, the other {zeros} are 0", shown.join(", ")),
    })
}

/// A value whose length is not the one that its kind has.
fn unexpected(kind: &Kind, bytes: &[u8]) -> String {
    let dumped = dump(bytes);
    match kind.width() {
        0 => dumped,
        width if width == bytes.len() => dumped,
        width => format!("{dumped} (length {}, {width} expected)", bytes.len()),
    }
}
