//! Numbers of routes and rules with their names: tables, protocols, scopes, types (linux/rtnetlink.h, and iproute2's
//! lib/rt_names.c).

use std::path::Path;
use std::sync::LazyLock;

/// Numbers that have names.
pub struct Numbers {
    /// What such a number is, for errors: `a table`.
    pub what: &'static str,
    names: &'static [(u32, &'static str)],
    largest: u32,
}

impl Numbers {
    /// The name of a number; the number itself where it has none.
    pub fn text(&self, number: u32) -> String {
        match self.name(number) {
            Some(name) => name.to_string(),
            None => number.to_string(),
        }
    }

    /// The name of a number.
    pub fn name(&self, number: u32) -> Option<&'static str> {
        let found = self.names.iter().find(|(known, _)| *known == number);
        found.map(|(_, name)| *name)
    }

    /// The number of a name, or that is written in digits.
    pub fn number(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().find(|(_, name)| *name == text);
        let number = named.map(|(number, _)| *number);
        let number = number.or_else(|| text.parse().ok());
        number.filter(|number| *number <= self.largest)
    }

    /// All names.
    pub fn all(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().map(|(_, name)| *name)
    }
}

/// `enum rt_class_t`.
pub mod table {
    /// Any, where one may be chosen.
    pub const UNSPEC: u32 = 0;
    /// What is looked in last.
    pub const DEFAULT: u32 = 253;
    /// What `ip route add` fills.
    pub const MAIN: u32 = 254;
    /// The machine's own addresses.
    pub const LOCAL: u32 = 255;
}

/// Types: `RTN_*`.
pub mod kind {
    /// Any, where one may be chosen.
    pub const UNSPEC: u8 = 0;
    /// To a gateway, or to a neighbour.
    pub const UNICAST: u8 = 1;
    /// To this machine.
    pub const LOCAL: u8 = 2;
    /// To all on a link.
    pub const BROADCAST: u8 = 3;
    /// To the nearest of several.
    pub const ANYCAST: u8 = 4;
    /// To a group.
    pub const MULTICAST: u8 = 5;
    /// Thrown away in silence.
    pub const BLACKHOLE: u8 = 6;
    /// Refused: no way.
    pub const UNREACHABLE: u8 = 7;
    /// Refused: not allowed.
    pub const PROHIBIT: u8 = 8;
    /// Not in this table.
    pub const THROW: u8 = 9;
}

/// `enum rt_scope_t`.
pub mod scope {
    /// Anywhere.
    pub const UNIVERSE: u8 = 0;
    /// On the link.
    pub const LINK: u8 = 253;
    /// On this machine.
    pub const HOST: u8 = 254;
    /// Any, where one is chosen.
    pub const NOWHERE: u8 = 255;
}

/// `RTPROT_BOOT`: what `ip route add` says.
pub const BOOT: u8 = 3;

/// Types of routes.
pub static TYPES: Numbers = Numbers {
    what: "a type of routes",
    largest: 255,
    names: &[
        (1, "unicast"),
        (2, "local"),
        (3, "broadcast"),
        (4, "anycast"),
        (5, "multicast"),
        (6, "blackhole"),
        (7, "unreachable"),
        (8, "prohibit"),
        (9, "throw"),
        (10, "nat"),
    ],
};

/// How far a route reaches.
pub static SCOPES: Numbers = Numbers {
    what: "a scope",
    largest: 255,
    names: &[
        (0, "global"),
        (200, "site"),
        (253, "link"),
        (254, "host"),
        (255, "nowhere"),
    ],
};

/// Who made a route.
pub static PROTOCOLS: Numbers = Numbers {
    what: "a protocol of routes",
    largest: 255,
    names: &[
        (0, "unspec"),
        (1, "redirect"),
        (2, "kernel"),
        (3, "boot"),
        (4, "static"),
        (8, "gated"),
        (9, "ra"),
        (10, "mrt"),
        (11, "zebra"),
        (12, "bird"),
        (13, "dnrouted"),
        (14, "xorp"),
        (15, "ntk"),
        (16, "dhcp"),
        (17, "mrouted"),
        (18, "keepalived"),
        (42, "babel"),
        (99, "openr"),
        (186, "bgp"),
        (187, "isis"),
        (188, "ospf"),
        (189, "rip"),
        (192, "eigrp"),
    ],
};

