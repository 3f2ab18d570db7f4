//! Verbs about the filters of traffic control.

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::change::Operation;
use crate::kernel::filter::action::{Act, Seen};
use crate::kernel::filter::change::{FilterAdd, FilterDel};
use crate::kernel::filter::u32::Selector;
use crate::kernel::filter::{
    ANY_PROTOCOL, Filter, Place, Rule, flower, protocol_name, protocol_number,
};
use crate::kernel::options::Settings;
use crate::kernel::qdisc::handle::Handle;
use crate::kernel::qdisc::message::Mode;
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};
use super::options::{Fault, OptionValue, Options};
use super::qdisc::{Id, statistics_map};
use super::settings;
use super::value::{array, array_of_maps, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Adds a filter: which packets go into which class of a queueing discipline, or what is done with them.
    ///
    /// `u32` compares words of the packet, `flower` its fields by their names, `matchall` matches whatever comes. Matches and
    /// actions are written as for tc.
    ///
    /// Equivalent to: `tc filter add dev LINK KIND ...`
    ///
    /// Search words: `tc`, `classify`, `redirect`, `mirror`, `mirred`, `drop`, `police`, `clsact`, `ingress`, `port mirroring`,
    /// `span`, `traffic control`
    ///
    /// # Options
    /// - `parent` (string): where: the handle of a discipline, `"1:"`, or `"ingress"` or `"egress"` of clsact; the root unless given
    /// - `prio` (int): lower ones are asked first; the kernel counts otherwise
    /// - `protocol` (string): `"ip"`, `"ipv6"`, `"arp"`, `"802.1Q"`, `"all"`; that of what is compared unless given
    /// - `handle` (string): its own handle
    /// - `chain` (int): the chain that it is in
    /// - `classid` (string): the class into which what matches goes
    /// - `action` (string or array): what is done with what matches: `"drop"`, `"pass"`,
    ///   `"mirred egress redirect dev veth1"`, `"police rate 1mbit burst 10k drop"`, `"skbedit mark 5"`, `"vlan push id 7"`,
    ///   `"goto chain 1"`, `"csum ip and tcp"`, `"nat egress 10.0.0.1 192.168.0.1"`, `"ct commit zone 5"`, `"connmark"`,
    ///   `"tunnel_key set src_ip 10.0.0.1 dst_ip 10.0.0.2 id 7"`, `"sample rate 100 group 1"`
    /// - `matches` (string or array; `match`): u32: what has to hold: `"ip src 10.0.0.0/24"`, `"ip protocol 6 0xff"`,
    ///   `"ip dport 80 0xffff"`, `"ip df"`, `"ip6 dst fd00::1"`, `"ether src 02:00:00:00:00:01"`, `"mark 5 0xff"`,
    ///   `"u32 0x0a000001 0xffffffff at 12"`; `"tcp dst 80 0xffff"`, which is `"... at nexthdr+0"`, counts from the header behind
    ///   that of IP only where a filter before it found that one
    /// - `src_ip` (address): flower: the sender, or its network
    /// - `dst_ip` (address): flower: the receiver
    /// - `ip_proto` (string): flower: `"tcp"`, `"udp"`, `"icmp"`, or a number
    /// - `src_port` (string): flower: the sender's port, or a range `"80-90"`
    /// - `dst_port` (string): flower: the receiver's port
    /// - `src_mac` (string): flower: the sender's hardware address, with a mask behind a slash
    /// - `dst_mac` (string): flower: the receiver's
    /// - `vlan_id` (int): flower: the id in the tag of 802.1Q
    /// - `vlan_prio` (int): flower: the priority in the tag
    /// - `vlan_ethtype` (string): flower: the protocol behind the tag
    /// - `tcp_flags` (string): flower: the flags, with a mask: `"0x2/0x17"`
    /// - `ip_tos` (string): flower: the type of service, with a mask
    /// - `ip_ttl` (int): flower: the hops that are left
    /// - `type` (int): flower: the type of an ICMP message
    /// - `code` (int): flower: its code
    /// - `arp_sip` (address): flower: the sender in an ARP packet
    /// - `arp_tip` (address): flower: the one who is asked for
    /// - `arp_op` (string): flower: `"request"`, `"reply"` or a number, with a mask
    /// - `arp_sha` (string): flower: the sender's hardware address in an ARP packet, with a mask
    /// - `arp_tha` (string): flower: the hardware address of the one who is asked for
    /// - `cvlan_id` (int): flower: the id in the inner of two tags
    /// - `cvlan_prio` (int): flower: the priority in the inner tag
    /// - `cvlan_ethtype` (string): flower: the protocol behind the inner tag
    /// - `num_of_vlans` (int): flower: how many tags there are
    /// - `mpls_label` (int): flower: the label of MPLS
    /// - `mpls_tc` (int): flower: the traffic class of MPLS
    /// - `mpls_bos` (int): flower: 1 for the last label of a stack
    /// - `mpls_ttl` (int): flower: the hops that are left in a label
    /// - `enc_key_id` (int): flower: the id of the tunnel that it came by, such as a VNI
    /// - `enc_src_ip` (address): flower: the sender of the outer packet, or its network
    /// - `enc_dst_ip` (address): flower: the receiver of the outer packet
    /// - `enc_dst_port` (string): flower: the port of the tunnel
    /// - `enc_tos` (string): flower: the type of service of the outer packet, with a mask
    /// - `enc_ttl` (string): flower: the hops that the outer packet had left, with a mask
    /// - `ct_state` (string): flower: what connection tracking says: `"+trk+est-new"` (new, est, rel, trk, inv, rpl)
    /// - `ct_zone` (string): flower: the zone of connection tracking, with a mask
    /// - `ct_mark` (string): flower: the mark of the connection, with a mask
    /// - `ct_label` (string): flower: the label of the connection, in hexadecimal digits, with a mask
    /// - `ip_flags` (string): flower: fragments: `"frag"`, `"nofrag"`, `"firstfrag"`, `"frag/nofirstfrag"`
    /// - `indev` (string): flower: the link that it came in by
    /// - `skip_sw` (bool): flower: only the hardware looks at it
    /// - `skip_hw` (bool): flower: only Linux looks at it
    ///
    /// # Errors
    /// This kernel has no such filter or action (ENOENT); the link has no such discipline; a match or an action that is not
    /// understood.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "htb", #{ handle: "1:" });
    /// class_add("veth0", "1:10", "htb", #{ rate: "1mbit" });
    /// filter_add("veth0", "u32", #{ parent: "1:", matches: ["ip dst 10.0.0.0/24", "ip dport 80 0xffff"], classid: "1:10" });
    /// show(filter_list("veth0"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn filter_add(
        ctx: NativeCallContext,
        link: &str,
        kind: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| put(lab, Mode::Add, link, kind, options))
    }

    /// Gives a link a filter, in the place of the one with this priority and handle if there is one.
    ///
    /// Of a filter of u32 the class and the actions can be changed in its place; what it compares the kernel leaves as it is.
    ///
    /// Equivalent to: `tc filter replace dev LINK KIND ...`
    ///
    /// Search words: `tc`, `classify`, `set`, `change`, `adjust`, `traffic control`
    ///
    /// # Options
    /// Those of `filter_add`. Without `handle` and `prio` the kernel finds none that could give way.
    ///
    /// # Errors
    /// Those of `filter_add`; other matches for a filter of u32.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "clsact");
    /// for link in ["lo", "veth0peer"] {
    ///     filter_replace("veth0", "u32", #{ parent: "ingress", prio: 1, handle: "800::800", matches: "u32 0 0",
    ///         action: `mirred egress mirror dev ${link}` });
    /// }
    /// print(filter_list("veth0")[0].actions[0].action);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn filter_replace(
        ctx: NativeCallContext,
        link: &str,
        kind: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| put(lab, Mode::Replace, link, kind, options))
    }

    /// Deletes filters: all of a place, those of a priority, or one.
    ///
    /// Equivalent to: `tc filter del dev LINK ...`
    ///
    /// Search words: `tc`, `remove`, `delete`, `flush`, `traffic control`
    ///
    /// # Options
    /// - `parent` (string): where: the handle of a discipline, or `"ingress"` or `"egress"` of clsact; the root unless given
    /// - `prio` (int): only those of this priority
    /// - `protocol` (string): only those of this protocol; wants `prio`
    /// - `kind` (string): only those of this kind; wants `prio`
    /// - `handle` (string): only this one; wants `prio`, `protocol` and `kind`
    /// - `chain` (int): those of this chain
    ///
    /// # Errors
    /// There is none (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "clsact");
    /// filter_add("veth0", "u32", #{ parent: "ingress", matches: "u32 0 0", action: "mirred egress mirror dev lo" });
    /// filter_del("veth0", #{ parent: "ingress" });
    /// show(filter_list("veth0"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn filter_del(ctx: NativeCallContext, link: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let kind = options.take::<String>("kind")?.unwrap_or_default();
            let place = take_place(&mut options, &kind)?;
            options.finish()?;
            let narrower = [
                ("protocol", place.protocol != 0),
                ("kind", !place.kind.is_empty()),
                ("handle", place.handle != 0),
            ];
            let narrower = narrower.into_iter().find(|(_, given)| *given);
            if let (0, Some((key, _))) = (place.prio, narrower) {
                let words = format!("{key} is looked at only within a priority");
                return Err(Failure::new(words)
                    .about(link)
                    .blame(key)
                    .hint("give prio too"));
            }
            lab.apply(FilterDel {
                link: link.into(),
                place,
            })
        })
    }

    /// Lists the filters of a link.
    ///
    /// Equivalent to: `tc -s filter show dev LINK ...`
    ///
    /// Search words: `tc`, `classify`, `statistics`, `hits`, `traffic control`
    ///
    /// # Options
    /// - `parent` (string): only those there: the handle of a discipline, or `"ingress"` or `"egress"` of clsact
    ///
    /// # Returns
    /// An array of maps, in the order in which they are asked: `link`; `kind`; `parent` (the handle of a discipline, "ingress" or
    /// "egress"); `prio`; `protocol`; `handle`; `chain`; `classid` (or `()`); `matches` (of u32, in tc's words); `options` (map,
    /// the fields of flower with the keys of `filter_add`); `unknown` (array: what it compares too, and netsh has no words for; such
    /// a filter matches less than the rest says); `actions` (array of maps: `action` (in tc's words), `bytes`,
    /// `packets` (that it met), `drops` (packets)).
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "clsact");
    /// filter_add("veth0", "u32", #{ parent: "egress", prio: 5, matches: "u32 0 0", action: "mirred egress mirror dev lo" });
    /// print(filter_list("veth0")[0].actions[0].action);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn filter_list(ctx: NativeCallContext, link: &str, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let parent = options.take::<Parent>("parent")?.map(|parent| parent.0);
            options.finish()?;
            let words = format!("list the filters of {link}");
            let list = ask(lab, &words, || lab.filters(link, parent));
            let list = list.map_err(|failure| failure.blame("link"))?;
            Ok(array_of_maps(
                list.into_iter().map(|filter| filter_map(link, filter)),
            ))
        })
    }
}

