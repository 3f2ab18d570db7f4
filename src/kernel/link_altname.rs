//! Alternative names of links: the equivalent of `ip link property add` and `del`.
//!
//! A link has one first name, which `ip link set` changes, and any number of others, by which it is found as well (struct
//! netdev_name_node in net/core/dev.c). No two links of a namespace share a name of either sort. That they are read is in `link`.

use nix::errno::Errno;

use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::link::{self, IFLA_ALT_IFNAME, IFLA_PROP_LIST, Link};
use super::link_message::Body;
use super::netlink::Request;
use super::netlink::attributes::Attributes;
use super::reason::{Reason, Refusal, listed};

/// RTM_NEWLINKPROP and RTM_DELLINKPROP of linux/rtnetlink.h.
const RTM_NEWLINKPROP: u16 = 108;
const RTM_DELLINKPROP: u16 = 109;

/// NLM_F_EXCL, NLM_F_CREATE and NLM_F_APPEND of linux/netlink.h, as ip sends them.
const NLM_F_ONE_MORE: u16 = 0x200 | 0x400 | 0x800;

/// ALTIFNAMSIZ of linux/if.h is 128 with the final NUL.
pub const ALTNAME_MAX: usize = 127;

/// Why a name can't be an alternative one, or None if it can (the policy of rtnl_newlinkprop in net/core/rtnetlink.c, and
/// check_altifname in lib/utils.c of iproute2: the kernel itself would take a name that nobody can type).
pub fn altname_fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("the name is empty".into());
    }
    if name.len() > ALTNAME_MAX {
        let length = name.len();
        return Some(format!(
            "the name has {length} bytes, an altname has at most {ALTNAME_MAX}"
        ));
    }
    let forbidden = |c: &char| matches!(c, '/' | '\0' | ' ' | '\t'..='\r');
    let found = name.chars().find(forbidden);
    found.map(|bad| format!("the name contains {bad:?}"))
}

/// One more name for a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AltnameAdd {
    /// The link, by any name that it has.
    pub link: String,
    /// The new name.
    pub name: String,
}

/// An alternative name taken away from a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AltnameDel {
    /// The link, by any name that it has.
    pub link: String,
    /// The name.
    pub name: String,
}

fn request(kind: u16, flags: u16, link: u32, name: &str) -> Action {
    let mut names = Attributes::new();
    names.text(IFLA_ALT_IFNAME, name);
    let mut body = Body::of(link);
    body.nest(IFLA_PROP_LIST, &names);
    Action::Route(vec![Request::new(body.message(kind), flags)])
}

fn command(verb: &str, link: &str, name: &str) -> Command {
    Command::ip(["link", "property", verb, "dev", link, "altname", name])
}

/// The link that has a name of either sort.
fn called(name: &str, names: &dyn Names) -> Option<Link> {
    link::get_bare(names.namespace(), names.link(name).ok()?).ok()
}

/// Before Linux 5.5 there is no such message.
fn too_old(refusal: &Refusal) -> Option<Reason> {
    (refusal.errno == Errno::EOPNOTSUPP).then(|| {
        Reason::new("this kernel knows no altnames of links").hint("Linux has them since 5.5")
    })
}

impl Operation for AltnameAdd {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        format!("give {} the altname {}", self.link, self.name)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let link = names.link(&self.link)?;
        Ok(request(RTM_NEWLINKPROP, NLM_F_ONE_MORE, link, &self.name))
    }

    fn command(&self) -> Command {
        command("add", &self.link, &self.name)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if refusal.errno != Errno::EEXIST {
            return too_old(refusal);
        }
        let name = &self.name;
        let holder = called(name, names)?;
        let holder_name = &holder.name;
        let (words, hint) = if names.link(&self.link).ok() == Some(holder.index) {
            (
                format!("it is called {name:?} already"),
                String::from("a link has each of its names once"),
            )
        } else if *holder_name == *name {
            (
                format!("there is a link {name:?} already"),
                "links and their altnames share their names: choose another".into(),
            )
        } else {
            (
                format!("{name:?} is an altname of {holder_name}"),
                format!(
                    "choose another, or take it away there first: link_altname_del({holder_name:?}, {name:?})"
                ),
            )
        };
        Some(Reason::new(words).blame("name").hint(hint))
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        Ok(Some(Change::AltnameDel(AltnameDel {
            link: self.link.clone(),
            name: self.name.clone(),
        })))
    }
}

