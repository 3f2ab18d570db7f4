//! What this kernel and this user can do, item by item, each with the remedy where it is missing. Nothing is guessed from a
//! version or a configuration: each thing is tried, in a fresh namespace that nobody else sees.

use std::os::fd::RawFd;

use socket2::{Domain, Protocol, Socket, Type};

use super::change::{Action, Names, Operation};
use super::error::{Error, Result};
use super::features;
use super::netns::Namespace;
use super::nft::load::Load;
use super::sysctl::{self, Key};

/// Something that a kernel may have or a user may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is a kind of: `link`, `nft`, `capability`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Whether it is there.
    pub is_there: bool,
    /// What to do where it is missing; empty where it is there.
    pub remedy: String,
}

/// Tries everything.
pub fn examine() -> Result<Vec<Finding>> {
    let namespace = Namespace::create()?;
    let mut findings = vec![user_namespaces()];
    findings.extend(capabilities());
    findings.extend(sockets(&namespace)?);
    findings.extend(groups_of_sysctls(&namespace));
    for feature in features::all() {
        let is_there = feature.is_there()?;
        let module = feature.module().unwrap_or_default();
        let option = feature.config();
        let remedy = match feature.kind {
            features::Kind::Device => feature.remedy(),
            _ => remedy_of(option.trim_start_matches("CONFIG_"), &module),
        };
        findings.push(finding(
            feature.kind.word(),
            &feature.name,
            is_there,
            &remedy,
        ));
    }
    for (kind, name, option, module, text) in NFTABLES {
        let remedy = remedy_of(option, module);
        findings.push(finding(kind, name, takes(text)?, &remedy));
    }
    Ok(findings)
}

fn finding(kind: &'static str, name: &str, is_there: bool, remedy: &str) -> Finding {
    Finding {
        kind,
        name: name.into(),
        is_there,
        remedy: if is_there { "" } else { remedy }.into(),
    }
}

fn remedy_of(option: &str, module: &str) -> String {
    match module {
        "" => format!("a kernel with CONFIG_{option}"),
        module => format!("as root on the host: modprobe {module} (CONFIG_{option})"),
    }
}

/// Where netsh is in one, it has it with power; else what would forbid one is looked at.
fn user_namespaces() -> Finding {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let map = read("/proc/self/uid_map");
    // The first one's map is that of all numbers to themselves (user_namespaces(7)).
    let is_first = map.split_whitespace().eq(["0", "0", "4294967295"]);
    // A limit, what Debian's kernels had, and what Ubuntu's have (sysctl -w gives them back).
    let forbidding = [
        ("user.max_user_namespaces", "0", "10000"),
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ];
    let forbidden = forbidding.iter().find(|(name, value, _)| {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        is_first && read(&path).trim() == *value
    });
    let remedy = forbidden.map_or(String::new(), |(name, _, better)| {
        format!("on the host root can allow them: sysctl -w {name}={better}")
    });
    finding("user", "user namespaces", forbidden.is_none(), &remedy)
}

/// linux/capability.h.
const CAPABILITIES: [(&str, u32, &str); 3] = [
    (
        "CAP_NET_ADMIN",
        12,
        "to change links, addresses, routes and rules",
    ),
    ("CAP_NET_RAW", 13, "to send and see raw packets"),
    ("CAP_SYS_ADMIN", 21, "to make and enter network namespaces"),
];

fn capabilities() -> Vec<Finding> {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    let effective = effective.unwrap_or(0);
    let capability = |(name, bit, purpose): (&str, u32, &str)| {
        let remedy = format!("it is needed {purpose}; root and the sandbox have it");
        finding("capability", name, effective >> bit & 1 == 1, &remedy)
    };
    CAPABILITIES.map(capability).to_vec()
}

/// A kind of socket: name, domain, type, protocol, and the remedy.
type Socketed = (&'static str, i32, i32, i32, &'static str);

