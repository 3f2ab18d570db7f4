//! Every change is a value.
//!
//! A verb that changes something builds a [`Change`] and hands it to `lab::apply`. From the one value come what is sent
//! to Linux ([`Operation::action`]), the equivalent command ([`Operation::command`]), the change that undoes it
//! ([`Operation::inverse`]), what speaks against it that Linux would not say ([`Operation::objection`]) and the words in which
//! that or a refusal is told ([`Operation::words`], [`Operation::object`]).
//!
//! A change names links and namespaces by name until it is sent, so it can be written down and sent later.
//! A new kind of change is a struct beside its kernel object and one line in the list at the end of this file.

use std::os::fd::RawFd;

use super::error::Result;
use super::netlink::Request;
use super::netns::Namespace;
use super::netns_change::HOME;
use super::reason::{Reason, Refusal};

/// Turns names into what a message needs at the moment of sending.
pub trait Names {
    /// The namespace in which the change happens.
    fn namespace(&self) -> &Namespace;
    /// The descriptor of a namespace by its name.
    fn netns(&self, name: &str) -> Result<RawFd>;
    /// The index of a link in the namespace of the change.
    fn link(&self, name: &str) -> Result<u32> {
        self.namespace().route()?.index_of(name)
    }
}

/// What a change comes down to at the border to Linux.
pub enum Action {
    /// Messages to the namespace's rtnetlink socket, sent together.
    Route(Vec<Request>),
    /// Messages to the namespace's netfilter socket, in one transaction: all of them or none.
    Netfilter(Vec<Request>),
    /// Messages about tracked connections to the namespace's netfilter socket, each for itself.
    Conntrack(Vec<Request>),
    /// Messages to the namespace's generic netlink socket.
    Generic(Vec<Request>),
    /// A value written to a file under /proc/sys.
    Sysctl(super::sysctl::Key, String),
    /// A new network namespace with this name.
    NetnsAdd(String),
    /// The name taken away from a network namespace.
    NetnsDel(String),
    /// A new tun or tap device, whose descriptor goes to whoever makes the change.
    Tuntap(super::tuntap::TuntapAdd),
}

/// An equivalent command: the words of a shell command, without `-n NETNS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program, such as `ip`.
    pub program: String,
    /// Its arguments, not yet quoted.
    pub arguments: Vec<Word>,
    /// Whether the command is about the machine rather than about one namespace (`ip netns add`).
    pub everywhere: bool,
}

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Text that stands for itself, whatever is in it.
    Text(String),
    /// The process id of the shell that runs the command. iproute2 takes it for the namespace of that shell.
    ShellPid,
}

impl<S: Into<String>> From<S> for Word {
    fn from(text: S) -> Self {
        Word::Text(text.into())
    }
}

impl Word {
    /// The word as bash reads it.
    fn quoted(&self) -> String {
        match self {
            Word::Text(text) => quote(text),
            Word::ShellPid => "$$".into(),
        }
    }
}

impl Command {
    /// An `ip` command.
    pub fn ip<S: Into<Word>>(arguments: impl IntoIterator<Item = S>) -> Self {
        Command {
            program: "ip".into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            everywhere: false,
        }
    }

    /// Adds `key value`.
    pub fn with(&mut self, key: &str, value: impl ToString) {
        self.arguments.push(key.into());
        self.arguments.push(value.to_string().into());
    }

    /// Adds `netns NAME`; home is the namespace of the shell that runs the command.
    pub fn netns(&mut self, name: &str) {
        self.arguments.push("netns".into());
        self.arguments.push(match name {
            HOME => Word::ShellPid,
            name => name.into(),
        });
    }

    /// Adds one word.
    pub fn word(&mut self, word: impl Into<Word>) {
        self.arguments.push(word.into());
    }

    /// The command as a line of bash that acts in the namespace called `netns` (None: where the shell is).
    pub fn line(&self, netns: Option<&str>) -> String {
        let mut words: Vec<Word> = vec![self.program.as_str().into()];
        if let (Some(netns), false) = (netns, self.everywhere) {
            if self.program == "ip" {
                words.extend(["-n", netns].map(Word::from));
            } else {
                words = ["ip", "netns", "exec", netns, &self.program]
                    .map(Word::from)
                    .to_vec();
            }
        }
        words.extend(self.arguments.iter().cloned());
        let quoted: Vec<String> = words.iter().map(Word::quoted).collect();
        quoted.join(" ")
    }
}

