//! What bridges and tunnels know, with the names of their links; and why a question about it has no answer.

use std::collections::HashMap;

use nix::errno::Errno;

use crate::kernel::bridge_vlan::{self, Vlan};
use crate::kernel::error::{Error, Result};
use crate::kernel::fdb;
use crate::kernel::mdb::{self, Member, RouterPort};
use crate::kernel::mdb_change;
use crate::kernel::netns::Namespace;
use crate::kernel::reason::{Reason, listed};
use crate::kernel::vlan_options;
use crate::kernel::vni::{self, Vnis};

use super::Lab;
use super::failure::Outcome;
use super::listed::{Listed, index_of};

impl Lab {
    /// What the bridges and tunnels of the current namespace know, behind one link or of one bridge.
    pub fn forwarding(
        &self,
        link: Option<&str>,
        bridge: Option<&str>,
    ) -> Result<Listed<fdb::Entry<u32>>> {
        let namespace = self.current().namespace()?;
        let filter = fdb::Filter {
            link: index_of(&namespace, link)?,
            bridge: index_of(&namespace, bridge)?,
        };
        let list = fdb::list(&namespace, &filter)?;
        Listed::of(list, &namespace, links_of_entry)
    }

    /// What one bridge or link knows of an address.
    pub fn forwarding_entry(
        &self,
        question: &fdb::Question<String>,
    ) -> Outcome<(fdb::Entry<u32>, HashMap<u32, String>)> {
        let mac = question.mac.map(|mac| mac.to_string());
        let mac = mac.unwrap_or_default();
        let words = format!("look up {mac}");
        let asked = || {
            let namespace = self.current().namespace()?;
            let question = fdb::Question {
                mac: question.mac,
                link: index_of(&namespace, question.link.as_deref())?,
                bridge: index_of(&namespace, question.bridge.as_deref())?,
                flags: question.flags,
                vlan: question.vlan,
                vni: question.vni,
            };
            let entry = fdb::get(&namespace, &question)?;
            let listed = Listed::of(vec![entry], &namespace, links_of_entry)?;
            Ok((listed.objects, listed.links))
        };
        let (mut found, links) = asked().map_err(|error| {
            if let Error::NoSuchLink(name) = &error {
                let is_bridge = question.bridge.as_ref() == Some(name);
                let blamed = if is_bridge { "br" } else { "dev" };
                return self.explain_question(&words, &error).blame(blamed);
            }
            self.explain_with(&words, &error, |refusal| {
                let namespace = self.current().namespace().ok()?;
                let is_unknown = refusal.errno == Errno::ENOENT;
                is_unknown.then(|| unknown_entry(&namespace, question))
            })
            .about(mac.as_str())
        })?;
        let entry = found.pop().unwrap_or_default();
        Ok((entry, links))
    }

    /// What tunnels let in, or one of them.
    pub fn vnis(&self, link: Option<&str>) -> Result<Listed<Vnis<u32>>> {
        let namespace = self.current().namespace()?;
        let only = index_of(&namespace, link)?;
        let mut list = vni::list(&namespace)?;
        list.retain(|one| only.is_none_or(|index| one.link == index));
        Listed::of(list, &namespace, |one| [one.link])
    }

    /// The options of VLANs: of ports, or those that they have in their whole bridges.
    pub fn vlan_options(
        &self,
        link: Option<&str>,
        global: bool,
    ) -> Result<Listed<vlan_options::Options>> {
        let namespace = self.current().namespace()?;
        let only = index_of(&namespace, link)?;
        let mut list = vlan_options::list(&namespace, global)?;
        list.retain(|one| only.is_none_or(|index| one.link == index));
        Listed::of(list, &namespace, |one| [one.link])
    }

    /// The VLANs of bridges and ports, or of one of them.
    pub fn bridge_vlans(&self, link: Option<&str>) -> Result<Listed<Vlan>> {
        let namespace = self.current().namespace()?;
        let only = index_of(&namespace, link)?;
        let mut list = bridge_vlan::list(&namespace)?;
        list.retain(|vlan| only.is_none_or(|index| vlan.link == index));
        Listed::of(list, &namespace, |vlan| [vlan.link])
    }

