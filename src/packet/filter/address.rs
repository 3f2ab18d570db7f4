//! Reads what stands behind qualifiers: addresses and networks of IP, hardware addresses, ports and protocols.
//!
//! Names of hosts are not looked up. A number alone is no host, though libpcap takes `host 80` for 0.0.0.80; and a host has all four
//! numbers of its address: what three of them would mean, not all programs agree on.

use std::net::Ipv4Addr;
use std::ops::Range;

use super::parser::{Parser, Read};
use super::qualifiers::{Qualifiers, What};
use super::syntax::{Condition, Direction, Holder, Ipv4In, Network, Primitive, What as Is};
use super::token::Kind;
use super::words::{self, Protocol, Service};
use crate::packet::fault::Fault;

impl<'a> Parser<'a> {
    /// An address, port or protocol with these qualifiers.
    pub fn address(&mut self, of: Qualifiers<'a>) -> Read<Condition> {
        let start = self.start();
        let what = match (of.what.unwrap_or(What::Host), self.next().kind) {
            (What::Net, Kind::Number(_)) => self.ipv4(of)?,
            (What::Port, _) => self.port_by_name(of)?,
            (What::PortRange, _) => self.port_range(of)?,
            (What::Proto, _) => self.protocol_by_name(of)?,
            (_, Kind::Ipv4) => self.ipv4(of)?,
            (_, Kind::Ipv6(_)) => self.ipv6(of)?,
            (_, Kind::Mac(mac)) => {
                self.mac_fits(of)?;
                self.skip();
                Is::Mac(of.direction, mac)
            }
            (what, _) => return Err(self.no_address(what)),
        };
        Ok(self.one(what, start))
    }

    /// What a number is with these qualifiers.
    pub fn address_of_number(
        &self,
        of: Qualifiers<'_>,
        number: u32,
        at: Range<usize>,
    ) -> Read<Condition> {
        let what = match of.what {
            Some(What::Port | What::PortRange) => {
                let port = u16::try_from(number).map_err(|_| {
                    Fault::new(
                        format!("{number} is no port: they end with 65535"),
                        at.clone(),
                    )
                })?;
                Is::Port(transport(of), of.direction, port, port)
            }
            Some(What::Proto) => {
                let (holder, largest) = match of.protocol {
                    Some((Protocol::Ether, _)) => (Some(Holder::Ether), 0xffff),
                    Some((Protocol::Ip, _)) => (Some(Holder::Ip), 0xff),
                    Some((Protocol::Ip6, _)) => (Some(Holder::Ip6), 0xff),
                    _ => (None, 0xff),
                };
                let number = u16::try_from(number)
                    .ok()
                    .filter(|number| *number <= largest);
                let words = format!("the number of a protocol is at most {largest} here");
                Is::Holds(holder, number.ok_or_else(|| Fault::new(words, at.clone()))?)
            }
            Some(What::Net) => {
                let network = short_network(number);
                Is::Ipv4(ipv4_in(of, &at, number)?, of.direction, network)
            }
            Some(What::Host) | None => {
                let words = format!("{number} is not an address");
                return Err(Fault::new(words, at).hint(format!("a port is \"port {number}\"")));
            }
        };
        Ok(Condition::One(Primitive {
            what,
            at,
            tags: self.tags,
        }))
    }

    /// The fault of what is no address.
    fn no_address(&self, what: What) -> Fault {
        let here = self.here();
        let is_name = match self.next().kind {
            Kind::Word => !words::is_word(here),
            Kind::Name => true,
            _ => false,
        };
        if !is_name {
            return self.wanted(what.wanted());
        }
        let words = match what {
            What::Net => format!("{here:?} is not a network"),
            _ => format!("{here:?} is not an address"),
        };
        let hint = match words::service(here) {
            Some(_) => format!("\"port {here}\" is a port"),
            None => "names of hosts are not looked up: give the address".into(),
        };
        // It may be a word that is misspelt.
        Fault::new(words, self.next().at.clone())
            .hint(hint)
            .among(here, words::BEGINNINGS.iter().copied())
    }

    fn mac_fits(&self, of: Qualifiers<'_>) -> Read<()> {
        let is_ether = matches!(of.protocol, Some((Protocol::Ether, _)));
        if is_ether && matches!(of.what, None | Some(What::Host)) {
            return Ok(());
        }
        let here = self.here();
        let words = format!("{here} is a hardware address, which only \"ether\" has");
        let hint = match of.direction {
            Direction::Source => format!("\"ether src {here}\""),
            Direction::Destination => format!("\"ether dst {here}\""),
            _ => format!("\"ether host {here}\""),
        };
        Err(Fault::new(words, self.next().at.clone()).hint(hint))
    }