impl Operation for AltnameDel {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        format!("take the altname {} from {}", self.name, self.link)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let link = names.link(&self.link)?;
        Ok(request(RTM_DELLINKPROP, 0, link, &self.name))
    }

    fn command(&self) -> Command {
        command("del", &self.link, &self.name)
    }

    /// rtnl_linkprop and netdev_name_node_alt_destroy in net/core say nothing but the errno.
    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let (link, name) = (&self.link, &self.name);
        let reason = match refusal.errno {
            Errno::ENOENT => {
                let altnames = called(link, names)?.altnames;
                let hint = match altnames.is_empty() {
                    true => "it has none".into(),
                    false => format!("it has: {}", listed(&altnames)),
                };
                Reason::new(format!("{link} has no altname {name:?}"))
                    .hint(hint)
                    .alike(name, altnames, "")
            }
            Errno::EINVAL => {
                let holder = called(name, names)?;
                let holder_name = &holder.name;
                let is_its_own = names.link(link).ok() == Some(holder.index);
                match (is_its_own, holder_name == name) {
                    (true, true) => Reason::new(format!("{name:?} is its first name"))
                        .hint(format!("a link has to have one; another: link_set({link:?}, #{{ name: \"...\" }})")),
                    (false, true) => Reason::new(format!("{name:?} is another link"))
                        .hint("only altnames are taken away; link_del removes a link"),
                    (false, false) => {
                        Reason::new(format!("{name:?} is an altname of {holder_name}")).hint(
                            format!("link_altname_del({holder_name:?}, {name:?}) takes it away"),
                        )
                    }
                    (true, false) => return None,
                }
            }
            _ => return too_old(refusal),
        };
        Some(reason.blame("name"))
    }

    /// The name comes back as the last of the list. The link may have been called by the very name that goes.
    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let index = names.link(&self.link)?;
        let first = names.namespace().route()?.name_of(index);
        Ok(Some(Change::AltnameAdd(AltnameAdd {
            link: first.unwrap_or_else(|| self.link.clone()),
            name: self.name.clone(),
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_none() {
        let too_long = "x".repeat(ALTNAME_MAX + 1);
        for name in ["", "a/b", "a b", "a\tb", "a\0b", &too_long] {
            assert!(altname_fault(name).is_some(), "{name:?}");
        }
        // What a first name can't be an altname can.
        let long = "x".repeat(ALTNAME_MAX);
        for name in [
            "enp0s31f6.wan-to-the-world",
            "a:1",
            "eth%d",
            "all",
            ".",
            "é",
            &long,
        ] {
            assert_eq!(altname_fault(name), None, "{name:?}");
        }
    }

    /// The message of `ip link property add dev a altname zz`, recorded by strace, for the link with the index 3.
    #[test]
    fn the_message_is_that_of_ip() {
        let Action::Route(requests) = request(RTM_NEWLINKPROP, NLM_F_ONE_MORE, 3, "zz") else {
            panic!("no rtnetlink request");
        };
        let [request] = requests.as_slice() else {
            panic!("not one request");
        };
        let mut wanted = vec![0, 0, 0, 0];
        wanted.extend(3u32.to_ne_bytes());
        wanted.extend([0; 8]);
        for half in [12u16, 0x8034, 7, 53] {
            wanted.extend(half.to_ne_bytes());
        }
        wanted.extend(b"zz\0\0");
        assert_eq!(request.message.body, wanted);
        assert_eq!((request.message.kind, request.flags), (108, 0xe00));
    }
}
