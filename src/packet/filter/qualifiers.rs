//! Reads conditions that begin with a word: one that stands alone, or the qualifiers protocol, direction and type before an address.

use super::parser::{Left, Parser, Place, Read};
use super::syntax::{Condition, Direction, Holder, Number, Relation, What as Is};
use super::token::Kind;
use super::words::{self, Protocol};
use crate::packet::fault::Fault;

/// What stands before an address, and before further addresses for which nothing else is said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Qualifiers<'a> {
    /// The protocol and its word.
    pub protocol: Option<(Protocol, &'a str)>,
    /// At which end.
    pub direction: Direction,
    /// What it is.
    pub what: Option<What>,
    /// Where they begin.
    pub start: usize,
}

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A host's.
    Host,
    /// Those of a network.
    Net,
    /// A port.
    Port,
    /// Ports of a range.
    PortRange,
    /// The number of a protocol.
    Proto,
}

const WHATS: [(&str, What); 5] = [
    ("host", What::Host),
    ("net", What::Net),
    ("port", What::Port),
    ("portrange", What::PortRange),
    ("proto", What::Proto),
];

impl What {
    /// What has to stand behind it.
    pub fn wanted(self) -> &'static str {
        match self {
            What::Host => "an address",
            What::Net => "a network",
            What::Port => "a port",
            What::PortRange => "a range of ports",
            What::Proto => "the number of a protocol",
        }
    }
}