    /// An IPv4 address, or a network: `10.0.0.0/8`, `10.1`, `10 mask 255.0.0.0`.
    fn ipv4(&mut self, of: Qualifiers<'_>) -> Read<Is> {
        let start = self.start();
        let text = self.here();
        let kind = ipv4_in(of, &self.next().at, text)?;
        let (address, parts) = self.ipv4_parts()?;
        if of.what != Some(What::Net) {
            return self.ipv4_host(of, kind, start, (address, parts));
        }
        let mask = if self.take("/") {
            prefix_mask(self.plain("the length of a prefix", 32)?)
        } else if self.take("mask") {
            if !matches!(self.next().kind, Kind::Ipv4) {
                return Err(self.wanted("a mask such as 255.255.255.0"));
            }
            self.ipv4_parts()?.0
        } else {
            prefix_mask(8 * parts)
        };
        if address & !mask != 0 {
            let words = format!("{text} has bits set that are not of its network");
            let network = Ipv4Addr::from(address & mask);
            let hint = match mask.leading_ones() + mask.trailing_zeros() {
                32 => format!("the network is {network}/{}", mask.leading_ones()),
                _ => format!("the network is {network} mask {}", Ipv4Addr::from(mask)),
            };
            return Err(Fault::new(words, self.since(start)).hint(hint));
        }
        Ok(Is::Ipv4(kind, of.direction, Network { address, mask }))
    }

    fn ipv4_host(
        &mut self,
        of: Qualifiers<'_>,
        kind: Option<Ipv4In>,
        start: usize,
        (address, parts): (u32, u32),
    ) -> Read<Is> {
        let text = self.text_at(self.since(start));
        if self.is("/") || self.is("mask") {
            let at = start..self.ahead(1).at.end;
            let network = self.text_at(at.clone());
            let words = format!("{network} is a network, not a host");
            return Err(Fault::new(words, at).hint(format!("\"net {network}\"")));
        }
        if parts < 4 {
            let words = format!("{text} is not a whole address");
            let hint = format!("a host has four numbers; \"net {text}\" is a network");
            return Err(Fault::new(words, self.since(start)).hint(hint));
        }
        let mask = u32::MAX;
        Ok(Is::Ipv4(kind, of.direction, Network { address, mask }))
    }

    /// One to four numbers with dots between, moved up, and how many they are.
    fn ipv4_parts(&mut self) -> Read<(u32, u32)> {
        let text = self.here();
        let at = self.next().at.clone();
        self.skip();
        let mut address = 0u32;
        let mut parts = 0;
        for part in text.split('.') {
            let Ok(part) = part.parse::<u8>() else {
                let words = format!("{text} is not an IPv4 address: {part} is none of 0 to 255");
                return Err(Fault::new(words, at));
            };
            address = address << 8 | u32::from(part);
            parts += 1;
        }
        Ok((address.checked_shl(32 - 8 * parts).unwrap_or(0), parts))
    }

    /// An IPv6 address or network.
    fn ipv6(&mut self, of: Qualifiers<'_>) -> Read<Is> {
        let start = self.start();
        let text = self.here();
        let Kind::Ipv6(address) = self.next().kind else {
            return Err(self.wanted("an IPv6 address"));
        };
        if let Some((protocol, word)) = of.protocol
            && protocol != Protocol::Ip6
        {
            let words = format!("{text} is an IPv6 address, which {word} has not");
            let hint = match protocol {
                Protocol::Ip => "\"ip\" is IPv4 alone: \"ip6\", or nothing, is for this one",
                _ => "",
            };
            return Err(Fault::new(words, self.next().at.clone()).hint(hint));
        }
        self.skip();
        let length = match self.take("/") {
            true => self.plain("the length of a prefix", 128)?,
            false => 128,
        };
        if of.what != Some(What::Net) && length < 128 {
            let words = format!("{text}/{length} is a network, not a host");
            let hint = format!("\"net {text}/{length}\"");
            return Err(Fault::new(words, self.since(start)).hint(hint));
        }
        let network = Network::ipv6(address, length);
        let Network { address, mask } = network;
        if address & !mask != 0 {
            let words = format!("{text} has bits set that are not of its network");
            let network = std::net::Ipv6Addr::from(address & mask);
            return Err(Fault::new(words, self.since(start))
                .hint(format!("the network is {network}/{length}")));
        }
        Ok(Is::Ipv6(of.direction, network))
    }

    /// The name that comes next.
    fn name(&mut self, what: What) -> Read<(&'a str, Range<usize>)> {
        let at = self.next().at.clone();
        let name = match self.next().kind {
            Kind::Word => self.here(),
            Kind::Name => self.here().trim_start_matches('\\'),
            _ => return Err(self.wanted(what.wanted())),
        };
        self.skip();
        Ok((name, at))
    }

    /// A port by its name.
    fn port_by_name(&mut self, of: Qualifiers<'_>) -> Read<Is> {
        if self.next().kind == Kind::Word && words::is_word(self.here()) {
            return Err(self.wanted("a port"));
        }
        let (name, at) = self.name(What::Port)?;
        let is_range = name.split('-').all(|part| part.parse::<u32>().is_ok());
        if is_range && name.contains('-') {
            let words = format!("{name} is a range of ports");
            return Err(Fault::new(words, at).hint(format!("\"portrange {name}\"")));
        }
        let (port, transport) = service(of, name, at)?;
        Ok(Is::Port(transport, of.direction, port, port))
    }

