//! A verb is known by its doc comment and by nothing else.

use crate::catalog::Catalog;
use crate::catalog::translate::translate;

/// Verbs that there are not, as somebody could write them tomorrow.
#[rhai::plugin::export_module]
// Rhai reads the names of the parameters, and nothing else.
#[allow(unused_variables)]
mod tomorrow {
    use rhai::Map;

    /// Makes a vlan.
    ///
    /// Equivalent to: `ip link add link LINK name NAME type vlan id ID`
    ///
    /// # Options
    /// - `protocol` (word): "802.1q" or "802.1ad"
    /// - `reorder_hdr` (bool): reorder
    pub fn vlan_add(link: &str, name: &str, id: i64, options: Map) {}

    /// Makes a route.
    ///
    /// Equivalent to: `ip route add DESTINATION`
    ///
    /// # Options
    /// - `via` (address): the gateway
    /// - `dev` (link): the link
    /// - `onlink` (bool): the gateway is there
    /// - `mtu` (int, bytes; `mtu`): the MTU
    pub fn route_add(destination: &str, options: Map) {}

    /// Lists routes.
    ///
    /// Equivalent to: `ip route`
    pub fn route_list() -> rhai::Array {
        rhai::Array::new()
    }

    /// Makes an entry.
    ///
    /// Equivalent to: `bridge fdb add MAC dev LINK`
    pub fn fdb_add(link: &str, mac: &str) {}

    /// Makes a neighbour.
    ///
    /// Equivalent to: `ip neigh add ADDRESS lladdr MAC dev LINK`
    pub fn neigh_add(link: &str, address: &str, mac: &str) {}

    /// Slows a link down.
    ///
    /// Equivalent to: `tc qdisc add dev LINK root netem`
    ///
    /// # Options
    /// - `delay` (duration): by this time
    /// - `loss` (string): percent
    pub fn netem_add(link: &str, options: Map) {}
}

#[test]
fn a_new_verb_is_known_by_its_manual() {
    let catalog = Catalog::of([("Tomorrow", rhai::exported_module!(tomorrow).into())]);
    for (command, wanted) in [
        (
            "ip link add link eth0 name eth0.5 type vlan id 5",
            r#"vlan_add("eth0", "eth0.5", 5);"#,
        ),
        (
            "ip l a eth0.5 link eth0 type vlan protocol 802.1ad id 5 reorder_hdr off",
            r#"vlan_add("eth0", "eth0.5", 5, #{ protocol: "802.1ad", reorder_hdr: false });"#,
        ),
        (
            "ip -n h1 r a default via 10.0.0.1 dev eth0 onlink",
            r#"netns_get("h1").route_add("default", #{ via: "10.0.0.1", dev: "eth0", onlink: true });"#,
        ),
        ("ip r", "show(route_list());"),
        (
            "bridge fdb add 02:00:00:00:00:01 dev eth0",
            r#"fdb_add("eth0", "02:00:00:00:00:01");"#,
        ),
        (
            "ip neigh add dev eth0 10.0.0.1 lladdr 02:00:00:00:00:01",
            r#"neigh_add("eth0", "10.0.0.1", "02:00:00:00:00:01");"#,
        ),
        (
            "tc qdisc add dev eth0 root netem delay 20ms loss 1%",
            r#"netem_add("eth0", #{ delay: "20ms", loss: "1%" });"#,
        ),
        ("ip route del default", r#"sh("ip route del default");"#),
    ] {
        let translation = translate(command, &catalog);
        assert_eq!(translation.faults, [], "{command}");
        assert_eq!(translation.lines, [wanted], "{command}");
    }
    let faults = translate("ip route add default via 10.0.0.1 metrik 5", &catalog).faults;
    assert_eq!(faults.first().map(|fault| fault.span.clone()), Some(34..40));
}
