//! The words of iproute2 and how it abbreviates them: the tables of `ip.c`, `iplink.c`, `ipaddress.c`, `ipneigh.c` and
//! `ipnetns.c` (iproute2 6.1), in their order, for the first that begins with what was typed is meant.

use super::iproute2_routing_words::{
    BRIDGE_COMMANDS, FDB, FDB_FLUSH, FDB_GET, FDB_LOOK, ROUTE, ROUTE_COMMANDS, ROUTE_GET,
    ROUTE_LOOK, RULE, RULE_COMMANDS, VNI,
};

/// What follows a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A value.
    Value,
    /// Nothing: it turns something on.
    Nothing,
    /// Nothing: it turns its canonical word off.
    Off,
    /// Nothing: it gives its canonical word this value.
    Is(&'static str),
}

/// A keyword among the arguments.
#[derive(Debug, Clone, Copy)]
pub struct Keyword {
    /// As it is typed.
    pub typed: &'static str,
    /// The one word for all that mean the same.
    pub means: &'static str,
    /// Whether its beginning is enough.
    pub abbreviated: bool,
    /// What follows.
    pub takes: Takes,
}

/// A keyword that has to be typed whole.
pub const fn exact(typed: &'static str, means: &'static str, takes: Takes) -> Keyword {
    Keyword {
        typed,
        means,
        abbreviated: false,
        takes,
    }
}

/// A keyword whose beginning is enough.
pub const fn short(typed: &'static str, means: &'static str, takes: Takes) -> Keyword {
    Keyword {
        typed,
        means,
        abbreviated: true,
        takes,
    }
}

use Takes::{Nothing, Off, Value};

/// The arguments of a command: its keywords, and what a word that is none of them is the value of.
#[derive(Debug, Clone, Copy)]
pub struct Grammar {
    /// The keywords, in the order in which they are looked for.
    pub keywords: &'static [Keyword],
    /// The keyword that may be left out.
    pub unsaid: &'static str,
}

impl Grammar {
    /// The keyword that a word is.
    pub fn keyword(&self, typed: &str) -> Option<&'static Keyword> {
        self.keywords.iter().find(|keyword| {
            keyword.typed == typed || keyword.abbreviated && is_beginning(typed, keyword.typed)
        })
    }
}

/// Of `ip link add|set|delete`.
pub const LINK: Grammar = Grammar {
    unsaid: "dev",
    keywords: &[
        exact("up", "up", Nothing),
        exact("down", "up", Off),
        exact("name", "name", Value),
        exact("index", "index", Value),
        short("link", "link", Value),
        short("address", "address", Value),
        short("broadcast", "broadcast", Value),
        exact("brd", "broadcast", Value),
        short("txqueuelen", "txqueuelen", Value),
        exact("qlen", "txqueuelen", Value),
        short("txqlen", "txqueuelen", Value),
        exact("mtu", "mtu", Value),
        exact("netns", "netns", Value),
        exact("multicast", "multicast", Value),
        exact("allmulticast", "allmulticast", Value),
        exact("promisc", "promisc", Value),
        exact("trailers", "trailers", Value),
        exact("arp", "arp", Value),
        exact("carrier", "carrier", Value),
        exact("vf", "vf", Value),
        short("master", "master", Value),
        exact("vrf", "master", Value),
        short("nomaster", "nomaster", Nothing),
        short("dynamic", "dynamic", Value),
        short("type", "type", Value),
        short("alias", "alias", Value),
        exact("group", "group", Value),
        exact("mode", "mode", Value),
        exact("state", "state", Value),
        short("numtxqueues", "numtxqueues", Value),
        short("numrxqueues", "numrxqueues", Value),
        short("addrgenmode", "addrgenmode", Value),
        exact("link-netns", "link-netns", Value),
        short("link-netnsid", "link-netnsid", Value),
        exact("protodown", "protodown", Value),
        exact("gso_max_size", "gso_max_size", Value),
        exact("gso_max_segs", "gso_max_segs", Value),
        exact("gro_max_size", "gro_max_size", Value),
        exact("parentdev", "parentdev", Value),
        exact("dev", "dev", Value),
    ],
};

/// Of `ip link property`.
pub const PROPERTY: Grammar = Grammar {
    unsaid: "dev",
    keywords: &[
        short("altname", "altname", Value),
        short("dev", "dev", Value),
    ],
};

/// Of `ip link property`: what it does. It takes no longer word for del.
pub const PROPERTY_COMMANDS: &[(&str, &str)] = &[("add", "add"), ("del", "delete")];

