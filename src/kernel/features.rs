//! What this kernel can do: whether it has a kind of link, queueing discipline, filter or action, or a setting of bridges.
//! Found out by trying, in a fresh namespace that nobody else sees; what the name of an option and of a module is comes along.

use nix::errno::Errno;

use super::error::{Error, Result};
use super::kinds;
use super::netlink::attributes::Attributes;
use super::netlink::{Message, Request};
use super::netns::Namespace;
use super::qdisc::handle::Handle;
use super::qdisc::message::{CREATE, RTM_NEWQDISC, RTM_NEWTFILTER, TrafficMessage};
use super::tuntap;

/// linux/rtnetlink.h, linux/if_link.h, linux/pkt_cls.h.
const RTM_NEWLINK: u16 = 16;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_BR_VLAN_FILTERING: u16 = 7;
const TCA_ACT_KIND: u16 = 1;
const TCA_U32_SEL: u16 = 5;
const TCA_U32_ACT: u16 = 7;
const TCA_MATCHALL_ACT: u16 = 2;

/// `struct tc_u32_sel` without keys: it matches whatever comes.
const MATCH_ALL: [u8; 16] = [0; 16];

/// What something is a kind of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A link.
    Link,
    /// A queueing discipline.
    Qdisc,
    /// A filter of traffic control.
    Filter,
    /// An action of such a filter.
    Action,
    /// A setting of bridges that not every kernel with bridges has.
    Bridge,
    /// A file that stands for a driver, which this user may open or not.
    Device,
}

/// Something that a kernel may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// What it is a kind of.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

