//! How long a packet may be.

use super::Finding;
use super::routes::way_on;
use super::suspects::Scene;

/// The packet may not be broken up, and the next link takes none of its length.
pub(super) fn too_long(scene: &Scene<'_>) -> Option<Finding> {
    let way = way_on(scene).ok()?;
    let link = way.link?;
    let named = scene.space.link(&link)?;
    let carried = u32::try_from(scene.asked.size).unwrap_or(u32::MAX);
    let headers = if scene.to.is_ipv4() { 28 } else { 48 };
    let length = carried.saturating_add(headers);
    if scene.asked.protocol != super::Protocol::Icmp
        || named.link.mtu >= length
        || scene.asked.size <= 56
    {
        return None;
    }
    let place = scene.place(&link);
    let words = format!(
        "{link} of {} takes packets of {} bytes at most; this one has {length}, and may not be broken up",
        scene.space.words(),
        named.link.mtu
    );
    let widest = 1500.max(length);
    let mut lines = vec![scene.line(format!("link_set({link:?}, #{{ mtu: {widest} }})"))];
    if let Some(peer) = scene.state.peer(&place)
        && scene
            .state
            .link(&peer)
            .is_some_and(|named| named.link.mtu < length)
    {
        let line = format!("link_set({:?}, #{{ mtu: {widest} }})", peer.link);
        lines.push(scene.state.line(&peer.netns, &line));
    }
    // Whoever was told of it keeps it in mind for ten minutes.
    let version = if scene.to.is_ipv4() { 4 } else { 6 };
    let forget = format!("sysctl_set(\"net.ipv{version}.route.flush\", 1)");
    lines.push(scene.state.line(&scene.state.from, &forget));
    Some(
        Finding::new("mtu", words)
            .shown_by(format!("mtu of {place}"), named.link.mtu.to_string())
            .shown_by("length", length.to_string())
            .mended_by(lines.join("; ")),
    )
}
