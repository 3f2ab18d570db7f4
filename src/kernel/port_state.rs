//! The state of a bridge's port, set by hand (RTM_SETLINK with AF_BRIDGE: br_setlink in net/bridge/br_netlink.c).
//!
//! All other settings of a port go with those of the link. The state could too, but after such a message the kernel tells of a
//! changed link (do_setlink in net/core/rtnetlink.c), and a bridge that hears of it lets a port with a carrier forward again.

use nix::errno::Errno;

use super::bridge_vlan::{RTM_SETLINK, header};
use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::kind::STATES_OF_PORTS;
use super::link;
use super::netlink::attributes::Attributes;
use super::netlink::{Message, Request};
use super::options::Setting;
use super::reason::{Reason, Refusal};

/// Settings of a port, nested (`IFLA_PROTINFO` of linux/if_link.h).
const IFLA_PROTINFO: u16 = 12;
const IFLA_BRPORT_STATE: u16 = 1;

/// Sets the state of a port. Like `bridge link set dev LINK state STATE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortState {
    /// The port.
    pub link: String,
    /// The state: one of its words.
    pub state: &'static str,
}

impl Operation for PortState {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn words(&self) -> String {
        format!("set state of {}", self.link)
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let number = STATES_OF_PORTS.iter().find(|(word, _)| *word == self.state);
        let mut attributes = Attributes::new();
        attributes.nest(IFLA_PROTINFO, |port| {
            port.u8(
                IFLA_BRPORT_STATE,
                number.map_or(0, |(_, number)| *number as u8),
            );
        });
        let mut body = header(names.link(&self.link)?);
        body.extend(attributes.as_bytes());
        let kind = RTM_SETLINK;
        Ok(Action::Route(vec![Request::new(Message { kind, body }, 0)]))
    }

    fn command(&self) -> Command {
        Command {
            program: "bridge".into(),
            ..Command::ip(["link", "set", "dev", &self.link, "state", self.state])
        }
    }

    /// `br_set_port_state` in net/bridge/br_stp_if.c says nothing but the errno.
    fn refusal(&self, refusal: &Refusal, _names: &dyn Names) -> Option<Reason> {
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
        let state = settings.iter().find_map(|(row, setting)| match setting {
            Setting::Word(state) if row.key == "state" => Some(*state),
            _ => None,
        });
        Ok(state.map(|state| {
            let link = self.link.clone();
            PortState { link, state }.into()
        }))
    }
}