/// Adds a filter, or replaces one.
fn put(lab: &Lab, mode: Mode, link: &str, kind: &str, options: Map) -> Outcome<()> {
    let mut options = Options::new(options);
    let mut place = take_place(&mut options, kind)?;
    let rule = take_rule(&mut options, kind)?;
    options.finish()?;
    if place.protocol == 0 {
        place.protocol = protocol_of(&rule);
    }
    let add = FilterAdd {
        mode,
        link: link.into(),
        place,
        rule,
    };
    match add.rule.selector.mark {
        Some(_) if mode == Mode::Add => put_with_mark(lab, add),
        _ => lab.apply(add),
    }
}

/// A kernel without CONFIG_CLS_U32_MARK takes the mark, says nothing, and lets the filter match whatever has any.
fn put_with_mark(lab: &Lab, add: FilterAdd) -> Outcome<()> {
    let (link, parent, words) = (add.link.clone(), add.place.parent, add.words());
    let all = || {
        let all = lab.filters(&link, Some(parent));
        all.map_err(|error| lab.explain_question("list the filters", &error))
    };
    let before = all()?;
    lab.apply(add)?;
    let is_lost = |filter: &Filter| {
        let is_new = !before.iter().any(|other| other.place == filter.place);
        is_new && filter.place.kind == "u32" && filter.rule.selector.mark.is_none()
    };
    let Some(lost) = all()?.into_iter().find(is_lost) else {
        return Ok(());
    };
    lab.apply(FilterDel {
        link: link.clone(),
        place: Place {
            parent,
            ..lost.place
        },
    })?;
    let reason = "the u32 of this kernel looks at no marks (CONFIG_CLS_U32_MARK)";
    let failure = Failure::new(format!("cannot {words}: {reason}"));
    Err(failure.about(link).blame("matches"))
}