/// Of `ip addr add|change|replace|delete`.
pub const ADDRESS: Grammar = Grammar {
    unsaid: "local",
    keywords: &[
        exact("peer", "peer", Value),
        exact("remote", "peer", Value),
        short("broadcast", "broadcast", Value),
        exact("brd", "broadcast", Value),
        exact("anycast", "anycast", Value),
        exact("scope", "scope", Value),
        exact("dev", "dev", Value),
        exact("label", "label", Value),
        short("metric", "metric", Value),
        short("priority", "metric", Value),
        short("preference", "metric", Value),
        short("valid_lft", "valid_lft", Value),
        short("preferred_lft", "preferred_lft", Value),
        exact("proto", "proto", Value),
        exact("home", "home", Nothing),
        exact("nodad", "nodad", Nothing),
        exact("optimistic", "optimistic", Nothing),
        exact("mngtmpaddr", "mngtmpaddr", Nothing),
        exact("noprefixroute", "noprefixroute", Nothing),
        exact("autojoin", "autojoin", Nothing),
        exact("local", "local", Value),
    ],
};

/// Of `ip link|addr show` and `ip addr flush`.
pub const LOOK: Grammar = Grammar {
    unsaid: "dev",
    keywords: &[
        exact("to", "to", Value),
        exact("scope", "scope", Value),
        exact("up", "up", Nothing),
        exact("permanent", "permanent", Nothing),
        exact("dynamic", "dynamic", Nothing),
        exact("secondary", "secondary", Nothing),
        exact("temporary", "temporary", Nothing),
        exact("primary", "primary", Nothing),
        exact("tentative", "tentative", Nothing),
        exact("deprecated", "deprecated", Nothing),
        exact("dadfailed", "dadfailed", Nothing),
        exact("label", "label", Value),
        exact("group", "group", Value),
        exact("master", "master", Value),
        exact("nomaster", "nomaster", Nothing),
        exact("vrf", "master", Value),
        exact("type", "type", Value),
        exact("dev", "dev", Value),
    ],
};

/// Of `ip neigh`.
pub const NEIGHBOUR: Grammar = Grammar {
    unsaid: "to",
    keywords: &[
        exact("lladdr", "lladdr", Value),
        exact("nud", "nud", Value),
        exact("state", "nud", Value),
        exact("proxy", "proxy", Nothing),
        exact("router", "router", Nothing),
        exact("use", "use", Nothing),
        exact("unused", "unused", Nothing),
        exact("managed", "managed", Nothing),
        exact("extern_learn", "extern_learn", Nothing),
        exact("master", "master", Value),
        exact("nomaster", "nomaster", Nothing),
        exact("vrf", "master", Value),
        exact("protocol", "protocol", Value),
        exact("dev", "dev", Value),
        exact("to", "to", Value),
    ],
};

/// Of `ip netns`.
pub const NETNS: Grammar = Grammar {
    unsaid: "name",
    keywords: &[],
};

/// Of `ip tuntap` (iptuntap.c).
pub const TUNTAP: Grammar = Grammar {
    unsaid: "dev",
    keywords: &[
        short("mode", "mode", Value),
        short("user", "user", Value),
        short("group", "group", Value),
        short("pi", "pi", Nothing),
        short("one_queue", "one_queue", Nothing),
        short("vnet_hdr", "vnet_hdr", Nothing),
        short("multi_queue", "multi_queue", Nothing),
        short("dev", "dev", Value),
        short("name", "dev", Value),
    ],
};

/// The arguments of a command, where they are known.
pub fn grammar(program: &str, object: &str, command: &str) -> Option<Grammar> {
    if program == "bridge" {
        return Some(match (object, command) {
            ("fdb", "add" | "append" | "replace" | "delete") => FDB,
            ("fdb", "show") => FDB_LOOK,
            ("fdb", "get") => FDB_GET,
            ("fdb", "flush") => FDB_FLUSH,
            ("vni", _) => VNI,
            _ => return None,
        });
    }
    Some(match (object, command) {
        _ if program != "ip" => return None,
        ("route", "show" | "flush") => ROUTE_LOOK,
        ("route", "get") => ROUTE_GET,
        ("route", _) => ROUTE,
        ("rule", _) => RULE,
        ("link", "add" | "set" | "replace" | "delete") => LINK,
        ("address", "add" | "change" | "replace" | "delete") => ADDRESS,
        ("link" | "address", "show") | ("address", "flush") => LOOK,
        ("neighbour", _) => NEIGHBOUR,
        ("netns", _) => NETNS,
        ("tuntap", _) => TUNTAP,
        _ => return None,
    })
}

