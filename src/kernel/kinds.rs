//! The kinds of links that Linux has drivers for, and what to say where this kernel has none.

use super::reason::Reason;

/// The kinds of links that Linux has drivers for, each with its module where that is called otherwise,
/// and the symbol in the configuration of a kernel that builds it.
const KINDS: [(&str, &str, &str); 40] = [
    ("amt", "", "CONFIG_AMT"),
    ("bareudp", "", "CONFIG_BAREUDP"),
    ("batadv", "batman-adv", "CONFIG_BATMAN_ADV"),
    ("bond", "bonding", "CONFIG_BONDING"),
    ("bridge", "", "CONFIG_BRIDGE"),
    ("dummy", "", "CONFIG_DUMMY"),
    ("erspan", "ip_gre", "CONFIG_NET_IPGRE"),
    ("geneve", "", "CONFIG_GENEVE"),
    ("gre", "ip_gre", "CONFIG_NET_IPGRE"),
    ("gretap", "ip_gre", "CONFIG_NET_IPGRE"),
    ("gtp", "", "CONFIG_GTP"),
    ("hsr", "", "CONFIG_HSR"),
    ("ifb", "", "CONFIG_IFB"),
    ("ip6erspan", "ip6_gre", "CONFIG_IPV6_GRE"),
    ("ip6gre", "ip6_gre", "CONFIG_IPV6_GRE"),
    ("ip6gretap", "ip6_gre", "CONFIG_IPV6_GRE"),
    ("ip6tnl", "ip6_tunnel", "CONFIG_IPV6_TUNNEL"),
    ("ipip", "", "CONFIG_NET_IPIP"),
    ("ipoib", "ib_ipoib", "CONFIG_INFINIBAND_IPOIB"),
    ("ipvlan", "", "CONFIG_IPVLAN"),
    ("ipvtap", "", "CONFIG_IPVTAP"),
    ("macsec", "", "CONFIG_MACSEC"),
    ("macvlan", "", "CONFIG_MACVLAN"),
    ("macvtap", "", "CONFIG_MACVTAP"),
    ("netdevsim", "", "CONFIG_NETDEVSIM"),
    ("netkit", "", "CONFIG_NETKIT"),
    ("nlmon", "", "CONFIG_NLMON"),
    ("sit", "", "CONFIG_IPV6_SIT"),
    ("team", "", "CONFIG_NET_TEAM"),
    ("tun", "", "CONFIG_TUN"),
    ("vcan", "", "CONFIG_CAN_VCAN"),
    ("veth", "", "CONFIG_VETH"),
    ("vlan", "8021q", "CONFIG_VLAN_8021Q"),
    ("vrf", "", "CONFIG_NET_VRF"),
    ("vti", "ip_vti", "CONFIG_NET_IPVTI"),
    ("vti6", "ip6_vti", "CONFIG_IPV6_VTI"),
    ("vxcan", "", "CONFIG_CAN_VXCAN"),
    ("vxlan", "", "CONFIG_VXLAN"),
    ("wireguard", "", "CONFIG_WIREGUARD"),
    ("xfrm", "xfrm_interface", "CONFIG_XFRM_INTERFACE"),
];

/// The kinds of links that Linux has drivers for, whether or not this kernel has them.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, ..)| *name)
}

/// Whether links of this kind are cables: made in pairs, and what goes in at one end comes out at the other.
pub fn is_pair(kind: &str) -> bool {
    matches!(kind, "veth" | "netkit" | "vxcan")
}

/// Whether what leaves by a link of this kind is handed on to another link of its namespace: a bridge, a VLAN, a tunnel.
pub fn is_stacked(kind: &str) -> bool {
    const ENDS: [&str; 6] = ["dummy", "ifb", "netdevsim", "nlmon", "tun", "vcan"];
    module(kind).is_some() && !is_pair(kind) && !ENDS.contains(&kind)
}

/// The module that is the driver of a kind that Linux knows.
pub fn module(kind: &str) -> Option<&'static str> {
    let (name, module, _) = KINDS.iter().find(|known| known.0 == kind)?;
    Some(if module.is_empty() { name } else { module })
}

/// The symbol in the configuration of a kernel that has a kind that Linux knows: `CONFIG_VLAN_8021Q`.
pub fn config(kind: &str) -> Option<&'static str> {
    let known = KINDS.iter().find(|known| known.0 == kind);
    known.map(|(.., config)| *config)
}

/// Why a link of this kind can't be made: no driver.
pub fn no_driver(kind: &str, argument: &'static str) -> Reason {
    let words = format!("this kernel has no links of kind {kind:?}");
    let known = KINDS.iter().find(|known| known.0 == kind);
    let Some((_, module, config)) = known else {
        let names = KINDS.map(|known| known.0.to_string()).to_vec();
        let hint = "if a module has them, root may be able to load it on the host: modprobe";
        let words = Reason::new(words).hint(format!("{hint} {kind}"));
        return words.blame(argument).alike(kind, names, "");
    };
    let module = if module.is_empty() { kind } else { module };
    Reason::new(format!("{words}: {config}"))
        .blame(argument)
        .hint(format!("{config} is not built in, and not loaded as a module; on the host root may be able to load it: modprobe {module}"))
}

#[cfg(test)]
mod tests {
    use super::no_driver;

    #[test]
    fn a_kind_that_linux_knows_leads_to_its_module() {
        for (kind, module, config) in [
            ("vlan", "8021q", "CONFIG_VLAN_8021Q"),
            ("bond", "bonding", "CONFIG_BONDING"),
            ("gre", "ip_gre", "CONFIG_NET_IPGRE"),
            ("vxlan", "vxlan", "CONFIG_VXLAN"),
            ("warpdrive", "warpdrive", ""),
        ] {
            let reason = no_driver(kind, "kind");
            assert!(
                reason.hint.ends_with(&format!(": modprobe {module}")),
                "{reason:?}"
            );
            assert!(reason.words.ends_with(config), "{reason:?}");
        }
    }

    #[test]
    fn a_misspelt_kind_is_looked_for_among_the_known() {
        let alike = no_driver("brige", "kind")
            .alike
            .expect("names to look among");
        assert!(alike.among.contains(&"bridge".to_string()));
        assert_eq!(no_driver("vlan", "kind").alike, None);
    }
}
