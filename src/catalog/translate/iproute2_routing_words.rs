//! The words of routes, rules and of what `bridge` works on: the tables of `iproute.c`, `iprule.c`, `fdb.c`, `mdb.c` and
//! `vlan.c` (iproute2 6.1), in their order.

use super::iproute2_words::Takes::{Is, Nothing, Off, Value};
use super::iproute2_words::{Grammar, exact, short};

/// Of `ip route add|replace|delete` and the like.
pub const ROUTE: Grammar = Grammar {
    unsaid: "to",
    keywords: &[
        exact("src", "src", Value),
        exact("via", "via", Value),
        exact("from", "from", Value),
        exact("tos", "tos", Value),
        short("dsfield", "tos", Value),
        short("metric", "metric", Value),
        short("priority", "metric", Value),
        exact("preference", "metric", Value),
        exact("expires", "expires", Value),
        short("scope", "scope", Value),
        exact("mtu", "mtu", Value),
        exact("hoplimit", "hoplimit", Value),
        exact("advmss", "advmss", Value),
        short("reordering", "reordering", Value),
        exact("rtt", "rtt", Value),
        exact("rto_min", "rto_min", Value),
        short("window", "window", Value),
        short("cwnd", "cwnd", Value),
        exact("initcwnd", "initcwnd", Value),
        exact("initrwnd", "initrwnd", Value),
        exact("features", "features", Value),
        exact("quickack", "quickack", Value),
        exact("congctl", "congctl", Value),
        short("rttvar", "rttvar", Value),
        short("ssthresh", "ssthresh", Value),
        short("realms", "realms", Value),
        exact("onlink", "onlink", Nothing),
        exact("nhid", "nhid", Value),
        short("protocol", "proto", Value),
        short("table", "table", Value),
        exact("vrf", "vrf", Value),
        exact("dev", "dev", Value),
        exact("oif", "dev", Value),
        exact("pref", "pref", Value),
        exact("encap", "encap", Value),
        exact("fastopen_no_cookie", "fastopen_no_cookie", Value),
        exact("type", "type", Value),
        exact("to", "to", Value),
    ],
};

/// Of `ip route show|flush`.
pub const ROUTE_LOOK: Grammar = Grammar {
    unsaid: "exact",
    keywords: &[
        short("table", "table", Value),
        exact("vrf", "vrf", Value),
        short("cached", "cached", Nothing),
        exact("cloned", "cached", Nothing),
        exact("tos", "tos", Value),
        short("dsfield", "tos", Value),
        short("protocol", "proto", Value),
        short("scope", "scope", Value),
        short("type", "type", Value),
        exact("dev", "dev", Value),
        exact("oif", "dev", Value),
        exact("iif", "iif", Value),
        exact("mark", "mark", Value),
        short("metric", "metric", Value),
        exact("via", "via", Value),
        exact("src", "src", Value),
        short("realms", "realms", Value),
        exact("root", "root", Value),
        exact("match", "match", Value),
        exact("exact", "exact", Value),
        exact("to", "exact", Value),
    ],
};

/// Of `ip route get`.
pub const ROUTE_GET: Grammar = Grammar {
    unsaid: "to",
    keywords: &[
        exact("tos", "tos", Value),
        short("dsfield", "tos", Value),
        short("iif", "iif", Value),
        exact("mark", "mark", Value),
        exact("oif", "oif", Value),
        exact("dev", "oif", Value),
        short("notify", "notify", Nothing),
        short("connected", "connected", Nothing),
        exact("vrf", "oif", Value),
        exact("uid", "uid", Value),
        short("fibmatch", "fibmatch", Nothing),
        exact("as", "as", Value),
        exact("sport", "sport", Value),
        exact("dport", "dport", Value),
        exact("ipproto", "ipproto", Value),
        exact("from", "from", Value),
        exact("to", "to", Value),
    ],
};