/// Where a filter is to be, or is.
fn take_place(options: &mut Options, kind: &str) -> Outcome<Place> {
    let parent = options.take::<Parent>("parent")?;
    let prio = options.take::<u32>("prio")?.unwrap_or(0);
    let prio = u16::try_from(prio).map_err(|_| {
        Failure::new(format!("the priority {prio} is not between 1 and 65535")).blame("prio")
    })?;
    let protocol = options.take::<Protocol>("protocol")?;
    let handle = options.take::<FilterHandle>("handle")?;
    Ok(Place {
        kind: kind.into(),
        parent: parent.map_or(Handle::NONE, |parent| parent.0),
        prio,
        protocol: protocol.map_or(0, |protocol| protocol.0),
        handle: handle.map_or(0, |handle| handle.0),
        chain: options.take("chain")?,
    })
}

/// What it looks for and does.
fn take_rule(options: &mut Options, kind: &str) -> Outcome<Rule> {
    let class = options.take::<Id>("classid")?.map(|id| id.0);
    let acts = options.take::<Texts>("action")?.unwrap_or_default();
    let acts = acts.0.iter().map(|text| Act::parse(text));
    let acts = acts.collect::<Result<_, _>>();
    let acts = acts.map_err(|words| {
        Failure::new(words)
            .blame("action")
            .hint("\"drop\", \"pass\", \"mirred egress redirect dev LINK\", \"police rate RATE burst BYTES\", \"skbedit mark N\", \"vlan push id N\"")
    })?;
    let mut selector = Selector::default();
    if kind == "u32" {
        for text in options.take::<Texts>("matches")?.unwrap_or_default().0 {
            selector.add(&text).map_err(|words| {
                Failure::new(words)
                    .blame("matches")
                    .hint("\"ip src 10.0.0.0/24\", \"ip protocol 6 0xff\", \"ip dport 80 0xffff\", \"ip6 dst fd00::1\", \"u32 0 0 at 0\"")
            })?;
        }
    }
    let fields = match kind {
        "flower" => settings::take_all(options, flower::OPTIONS)?,
        _ => Settings::default(),
    };
    Ok(Rule {
        selector,
        fields,
        class,
        acts,
        ..Rule::default()
    })
}

