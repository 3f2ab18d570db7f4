//! That a link is no port: of any bridge, or of the one that is meant.

use super::reason::Reason;

/// The link is no port of a bridge.
pub(super) fn no_port(link: &str) -> Reason {
    let hint = format!("link_set({link:?}, #{{ master: \"br0\" }}) makes it one");
    Reason::new(format!("{link} is no port of a bridge")).hint(hint)
}

/// The link is no port of this bridge.
pub(super) fn no_port_of(port: &str, bridge: &str) -> Reason {
    let hint = format!("link_set({port:?}, #{{ master: {bridge:?} }}) makes it one");
    Reason::new(format!("{port} is no port of {bridge}")).hint(hint)
}

/// Whether the kernel's words are that a link is no port, or one of another bridge (br_mdb.c and br_fdb.c of net/bridge).
pub(super) fn is_meant(said: &str) -> bool {
    [
        "not a bridge port",
        "not a bridge or bridge port",
        "different bridge",
        "does not match target bridge",
    ]
    .iter()
    .any(|words| said.contains(words))
}
