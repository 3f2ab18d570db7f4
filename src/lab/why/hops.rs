//! How many routers may pass a packet on.

use super::Finding;
use super::suspects::Scene;

/// The TTL is used up: whoever should pass it on throws it away.
pub(super) fn ttl(scene: &Scene<'_>) -> Option<Finding> {
    let ttl = scene.look.ttl.filter(|ttl| *ttl <= 1)?;
    if scene.is_received || scene.by.is_none() {
        return None;
    }
    let words = format!(
        "its TTL is {ttl} when it comes to {}: no router may pass it on",
        scene.space.words()
    );
    let finding = Finding::new("ttl", words).shown_by("ttl", ttl.to_string());
    let sender = match scene.is_back {
        false => scene.state.space(&scene.state.from),
        true => scene
            .look
            .source
            .and_then(|source| scene.state.owners(source).first().map(|(space, _)| *space)),
    }?;
    let name = match scene.to.is_ipv4() {
        true => "net.ipv4.ip_default_ttl",
        false => "net.ipv6.conf.all.hop_limit",
    };
    let value = sender.sysctl(name).unwrap_or_default();
    if scene.asked.ttl.is_some() && !scene.is_back {
        return Some(finding.shown_by("ttl of the probe", scene.asked.ttl?.to_string()));
    }
    let line = format!("sysctl_set({name:?}, 64)");
    Some(
        finding
            .shown_by(format!("{name} of {}", sender.words()), value)
            .mended_by(scene.state.line(sender.name(), &line)),
    )
}