/// The protocol of what is compared.
fn protocol_of(rule: &Rule) -> u16 {
    if let Some(protocol) = rule.selector.protocol {
        return protocol;
    }
    let has = |key: &str| rule.fields.get(key).is_some();
    let text = |key: &str| rule.fields.text(key).unwrap_or("");
    let is_ipv6 = ["src_ip", "dst_ip"]
        .iter()
        .any(|key| text(key).contains(':'));
    let starts = |key: &str| fields_begin(rule, key);
    let above_ip = [
        "src_ip", "dst_ip", "ip_proto", "ip_tos", "ip_ttl", "ip_flags",
    ];
    let name = match () {
        () if has("cvlan_id") || has("cvlan_prio") || has("cvlan_ethtype") => "802.1ad",
        () if has("vlan_id") || has("vlan_prio") || has("vlan_ethtype") => "802.1Q",
        () if starts("arp_") => "arp",
        () if starts("mpls_") => "mpls_uc",
        () if is_ipv6 || text("ip_proto") == "icmpv6" => "ipv6",
        () if above_ip.iter().any(|key| has(key)) => "ip",
        () => "all",
    };
    protocol_number(name).unwrap_or(ANY_PROTOCOL)
}

/// Whether a field is given whose key begins so.
fn fields_begin(rule: &Rule, with: &str) -> bool {
    let mut given = rule.fields.given().iter();
    given.any(|(row, _)| row.key.starts_with(with))
}

