//! Which tracked connections are meant: what a script, or conntrack(8), can say about an entry.

use std::net::IpAddr;

use super::change::Command;
use super::cidr::Cidr;
use super::conntrack::{Entry, STATUS, protocol_name};

/// AF_INET and AF_INET6 of sys/socket.h, with the names of families of addresses and those that conntrack(8) gives them.
pub const FAMILIES: [(u8, &str, &str); 2] = [(2, "inet", "ipv4"), (10, "inet6", "ipv6")];

/// What an entry has to have; nothing lets everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// AF_INET or AF_INET6.
    pub family: Option<u8>,
    /// The protocol, IPPROTO_*.
    pub protocol: Option<u8>,
    /// The network in which the original source is.
    pub src: Option<Cidr>,
    /// The network in which the original destination is.
    pub dst: Option<Cidr>,
    /// The original source port.
    pub sport: Option<u16>,
    /// The original destination port.
    pub dport: Option<u16>,
    /// The network in which the source of answers is.
    pub reply_src: Option<Cidr>,
    /// The network in which the destination of answers is.
    pub reply_dst: Option<Cidr>,
    /// The protocol's state.
    pub state: Option<String>,
    /// Bits of [`STATUS`], all of which are set.
    pub status: u32,
    /// What NAT does: snat, dnat, or any.
    pub nat: Option<Nat>,
    /// The mark, and the bits of it that count.
    pub mark: Option<(u32, u32)>,
    /// The zone.
    pub zone: Option<u16>,
}

/// What NAT does to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nat {
    /// The source is changed.
    Source,
    /// The destination is changed.
    Destination,
    /// Either is.
    Any,
}

impl Nat {
    /// The names, with conntrack's option.
    pub const NAMES: [(Nat, &'static str, &'static str); 3] = [
        (Nat::Source, "snat", "-n"),
        (Nat::Destination, "dnat", "-g"),
        (Nat::Any, "any", "-j"),
    ];
}

impl Filter {
    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    /// The family for the header of a request; AF_UNSPEC is both.
    pub(super) fn family(&self) -> u8 {
        self.family.unwrap_or(0)
    }

    /// Whether an entry passes.
    pub fn matches(&self, entry: &Entry) -> bool {
        fn is<T: PartialEq>(wanted: Option<T>, found: Option<T>) -> bool {
            wanted.is_none() || wanted == found
        }
        let tuple = &entry.original;
        is(self.family, Some(entry.family))
            && is(self.protocol, Some(tuple.protocol))
            && is_in(self.src, tuple.src)
            && is_in(self.dst, tuple.dst)
            && is(self.sport, tuple.sport)
            && is(self.dport, tuple.dport)
            && is_in(self.reply_src, entry.reply.src)
            && is_in(self.reply_dst, entry.reply.dst)
            && is(self.state.as_deref(), entry.state)
            && entry.status & self.status == self.status
            && self.nat.is_none_or(|nat| has_nat(entry, nat))
            && is(self.zone, Some(entry.zone))
            && self.mark.is_none_or(|(mark, mask)| {
                entry.mark.is_some_and(|found| (found ^ mark) & mask == 0)
            })
    }

    /// What it asks for: the key of netsh's option, the option of conntrack(8), and the value.
    fn parts(&self) -> Vec<(&'static str, &'static str, String)> {
        let family = FAMILIES.iter().find(|it| Some(it.0) == self.family);
        let nat = Nat::NAMES.iter().find(|it| Some(it.0) == self.nat);
        let text = |value: Option<u16>| value.map(|value| value.to_string());
        let parts = [
            ("family", "-f", family.map(|it| it.2.to_string())),
            (
                "proto",
                "-p",
                self.protocol.map(|it| protocol_name(it).into()),
            ),
            ("src", "-s", self.src.map(network)),
            ("dst", "-d", self.dst.map(network)),
            ("sport", "--sport", text(self.sport)),
            ("dport", "--dport", text(self.dport)),
            ("reply_src", "-r", self.reply_src.map(network)),
            ("reply_dst", "-q", self.reply_dst.map(network)),
            ("state", "--state", self.state.clone()),
            (
                "status",
                "-u",
                (self.status != 0).then(|| status_words(self.status)),
            ),
            (
                "nat",
                nat.map_or("", |it| it.2),
                nat.map(|it| it.1.to_string()),
            ),
            ("mark", "-m", self.mark.map(mark_words)),
            ("zone", "-w", text(self.zone)),
        ];
        let given = parts.into_iter();
        given
            .filter_map(|(key, option, value)| Some((key, option, value?)))
            .collect()
    }

    /// The same to conntrack(8).
    pub(super) fn command(&self, command: &mut Command) {
        for (key, option, value) in self.parts() {
            match key {
                "nat" => command.word(option),
                _ => command.with(option, value),
            }
        }
    }

    /// In words: `proto tcp, dport 80`.
    pub fn words(&self) -> String {
        let parts = self.parts().into_iter();
        let words: Vec<String> = parts
            .map(|(key, _, value)| format!("{key} {value}"))
            .collect();
        words.join(", ")
    }
}

fn is_in(network: Option<Cidr>, found: Option<IpAddr>) -> bool {
    network.is_none_or(|network| {
        found.is_some_and(|address| {
            let prefix = network.prefix;
            network.shares_network(&Cidr { address, prefix })
        })
    })
}

fn has_nat(entry: &Entry, nat: Nat) -> bool {
    entry.nat().any(|found| match nat {
        Nat::Source => found == "snat",
        Nat::Destination => found == "dnat",
        Nat::Any => true,
    })
}

/// A network as conntrack(8) takes it: an address alone where it is a single host.
fn network(cidr: Cidr) -> String {
    match cidr.prefix == Cidr::bits(cidr.address) {
        true => cidr.address.to_string(),
        false => cidr.to_string(),
    }
}

fn status_words(status: u32) -> String {
    let set = STATUS.iter().filter(|(bit, _)| status & bit != 0);
    let names: Vec<&str> = set.map(|(_, name)| *name).collect();
    names.join(",")
}

fn mark_words((mark, mask): (u32, u32)) -> String {
    match mask {
        u32::MAX => mark.to_string(),
        mask => format!("{mark:#x}/{mask:#x}"),
    }
}