/// A name, what follows CONFIG_, and the module; nothing where it is part of every kernel with traffic control.
type Known = (&'static str, &'static str, &'static str);

/// net/sched/Kconfig.
const QDISCS: &[Known] = &[
    ("bfifo", "NET_SCHED", ""),
    ("cake", "NET_SCH_CAKE", "sch_cake"),
    ("cbs", "NET_SCH_CBS", "sch_cbs"),
    ("choke", "NET_SCH_CHOKE", "sch_choke"),
    ("clsact", "NET_SCH_INGRESS", "sch_ingress"),
    ("codel", "NET_SCH_CODEL", "sch_codel"),
    ("drr", "NET_SCH_DRR", "sch_drr"),
    ("etf", "NET_SCH_ETF", "sch_etf"),
    ("ets", "NET_SCH_ETS", "sch_ets"),
    ("fq", "NET_SCH_FQ", "sch_fq"),
    ("fq_codel", "NET_SCH_FQ_CODEL", "sch_fq_codel"),
    ("fq_pie", "NET_SCH_FQ_PIE", "sch_fq_pie"),
    ("gred", "NET_SCH_GRED", "sch_gred"),
    ("hfsc", "NET_SCH_HFSC", "sch_hfsc"),
    ("hhf", "NET_SCH_HHF", "sch_hhf"),
    ("htb", "NET_SCH_HTB", "sch_htb"),
    ("ingress", "NET_SCH_INGRESS", "sch_ingress"),
    ("mq", "NET_SCHED", ""),
    ("mqprio", "NET_SCH_MQPRIO", "sch_mqprio"),
    ("multiq", "NET_SCH_MULTIQ", "sch_multiq"),
    ("netem", "NET_SCH_NETEM", "sch_netem"),
    ("noqueue", "NET_SCHED", ""),
    ("pfifo", "NET_SCHED", ""),
    ("pfifo_fast", "NET_SCHED", ""),
    ("pie", "NET_SCH_PIE", "sch_pie"),
    ("plug", "NET_SCH_PLUG", "sch_plug"),
    ("prio", "NET_SCH_PRIO", "sch_prio"),
    ("qfq", "NET_SCH_QFQ", "sch_qfq"),
    ("red", "NET_SCH_RED", "sch_red"),
    ("sfb", "NET_SCH_SFB", "sch_sfb"),
    ("sfq", "NET_SCH_SFQ", "sch_sfq"),
    ("skbprio", "NET_SCH_SKBPRIO", "sch_skbprio"),
    ("taprio", "NET_SCH_TAPRIO", "sch_taprio"),
    ("tbf", "NET_SCH_TBF", "sch_tbf"),
    ("teql", "NET_SCH_TEQL", "sch_teql"),
];

const FILTERS: &[Known] = &[
    ("basic", "NET_CLS_BASIC", "cls_basic"),
    ("bpf", "NET_CLS_BPF", "cls_bpf"),
    ("cgroup", "NET_CLS_CGROUP", "cls_cgroup"),
    ("flow", "NET_CLS_FLOW", "cls_flow"),
    ("flower", "NET_CLS_FLOWER", "cls_flower"),
    ("fw", "NET_CLS_FW", "cls_fw"),
    ("matchall", "NET_CLS_MATCHALL", "cls_matchall"),
    ("route", "NET_CLS_ROUTE4", "cls_route"),
    ("u32", "NET_CLS_U32", "cls_u32"),
];

const ACTIONS: &[Known] = &[
    ("bpf", "NET_ACT_BPF", "act_bpf"),
    ("connmark", "NET_ACT_CONNMARK", "act_connmark"),
    ("csum", "NET_ACT_CSUM", "act_csum"),
    ("ct", "NET_ACT_CT", "act_ct"),
    ("gact", "NET_ACT_GACT", "act_gact"),
    ("mirred", "NET_ACT_MIRRED", "act_mirred"),
    ("mpls", "NET_ACT_MPLS", "act_mpls"),
    ("nat", "NET_ACT_NAT", "act_nat"),
    ("pedit", "NET_ACT_PEDIT", "act_pedit"),
    ("police", "NET_ACT_POLICE", "act_police"),
    ("sample", "NET_ACT_SAMPLE", "act_sample"),
    ("skbedit", "NET_ACT_SKBEDIT", "act_skbedit"),
    ("skbmod", "NET_ACT_SKBMOD", "act_skbmod"),
    ("tunnel_key", "NET_ACT_TUNNEL_KEY", "act_tunnel_key"),
    ("vlan", "NET_ACT_VLAN", "act_vlan"),
];

/// net/bridge/Kconfig.
const BRIDGES: &[Known] = &[("vlan_filtering", "BRIDGE_VLAN_FILTERING", "")];

/// drivers/net/Kconfig.
const DEVICES: &[Known] = &[("tun", "TUN", "tun")];

/// The words for the kinds of kinds.
const WORDS: [(&str, Kind); 6] = [
    ("link", Kind::Link),
    ("qdisc", Kind::Qdisc),
    ("filter", Kind::Filter),
    ("action", Kind::Action),
    ("bridge", Kind::Bridge),
    ("device", Kind::Device),
];

impl Kind {
    fn known(self) -> &'static [Known] {
        match self {
            Kind::Link => &[],
            Kind::Qdisc => QDISCS,
            Kind::Filter => FILTERS,
            Kind::Action => ACTIONS,
            Kind::Bridge => BRIDGES,
            Kind::Device => DEVICES,
        }
    }

    /// Its word in `qdisc netem`.
    pub fn word(self) -> &'static str {
        let found = WORDS.iter().find(|(_, kind)| *kind == self);
        found.map_or("", |(word, _)| word)
    }
}

/// All that netsh knows by name: `link vlan`, `qdisc netem`.
pub fn all() -> impl Iterator<Item = Feature> {
    let links = kinds::names().map(|name| Feature::of(Kind::Link, name));
    let others = WORDS.iter().map(|(_, kind)| *kind);
    let others = others.filter(|kind| *kind != Kind::Link);
    let others = others.flat_map(|kind| {
        let known = kind.known().iter();
        known.map(move |(name, ..)| Feature::of(kind, name))
    });
    links.chain(others)
}

impl Feature {
    /// A kind by its name, whether or not Linux has one.
    pub fn of(kind: Kind, name: &str) -> Feature {
        let name = name.to_owned();
        Feature { kind, name }
    }

    /// Reads `qdisc netem` or `link vlan`; None if Linux has no such thing.
    pub fn parse(text: &str) -> Option<Feature> {
        let (word, name) = text.trim().split_once(' ')?;
        let (_, kind) = WORDS.iter().find(|(known, _)| *known == word)?;
        let feature = Feature::of(*kind, name.trim());
        feature.is_known().then_some(feature)
    }