/// Where filters are.
struct Parent(Handle);

impl OptionValue for Parent {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = String::read(value).map_err(|_| {
            Fault::Type("the handle of a qdisc as a string (\"1:\"), or \"ingress\" or \"egress\"")
        })?;
        Handle::parse_parent(&text)
            .map(Parent)
            .map_err(Fault::Value)
    }
}

/// A protocol of Ethernet.
struct Protocol(u16);

impl OptionValue for Protocol {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = String::read(value).map_err(|_| Fault::Type("a string such as \"ip\""))?;
        protocol_number(&text).map(Protocol).ok_or_else(|| {
            Fault::Value(format!(
                "{text:?} is no protocol: ip, ipv6, arp, 802.1Q, 802.1ad, all, or a number such as \"0x88cc\""
            ))
        })
    }
}

/// The handle of a filter.
struct FilterHandle(u32);

impl OptionValue for FilterHandle {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = match value.as_int() {
            Ok(number) => number.to_string(),
            Err(_) => String::read(value)?,
        };
        Place::parse_handle(&text).map(FilterHandle).ok_or_else(|| {
            Fault::Value(format!(
                "{text:?} is no handle such as \"800::800\" or \"0x1\""
            ))
        })
    }
}

/// A text, or several.
#[derive(Default)]
struct Texts(Vec<String>);

impl OptionValue for Texts {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let wrong = || Fault::Type("a string, or an array of strings");
        let text = |value: &Dynamic| value.clone().into_string().map_err(|_| wrong());
        match value.read_lock::<rhai::Array>() {
            Some(list) => list.iter().map(text).collect::<Result<_, _>>().map(Texts),
            None => Ok(Texts(vec![text(value)?])),
        }
    }
}

fn filter_map(link: &str, filter: Filter) -> Map {
    let Filter {
        place, rule, seen, ..
    } = filter;
    map([
        (
            "actions",
            array_of_maps(seen.into_iter().map(seen_map)).into(),
        ),
        ("chain", i64::from(place.chain.unwrap_or(0)).into()),
        ("classid", maybe(rule.class.map(|id| id.to_string()))),
        ("handle", place.handle_words().into()),
        ("link", link.to_owned().into()),
        ("matches", array(rule.selector.words()).into()),
        ("options", settings::map_of(rule.fields.given()).into()),
        ("parent", place.parent.to_string().into()),
        ("prio", i64::from(place.prio).into()),
        ("unknown", array(rule.unknown).into()),
        ("protocol", protocol_name(place.protocol).into()),
        ("kind", place.kind.into()),
    ])
}

fn seen_map(seen: Seen) -> Map {
    let counted = statistics_map(seen.statistics);
    let number = |key: &str| counted.get(key).cloned().unwrap_or_default();
    map([
        ("action", seen.act.words().into()),
        ("bytes", number("bytes")),
        ("drops", number("drops")),
        ("packets", number("packets")),
    ])
}
