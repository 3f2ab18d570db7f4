//! What a bridge's port is told as one (RTM_SETLINK with AF_BRIDGE: br_setlink in net/bridge/br_netlink.c), as `bridge link set`
//! does.
//!
//! All other settings of a port go with those of the link. The state could too, but after such a message the kernel tells of a
//! changed link (do_setlink in net/core/rtnetlink.c), and a bridge that hears of it lets a port with a carrier forward again. And
//! `ip link set` has no word for the number of groups.

use nix::errno::Errno;

use super::bridge_vlan::{RTM_SETLINK, header};
use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::link;
use super::netlink::attributes::Attributes;
use super::netlink::{Message, Request};
use super::options::Settings;
use super::reason::{Reason, Refusal};

/// Settings of a port, nested (`IFLA_PROTINFO` of linux/if_link.h).
const IFLA_PROTINFO: u16 = 12;

/// The settings that are told in this way.
pub const KEYS: [&str; 2] = ["mcast_max_groups", "state"];

/// Sets what a port has as one. Like `bridge link set dev LINK state STATE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortState {
    /// The port.
    pub link: String,
    /// The settings, of [`KEYS`].
    pub settings: Settings,
}

impl Operation for PortState {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn words(&self) -> String {
        let keys = self.settings.given().iter().map(|(row, _)| row.key);
        let keys: Vec<&str> = keys.collect();
        format!("set {} of {}", keys.join(", "), self.link)
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let settings = self.settings.attributes(&|name| names.link(name))?;
        let mut attributes = Attributes::new();
        attributes.nest(IFLA_PROTINFO, |port| {
            port.extend(&settings);
        });
        let mut body = header(names.link(&self.link)?);
        body.extend(attributes.as_bytes());
        let kind = RTM_SETLINK;
        Ok(Action::Route(vec![Request::new(Message { kind, body }, 0)]))
    }

    fn command(&self) -> Command {
        let mut command = Command {
            program: "bridge".into(),
            ..Command::ip(["link", "set", "dev", &self.link])
        };
        for (row, setting) in self.settings.given() {
            command.with(row.word, setting.words());
        }
        command
    }

    /// `br_set_port_state` in net/bridge/br_stp_if.c says nothing but the errno.
    fn refusal(&self, refusal: &Refusal, _names: &dyn Names) -> Option<Reason> {
        self.settings.get("state")?;
        let reason = match refusal.errno {
            Errno::ENETDOWN => Reason::new(format!("{} is down, or has no carrier", self.link))
                .hint("a port without a carrier is disabled; bring both of its ends up first"),
            Errno::EBUSY => Reason::new(
                "its bridge runs the spanning tree protocol, which sets the states itself",
            )
            .hint("turn it off first: link_set(\"BRIDGE\", #{ stp: false })"),
            _ => return None,
        };
        Some(reason.blame("state"))
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let now = link::get_bare(names.namespace(), names.link(&self.link)?)?;
        let settings = now.port_settings(&|_| None);
        let mut before = Settings::of(self.settings.rows());
        for (row, _) in self.settings.given() {
            let known = settings.iter().find(|(known, _)| known.key == row.key);
            // What this kernel does not tell it does not know either.
            let Some((_, setting)) = known else {
                return Ok(None);
            };
            before.set(row.key, setting.clone());
        }
        let link = self.link.clone();
        let settings = before;
        Ok(Some(PortState { link, settings }.into()))
    }
}