    /// Whether Linux has one, if not this kernel.
    pub fn is_known(&self) -> bool {
        match self.kind {
            Kind::Link => kinds::names().any(|name| name == self.name),
            kind => kind.known().iter().any(|(name, ..)| *name == self.name),
        }
    }

    /// Both words: `qdisc netem`.
    pub fn words(&self) -> String {
        format!("{} {}", self.kind.word(), self.name)
    }

    /// The kernel's option: `CONFIG_NET_SCH_NETEM`.
    pub fn config(&self) -> String {
        let mut known = self.kind.known().iter();
        let known = known.find(|(name, ..)| *name == self.name);
        match (known, kinds::config(&self.name)) {
            (Some((_, config, _)), _) => format!("CONFIG_{config}"),
            (None, Some(config)) => config.into(),
            (None, None) => format!("CONFIG_{}", self.name.to_uppercase()),
        }
    }

    /// The module that brings it; None where it is part of the kernel or nowhere.
    pub fn module(&self) -> Option<String> {
        if self.kind == Kind::Link {
            return kinds::module(&self.name).map(str::to_owned);
        }
        let mut known = self.kind.known().iter();
        let (.., module) = known.find(|(name, ..)| *name == self.name)?;
        (!module.is_empty()).then(|| (*module).to_owned())
    }

    /// Its name with the kernel's option, to follow "this kernel has no": `netem (CONFIG_NET_SCH_NETEM)`.
    pub fn label(&self) -> String {
        let what = match self.kind {
            Kind::Link => format!("links of kind {}", self.name),
            Kind::Qdisc => self.name.clone(),
            Kind::Bridge => format!("{} of bridges", self.name),
            Kind::Filter | Kind::Action | Kind::Device => {
                format!("{} {}", self.kind.word(), self.name)
            }
        };
        match self.is_known() {
            true => format!("{what} ({})", self.config()),
            false => what,
        }
    }

    /// That it is missing, in words.
    pub fn absence(&self) -> String {
        match tuntap::no_device().filter(|_| self.kind == Kind::Device) {
            Some(reason) => reason.words,
            None => format!("this kernel has no {}", self.label()),
        }
    }

    /// What to do where it is missing.
    pub fn remedy(&self) -> String {
        if let Some(reason) = tuntap::no_device().filter(|_| self.kind == Kind::Device) {
            return reason.hint;
        }
        match self.module() {
            Some(module) => format!(
                "it is not built in, and not loaded as a module; on the host root may be able to load it: modprobe {module}"
            ),
            None if self.is_known() => format!(
                "it was built without {}; no module brings it",
                self.config()
            ),
            None => format!(
                "it is not built into this kernel; Linux knows: {}",
                self.others()
            ),
        }
    }

    fn others(&self) -> String {
        let known: Vec<&str> = match self.kind {
            Kind::Link => kinds::names().collect(),
            kind => kind.known().iter().map(|(name, ..)| *name).collect(),
        };
        known.join(", ")
    }

    /// Whether this kernel has it, or loads it when asked.
    pub fn is_there(&self) -> Result<bool> {
        if self.kind == Kind::Device {
            return Ok(tuntap::no_device().is_none());
        }
        let namespace = Namespace::create()?;
        let outcome = self.attempt(&namespace)?;
        Ok(match outcome {
            Ok(()) => true,
            // Of a link's kind the one, of all others the other.
            Err(Error::Refused { errno, said }) => match self.kind {
                // A driver that makes no links this way says so in words of its own, as tun does.
                Kind::Link => {
                    errno != Errno::EOPNOTSUPP
                        || said.is_some_and(|said| said != "Unknown device type")
                }
                Kind::Bridge => errno != Errno::EOPNOTSUPP,
                _ => errno != Errno::ENOENT,
            },
            Err(error) => return Err(error),
        })
    }