/// Quotes a word for bash where it needs it. Control characters are spelled out: what is printed may be on a terminal.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else if word.contains(char::is_control) {
        format!("$'{}'", word.chars().map(spelled_out).collect::<String>())
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A character inside of bash's `$'...'`.
fn spelled_out(c: char) -> String {
    match c {
        '\\' | '\'' => format!("\\{c}"),
        c if c.is_control() => {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).bytes();
            bytes.map(|byte| format!("\\x{byte:02x}")).collect()
        }
        c => c.to_string(),
    }
}

/// What every change can say of itself.
pub trait Operation {
    /// What it is about: `veth0`, `192.168.4.2/24`, `net.ipv4.ip_forward`.
    fn object(&self) -> String;
    /// What it does, to follow "cannot": `add address 192.168.4.2/24 to veth0`.
    fn words(&self) -> String;
    /// What is sent. Fails if a name in it can't be resolved.
    fn action(&self, names: &dyn Names) -> Result<Action>;
    /// The links that it names, each with the parameter or option of the verb that gives it.
    fn links(&self) -> Vec<(&'static str, &str)> {
        Vec::new()
    }
    /// The namespaces that it names, each with the parameter or option of the verb that gives it.
    fn namespaces(&self) -> Vec<(&'static str, &str)> {
        Vec::new()
    }
    /// The equivalent command.
    fn command(&self) -> Command;
    /// The change that undoes this one, worked out before it is sent, since it may have to read what is there now.
    /// None where there is no way back.
    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>>;
    /// What speaks against it that the kernel would not say: it would take the change without a word, and do nothing of it or
    /// something else; or what is missing for its message. Asked before it is shown and sent, but not of what undoes another.
    /// What can't be found out, such as of a link that is not there, is left to the sending.
    fn objection(&self, _names: &dyn Names) -> Option<Reason> {
        None
    }
    /// What is known of a refusal beyond the kernel's words.
    fn refusal(&self, _refusal: &Refusal, _names: &dyn Names) -> Option<Reason> {
        None
    }
    /// Whether a link comes up by it, or may by its new port, and needs a moment before it can send.
    fn brings_up(&self) -> bool {
        false
    }
    /// Whether the kernel may do a part of it before it refuses the rest (do_setlink in net/core/rtnetlink.c).
    fn has_parts(&self) -> bool {
        false
    }
    /// This change, an inverse, cut down to what there is to undo after the kernel did only a part. Worked out after the
    /// refusal.
    fn after_a_part(&self, _names: &dyn Names) -> Option<Change> {
        None
    }
}