/// What `ip` works on, each with the one name for all that mean the same.
const OBJECTS: &[(&str, &str)] = &[
    ("address", "address"),
    ("addrlabel", "addrlabel"),
    ("maddress", "maddress"),
    ("route", "route"),
    ("rule", "rule"),
    ("neighbor", "neighbour"),
    ("neighbour", "neighbour"),
    ("ntable", "ntable"),
    ("ntbl", "ntable"),
    ("link", "link"),
    ("l2tp", "l2tp"),
    ("fou", "fou"),
    ("ila", "ila"),
    ("macsec", "macsec"),
    ("tunnel", "tunnel"),
    ("tunl", "tunnel"),
    ("tuntap", "tuntap"),
    ("tap", "tuntap"),
    ("token", "token"),
    ("tcpmetrics", "tcpmetrics"),
    ("tcp_metrics", "tcpmetrics"),
    ("monitor", "monitor"),
    ("xfrm", "xfrm"),
    ("mroute", "mroute"),
    ("mrule", "mrule"),
    ("netns", "netns"),
    ("netconf", "netconf"),
    ("vrf", "vrf"),
    ("sr", "sr"),
    ("nexthop", "nexthop"),
    ("mptcp", "mptcp"),
    ("ioam", "ioam"),
    ("amt", "amt"),
    ("help", "help"),
    ("stats", "stats"),
];

/// What `bridge` works on.
const BRIDGE_OBJECTS: &[(&str, &str)] = &[
    ("link", "link"),
    ("fdb", "fdb"),
    ("mdb", "mdb"),
    ("vlan", "vlan"),
    ("vni", "vni"),
    ("monitor", "monitor"),
    ("help", "help"),
];

/// What `tc` works on.
const TC_OBJECTS: &[(&str, &str)] = &[
    ("qdisc", "qdisc"),
    ("class", "class"),
    ("filter", "filter"),
    ("chain", "chain"),
    ("actions", "actions"),
    ("monitor", "monitor"),
    ("exec", "exec"),
    ("help", "help"),
];

/// The objects of a program of iproute2.
pub fn objects(program: &str) -> &'static [(&'static str, &'static str)] {
    match program {
        "bridge" => BRIDGE_OBJECTS,
        "tc" => TC_OBJECTS,
        _ => OBJECTS,
    }
}

const LINK_COMMANDS: &[(&str, &str)] = &[
    ("add", "add"),
    ("set", "set"),
    ("change", "set"),
    ("replace", "replace"),
    ("delete", "delete"),
    ("show", "show"),
    ("lst", "show"),
    ("list", "show"),
    ("xstats", "xstats"),
    ("afstats", "afstats"),
    ("property", "property"),
    ("help", "help"),
];

const ADDRESS_COMMANDS: &[(&str, &str)] = &[
    ("add", "add"),
    ("change", "change"),
    ("chg", "change"),
    ("replace", "replace"),
    ("delete", "delete"),
    ("list", "show"),
    ("show", "show"),
    ("lst", "show"),
    ("flush", "flush"),
    ("save", "save"),
    ("showdump", "showdump"),
    ("restore", "restore"),
    ("help", "help"),
];

const NEIGHBOUR_COMMANDS: &[(&str, &str)] = &[
    ("add", "add"),
    ("change", "change"),
    ("chg", "change"),
    ("replace", "replace"),
    ("delete", "delete"),
    ("get", "get"),
    ("show", "show"),
    ("lst", "show"),
    ("list", "show"),
    ("flush", "flush"),
    ("help", "help"),
];

const NETNS_COMMANDS: &[(&str, &str)] = &[
    ("list", "show"),
    ("show", "show"),
    ("lst", "show"),
    ("list-id", "list-id"),
    ("help", "help"),
    ("add", "add"),
    ("set", "set"),
    ("identify", "identify"),
    ("pids", "pids"),
    ("delete", "delete"),
    ("exec", "exec"),
    ("monitor", "monitor"),
    ("attach", "attach"),
];

/// The commands of objects that have no table of their own here.
const COMMANDS: &[(&str, &str)] = &[
    ("add", "add"),
    ("append", "append"),
    ("prepend", "prepend"),
    ("change", "change"),
    ("chg", "change"),
    ("delete", "delete"),
    ("get", "get"),
    ("set", "set"),
    ("list", "show"),
    ("show", "show"),
    ("lst", "show"),
    ("ls", "show"),
    ("replace", "replace"),
    ("test", "test"),
    ("flush", "flush"),
    ("save", "save"),
    ("restore", "restore"),
    ("exec", "exec"),
    ("help", "help"),
];

/// The commands of an object.
pub fn commands(program: &str, object: &str) -> &'static [(&'static str, &'static str)] {
    match (program, object) {
        ("ip", "link") => LINK_COMMANDS,
        ("ip", "address") => ADDRESS_COMMANDS,
        ("ip", "neighbour") => NEIGHBOUR_COMMANDS,
        ("ip", "route") => ROUTE_COMMANDS,
        ("ip", "rule") => RULE_COMMANDS,
        ("bridge", "fdb" | "mdb" | "vlan" | "vni") => BRIDGE_COMMANDS,
        ("ip", "netns") => NETNS_COMMANDS,
        _ => COMMANDS,
    }
}