    /// Asks for one without any options: whatever is said of those, the kind was found.
    fn attempt(&self, namespace: &Namespace) -> Result<Result<()>> {
        let route = namespace.route()?;
        let lo = route.index_of("lo")?;
        let request = match self.kind {
            Kind::Link => link(&self.name, None),
            Kind::Bridge => link("bridge", Some(IFLA_BR_VLAN_FILTERING)),
            Kind::Qdisc => traffic(&self.name, lo, Handle::ROOT).request(RTM_NEWQDISC, CREATE),
            Kind::Filter | Kind::Action | Kind::Device => {
                // A filter belongs to a discipline with a place for one.
                let ingress = TrafficMessage {
                    handle: Handle::OF_INGRESS,
                    ..traffic("ingress", lo, Handle::INGRESS)
                };
                route.change_all([ingress.request(RTM_NEWQDISC, CREATE)])?;
                self.filter(lo)?.request(RTM_NEWTFILTER, CREATE)
            }
        };
        Ok(route.change_all([request]))
    }

    /// A filter of this kind; or, for an action, one that has it. (RTM_NEWACTION is not for those who are root only in a user
    /// namespace.)
    fn filter(&self, index: u32) -> Result<TrafficMessage> {
        let filter = |kind: &str| TrafficMessage {
            // Any priority, and ETH_P_ALL in the network's order.
            info: 1 << 16 | u32::from(3u16.to_be()),
            ..traffic(kind, index, Handle::OF_INGRESS)
        };
        if self.kind == Kind::Filter {
            return Ok(filter(&self.name));
        }
        let mut options = Attributes::new();
        let has_u32 = Feature::of(Kind::Filter, "u32").is_there()?;
        let (carrier, actions) = match has_u32 {
            true => ("u32", TCA_U32_ACT),
            false => ("matchall", TCA_MATCHALL_ACT),
        };
        if has_u32 {
            options.put(TCA_U32_SEL, &MATCH_ALL);
        }
        options.nest(actions, |list| {
            list.nest(1, |action| {
                action.text(TCA_ACT_KIND, &self.name);
            });
        });
        Ok(TrafficMessage {
            options: Some(options.into_bytes()),
            ..filter(carrier)
        })
    }
}

/// `struct ifinfomsg` of 16 bytes, the kind, and a setting of it to switch on.
fn link(kind: &str, switch: Option<u16>) -> Request {
    let mut attributes = Attributes::new();
    attributes.nest(IFLA_LINKINFO, |inner| {
        inner.text(IFLA_INFO_KIND, kind);
        if let Some(switch) = switch {
            inner.nest(IFLA_INFO_DATA, |settings| {
                settings.put(switch, &[1]);
            });
        }
    });
    message(RTM_NEWLINK, 16, &attributes)
}

fn traffic(kind: &str, index: u32, parent: Handle) -> TrafficMessage {
    TrafficMessage {
        parent,
        kind: kind.to_owned(),
        ..TrafficMessage::about(index)
    }
}

/// A request whose header is all zeros.
fn message(kind: u16, header: usize, attributes: &Attributes) -> Request {
    let mut body = vec![0; header];
    body.extend(attributes.as_bytes());
    Request::new(Message { kind, body }, CREATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_have_two_words() {
        for feature in all() {
            assert_eq!(Feature::parse(&feature.words()), Some(feature.clone()));
            assert!(feature.config().starts_with("CONFIG_"));
        }
        for text in ["netem", "qdisc", "qdisc nonsense", "device vlan", ""] {
            assert_eq!(Feature::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_missing_has_an_option_and_a_module() {
        let netem = Feature::of(Kind::Qdisc, "netem");
        assert_eq!(netem.label(), "netem (CONFIG_NET_SCH_NETEM)");
        assert!(netem.remedy().ends_with("modprobe sch_netem"));
        let vlan = Feature::of(Kind::Link, "vlan");
        assert_eq!(vlan.label(), "links of kind vlan (CONFIG_VLAN_8021Q)");
        assert!(vlan.remedy().ends_with("modprobe 8021q"));
        let filtering = Feature::of(Kind::Bridge, "vlan_filtering");
        let option = "CONFIG_BRIDGE_VLAN_FILTERING";
        assert_eq!(
            filtering.label(),
            format!("vlan_filtering of bridges ({option})")
        );
        assert_eq!(filtering.module(), None);
        assert!(filtering.remedy().contains(option));
    }
}