    /// The groups of all bridges, or of one.
    pub fn groups(&self, bridge: Option<&str>) -> Result<Listed<Member<u32>>> {
        let namespace = self.current().namespace()?;
        let only = index_of(&namespace, bridge)?;
        let mut list = mdb::list(&namespace)?;
        list.retain(|member| only.is_none_or(|index| member.bridge == index));
        Listed::of(list, &namespace, links_of_member)
    }

    /// Who wants the frames of one group.
    pub fn group(&self, question: &mdb::Question<String>) -> Outcome<Listed<Member<u32>>> {
        let bridge = question.bridge.as_str();
        let words = format!("look up the group {} of {bridge}", question.group);
        let asked = || {
            let namespace = self.current().namespace()?;
            let question = mdb::Question {
                bridge: namespace.route()?.index_of(bridge)?,
                group: question.group,
                source: question.source,
                vid: question.vid,
                src_vni: question.src_vni,
            };
            let members = mdb::get(&namespace, &question)?;
            Listed::of(members, &namespace, links_of_member)
        };
        asked().map_err(|error| {
            if matches!(error, Error::NoSuchLink(_)) {
                return self.explain_question(&words, &error).blame("bridge");
            }
            let failure = self.explain_with(&words, &error, |refusal| {
                let namespace = self.current().namespace().ok()?;
                let index = namespace.route().ok()?.index_of(bridge).ok()?;
                if refusal.errno == Errno::EOPNOTSUPP && mdb_change::has_groups(&namespace, bridge)
                {
                    let hint = format!(
                        "Linux does it from 6.8 on; mdb_list(#{{ dev: {bridge:?} }}) gives them all"
                    );
                    return Some(Reason::new("this kernel can't look up one group").hint(hint));
                }
                if refusal.errno != Errno::ENOENT {
                    return mdb_change::not_there(&namespace, bridge, bridge, refusal);
                }
                let mut there = mdb::list(&namespace).unwrap_or_default();
                there.retain(|member| member.bridge == index);
                let mut groups: Vec<String> =
                    there.iter().map(|one| one.group.to_string()).collect();
                groups.dedup();
                let reason = Reason::new(format!("{bridge} has no such group")).blame("group");
                Some(match groups.is_empty() {
                    true => reason.hint("it has none at all"),
                    false => reason.hint(format!("it has {}", listed(&groups))),
                })
            });
            failure.about(question.group.to_string())
        })
    }

    /// Behind which ports multicast routers are, of all bridges or of one.
    pub fn router_ports(&self, bridge: Option<&str>) -> Result<Listed<RouterPort>> {
        let namespace = self.current().namespace()?;
        let only = index_of(&namespace, bridge)?;
        let mut list = mdb::routers(&namespace)?;
        list.retain(|port| only.is_none_or(|index| port.bridge == index));
        Listed::of(list, &namespace, |port| [port.bridge, port.port])
    }
}

fn links_of_member(member: &Member<u32>) -> impl Iterator<Item = u32> + use<> {
    let links = [Some(member.bridge), Some(member.port), member.remote.via];
    links.into_iter().flatten()
}

fn links_of_entry(entry: &fdb::Entry<u32>) -> impl Iterator<Item = u32> + use<> {
    let links = [Some(entry.link), entry.master, entry.via];
    links.into_iter().flatten()
}

/// Why nothing is known of an address: where it is known, if somewhere.
fn unknown_entry(namespace: &Namespace, question: &fdb::Question<String>) -> Reason {
    let asked = question.bridge.as_ref().or(question.link.as_ref());
    let asked = asked.map_or("", String::as_str);
    let reason = Reason::new(format!("{asked} has no such entry")).blame("mac");
    let all = fdb::list(namespace, &fdb::Filter::default()).unwrap_or_default();
    let Some(one) = all.iter().find(|one| one.mac == question.mac) else {
        return reason;
    };
    let socket = namespace.route().ok();
    let name = |index| socket.as_ref().and_then(|socket| socket.name_of(index));
    let link = name(one.link).unwrap_or_default();
    let vlan = one
        .vlan
        .map_or(String::new(), |vlan| format!(", VLAN {vlan}"));
    reason.hint(match one.master.and_then(name) {
        Some(bridge) => format!("it is known behind {link} of {bridge}{vlan}"),
        None => format!("{link} itself knows it{vlan}: #{{ dev: {link:?}, self: true }}"),
    })
}
