//! From the kernel's answer to words: what failed, why, what to do, and which argument is to blame.
//!
//! Many refusals carry no text of the kernel's (EEXIST, a bad MTU); what is missing is found out here, by asking.

use nix::errno::Errno;

use crate::kernel::change::Change;
use crate::kernel::error::{Error, Result, errno_words};
use crate::kernel::netns::Namespace;
use crate::kernel::sysctl::{self, Key, SysctlSet};
use crate::kernel::{addr, cidr::Cidr, link};

use super::Lab;
use super::failure::Failure;
use super::netns::Netns;
use super::suggest::nearest;

impl Lab {
    /// Tells why a change was refused.
    pub(super) fn explain(&self, netns: &Netns, change: &Change, error: &Error) -> Box<Failure> {
        let operation = change.operation();
        let mut failure = self.describe(netns, &operation.words(), error);
        failure.object = operation.object();
        match error {
            Error::NoSuchLink(name) => {
                failure.object = name.clone();
                failure.argument = link_argument(change, name).into();
            }
            Error::NoSuchNetns(name) => {
                failure.object = name.clone();
                failure.argument = netns_argument(change, name).into();
            }
            Error::Refused { errno, said } => {
                let said = said.as_deref();
                if let Some(words) = self.particular(netns, change, *errno, said) {
                    words.apply(&operation.words(), &mut failure);
                }
            }
            Error::NoAnswer | Error::Unreadable(_) => {}
        }
        failure
    }

    /// Tells why a question was not answered; `words` follow "cannot".
    pub fn explain_question(&self, words: &str, error: &Error) -> Box<Failure> {
        self.describe(&self.current(), words, error)
    }

    /// What can be said of any error.
    fn describe(&self, netns: &Netns, words: &str, error: &Error) -> Box<Failure> {
        let mut failure = Box::new(Failure {
            netns: netns.label().to_string(),
            errno: error.errno(),
            kernel: error.kernel_words(),
            ..Failure::default()
        });
        let reason = match error {
            Error::NoSuchLink(name) => {
                failure.object = name.clone();
                failure.hint = self.link_hint(netns, name);
                format!("there is no link {name:?}")
            }
            Error::NoSuchNetns(name) => {
                failure.object = name.clone();
                failure.hint = self.netns_hint(name);
                format!("there is no network namespace {name:?}")
            }
            Error::Refused { errno, said } => {
                failure.hint = self.general_hint(*errno);
                match said {
                    Some(said) => said.clone(),
                    None => errno_words(*errno).to_lowercase(),
                }
            }
            Error::NoAnswer => "the kernel did not answer in time".into(),
            Error::Unreadable(what) => what.clone(),
        };
        failure.message = format!("cannot {words}: {reason}");
        failure
    }

    pub(super) fn link_hint(&self, netns: &Netns, name: &str) -> String {
        for other in self.open_netns() {
            if other.name() == netns.name() {
                continue;
            }
            let there = other.namespace().and_then(|ns| ns.route()?.index_of(name));
            if there.is_ok() {
                return if other.is_home() {
                    "it is in the home namespace".into()
                } else {
                    let other = other.name();
                    format!(
                        "it is in netns {other}: call the verb as a method of its handle, or inside netns_get({other:?}).run(|| ...)"
                    )
                };
            }
        }
        let names = netns.namespace().and_then(|ns| link::names(&ns));
        let names = names.unwrap_or_default();
        match nearest(name, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean {name:?}?"),
            None => format!("the links here are: {}", listed(&names)),
        }
    }

    fn netns_hint(&self, name: &str) -> String {
        let names = self.netns_names().unwrap_or_default();
        match nearest(name, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean {name:?}?"),
            None if names.is_empty() => format!("make it with netns_add({name:?})"),
            None => format!("the namespaces are: {}", listed(&names)),
        }
    }

    fn general_hint(&self, errno: Errno) -> String {
        match errno {
            Errno::EPERM | Errno::EACCES if !self.settings().sandboxed => {
                "changing this network needs root or CAP_NET_ADMIN; without --host netsh works in a sandbox of its own and needs neither".into()
            }
            Errno::EROFS => {
                "/proc/sys is read-only here, as it is in most containers".into()
            }
            _ => String::new(),
        }
    }