/// Of `ip rule`.
pub const RULE: Grammar = Grammar {
    unsaid: "action",
    keywords: &[
        exact("not", "not", Nothing),
        exact("from", "from", Value),
        exact("to", "to", Value),
        short("preference", "priority", Value),
        short("order", "priority", Value),
        short("priority", "priority", Value),
        exact("tos", "tos", Value),
        short("dsfield", "tos", Value),
        exact("fwmark", "fwmark", Value),
        short("realms", "realms", Value),
        short("protocol", "proto", Value),
        exact("tun_id", "tun_id", Value),
        short("table", "table", Value),
        exact("lookup", "table", Value),
        exact("suppress_prefixlength", "suppress_prefixlength", Value),
        exact("sup_pl", "suppress_prefixlength", Value),
        exact("suppress_ifgroup", "suppress_ifgroup", Value),
        exact("sup_group", "suppress_ifgroup", Value),
        exact("dev", "iif", Value),
        exact("iif", "iif", Value),
        exact("oif", "oif", Value),
        exact("l3mdev", "l3mdev", Nothing),
        exact("uidrange", "uidrange", Value),
        exact("ipproto", "ipproto", Value),
        exact("sport", "sport", Value),
        exact("dport", "dport", Value),
        exact("goto", "goto", Value),
        exact("type", "action", Value),
    ],
};

/// Of `bridge fdb add|replace|delete`.
pub const FDB: Grammar = Grammar {
    unsaid: "lladdr",
    keywords: &[
        exact("dev", "dev", Value),
        exact("dst", "dst", Value),
        exact("nhid", "nhid", Value),
        exact("port", "port", Value),
        exact("vni", "vni", Value),
        exact("src_vni", "src_vni", Value),
        exact("via", "via", Value),
        exact("self", "self", Nothing),
        short("master", "master", Nothing),
        short("router", "router", Nothing),
        short("local", "state", Is("permanent")),
        short("permanent", "state", Is("permanent")),
        short("temp", "state", Is("static")),
        short("static", "state", Is("static")),
        short("dynamic", "state", Is("dynamic")),
        short("vlan", "vlan", Value),
        short("use", "use", Nothing),
        short("extern_learn", "extern_learn", Nothing),
        short("sticky", "sticky", Nothing),
        exact("activity_notify", "activity_notify", Nothing),
        exact("inactive", "inactive", Nothing),
        exact("norefresh", "norefresh", Nothing),
        short("to", "lladdr", Value),
    ],
};

/// Of `bridge fdb show`.
pub const FDB_LOOK: Grammar = Grammar {
    unsaid: "dev",
    keywords: &[
        exact("brport", "dev", Value),
        exact("dev", "dev", Value),
        exact("br", "br", Value),
        exact("vlan", "vlan", Value),
        exact("state", "state", Value),
        exact("dynamic", "dynamic", Nothing),
    ],
};

/// Of `bridge fdb get`.
pub const FDB_GET: Grammar = Grammar {
    unsaid: "lladdr",
    keywords: &[
        exact("brport", "dev", Value),
        exact("dev", "dev", Value),
        exact("br", "br", Value),
        exact("vni", "vni", Value),
        exact("self", "self", Nothing),
        short("master", "master", Nothing),
        short("vlan", "vlan", Value),
        short("dynamic", "dynamic", Nothing),
        exact("to", "lladdr", Value),
    ],
};