/// What an option before the object is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Global {
    /// How the result is written.
    Manner,
    /// The same, with a number after it.
    MannerWithValue,
    /// The namespace.
    Netns,
    /// Only this family of addresses.
    Family(&'static str),
    /// The same, by name.
    FamilyByName,
    /// Something that netsh has no equivalent of.
    Other,
}

/// The options before the object, in the order in which `ip` looks for them. Those of one sign are not abbreviated.
pub const GLOBALS: &[(&str, Global)] = &[
    ("-loops", Global::MannerWithValue),
    ("-family", Global::FamilyByName),
    ("-4", Global::Family("inet")),
    ("-6", Global::Family("inet6")),
    ("-0", Global::Other),
    ("-M", Global::Other),
    ("-B", Global::Other),
    ("-human-readable", Global::Manner),
    ("-iec", Global::Manner),
    ("-stats", Global::Manner),
    ("-statistics", Global::Manner),
    ("-details", Global::Manner),
    ("-resolve", Global::Manner),
    ("-oneline", Global::Manner),
    ("-timestamp", Global::Manner),
    ("-tshort", Global::Manner),
    ("-Version", Global::Other),
    ("-force", Global::Other),
    ("-batch", Global::Other),
    ("-brief", Global::Manner),
    ("-json", Global::Manner),
    ("-pretty", Global::Manner),
    ("-rcvbuf", Global::MannerWithValue),
    ("-color", Global::Manner),
    ("-help", Global::Other),
    ("-netns", Global::Netns),
    ("-Numeric", Global::Manner),
    ("-all", Global::Other),
    ("-echo", Global::Manner),
];

/// The first of a table that begins with what was typed, as iproute2's `matches` finds it.
pub fn first_match(
    table: &'static [(&'static str, &'static str)],
    typed: &str,
) -> Option<&'static str> {
    let found = table.iter().find(|(name, _)| is_beginning(typed, name));
    found.map(|(_, means)| *means)
}

/// Whether the typed text is the beginning of a name. An empty one is not.
pub fn is_beginning(typed: &str, name: &str) -> bool {
    !typed.is_empty() && name.starts_with(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tried with `ip` of iproute2 6.1.
    #[test]
    fn abbreviations_are_those_of_ip() {
        for (typed, object) in [
            ("a", "address"),
            ("addr", "address"),
            ("addrl", "addrlabel"),
            ("n", "neighbour"),
            ("ne", "neighbour"),
            ("net", "netns"),
            ("netc", "netconf"),
            ("nex", "nexthop"),
            ("nt", "ntable"),
            ("l", "link"),
            ("r", "route"),
            ("ru", "rule"),
            ("m", "maddress"),
            ("mo", "monitor"),
            ("t", "tunnel"),
            ("tap", "tuntap"),
            ("s", "sr"),
            ("st", "stats"),
        ] {
            assert_eq!(first_match(OBJECTS, typed), Some(object), "{typed}");
        }
        assert_eq!(first_match(OBJECTS, "neti"), None);
        assert_eq!(first_match(OBJECTS, ""), None);
        // It is no joke: `ip l s lo` sets nothing of lo, `ip a s lo` shows its addresses.
        assert_eq!(first_match(LINK_COMMANDS, "s"), Some("set"));
        assert_eq!(first_match(LINK_COMMANDS, "l"), Some("show"));
        assert_eq!(first_match(ADDRESS_COMMANDS, "s"), Some("show"));
        assert_eq!(first_match(ADDRESS_COMMANDS, "a"), Some("add"));
        assert_eq!(first_match(NETNS_COMMANDS, "e"), Some("exec"));
        assert_eq!(first_match(NETNS_COMMANDS, "s"), Some("show"));
    }

    #[test]
    fn keywords_are_those_of_ip() {
        let means = |typed| LINK.keyword(typed).map(|keyword| keyword.means);
        assert_eq!(means("qlen"), Some("txqueuelen"));
        assert_eq!(means("addr"), Some("address"));
        assert_eq!(means("addrgen"), Some("addrgenmode"));
        assert_eq!(means("ty"), Some("type"));
        assert_eq!(means("mt"), None);
        assert_eq!(means("down"), Some("up"));
        let means = |typed| ADDRESS.keyword(typed).map(|keyword| keyword.means);
        assert_eq!(means("brd"), Some("broadcast"));
        assert_eq!(means("pre"), Some("metric"));
        assert_eq!(means("prefer"), Some("metric"));
        assert_eq!(means("preferred_lft"), Some("preferred_lft"));
    }
}