    fn particular(
        &self,
        netns: &Netns,
        change: &Change,
        errno: Errno,
        said: Option<&str>,
    ) -> Option<Words> {
        // Where the kernel speaks, it may be of another property than the MTU.
        let of_mtu = said.is_none_or(|said| said.contains("mtu"));
        let namespace = netns.namespace().ok()?;
        match (change, errno) {
            (Change::VethAdd(veth), Errno::EEXIST) => {
                let near = self.side(&namespace, &veth.netns)?;
                let near_exists = near.route().ok()?.index_of(&veth.name).is_ok();
                let (name, argument) = if near_exists {
                    (&veth.name, "name")
                } else {
                    (&veth.peer, "peer")
                };
                Some(link_exists(name, argument))
            }
            (Change::LinkAdd(add), Errno::EEXIST) => Some(link_exists(&add.name, "name")),
            (Change::LinkSet(set), Errno::EEXIST) => Some(link_exists(set.name.as_ref()?, "name")),
            (Change::LinkSet(set), Errno::EINVAL) if set.mtu.is_some() && of_mtu => {
                Some(mtu_refused(set.mtu?))
            }
            (Change::LinkSet(set), Errno::EBUSY) if set.name.is_some() => Some(
                Words::new("the link is up")
                    .blame("name")
                    .hint("bring it down first: link_down(...)"),
            ),
            (Change::VethAdd(veth), Errno::EINVAL | Errno::ERANGE)
                if veth.mtu.is_some() && of_mtu =>
            {
                Some(mtu_refused(veth.mtu?))
            }
            (Change::LinkAdd(add), Errno::EOPNOTSUPP) => Some(no_driver(&add.kind, "kind")),
            (Change::VethAdd(_), Errno::EOPNOTSUPP) => Some(no_driver("veth", "")),
            (Change::LinkDel(_), Errno::EOPNOTSUPP) => Some(
                Words::new("the kernel does not let a link of this kind be deleted").blame("link"),
            ),
            (Change::AddrAdd(add), Errno::EEXIST) => {
                Some(Words::new(format!("{} has this address already", add.link)).blame("cidr"))
            }
            (Change::AddrDel(del), Errno::EADDRNOTAVAIL) => {
                Some(no_such_address(&namespace, &del.link, del.local))
            }
            (Change::AddrAdd(add), Errno::EACCES | Errno::EPERM) if add.local.address.is_ipv6() => {
                let key = Key::parse(&format!("net/ipv6/conf/{}/disable_ipv6", add.link)).ok()?;
                let disabled = sysctl::get(&namespace, &key).ok()? == "1";
                disabled.then(|| {
                    Words::new("IPv6 is switched off on this link")
                        .blame("cidr")
                        .hint(format!("sysctl_set(\"{key}\", 0)"))
                })
            }
            (Change::SysctlSet(set), errno) => sysctl_refused(&namespace, set, errno),
            (Change::NetnsAdd(add), Errno::EEXIST) => Some(
                Words::new(format!("there is one called {} already", add.name))
                    .blame("name")
                    .hint(format!("netns_get({:?}) gives its handle", add.name)),
            ),
            _ => None,
        }
    }

    fn side(
        &self,
        namespace: &std::rc::Rc<Namespace>,
        netns: &Option<String>,
    ) -> Option<std::rc::Rc<Namespace>> {
        match netns {
            None => Some(namespace.clone()),
            Some(name) => self.netns(name).ok()?.namespace().ok(),
        }
    }

    /// Tells why a sysctl could not be read.
    pub fn explain_sysctl(&self, words: &str, key: &Key, error: &Error) -> Box<Failure> {
        let mut failure = self.explain_question(words, error);
        failure.object = key.to_string();
        if let (Some(errno), Ok(namespace)) = (error.errno(), self.current().namespace())
            && let Some(found) = sysctl_fault(&namespace, key, errno)
        {
            found.apply(words, &mut failure);
        }
        failure
    }
}

