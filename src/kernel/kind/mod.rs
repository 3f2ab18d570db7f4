//! The kinds of links with the tables of their options, and of those of their ports; [`options`](super::options) says what is
//! done with a table. A new option is a row; a new kind is a file with its rows and a line in [`KINDS`].

mod bond;
mod bridge;
mod macvlan;
mod others;
#[cfg(test)]
mod tests;
mod tunnel;
mod vlan;
mod vxlan;

pub use bridge::STATES_OF_PORTS;

use super::options::{Always, Row, Settings};

/// A kind of links that has settings of its own.
#[derive(Debug)]
pub struct Kind {
    /// Its name, as after `type` in `ip link add`.
    pub name: &'static str,
    /// The options of its links (IFLA_INFO_DATA).
    pub options: &'static [Row],
    /// The options of ports of its links (IFLA_INFO_SLAVE_DATA).
    pub port: &'static [Row],
    /// Attributes that a new link is told unless an option says otherwise: those that ip sends. The drivers take some of
    /// them for something else where they are missing.
    pub always: Always,
    /// The same for a link with the option `external`.
    pub external: Always,
    /// Whether its links have another below them.
    pub parent: bool,
    /// Whether a change has to tell all settings anew: the driver takes what is missing for zero.
    pub whole: bool,
}

/// A kind without ports and peculiarities.
const fn plain(name: &'static str, options: &'static [Row]) -> Kind {
    Kind {
        name,
        options,
        port: &[],
        always: &[],
        external: &[],
        parent: false,
        whole: false,
    }
}

/// The same of links that have another below them.
const fn upper(name: &'static str, options: &'static [Row]) -> Kind {
    Kind {
        parent: true,
        ..plain(name, options)
    }
}

impl Kind {
    /// No settings yet, for a new link.
    pub fn of_new(&self) -> Settings {
        Settings::with(self.options, self.always, self.external)
    }
}

/// The kinds with settings of their own.
pub static KINDS: &[&Kind] = &[
    &bond::BOND,
    &bridge::BRIDGE,
    &macvlan::MACVLAN,
    &macvlan::MACVTAP,
    &macvlan::IPVLAN,
    &macvlan::IPVTAP,
    &vlan::VLAN,
    &vxlan::VXLAN,
    &vxlan::GENEVE,
    &vxlan::BAREUDP,
    &tunnel::GRE,
    &tunnel::GRETAP,
    &tunnel::ERSPAN,
    &tunnel::IPIP,
    &tunnel::SIT,
    &tunnel::IP6TNL,
    &tunnel::IP6GRE,
    &tunnel::IP6GRETAP,
    &tunnel::VTI,
    &tunnel::VTI6,
    &others::VRF,
    &others::NETKIT,
    &others::VXCAN,
    &others::MACSEC,
    &others::XFRM,
    &others::HSR,
    &others::BATADV,
];

/// The kind of this name, if it has settings of its own.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).copied()
}

/// The options of links of a kind; none for a kind without settings of its own.
pub fn options(name: &str) -> &'static [Row] {
    find(name).map_or(&[], |kind| kind.options)
}

/// The options of ports of links of a kind.
pub fn port_options(name: &str) -> &'static [Row] {
    find(name).map_or(&[], |kind| kind.port)
}