impl<'a> Parser<'a> {
    /// A condition that begins with a word of the language.
    pub fn primitive(&mut self) -> Read<Left<'a>> {
        if let Some(alone) = self.without_qualifiers()? {
            return Ok((alone, None));
        }
        let start = self.start();
        let word = self.here();
        let protocol = words::protocol(word).map(|protocol| (protocol, word));
        if protocol.is_some() {
            self.skip();
        }
        if let Some(cast) = self.cast(protocol, start)? {
            return Ok((cast, None));
        }
        self.refuse()?;
        let direction = self.direction()?;
        self.refuse()?;
        let what = WHATS.iter().find(|(word, _)| self.is(word));
        let what = what.map(|(_, what)| *what);
        let qualifiers = Qualifiers {
            protocol,
            direction: direction.unwrap_or(Direction::Either),
            what,
            start,
        };
        if what.is_some() {
            self.check(qualifiers, direction)?;
            self.skip();
        }
        match (direction, what, protocol) {
            (None, None, Some((protocol, word))) => self.protocol(protocol, word, start),
            (None, None, None) => Err(self.wanted("a condition")),
            _ => {
                if what.is_none() {
                    self.check(qualifiers, direction)?;
                }
                self.condition(Place {
                    carried: Some(qualifiers),
                    is_address: true,
                })
            }
        }
    }

    /// A protocol, of which nothing else is asked.
    fn protocol(&mut self, protocol: Protocol, word: &str, start: usize) -> Read<Left<'a>> {
        if protocol == Protocol::Ether {
            let words = format!("what of {word} has to stand behind it");
            return Err(Fault::new(words, self.since(start))
                .hint("\"ether host\", \"ether src\", \"ether dst\", \"ether proto\""));
        }
        Ok((self.one(Is::Protocol(protocol), start), None))
    }

    /// Refuses what libpcap has and netsh has not.
    fn refuse(&self) -> Read<()> {
        let here = self.here();
        match words::refused(here).filter(|_| self.next().kind == Kind::Word) {
            Some(hint) => {
                let words = format!("{here:?} is not one of the words that netsh knows of filters");
                Err(Fault::new(words, self.next().at.clone()).hint(hint))
            }
            None => Ok(()),
        }
    }

    /// A condition that begins with a word of its own.
    fn without_qualifiers(&mut self) -> Read<Option<Condition>> {
        let start = self.start();
        let word = self.here();
        let what = match word {
            "less" | "greater" => {
                self.skip();
                let number = Number::Known(self.plain("a length", u32::MAX)?);
                let relation = match word {
                    "less" => Relation::LessOrEqual,
                    _ => Relation::GreaterOrEqual,
                };
                Is::Relation(Number::Length, relation, number)
            }
            "inbound" | "outbound" => {
                self.skip();
                Is::Outbound(word == "outbound")
            }
            "ifindex" => {
                self.skip();
                Is::Index(self.plain("the index of a link", u32::MAX)?)
            }
            "vlan" => {
                self.skip();
                let is_number = |kind| matches!(kind, Kind::Number(_));
                let is_numbered =
                    is_number(self.next().kind) || self.is("(") && is_number(self.ahead(1).kind);
                let number = match is_numbered {
                    true => Some(self.plain("a VLAN", 4095)? as u16),
                    false => None,
                };
                Is::Vlan(number)
            }
            _ => return Ok(None),
        };
        let is_vlan = matches!(what, Is::Vlan(_));
        let condition = self.one(what, start);
        self.tags += u32::from(is_vlan);
        Ok(Some(condition))
    }

    /// A number that is no larger, perhaps in brackets.
    pub fn plain(&mut self, what: &str, largest: u32) -> Read<u32> {
        let open = self.start();
        if self.is("(") {
            self.open()?;
            let number = self.plain(what, largest)?;
            self.close(")", open)?;
            return Ok(number);
        }
        match self.next().kind {
            Kind::Number(number) if number <= largest => {
                self.skip();
                Ok(number)
            }
            Kind::Number(number) => {
                let words = format!("{number} is too large: {what} is at most {largest}");
                Err(Fault::new(words, self.next().at.clone()))
            }
            _ => Err(self.wanted(&format!("{what}, as a number,"))),
        }
    }

    /// To all, or to several.
    fn cast(
        &mut self,
        protocol: Option<(Protocol, &str)>,
        start: usize,
    ) -> Read<Option<Condition>> {
        let is_broadcast = self.is("broadcast");
        if !is_broadcast && !self.is("multicast") {
            return Ok(None);
        }
        self.skip();
        let what = match (is_broadcast, protocol.map(|(protocol, _)| protocol)) {
            (true, None | Some(Protocol::Ether)) => Is::Broadcast,
            (false, None | Some(Protocol::Ether)) => Is::Multicast(Holder::Ether),
            (false, Some(Protocol::Ip)) => Is::Multicast(Holder::Ip),
            (false, Some(Protocol::Ip6)) => Is::Multicast(Holder::Ip6),
            (true, Some(Protocol::Ip)) => {
                let words = "which addresses are broadcasts depends on the network";
                return Err(Fault::new(words, self.since(start)).hint(
                    "\"broadcast\" is that of the link; \"dst host 10.0.0.255\" is one of IP",
                ));
            }
            _ => {
                let word = protocol.map_or("", |(_, word)| word);
                let cast = if is_broadcast {
                    "broadcast"
                } else {
                    "multicast"
                };
                let words = format!("{word} has no {cast}");
                return Err(Fault::new(words, self.since(start)).hint(format!(
                    "\"{word} and {cast}\" is what of it is sent to several on the link"
                )));
            }
        };
        Ok(Some(self.one(what, start)))
    }

    /// `src`, `dst`, and both of them.
    fn direction(&mut self) -> Read<Option<Direction>> {
        let (first, other) = match self.here() {
            "src" => (Direction::Source, "dst"),
            "dst" => (Direction::Destination, "src"),
            _ => return Ok(None),
        };
        self.skip();
        let both = match self.here() {
            "or" | "||" => Direction::Either,
            "and" | "&&" => Direction::Both,
            _ => return Ok(Some(first)),
        };
        self.skip();
        match self.take(other) {
            true => Ok(Some(both)),
            false => Err(self.wanted(&format!("{other:?}"))),
        }
    }

    /// Whether the qualifiers go together.
    fn check(&self, qualifiers: Qualifiers<'_>, direction: Option<Direction>) -> Read<()> {
        let what = qualifiers.what.unwrap_or(What::Host);
        if what == What::Proto && direction.is_some() {
            let words = "a protocol has no direction";
            let at = qualifiers.start..self.next().at.end;
            return Err(Fault::new(words, at));
        }
        let Some((protocol, word)) = qualifiers.protocol else {
            return Ok(());
        };
        let kind = match what {
            What::Port => "port",
            What::PortRange => "portrange",
            What::Net => "net",
            What::Proto => "proto",
            What::Host => "host",
        };
        let is_with_ports = words::WITH_PORTS.iter().any(|(known, _)| *known == word);
        let (fits, lacks) = match (what, protocol) {
            (What::Port | What::PortRange, _) => (is_with_ports, "has no ports"),
            (What::Proto, Protocol::Ether | Protocol::Ip | Protocol::Ip6) => (true, ""),
            (What::Proto, _) => (false, "holds no other protocol"),
            (What::Host, Protocol::Ether) => (true, ""),
            (_, Protocol::Ip | Protocol::Ip6 | Protocol::Arp | Protocol::Rarp) => (true, ""),
            _ => (false, "has no such addresses"),
        };
        if fits {
            return Ok(());
        }
        let at = qualifiers.start..qualifiers.start + word.len();
        let fault = Fault::new(format!("{word} {lacks}"), at);
        Err(match (what, protocol) {
            (_, Protocol::Ether) => fault,
            (What::Proto, _) => fault.hint("ip, ip6 and ether do"),
            _ => fault.hint(format!("\"{word} and {kind}\" asks for both")),
        })
    }
}