/// What is known of one particular refusal.
struct Words {
    reason: String,
    hint: String,
    argument: &'static str,
}

impl Words {
    fn new(reason: impl Into<String>) -> Self {
        Words {
            reason: reason.into(),
            hint: String::new(),
            argument: "",
        }
    }

    fn blame(mut self, argument: &'static str) -> Self {
        self.argument = argument;
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    fn apply(self, words: &str, failure: &mut Failure) {
        failure.message = format!("cannot {words}: {}", self.reason);
        failure.argument = self.argument.into();
        if !self.hint.is_empty() {
            failure.hint = self.hint;
        }
    }
}

fn link_exists(name: &str, argument: &'static str) -> Words {
    Words::new(format!("there is a link {name:?} already"))
        .blame(argument)
        .hint(format!(
            "choose another name, or delete it first: link_del({name:?})"
        ))
}

fn mtu_refused(mtu: u32) -> Words {
    Words::new(format!(
        "an MTU of {mtu} is outside of what the link can do"
    ))
    .blame("mtu")
    .hint("a veth takes 68 to 65535 bytes")
}

/// The kinds of links that Linux has drivers for, each with its module where that is called otherwise.
const KINDS: [(&str, &str); 40] = [
    ("amt", ""),
    ("bareudp", ""),
    ("batadv", "batman-adv"),
    ("bond", "bonding"),
    ("bridge", ""),
    ("dummy", ""),
    ("erspan", "ip_gre"),
    ("geneve", ""),
    ("gre", "ip_gre"),
    ("gretap", "ip_gre"),
    ("gtp", ""),
    ("hsr", ""),
    ("ifb", ""),
    ("ip6erspan", "ip6_gre"),
    ("ip6gre", "ip6_gre"),
    ("ip6gretap", "ip6_gre"),
    ("ip6tnl", "ip6_tunnel"),
    ("ipip", ""),
    ("ipoib", "ib_ipoib"),
    ("ipvlan", ""),
    ("ipvtap", ""),
    ("macsec", ""),
    ("macvlan", ""),
    ("macvtap", ""),
    ("netdevsim", ""),
    ("netkit", ""),
    ("nlmon", ""),
    ("sit", ""),
    ("team", ""),
    ("tun", ""),
    ("vcan", ""),
    ("veth", ""),
    ("vlan", "8021q"),
    ("vrf", ""),
    ("vti", "ip_vti"),
    ("vti6", "ip6_vti"),
    ("vxcan", ""),
    ("vxlan", ""),
    ("wireguard", ""),
    ("xfrm", "xfrm_interface"),
];

fn no_driver(kind: &str, argument: &'static str) -> Words {
    let words = Words::new(format!("this kernel has no links of kind {kind:?}")).blame(argument);
    let module = match KINDS.iter().find(|known| known.0 == kind) {
        Some((_, "")) => kind,
        Some((_, module)) => module,
        None => match nearest(kind, KINDS.map(|known| known.0)) {
            Some(near) => return words.hint(format!("did you mean {near:?}?")),
            None => kind,
        },
    };
    words.hint(format!("its driver is not built in, and not loaded as a module; on the host root may be able to load it: modprobe {module}"))
}

fn no_such_address(namespace: &Namespace, link: &str, wanted: Cidr) -> Words {
    let found = namespace.route().and_then(|route| route.index_of(link));
    let found = found.and_then(|index| {
        let mut all = addr::list(namespace)?;
        all.retain(|addr| addr.index == index);
        Ok(all)
    });
    let all = found.unwrap_or_default();
    let words = Words::new(format!("{link} has no such address")).blame("cidr");
    if let Some(other) = all.iter().find(|addr| addr.local.address == wanted.address) {
        return words.hint(match other.peer {
            Some(peer) => format!(
                "it has {} with the peer {peer}: give that as the option peer",
                other.local
            ),
            None => format!("it has {}", other.local),
        });
    }
    let written: Vec<String> = all.iter().map(|addr| addr.local.to_string()).collect();
    words.hint(if written.is_empty() {
        "it has no address at all".into()
    } else {
        format!("it has {}", listed(&written))
    })
}

fn sysctl_refused(namespace: &Namespace, set: &SysctlSet, errno: Errno) -> Option<Words> {
    match errno {
        Errno::EINVAL | Errno::ERANGE | Errno::EFAULT => {
            let now = sysctl::get(namespace, &set.key).unwrap_or_default();
            Some(
                Words::new(format!(
                    "the kernel does not take the value {:?}",
                    set.value
                ))
                .blame("value")
                .hint(format!("its value is {now:?} now")),
            )
        }
        _ => sysctl_fault(namespace, &set.key, errno),
    }
}

fn sysctl_fault(namespace: &Namespace, key: &Key, errno: Errno) -> Option<Words> {
    match errno {
        Errno::ENOENT | Errno::ENOTDIR => Some(no_such_sysctl(namespace, key)),
        Errno::EISDIR => Some(
            Words::new("it is a group of sysctls")
                .blame("name")
                .hint(format!("sysctl_list(\"{key}\") shows what is in it")),
        ),
        Errno::EACCES | Errno::EPERM => Some(
            Words::new("the kernel does not allow it here")
                .blame("name")
                .hint("it may be read-only, write-only, or kept for the machine's first network namespace"),
        ),
        _ => None,
    }
}

/// Finds the first part of the name that does not exist, and what is like it.
fn no_such_sysctl(namespace: &Namespace, key: &Key) -> Words {
    let words = Words::new(format!("there is no sysctl {:?}", key.to_string())).blame("name");
    let mut missing = key.clone();
    while let Some(parent) = missing.parent() {
        if sysctl::exists(namespace, &parent) {
            let names = sysctl::names_below(namespace, &parent);
            let is_link = matches!(parent.last(), "conf" | "neigh");
            return match nearest(missing.last(), names.iter().map(String::as_str)) {
                Some(name) => words.hint(format!("did you mean {name:?} in {parent}?")),
                None if is_link => {
                    words.hint(format!("there is no link {:?} here", missing.last()))
                }
                None => words.hint(format!("{parent} has no {:?}", missing.last())),
            };
        }
        missing = parent;
    }
    words.hint("sysctl names begin with net. and the like: sysctl_list(\"net\")")
}

/// The parameter or option of the verb that names this link: verbs call the link that they are about `link`, and the only
/// other one that they name is the master.
fn link_argument(change: &Change, name: &str) -> &'static str {
    if change.operation().object() == name {
        "link"
    } else {
        "master"
    }
}

