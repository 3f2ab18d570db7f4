//! The kinds of links that Linux has drivers for, and what to say where this kernel has none.

use super::reason::Reason;

/// The kinds of links that Linux has drivers for, each with its module where that is called otherwise.
const KINDS: [(&str, &str); 40] = [
    ("amt", ""),
    ("bareudp", ""),
    ("batadv", "batman-adv"),
    ("bond", "bonding"),
    ("bridge", ""),
    ("dummy", ""),
    ("erspan", "ip_gre"),
    ("geneve", ""),
    ("gre", "ip_gre"),
    ("gretap", "ip_gre"),
    ("gtp", ""),
    ("hsr", ""),
    ("ifb", ""),
    ("ip6erspan", "ip6_gre"),
    ("ip6gre", "ip6_gre"),
    ("ip6gretap", "ip6_gre"),
    ("ip6tnl", "ip6_tunnel"),
    ("ipip", ""),
    ("ipoib", "ib_ipoib"),
    ("ipvlan", ""),
    ("ipvtap", ""),
    ("macsec", ""),
    ("macvlan", ""),
    ("macvtap", ""),
    ("netdevsim", ""),
    ("netkit", ""),
    ("nlmon", ""),
    ("sit", ""),
    ("team", ""),
    ("tun", ""),
    ("vcan", ""),
    ("veth", ""),
    ("vlan", "8021q"),
    ("vrf", ""),
    ("vti", "ip_vti"),
    ("vti6", "ip6_vti"),
    ("vxcan", ""),
    ("vxlan", ""),
    ("wireguard", ""),
    ("xfrm", "xfrm_interface"),
];

/// The kinds of links that Linux has drivers for, whether or not this kernel has them.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, _)| *name)
}

/// Why a link of this kind can't be made: no driver.
pub fn no_driver(kind: &str, argument: &'static str) -> Reason {
    let words = Reason::new(format!("this kernel has no links of kind {kind:?}")).blame(argument);
    let known = KINDS.iter().find(|known| known.0 == kind);
    let module = match known {
        Some((_, "")) | None => kind,
        Some((_, module)) => module,
    };
    let words = match known {
        Some(_) => words,
        None => words.alike(kind, KINDS.map(|known| known.0.to_string()).to_vec(), ""),
    };
    words.hint(format!("its driver is not built in, and not loaded as a module; on the host root may be able to load it: modprobe {module}"))
}

#[cfg(test)]
mod tests {
    use super::no_driver;

    #[test]
    fn a_kind_that_linux_knows_leads_to_its_module() {
        for (kind, module) in [
            ("vlan", "8021q"),
            ("bond", "bonding"),
            ("gre", "ip_gre"),
            ("vxlan", "vxlan"),
            ("warpdrive", "warpdrive"),
        ] {
            let hint = no_driver(kind, "kind").hint;
            assert!(hint.ends_with(&format!(": modprobe {module}")), "{hint}");
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
