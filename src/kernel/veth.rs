//! veth pairs: two links, each the other end of the other (drivers/net/veth.c, veth(4)).

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{InfoData, InfoVeth};
use nix::errno::Errno;
use rtnetlink::{LinkMessageBuilder, LinkUnspec, LinkVeth};

use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::kinds::no_driver;
use super::link::{self, LinkDel};
use super::mac::Mac;
use super::netlink::Request;
use super::reason::{Reason, Refusal};

/// A new pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VethAdd {
    /// One end.
    pub name: String,
    /// The other end.
    pub peer: String,
    /// The namespace of the first end, if not the one of the change.
    pub netns: Option<String>,
    /// The namespace of the other end, if not the one of the change.
    pub peer_netns: Option<String>,
    /// Largest payload in bytes, of both ends.
    pub mtu: Option<u32>,
    /// Length of the transmit queue in packets, of both ends.
    pub txqueuelen: Option<u32>,
    /// Hardware address of the first end.
    pub mac: Option<Mac>,
    /// Hardware address of the other end.
    pub peer_mac: Option<Mac>,
}

impl VethAdd {
    /// One end of the two.
    fn end<T>(
        &self,
        mut end: LinkMessageBuilder<T>,
        mac: Option<Mac>,
        netns: Option<i32>,
    ) -> LinkMessageBuilder<T> {
        if let Some(mtu) = self.mtu {
            end = end.mtu(mtu);
        }
        if let Some(length) = self.txqueuelen {
            end = end.txqueuelen(length);
        }
        if let Some(mac) = mac {
            end = end.address(mac.bytes().to_vec());
        }
        if let Some(fd) = netns {
            end = end.setns_by_fd(fd);
        }
        end
    }

    fn describe_end(&self, command: &mut Command, mac: Option<Mac>, netns: &Option<String>) {
        if let Some(mtu) = self.mtu {
            command.with("mtu", mtu);
        }
        if let Some(length) = self.txqueuelen {
            command.with("txqueuelen", length);
        }
        if let Some(mac) = mac {
            command.with("address", mac);
        }
        if let Some(netns) = netns {
            command.netns(netns);
        }
    }
}

impl Operation for VethAdd {
    fn object(&self) -> String {
        self.name.clone()
    }

    fn namespaces(&self) -> Vec<(&'static str, &str)> {
        let ends = [("netns", &self.netns), ("peer_netns", &self.peer_netns)];
        ends.into_iter()
            .filter_map(|(argument, name)| Some((argument, name.as_deref()?)))
            .collect()
    }

    fn words(&self) -> String {
        format!("make veth pair {} and {}", self.name, self.peer)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let netns =
            |name: &Option<String>| name.as_deref().map(|name| names.netns(name)).transpose();
        let near = LinkMessageBuilder::<LinkVeth>::new(&self.name, &self.peer);
        let near = self.end(near, self.mac, netns(&self.netns)?);
        let far = LinkMessageBuilder::<LinkUnspec>::new().name(self.peer.clone());
        let far = self.end(far, self.peer_mac, netns(&self.peer_netns)?);
        let pair = near
            .set_info_data(InfoData::Veth(InfoVeth::Peer(far.build())))
            .build();
        Ok(Action::Route(vec![Request::new(
            RouteNetlinkMessage::NewLink(pair),
            NLM_F_CREATE | NLM_F_EXCL,
        )]))
    }

    fn command(&self) -> Command {
        let mut command = Command::ip(["link", "add", "dev", &self.name]);
        self.describe_end(&mut command, self.mac, &self.netns);
        for word in ["type", "veth", "peer", "name", &self.peer] {
            command.word(word);
        }
        self.describe_end(&mut command, self.peer_mac, &self.peer_netns);
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        match (refusal.errno, self.mtu) {
            (Errno::EEXIST, _) => {
                // One of the two is made where the question can be asked.
                let is_there = |name: &str| names.link(name).is_ok();
                let peers_fault = match (&self.netns, &self.peer_netns) {
                    (None, _) => !is_there(&self.name),
                    (Some(_), _) => is_there(&self.peer),
                };
                Some(match peers_fault {
                    true => link::exists(&self.peer, "peer"),
                    false => link::exists(&self.name, "name"),
                })
            }
            (Errno::EINVAL | Errno::ERANGE, Some(mtu)) if refusal.may_mean("mtu") => {
                Some(link::mtu_refused(mtu, "veth"))
            }
            (Errno::EOPNOTSUPP, _) => Some(no_driver("veth", "")),
            _ => None,
        }
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        // Deleting one end deletes both; it has to be one that is in the namespace of the change.
        let name = match (&self.netns, &self.peer_netns) {
            (None, _) => &self.name,
            (Some(_), None) => &self.peer,
            (Some(_), Some(_)) => return Ok(None),
        };
        Ok(Some(Change::LinkDel(LinkDel { name: name.clone() })))
    }
}