/// The parameter or option of the verb that names this namespace.
fn netns_argument(change: &Change, name: &str) -> &'static str {
    match change {
        Change::VethAdd(veth) if veth.netns.as_deref() != Some(name) => "peer_netns",
        _ if change.operation().object() == name => "name",
        _ => "netns",
    }
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    let mut text = names
        .iter()
        .take(MOST)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MOST {
        text += &format!(" and {} more", names.len() - MOST);
    }
    text
}

/// Runs a question of the lab's, and tells why if it was not answered.
pub fn ask<T>(
    lab: &Lab,
    words: &str,
    question: impl FnOnce() -> Result<T>,
) -> super::failure::Outcome<T> {
    question().map_err(|error| lab.explain_question(words, &error))
}

#[cfg(test)]
mod tests {
    use super::no_driver;

    #[test]
    fn a_kind_that_linux_knows_leads_to_its_module() {
        for (kind, module) in [
            ("vlan", "8021q"),
            ("bond", "bonding"),
            ("gre", "ip_gre"),
            ("vxlan", "vxlan"),
            ("warpdrive", "warpdrive"),
        ] {
            let hint = no_driver(kind, "kind").hint;
            assert!(hint.ends_with(&format!(": modprobe {module}")), "{hint}");
        }
    }

    #[test]
    fn a_misspelt_kind_leads_to_the_one_that_is_like_it() {
        for (kind, meant) in [("brige", "bridge"), ("veht", "veth"), ("Dummy", "dummy")] {
            assert_eq!(
                no_driver(kind, "kind").hint,
                format!("did you mean {meant:?}?")
            );
        }
    }
}