fn sockets(namespace: &Namespace) -> Result<Vec<Finding>> {
    use nix::libc::{AF_INET, AF_INET6, AF_PACKET, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP};
    use nix::libc::{SOCK_DGRAM, SOCK_RAW, SOCK_STREAM};
    const GROUPS: &str = "a group of this user has to be in net.ipv4.ping_group_range; netsh can also use a raw socket";
    const RAW: &str = "it needs CAP_NET_RAW";
    const PACKET: &str =
        "it needs CAP_NET_RAW; as root on the host: modprobe af_packet (CONFIG_PACKET)";
    const IPV6: &str = "a kernel with CONFIG_IPV6, started without ipv6.disable=1";
    let kinds: [Socketed; 6] = [
        ("ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP, GROUPS),
        ("ping (IPv6)", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, GROUPS),
        ("raw", AF_INET, SOCK_RAW, IPPROTO_ICMP, RAW),
        ("raw (IPv6)", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, RAW),
        ("packet", AF_PACKET, SOCK_RAW, 0, PACKET),
        ("IPv6", AF_INET6, SOCK_STREAM, IPPROTO_TCP, IPV6),
    ];
    // The range of groups is that of the namespace in which netsh pings; a fresh one has none.
    let try_one = |(name, domain, kind, protocol, remedy): Socketed| {
        let protocol = Some(protocol).filter(|number| *number != 0);
        let open = || {
            let protocol = protocol.map(Protocol::from);
            Socket::new(Domain::from(domain), Type::from(kind), protocol).is_ok()
        };
        let is_there = match kind == SOCK_DGRAM {
            true => open(),
            false => namespace.enter(open)?,
        };
        Ok(finding("socket", name, is_there, remedy))
    };
    kinds.into_iter().map(try_one).collect()
}

/// What shows itself by its sysctls: name, sysctl, option, module.
const SYSCTLS: [(&str, &str, &str, &str); 2] = [
    (
        "bridge-nf",
        "net.bridge.bridge-nf-call-iptables",
        "BRIDGE_NETFILTER",
        "br_netfilter",
    ),
    (
        "conntrack",
        "net.netfilter.nf_conntrack_max",
        "NF_CONNTRACK",
        "nf_conntrack",
    ),
];

fn groups_of_sysctls(namespace: &Namespace) -> Vec<Finding> {
    let look = |(name, sysctl, option, module): (&str, &str, &str, &str)| {
        let key = Key::parse(sysctl).ok();
        let is_there = key.is_some_and(|key| sysctl::exists(namespace, &key));
        finding("netfilter", name, is_there, &remedy_of(option, module))
    };
    SYSCTLS.map(look).to_vec()
}

/// What nftables may have: kind, name, option, module, and a text that needs it (net/netfilter/Kconfig and its kin).
type Nftables = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const NFTABLES: &[Nftables] = &[
    (
        "nft family",
        "ip",
        "NF_TABLES_IPV4",
        "nf_tables",
        "table ip t { chain c { type filter hook input priority 0; } }",
    ),
    (
        "nft family",
        "ip6",
        "NF_TABLES_IPV6",
        "nf_tables",
        "table ip6 t { chain c { type filter hook input priority 0; } }",
    ),
    (
        "nft family",
        "inet",
        "NF_TABLES_INET",
        "nf_tables",
        "table inet t { chain c { type filter hook input priority 0; } }",
    ),
    (
        "nft family",
        "arp",
        "NF_TABLES_ARP",
        "nf_tables",
        "table arp t { chain c { type filter hook input priority 0; } }",
    ),
    (
        "nft family",
        "bridge",
        "NF_TABLES_BRIDGE",
        "nf_tables_bridge",
        "table bridge t { chain c { type filter hook input priority 0; } }",
    ),
    (
        "nft family",
        "netdev",
        "NF_TABLES_NETDEV",
        "nf_tables",
        "table netdev t { chain c { type filter hook ingress device \"lo\" priority 0; } }",
    ),
    (
        "nft chain",
        "nat",
        "NFT_NAT",
        "nft_chain_nat",
        "table ip t { chain c { type nat hook postrouting priority 100; } }",
    ),
    (
        "nft chain",
        "route",
        "NF_TABLES_IPV4",
        "nf_tables",
        "table ip t { chain c { type route hook output priority 0; } }",
    ),
    (
        "nft",
        "ct",
        "NFT_CT",
        "nft_ct",
        "table ip t { chain c { ct state new; } }",
    ),
    (
        "nft",
        "dup",
        "NFT_DUP_IPV4",
        "nft_dup_ipv4",
        "table ip t { chain c { dup to 10.0.0.1; } }",
    ),
    (
        "nft",
        "fib",
        "NFT_FIB_IPV4",
        "nft_fib_ipv4",
        "table ip t { chain c { type filter hook input priority 0; fib daddr type local; } }",
    ),
    (
        "nft",
        "jhash",
        "NFT_HASH",
        "nft_hash",
        "table ip t { chain c { meta mark set jhash ip saddr mod 2; } }",
    ),
    (
        "nft",
        "limit",
        "NFT_LIMIT",
        "nft_limit",
        "table ip t { chain c { limit rate 1/second; } }",
    ),
    (
        "nft",
        "log",
        "NFT_LOG",
        "nft_log",
        "table ip t { chain c { log; } }",
    ),
    (
        "nft",
        "masquerade",
        "NFT_MASQ",
        "nft_masq",
        "table ip t { chain c { type nat hook postrouting priority 100; masquerade; } }",
    ),
    (
        "nft",
        "numgen",
        "NFT_NUMGEN",
        "nft_numgen",
        "table ip t { chain c { meta mark set numgen inc mod 2; } }",
    ),
    (
        "nft",
        "queue",
        "NFT_QUEUE",
        "nft_queue",
        "table ip t { chain c { queue; } }",
    ),
    (
        "nft",
        "quota",
        "NFT_QUOTA",
        "nft_quota",
        "table ip t { chain c { quota 10 mbytes; } }",
    ),
    (
        "nft",
        "redirect",
        "NFT_REDIR",
        "nft_redir",
        "table ip t { chain c { type nat hook prerouting priority -100; redirect; } }",
    ),
    (
        "nft",
        "reject",
        "NFT_REJECT",
        "nft_reject_ipv4",
        "table ip t { chain c { type filter hook input priority 0; reject; } }",
    ),
    (
        "nft",
        "snat, dnat",
        "NFT_NAT",
        "nft_nat",
        "table ip t { chain c { type nat hook prerouting priority -100; dnat to 10.0.0.1; } }",
    ),
    (
        "nft",
        "tproxy",
        "NFT_TPROXY",
        "nft_tproxy",
        "table ip t { chain c { type filter hook prerouting priority 0; meta l4proto tcp tproxy to :1; } }",
    ),
];

/// The names in a namespace that has none.
struct Alone<'a>(&'a Namespace);

impl Names for Alone<'_> {
    fn namespace(&self) -> &Namespace {
        self.0
    }

    fn netns(&self, name: &str) -> Result<RawFd> {
        Err(Error::NoSuchNetns(name.into()))
    }
}

/// Whether the kernel takes this text of nft's.
fn takes(text: &str) -> Result<bool> {
    let namespace = Namespace::create()?;
    let Ok(load) = Load::new(text, &|_, _| None) else {
        // A test reads all of them.
        return Ok(false);
    };
    let sent = load
        .action(&Alone(&namespace))
        .and_then(|action| match action {
            Action::Netfilter(requests) => namespace.netfilter()?.transact(requests, &mut |_| {}),
            _ => Ok(()),
        });
    match sent {
        Ok(()) => Ok(true),
        Err(Error::Refused { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_can_be_read() {
        let unread: Vec<_> = NFTABLES
            .iter()
            .filter_map(|(.., text)| Some((text, Load::new(text, &|_, _| None).err()?)))
            .collect();
        assert!(unread.is_empty(), "{unread:#?}");
    }
}
