//! A packet as it was captured: its bytes, and when, where and in which direction they went. What a capture gives, and what
//! capture files hold.

use std::fmt;
use std::time::Duration;

use super::layers::{Kind, Link, Sum, sums};
use super::line::{self, Detail};

/// A packet that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// When, since 1970.
    pub at: Duration,
    /// The namespace of the link; None where nobody said.
    pub netns: Option<String>,
    /// The link on which it was seen; empty where nobody said.
    pub link: String,
    /// Whether it came in or went out there; None where nobody said.
    pub direction: Option<Direction>,
    /// What its bytes begin with.
    pub link_type: LinkType,
    /// How long it was, in bytes: no less than what there is of it in `bytes`.
    pub length: u32,
    /// The bytes of it that were kept.
    pub bytes: Vec<u8>,
    /// What is noted about it.
    pub comments: Vec<String>,
}

/// In which direction a packet passed a link, as seen from the namespace that has the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It came in.
    In,
    /// It went out.
    Out,
}

/// What the bytes of a captured packet begin with: the link types of capture files, as far as packets of them are read.
/// The numbers are those of tcpdump.org/linktypes.html.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// An Ethernet header. The loopback link has one too.
    Ethernet,
    /// An IP header of either version.
    Ip,
    /// The header of `tcpdump -i any` (LINUX_SLL).
    Cooked,
    /// That of a newer tcpdump, which tells the link too (LINUX_SLL2).
    Cooked2,
    /// Something else, by its number.
    Other(u16),
}

impl Captured {
    /// One line for it, as tcpdump prints it.
    pub fn line(&self, detail: Detail) -> String {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        match self.link_type.beginning() {
            Some(link) => line::line(&self.bytes, link, length, detail),
            None => format!("link type {}, length {length}", self.link_type),
        }
    }

    /// A few words for it, for an arrow in a diagram.
    pub fn label(&self) -> String {
        match self.link_type.beginning() {
            Some(link) => line::label(&self.bytes, link),
            None => format!("{} bytes", self.length),
        }
    }

    /// The whole of its checksums in a word: wrong if one is, else left to offload if one is; unknown if not all of
    /// what they cover is there; None if it has none. Those of a packet that an ICMP error quotes are not its own.
    pub fn sum(&self) -> Option<Sum> {
        let mut sums = sums(&self.bytes, self.link_type.beginning()?);
        let is_last = |kind: &Kind| matches!(kind.name, "icmp" | "icmp6");
        if let Some(last) = sums.iter().position(|(kind, _)| is_last(kind)) {
            sums.truncate(last + 1);
        }
        let has = |wanted: Sum| sums.iter().any(|(_, sum)| *sum == wanted);
        // What can't be told of one can't be told of the whole, unless another is wrong.
        let worst = [Sum::Wrong, Sum::Unknown, Sum::Offloaded, Sum::Right];
        let worst = worst.into_iter().find(|sum| has(*sum))?;
        // Of a packet that was cut, whole headers with sums of their own can be missing.
        let is_cut = u32::try_from(self.bytes.len()).is_ok_and(|kept| kept < self.length);
        Some(match worst {
            Sum::Wrong => Sum::Wrong,
            _ if is_cut => Sum::Unknown,
            worst => worst,
        })
    }
}

impl Direction {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Direction::In => "in",
            Direction::Out => "out",
        }
    }

    /// The direction of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "in" => Some(Direction::In),
            "out" => Some(Direction::Out),
            _ => None,
        }
    }
}

impl LinkType {
    /// The type of this number in a capture file.
    pub fn of_number(number: u16) -> Self {
        match number {
            1 => LinkType::Ethernet,
            // RAW, and the same as old programs wrote it (DLT_RAW of OpenBSD and others); IPV4 and IPV6 alone.
            12 | 14 | 101 | 228 | 229 => LinkType::Ip,
            113 => LinkType::Cooked,
            276 => LinkType::Cooked2,
            other => LinkType::Other(other),
        }
    }

    /// Its number in a capture file.
    pub fn number(self) -> u16 {
        match self {
            LinkType::Ethernet => 1,
            LinkType::Ip => 101,
            LinkType::Cooked => 113,
            LinkType::Cooked2 => 276,
            LinkType::Other(number) => number,
        }
    }

    /// The type of this word, or of this number.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "ethernet" => Some(LinkType::Ethernet),
            "ip" => Some(LinkType::Ip),
            "linux_sll" => Some(LinkType::Cooked),
            "linux_sll2" => Some(LinkType::Cooked2),
            number => number.parse().ok().map(LinkType::of_number),
        }
    }

    /// What a packet of this type begins with, if that is known.
    pub fn beginning(self) -> Option<Link> {
        match self {
            LinkType::Ethernet => Some(Link::Ethernet),
            LinkType::Ip => Some(Link::Ip),
            LinkType::Cooked => Some(Link::Cooked),
            LinkType::Cooked2 => Some(Link::Cooked2),
            LinkType::Other(_) => None,
        }
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkType::Ethernet => f.write_str("ethernet"),
            LinkType::Ip => f.write_str("ip"),
            LinkType::Cooked => f.write_str("linux_sll"),
            LinkType::Cooked2 => f.write_str("linux_sll2"),
            LinkType::Other(number) => write!(f, "{number}"),
        }
    }
}
