//! The families of tables (`enum` NFPROTO_* of linux/netfilter.h).

use std::fmt;

/// The family of a table: which packets it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4 and IPv6.
    Inet = 1,
    /// IPv4.
    Ip = 2,
    /// ARP.
    Arp = 3,
    /// What comes in at a link.
    Netdev = 5,
    /// What crosses a bridge.
    Bridge = 7,
    /// IPv6.
    Ip6 = 10,
}

impl Family {
    /// All of them, by the words of nft.
    pub const ALL: [(&'static str, Family); 6] = [
        ("ip", Family::Ip),
        ("ip6", Family::Ip6),
        ("inet", Family::Inet),
        ("arp", Family::Arp),
        ("bridge", Family::Bridge),
        ("netdev", Family::Netdev),
    ];

    /// The family of this name.
    pub fn named(name: &str) -> Option<Family> {
        let mut all = Family::ALL.iter();
        all.find(|(word, _)| *word == name)
            .map(|(_, family)| *family)
    }

    /// The family of this number.
    pub fn numbered(number: u8) -> Option<Family> {
        let mut all = Family::ALL.iter();
        all.find(|(_, family)| *family as u8 == number)
            .map(|(_, family)| *family)
    }

    /// As nft calls it.
    pub fn word(self) -> &'static str {
        let mut all = Family::ALL.iter();
        all.find(|(_, family)| *family == self)
            .map_or("", |(word, _)| word)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
