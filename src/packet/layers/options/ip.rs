//! Options of IPv4: RFC 791, 3.1 (eol, nop, routes), RFC 2113 (router alert, which IGMP has).

use std::net::{IpAddr, Ipv4Addr};

use super::{EOL, NOP, by_number, entry, named, number, one, put_kind, unknown};
use crate::packet::layers::Value;

const ROUTER_ALERT: u8 = 148;
/// What has a list of addresses: the route that was taken, and those that are to be taken.
const ROUTES: [(u8, &str); 3] = [(7, "rr"), (131, "lsrr"), (137, "ssrr")];

/// What an option says.
pub(super) fn option(kind: u8, data: &[u8]) -> Value {
    let route = ROUTES.iter().find(|(known, _)| *known == kind);
    match (kind, data, route) {
        (ROUTER_ALERT, [high, low], _) => {
            let number = u16::from_be_bytes([*high, *low]);
            one("router_alert", Value::Number(number.into()))
        }
        (_, [pointer, route @ ..], Some((_, name))) if route.len() % 4 == 0 => {
            let address = |bytes: &[u8]| {
                let octets: [u8; 4] = *bytes.first_chunk()?;
                Some(Value::Ip(IpAddr::V4(Ipv4Addr::from(octets))))
            };
            let fields = vec![
                ("pointer".into(), Value::Number((*pointer).into())),
                (
                    "addresses".into(),
                    Value::List(route.chunks(4).filter_map(address).collect()),
                ),
            ];
            one(name, Value::Map(fields))
        }
        (kind, data, _) => unknown("kind", kind, data),
    }
}

/// Adds an option.
pub fn write(option: &Value, bytes: &mut Vec<u8>) -> Result<(), String> {
    if let Some((kind, data)) = by_number(option, "kind") {
        return put_kind(kind, data, bytes);
    }
    let (name, value) = named(option)?;
    if let Some((kind, _)) = ROUTES.iter().find(|(_, known)| *known == name) {
        // The first place is free.
        let pointer = match entry(value, "pointer") {
            None => 4,
            pointer => number::<u8>("pointer", pointer)?,
        };
        let mut data = vec![pointer];
        let addresses = match entry(value, "addresses") {
            Some(Value::List(addresses)) => addresses.as_slice(),
            _ => return Err(format!("the option {name} wants addresses, an array")),
        };
        for address in addresses {
            let address = match address {
                Value::Ip(IpAddr::V4(address)) => Some(*address),
                Value::Text(text) => text.parse::<Ipv4Addr>().ok(),
                _ => None,
            };
            let wrong = || format!("the option {name} wants IPv4 addresses");
            data.extend(address.ok_or_else(wrong)?.octets());
        }
        return put_kind(*kind, &data, bytes);
    }
    match name {
        "eol" => bytes.push(EOL),
        "nop" => bytes.push(NOP),
        "router_alert" => put_kind(
            ROUTER_ALERT,
            &number::<u16>(name, value)?.to_be_bytes(),
            bytes,
        )?,
        other => {
            return Err(format!(
                "{other:?} is none of the options eol, nop, router_alert, rr, lsrr, ssrr"
            ));
        }
    }
    Ok(())
}