    /// A range of ports: `1000-2000`.
    fn port_range(&mut self, of: Qualifiers<'_>) -> Read<Is> {
        let (text, at) = self.name(What::PortRange)?;
        let Some((first, last)) = text.split_once('-') else {
            let words = format!("{text:?} is not a range of ports");
            return Err(Fault::new(words, at).hint("such as 1000-2000, without blanks"));
        };
        let behind = at.start + first.len() + 1;
        let (first, of_first) = end_of_range(of, first, at.start)?;
        let (last, of_last) = end_of_range(of, last, behind)?;
        let transport = of_first.filter(|_| of_first == of_last);
        Ok(Is::Port(
            transport,
            of.direction,
            first.min(last),
            first.max(last),
        ))
    }

    /// A protocol by its name. libpcap wants a backslash before one that is a word of the language; here it can be left out.
    fn protocol_by_name(&mut self, of: Qualifiers<'_>) -> Read<Is> {
        let (name, at) = self.name(What::Proto)?;
        let (holder, known) = match of.protocol {
            Some((Protocol::Ether, _)) => (Some(Holder::Ether), words::IN_ETHER),
            Some((Protocol::Ip, _)) => (Some(Holder::Ip), words::IN_IP),
            Some((Protocol::Ip6, _)) => (Some(Holder::Ip6), words::IN_IP),
            _ => (None, words::IN_IP),
        };
        match known.iter().find(|(word, _)| *word == name) {
            Some((_, number)) => Ok(Is::Holds(holder, *number)),
            None => {
                let words = format!("{name:?} is not the name of a protocol");
                Err(Fault::new(words, at)
                    .hint("its number can stand here")
                    .among(name, known.iter().map(|(word, _)| *word)))
            }
        }
    }
}

/// The protocol that a port is of.
fn transport(of: Qualifiers<'_>) -> Option<u8> {
    let (_, word) = of.protocol?;
    let mut known = words::WITH_PORTS.iter();
    let found = known.find(|(known, _)| *known == word);
    found.map(|(_, number)| *number)
}

/// Which packets have the IPv4 address that was asked for.
fn ipv4_in(
    of: Qualifiers<'_>,
    at: &Range<usize>,
    address: impl std::fmt::Display,
) -> Read<Option<Ipv4In>> {
    let (protocol, word) = match of.protocol {
        Some(protocol) => protocol,
        None => return Ok(None),
    };
    match protocol {
        Protocol::Ip => Ok(Some(Ipv4In::Ip)),
        Protocol::Arp => Ok(Some(Ipv4In::Arp)),
        Protocol::Rarp => Ok(Some(Ipv4In::Rarp)),
        _ => {
            let words = format!("{address} is an IPv4 address, which {word} has not");
            let hint = match protocol {
                Protocol::Ip6 => "\"ip6\" is IPv6 alone: \"ip\", or nothing, is for this one",
                _ => "without \"ether\" it is the address of IP",
            };
            Err(Fault::new(words, at.clone()).hint(hint))
        }
    }
}

/// The network of a number alone: its bytes are the first of the address.
fn short_network(number: u32) -> Network<u32> {
    let missing = if number == 0 {
        0
    } else {
        number.leading_zeros() / 8 * 8
    };
    Network {
        address: number << missing,
        mask: u32::MAX << missing,
    }
}

fn prefix_mask(length: u32) -> u32 {
    u32::MAX
        .checked_shl(32u32.saturating_sub(length))
        .unwrap_or(0)
}

/// A port of that name, and the protocol it is of if it is of one only.
fn service(of: Qualifiers<'_>, name: &str, at: Range<usize>) -> Read<(u16, Option<u8>)> {
    let Some((port, has)) = words::service(name) else {
        let words = format!("{name:?} is not the name of a port that netsh knows");
        return Err(Fault::new(words, at)
            .hint("its number can stand here")
            .among(name, words::services()));
    };
    let only = match has {
        Service::Tcp => Some(("tcp", words::TCP)),
        Service::Udp => Some(("udp", words::UDP)),
        Service::Both => None,
    };
    match (transport(of), only) {
        (None, only) => Ok((port, only.map(|(_, number)| number))),
        (Some(asked), Some((word, number))) if asked != number => {
            let words = format!("{name} is a port of {word}");
            Err(Fault::new(words, at).hint(format!("its number is {port}")))
        }
        (asked, _) => Ok((port, asked)),
    }
}

/// One end of a range of ports that stands there.
fn end_of_range(of: Qualifiers<'_>, text: &str, start: usize) -> Read<(u16, Option<u8>)> {
    let at = start..start + text.len();
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        return match text.parse() {
            Ok(port) => Ok((port, transport(of))),
            Err(_) => Err(Fault::new(
                format!("{text} is no port: they end with 65535"),
                at,
            )),
        };
    }
    service(of, text, at)
}