/// Of `bridge fdb flush` (iproute2 6.15, which has more than 6.1).
pub const FDB_FLUSH: Grammar = Grammar {
    unsaid: "",
    keywords: &[
        exact("dev", "dev", Value),
        exact("brport", "brport", Value),
        exact("vlan", "vlan", Value),
        exact("src_vni", "src_vni", Value),
        exact("nhid", "nhid", Value),
        exact("vni", "vni", Value),
        exact("port", "port", Value),
        exact("dst", "dst", Value),
        exact("self", "self", Nothing),
        exact("master", "master", Nothing),
        exact("permanent", "state", Is("permanent")),
        exact("nopermanent", "state", Is("nopermanent")),
        exact("static", "state", Is("static")),
        exact("nostatic", "state", Is("nostatic")),
        exact("dynamic", "state", Is("dynamic")),
        exact("nodynamic", "state", Is("nodynamic")),
        exact("added_by_user", "added_by_user", Nothing),
        exact("noadded_by_user", "added_by_user", Off),
        exact("extern_learn", "extern_learn", Nothing),
        exact("noextern_learn", "extern_learn", Off),
        exact("sticky", "sticky", Nothing),
        exact("nosticky", "sticky", Off),
        exact("offloaded", "offloaded", Nothing),
        exact("nooffloaded", "offloaded", Off),
        exact("router", "router", Nothing),
        exact("norouter", "router", Off),
    ],
};

/// Of `bridge vlan`.
pub const VLAN: Grammar = Grammar {
    unsaid: "",
    keywords: &[
        exact("dev", "dev", Value),
        exact("vid", "vid", Value),
        exact("tunnel_info", "tunnel_info", Value),
        exact("self", "self", Nothing),
        short("master", "master", Nothing),
        short("pvid", "pvid", Nothing),
        short("untagged", "untagged", Nothing),
    ],
};

/// Of `bridge vni`.
pub const VNI: Grammar = Grammar {
    unsaid: "",
    keywords: &[
        exact("dev", "dev", Value),
        exact("vni", "vni", Value),
        exact("group", "group", Value),
        exact("remote", "remote", Value),
    ],
};

/// Of `bridge mdb` (iproute2 6.15).
pub const MDB: Grammar = Grammar {
    unsaid: "",
    keywords: &[
        exact("dev", "dev", Value),
        exact("grp", "grp", Value),
        exact("port", "port", Value),
        exact("permanent", "state", Is("permanent")),
        exact("nopermanent", "state", Is("temp")),
        exact("temp", "state", Is("temp")),
        exact("vid", "vid", Value),
        exact("src", "src", Value),
        exact("filter_mode", "filter_mode", Value),
        exact("source_list", "source_list", Value),
        exact("proto", "proto", Value),
        exact("dst", "dst", Value),
        exact("dst_port", "dst_port", Value),
        exact("vni", "vni", Value),
        exact("src_vni", "src_vni", Value),
        exact("via", "via", Value),
    ],
};

/// The commands of `ip route`.
pub const ROUTE_COMMANDS: &[(&str, &str)] = &[
    ("add", "add"),
    ("change", "change"),
    ("chg", "change"),
    ("replace", "replace"),
    ("prepend", "prepend"),
    ("append", "append"),
    ("test", "test"),
    ("delete", "delete"),
    ("list", "show"),
    ("show", "show"),
    ("lst", "show"),
    ("get", "get"),
    ("flush", "flush"),
    ("save", "save"),
    ("restore", "restore"),
    ("showdump", "showdump"),
    ("help", "help"),
];

/// The commands of `ip rule`.
pub const RULE_COMMANDS: &[(&str, &str)] = &[
    ("list", "show"),
    ("lst", "show"),
    ("show", "show"),
    ("save", "save"),
    ("restore", "restore"),
    ("add", "add"),
    ("delete", "delete"),
    ("flush", "flush"),
    ("help", "help"),
];

/// The commands of `bridge fdb`, `bridge mdb`, `bridge vlan` and `bridge vni`.
pub const BRIDGE_COMMANDS: &[(&str, &str)] = &[
    ("add", "add"),
    ("append", "append"),
    ("replace", "replace"),
    ("delete", "delete"),
    ("get", "get"),
    ("show", "show"),
    ("lst", "show"),
    ("list", "show"),
    ("tunnelshow", "tunnelshow"),
    ("set", "set"),
    ("global", "global"),
    ("flush", "flush"),
    ("help", "help"),
];