/// RFC 4191: what an IPv6 router is worth (`ICMPV6_ROUTER_PREF_*`).
pub static PREFERENCES: Numbers = Numbers {
    what: "a preference",
    largest: 3,
    names: &[(0, "medium"), (1, "high"), (3, "low")],
};

static TABLES: Numbers = Numbers {
    what: "a routing table",
    largest: u32::MAX,
    names: &[(253, "default"), (254, "main"), (255, "local")],
};

/// Where iproute2 keeps names that an administrator gave to tables; newer versions have their own below /usr.
const NAME_FILES: [&str; 3] = [
    "/etc/iproute2/rt_tables",
    "/usr/share/iproute2/rt_tables",
    "/usr/lib/iproute2/rt_tables",
];

static GIVEN_TABLES: LazyLock<Vec<(u32, String)>> = LazyLock::new(|| {
    let files = NAME_FILES.iter().map(Path::new);
    let texts = files.filter_map(|file| std::fs::read_to_string(file).ok());
    texts.flat_map(|text| named_in(&text)).collect()
});

/// The lines `NUMBER NAME` of such a file.
fn named_in(text: &str) -> Vec<(u32, String)> {
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let number = words.next()?;
        let number = match number.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        Some((number, words.next()?.to_string()))
    });
    lines.filter(|(number, _)| *number != 0).collect()
}

/// The name of a table; its number where it has none.
pub fn table_text(number: u32) -> String {
    let given = || {
        let mut given = GIVEN_TABLES.iter();
        given.find(|(known, _)| *known == number)
    };
    match (TABLES.name(number), number) {
        (Some(name), _) => name.into(),
        (None, table::UNSPEC) => "unspec".into(),
        (None, _) => given().map_or(number.to_string(), |(_, name)| name.clone()),
    }
}

/// The number of a table by its name or number.
pub fn table_number(text: &str) -> Option<u32> {
    let given = || {
        let mut given = GIVEN_TABLES.iter();
        given.find(|(_, name)| name == text)
    };
    let number = TABLES.number(text).filter(|number| *number != 0);
    number.or_else(|| given().map(|(number, _)| *number))
}

/// The names of all tables that have one.
pub fn table_names() -> Vec<String> {
    let given = GIVEN_TABLES.iter().map(|(_, name)| name.clone());
    let mut names: Vec<String> = TABLES.all().map(str::to_owned).chain(given).collect();
    names.sort();
    names.dedup();
    names.retain(|name| name != "unspec");
    names
}

/// Realms, from the one of where a packet comes from (in the upper half) to the one of where it goes: as `ip` writes them.
pub fn realm_text(realms: u32) -> String {
    match realms >> 16 {
        0 => realms.to_string(),
        from => format!("{from}/{}", realms & 0xffff),
    }
}

/// Reads realms: `5`, or `3/5`.
pub fn realm_number(text: &str) -> Option<u32> {
    // As many as iproute2 takes (rtnl_rtrealm_a2n).
    let one = |text: &str| text.parse::<u8>().ok().map(u32::from);
    match text.split_once('/') {
        Some((from, to)) => Some(one(from)? << 16 | one(to)?),
        None => one(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(TYPES.number("blackhole"), Some(6));
        assert_eq!(TYPES.text(6), "blackhole");
        assert_eq!(PROTOCOLS.number("77"), Some(77));
        assert_eq!(PROTOCOLS.number("256"), None);
        assert_eq!(PROTOCOLS.text(77), "77");
        assert_eq!(table_number("main"), Some(254));
        assert_eq!(table_number("4294967295"), Some(u32::MAX));
        assert_eq!(table_number("0"), None);
        assert_eq!(table_number("nothing like it"), None);
        assert_eq!(table_text(254), "main");
        assert_eq!(table_text(100), "100");
    }

    #[test]
    fn realms_are_one_or_two() {
        for text in ["5", "3/5", "255/255"] {
            assert_eq!(realm_number(text).map(realm_text).as_deref(), Some(text));
        }
        assert_eq!(realm_number("3/5"), Some(0x3_0005));
        for text in ["", "256", "1/", "/1", "a", "1/2/3"] {
            assert_eq!(realm_number(text), None, "{text}");
        }
    }

    #[test]
    fn tables_of_an_administrator() {
        let text = "# a comment\n255 local\n0 unspec\n0x64 blue # ours\nodd\n7\n";
        let wanted = [(255, "local".to_string()), (100, "blue".to_string())];
        assert_eq!(named_in(text), wanted);
    }
}