macro_rules! changes {
    ($($(#[$doc:meta])* $name:ident($type:ty)),+ $(,)?) => {
        /// A change to Linux, as a value.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Change {
            $($(#[$doc])* $name($type)),+
        }

        impl Change {
            /// What the change can say of itself.
            pub fn operation(&self) -> &dyn Operation {
                match self {
                    $(Change::$name(operation) => operation),+
                }
            }
        }

        $(impl From<$type> for Change {
            fn from(operation: $type) -> Self {
                Change::$name(operation)
            }
        })+
    };
}

changes! {
    /// A new pair of veth links.
    VethAdd(super::veth::VethAdd),
    /// Properties of a link.
    LinkSet(super::link_set::LinkSet),
    /// One more name for a link.
    AltnameAdd(super::link_altname::AltnameAdd),
    /// An alternative name of a link taken away.
    AltnameDel(super::link_altname::AltnameDel),
    /// The state of a bridge's port.
    PortState(super::port_state::PortState),
    /// Keys and peers of a WireGuard link.
    WireguardSet(super::wireguard::WireguardSet),
    /// A new link.
    LinkAdd(super::link_add::LinkAdd),
    /// A link removed.
    LinkDel(super::link::LinkDel),
    /// A new tun or tap device.
    TuntapAdd(super::tuntap::TuntapAdd),
    /// A tun or tap device removed.
    TuntapDel(super::tuntap::TuntapDel),
    /// A new address.
    AddrAdd(super::addr::AddrAdd),
    /// An address removed.
    AddrDel(super::addr::AddrDel),
    /// Addresses of a link removed.
    AddrFlush(super::addr::AddrFlush),
    /// A new route.
    RouteAdd(super::route_change::RouteAdd),
    /// A route removed.
    RouteDel(super::route_change::RouteDel),
    /// Routes removed.
    RouteFlush(super::route_change::RouteFlush),
    /// A new rule.
    RuleAdd(super::rule::RuleAdd),
    /// A rule removed.
    RuleDel(super::rule::RuleDel),
    /// A new neighbour.
    NeighAdd(super::neigh_change::NeighAdd),
    /// A neighbour forgotten.
    NeighDel(super::neigh_change::NeighDel),
    /// Neighbours forgotten.
    NeighFlush(super::neigh_change::NeighFlush),
    /// A new forwarding entry.
    FdbAdd(super::fdb_change::FdbAdd),
    /// A forwarding entry removed.
    FdbDel(super::fdb_change::FdbDel),
    /// Forwarding entries removed.
    FdbFlush(super::fdb_flush::FdbFlush),
    /// VLANs of a bridge's port allowed.
    BridgeVlanAdd(super::bridge_vlan::BridgeVlanAdd),
    /// VLANs of a bridge's port forbidden.
    BridgeVlanDel(super::bridge_vlan::BridgeVlanDel),
    /// Options of VLANs set.
    VlanSet(super::vlan_options::VlanSet),
    /// VXLAN networks allowed.
    VniAdd(super::vni::VniAdd),
    /// VXLAN networks forbidden.
    VniDel(super::vni::VniDel),
    /// A member of a multicast group.
    MdbAdd(super::mdb_change::MdbAdd),
    /// A member of a multicast group removed.
    MdbDel(super::mdb_change::MdbDel),
    /// Members of multicast groups removed.
    MdbFlush(super::mdb_change::MdbFlush),
    /// A value under /proc/sys.
    SysctlSet(super::sysctl::SysctlSet),
    /// Tracked connections forgotten.
    ConntrackDel(super::conntrack_change::ConntrackDel),
    /// All tracked connections forgotten.
    ConntrackFlush(super::conntrack_change::ConntrackFlush),
    /// A queueing discipline added, changed or replaced.
    QdiscAdd(super::qdisc::QdiscAdd),
    /// A queueing discipline removed.
    QdiscDel(super::qdisc::QdiscDel),
    /// A class of a queueing discipline added, changed or replaced.
    ClassAdd(super::qdisc::class::ClassAdd),
    /// A class removed.
    ClassDel(super::qdisc::class::ClassDel),
    /// A filter added.
    FilterAdd(super::filter::change::FilterAdd),
    /// Filters removed.
    FilterDel(super::filter::change::FilterDel),
    /// A new named network namespace.
    NetnsAdd(super::netns_change::NetnsAdd),
    /// A named network namespace removed.
    NetnsDel(super::netns_change::NetnsDel),
    /// A new nftables table.
    NftTableAdd(super::nft::table::TableAdd),
    /// An nftables table removed.
    NftTableDel(super::nft::table::TableDel),
    /// Rules or elements of nftables removed.
    NftFlush(super::nft::table::Flush),
    /// A new nftables chain.
    NftChainAdd(super::nft::chain::ChainAdd),
    /// An nftables chain removed.
    NftChainDel(super::nft::chain::ChainDel),
    /// A new nftables rule.
    NftRuleAdd(super::nft::rule::RuleAdd),
    /// An nftables rule removed.
    NftRuleDel(super::nft::rule::RuleDel),
    /// A new nftables rule taken back.
    NftRuleTakeBack(super::nft::rule::RuleTakeBack),
    /// A new set or map of nftables.
    NftSetAdd(super::nft::set::SetAdd),
    /// A set or map of nftables removed.
    NftSetDel(super::nft::set::SetDel),
    /// Elements of a set or map of nftables.
    NftElements(super::nft::set::Elements),
    /// A new counter, quota or limit of nftables.
    NftObjectAdd(super::nft::object::ObjectAdd),
    /// A counter, quota or limit of nftables removed.
    NftObjectDel(super::nft::object::ObjectDel),
    /// A whole text of nftables.
    NftLoad(super::nft::load::Load),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_bash() {
        let command = Command::ip(["link", "set", "veth0", "alias", "it's; rm -rf"]);
        assert_eq!(
            command.line(Some("h1")),
            r"ip -n h1 link set veth0 alias 'it'\''s; rm -rf'"
        );
        let mut command = Command::ip(["link", "set", "dev", "$$", "alias", "a\u{1b}'\n\\\u{85}"]);
        command.netns(HOME);
        assert_eq!(
            command.line(None),
            r"ip link set dev '$$' alias $'a\x1b\'\x0a\\\xc2\x85' netns $$"
        );
        let sysctl = Command {
            program: "sysctl".into(),
            arguments: vec!["-w".into(), "net.ipv4.ip_forward=1".into()],
            everywhere: false,
        };
        assert_eq!(
            sysctl.line(Some("h1")),
            "ip netns exec h1 sysctl -w net.ipv4.ip_forward=1"
        );
        let add = Command {
            everywhere: true,
            ..Command::ip(["netns", "add", "h 1"])
        };
        assert_eq!(add.line(Some("x")), "ip netns add 'h 1'");
    }
}
