//! Golden bytes: for each command of tests/bridge/messages what netsh sends is what bridge sends, whether or not this kernel takes
//! it. The way leads over all of netsh: the command is translated into a verb, the verb runs, and the command that it shows,
//! translated again, sends the same.

use std::rc::Rc;

use rhai::Engine;

use netsh::kernel::netns::Namespace;
use netsh::script;

use crate::support::{Test, Verdict, ip, lab, test_with_ip};
use crate::traffic::{Recorded, Sent, compare, recorded, sent_by};

/// The tests of this file.
pub fn tests() -> Vec<Test> {
    vec![test_with_ip(
        "bridges: the bytes are those of bridge",
        are_those_of_bridge,
    )]
}

/// Whether a message is about what bridges know, and no list: RTM_DELLINK and RTM_SETLINK, RTM_*NEIGH, RTM_*MDB, RTM_NEWVLAN,
/// RTM_*TUNNEL.
fn is_of_bridges(kind: u16, flags: u16) -> bool {
    const DUMP: u16 = 0x300;
    let is_list = kind % 4 == 2 && flags & DUMP == DUMP;
    let is_known = matches!(kind, 17 | 19 | 28..=30 | 84..=86 | 112 | 120..=122);
    is_known && !is_list
}

/// The same without the flag NLA_F_NESTED, which bridge sets in some messages only. Those of links have theirs in IFLA_AF_SPEC (26)
/// and in IFLA_BRIDGE_VLAN_TUNNEL_INFO (3).
fn plain((kind, flags, mut body): Sent) -> Sent {
    let header = match kind {
        17 | 19 => 16,
        28..=30 => 12,
        _ => 8,
    };
    let is_of_a_link = header == 16;
    if let Some(attributes) = body.get_mut(header..) {
        strip(attributes, if is_of_a_link { &[26, 3] } else { &[] });
    }
    (kind, flags, body)
}

/// Takes the flag from all attributes, and from those in them that have it, or whose numbers are on the path.
fn strip(mut bytes: &mut [u8], path: &[u16]) {
    const NESTED: u8 = 0x80;
    while let [l0, l1, t0, t1, ..] = *bytes {
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let kind = u16::from_ne_bytes([t0, t1 & !NESTED]);
        bytes[3] &= !NESTED;
        let end = length.max(4).next_multiple_of(4).min(bytes.len());
        let (attribute, rest) = bytes.split_at_mut(end);
        match path.split_first() {
            Some((first, path)) if *first == kind => strip(&mut attribute[4..], path),
            _ if t1 & NESTED != 0 => strip(&mut attribute[4..], &[]),
            _ => {}
        }
        bytes = rest;
    }
}

/// Where this kernel's bridges know VLANs, netsh asks the kernel to delete only those that are there, and only the mapping that is.
fn have_what_is_deleted(engine: &Engine, command: &str) -> Verdict {
    if !command.starts_with("bridge vlan del ") {
        return Ok(());
    }
    let script = r#"
        link_set("eth0", #{ master: "br0" });
        try { bridge_vlan_add("eth0", "5-9"); } catch (e) { if e.errno != "EOPNOTSUPP" { throw e; } }
        for vlan in bridge_vlan_list(#{ dev: "eth0" }).filter(|vlan| vlan.vid >= 5 && vlan.tunnel == ()) {
            link_set("eth0", #{ vlan_tunnel: true });
            bridge_vlan_add("eth0", vlan.vid, #{ tunnel_info: 995 + vlan.vid });
        }
    "#;
    engine.run(script).map_err(|error| error.to_string())?;
    Ok(())
}

fn are_those_of_bridge(_: &Namespace) -> Verdict {
    // As where the messages were recorded: eth1 is 2, eth0 is 3, br0 is 4, vx0 is 5.
    for words in [
        "link add eth0 type veth peer name eth1",
        "link add br0 type bridge",
        "link add vx0 type vxlan external vnifilter dstport 4789",
    ] {
        ip(&words.split(' ').collect::<Vec<_>>())?;
    }
    let (lab, kept) = lab()?;
    let engine = script::engine(Rc::new(lab));
    let catalog = script::catalog();
    let mut faults = Vec::new();
    let all = recorded("bridge/messages")?;
    for Recorded { command, message } in &all {
        // netsh sets of ports only what is one.
        if command.starts_with("bridge link ") {
            ip(&["link", "set", "eth0", "master", "br0"])?;
        }
        have_what_is_deleted(&engine, command)?;
        kept.commands.take();
        let tried = sent_by(&engine, catalog, command, is_of_bridges);
        let shown = kept.commands.take().into_iter().next();
        match tried {
            Ok(sent) => compare(command, &plain(sent), &plain(message.clone()), &mut faults),
            Err(failed) => {
                faults.push(format!("{:?}", failed.message()));
                continue;
            }
        }
        // What asks shows no command.
        let Some(shown) = shown else { continue };
        have_what_is_deleted(&engine, command)?;
        match sent_by(&engine, catalog, &shown, is_of_bridges) {
            Ok(again) => {
                let what = format!("{command}, shown as {shown}");
                compare(&what, &plain(again), &plain(message.clone()), &mut faults);
            }
            Err(failed) => faults.push(format!("{:?}", failed.message())),
        }
        kept.commands.take();
    }
    match (faults.is_empty(), all.len()) {
        (true, 70..) => Ok(()),
        (true, few) => Err(format!("only {few} commands").into()),
        (false, _) => Err(faults.join("\n").into()),
    }
}
