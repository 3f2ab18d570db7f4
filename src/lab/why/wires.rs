//! What a namespace's own links would need for a way: to be up, and an address in the network of their wire.

use super::Finding;
use super::state::holds;
use super::suspects::Scene;
use crate::kernel::cidr::Cidr;

/// The destination is behind a link of this namespace that is down: its route went with it.
pub(super) fn link_of_network(scene: &Scene<'_>) -> Option<Finding> {
    for (link, addr) in scene.space.addresses() {
        if holds(&addr.local, scene.to)
            && let Some(finding) = super::links::is_down(scene, &scene.place(link))
        {
            return Some(finding);
        }
    }
    None
}

/// The destination is on the same wire, and has an address whose network would hold ours: one of the two masks is wrong.
pub(super) fn wrong_mask(scene: &Scene<'_>) -> Option<Finding> {
    for (link, addr) in scene.space.addresses() {
        let place = scene.place(link);
        for other in scene.state.segment(&place) {
            let space = scene.state.space(&other.netns)?;
            let Some(there) = space.link(&other.link) else {
                continue;
            };
            let own = there.link.addresses.iter();
            for theirs in own.filter(|theirs| theirs.local.address == scene.to) {
                if !holds(&theirs.local, addr.local.address) || holds(&addr.local, scene.to) {
                    continue;
                }
                let right = Cidr {
                    address: addr.local.address,
                    prefix: theirs.local.prefix,
                };
                let words = format!(
                    "{link} of {} has {}, and {} has {}: the networks have different masks",
                    scene.space.words(),
                    addr.local,
                    other,
                    theirs.local
                );
                let lines = [
                    scene.line(format!("addr_del({link:?}, \"{}\")", addr.local)),
                    scene.line(format!("addr_add({link:?}, \"{right}\")")),
                ];
                return Some(
                    Finding::new("wrong_mask", words)
                        .shown_by(format!("address of {place}"), addr.local.to_string())
                        .shown_by(format!("address of {other}"), theirs.local.to_string())
                        .mended_by(lines.join("; ")),
                );
            }
        }
    }
    None
}
