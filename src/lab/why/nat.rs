//! Where NAT sends a packet on to: an address that nobody has, or a port where nobody listens.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::kernel::conntrack::{self, Entry};
use crate::kernel::conntrack_filter::Filter;
use crate::kernel::listeners::hears;
use crate::kernel::nft::decode;
use crate::kernel::nft::syntax::{Nat, NatKind, Nfproto, Rule, Statement, Value};
use crate::packet::identity::Look;

use super::super::journey::Place;
use super::probe::Fate;
use super::rules;
use super::scene::Scene;
use super::state::Space;
use super::{Cause, Finding};

/// The packet gets another destination here, and does not come there.
pub(super) fn translated(scene: &Scene<'_>) -> Option<Finding> {
    let (to, port, source) = tracked(scene).or_else(|| ruled(scene))?;
    if to == scene.to {
        return None;
    }
    let shown = |finding: Finding| {
        let target = port.map_or(to.to_string(), |port| format!("{to}:{port}"));
        let becomes = format!("{} becomes {target}", scene.to);
        finding.shown_by(format!("{source} of {}", scene.space.words()), becomes)
    };
    if scene.state.owners(to).is_empty() {
        return Some(shown(nobody(scene, to, port)));
    }
    // Somebody has it: what keeps the packet from going on?
    let onward = Scene {
        left_by: None,
        is_received: false,
        to,
        ..scene.clone()
    };
    let suspects = [
        super::routes::way_in as fn(&Scene<'_>) -> Option<Finding>,
        super::links::out,
        super::neighbours::unresolved,
    ];
    suspects
        .iter()
        .find_map(|suspect| suspect(&onward))
        .map(shown)
}

/// What connection tracking makes of it.
fn tracked(scene: &Scene<'_>) -> Option<(IpAddr, Option<u16>, &'static str)> {
    let namespace = scene.space.netns.namespace().ok()?;
    let entries = conntrack::list(&namespace, &Filter::default()).ok()?;
    let entry = entries.iter().rev().find(|entry| is_of(scene, entry))?;
    let (to, port) = (entry.reply.src?, entry.reply.sport);
    Some((to, port, "connection tracking"))
}

/// What a rule made of it: the first packet of a connection is not tracked where it goes no further.
fn ruled(scene: &Scene<'_>) -> Option<(IpAddr, Option<u16>, &'static str)> {
    let rules = rules::met(scene);
    let mut targets = rules.iter().rev().filter_map(Target::of);
    let (to, port) = targets.find_map(|target| Some((target.address?, target.port)))?;
    Some((to, port, "the rules"))
}

/// Where a rule sends packets on to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Target {
    /// Whether it is this host, whichever address that has.
    is_here: bool,
    /// The address, if it is one.
    address: Option<IpAddr>,
    /// The port, if it is one.
    port: Option<u16>,
}

impl Target {
    /// What the last translation of destinations in a rule names.
    fn of(rule: &Rule) -> Option<Target> {
        let translations = rule.statements.iter().rev();
        let mut translations = translations.filter_map(|statement| match &statement.it {
            Statement::Nat(nat) => Some(nat),
            _ => None,
        });
        let nat = translations.find(|nat| turns(nat))?;
        Some(Target {
            is_here: nat.kind == NatKind::Redirect,
            address: match (nat.family, &nat.address) {
                (Some(Nfproto::Ipv4), Some(Value::One(bits))) => u32::try_from(*bits)
                    .ok()
                    .map(|bits| Ipv4Addr::from_bits(bits).into()),
                (Some(Nfproto::Ipv6), Some(Value::One(bits))) => {
                    Some(Ipv6Addr::from_bits(*bits).into())
                }
                _ => None,
            },
            port: match &nat.port {
                Some(Value::One(number)) => u16::try_from(*number).ok(),
                _ => None,
            },
        })
    }
}

/// Whether a translation is of destinations.
fn turns(nat: &Nat) -> bool {
    matches!(nat.kind, NatKind::Dnat | NatKind::Redirect)
}

/// The same rule, with other translations of destinations.
fn turned(rule: &Rule, change: impl Fn(&mut Nat)) -> Rule {
    let mut rule = rule.clone();
    for statement in &mut rule.statements {
        if let Statement::Nat(nat) = &mut statement.it
            && turns(nat)
        {
            change(nat);
        }
    }
    rule
}

/// An address as rules have it.
fn address_value(address: IpAddr) -> Value {
    Value::One(match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    })
}

fn is_of(scene: &Scene<'_>, entry: &Entry) -> bool {
    entry.original.dst == Some(scene.to)
        && entry.original.src == scene.look.source
        && entry.original.sport == scene.look.sport
        && entry.original.dport == scene.look.dport
}

/// The rule that does it, and who could have been meant.
fn nobody(scene: &Scene<'_>, to: IpAddr, port: Option<u16>) -> Finding {
    let words = format!(
        "a rule of {} sends it on to {to}, which nobody has",
        scene.space.words()
    );
    let finding = Finding::new(Cause::WrongDnat, words);
    let Some((chain, handle, rule)) = rule_to(scene.space, |target| target.address == Some(to))
    else {
        return finding;
    };
    let finding = finding
        .shown_by("rule", rule.to_string())
        .shown_by("handle", handle.to_string());
    let Some(right) = port.and_then(|port| server(scene, to, port)) else {
        return finding.mended_by(scene.line(format!("nft_rule_del({chain:?}, {handle})")));
    };
    let mended = turned(&rule, |nat| nat.address = Some(address_value(right)));
    let text = mended.to_string();
    let lines = [
        scene.line(format!("nft_rule_del({chain:?}, {handle})")),
        scene.line(format!("nft_rule_add({chain:?}, {text:?})")),
    ];
    finding.mended_by(lines.join("; "))
}

/// The packet was sent on to a port at which nobody listens, and at the one that it was for somebody does.
pub(super) fn wrong_port(scene: &Scene<'_>) -> Option<Finding> {
    // What a host does by itself with a packet is not seen on its links.
    let rules = rules::met(scene);
    let mut targets = rules.iter().rev().filter_map(Target::of);
    let port = targets.find_map(|target| target.port);
    let (port, meant) = (port.or(scene.look.dport)?, scene.asked.protocol.port()?);
    if scene.is_back || port == meant {
        return None;
    }
    let all = scene.space.listeners(scene.asked.protocol)?;
    let listens = |wanted| {
        let mut all = all.iter();
        all.any(|one| one.port() == wanted && hears(one.ip(), scene.to))
    };
    if listens(port) || !listens(meant) {
        return None;
    }
    let is_this = |target: &Target| target.port == Some(port);
    let mut spaces = scene.state.spaces.iter();
    let elsewhere = spaces.find_map(|space| {
        let found = rule_to(space, |target| {
            is_this(target) && target.address == Some(scene.to)
        });
        Some((space, found?))
    });
    let here = || {
        let found = rule_to(scene.space, |target| is_this(target) && target.is_here);
        Some((scene.space, found?))
    };
    let (space, (chain, handle, rule)) = elsewhere.or_else(here)?;
    let words = format!(
        "a rule of {} sends it on to port {port} of {}, where nobody listens: who does listens at {meant}",
        space.words(),
        scene.to
    );
    let right = turned(&rule, |nat| nat.port = Some(Value::One(meant.into()))).to_string();
    let lines = [
        format!("nft_rule_del({chain:?}, {handle})"),
        format!("nft_rule_add({chain:?}, {right:?})"),
    ];
    let lines = lines.map(|line| scene.state.line(space.name(), &line));
    Some(
        Finding::new(Cause::WrongDnat, words)
            .shown_by("rule", rule.to_string())
            .shown_by("handle", handle.to_string())
            .mended_by(lines.join("; ")),
    )
}

/// A rule turned the packet to a port of this host where nobody listens, whoever it was for.
pub(super) fn turned_here(scene: &Scene<'_>) -> Option<Finding> {
    if scene.is_back || !matches!(scene.sent.outcome, Fate::Refused) {
        return None;
    }
    let rules = rules::met(scene);
    let (rule, target) = rules.iter().rev().find_map(|rule| {
        let target = Target::of(rule)?;
        let is_own = target.address.is_some_and(|to| scene.space.has(to));
        (is_own || target.is_here).then_some((rule, target))
    })?;
    let port = target.port.or(scene.look.dport)?;
    // A redirect is to the first address of the link by which it came (`nf_nat_redirect_ipv4`).
    let mut own = scene.by?.link.addresses.iter();
    let first = own.find(|addr| addr.local.address.is_ipv4() == scene.to.is_ipv4());
    let to = target.address.or(first.map(|addr| addr.local.address))?;
    let all = scene.space.listeners(scene.asked.protocol)?;
    let mut all = all.iter();
    if all.any(|one| one.port() == port && hears(one.ip(), to)) {
        return None;
    }
    let here = Scene {
        left_by: None,
        is_received: true,
        is_back: false,
        look: Look {
            dport: Some(port),
            ..scene.look.clone()
        },
        to,
        ..scene.clone()
    };
    let mut finding = super::hosts::nobody_listens(&here)?;
    finding.words = format!(
        "a rule of {} turns what is for {} to itself, and {}",
        scene.space.words(),
        scene.to,
        finding.words
    );
    Some(finding.shown_by("rule", rule.to_string()))
}

/// The first rule that sends packets on to such a target: its chain, its handle and the rule.
fn rule_to(space: &Space<'_>, is_wanted: impl Fn(&Target) -> bool) -> Option<(String, u64, Rule)> {
    let name = |index: u32| rules::link_name(space, index);
    for table in &rules::tables(space)? {
        for chain in &table.chains {
            for listed in &chain.rules {
                let rule = decode::rule(listed, table, &name);
                if Target::of(&rule).is_some_and(|target| is_wanted(&target)) {
                    return Some((
                        format!("{} {}", table.name, chain.name),
                        listed.handle,
                        rule,
                    ));
                }
            }
        }
    }
    None
}

/// Whether a rule of a namespace sends packets on to this address.
pub(super) fn names(space: &Space<'_>, to: IpAddr) -> bool {
    rule_to(space, |target| target.address == Some(to)).is_some()
}

/// The only one in the same network who listens at the port.
fn server(scene: &Scene<'_>, to: IpAddr, port: u16) -> Option<IpAddr> {
    let mut found = Vec::new();
    for (link, addr) in scene.space.addresses() {
        if !super::state::holds(&addr.local, to) {
            continue;
        }
        for Place { netns, link } in scene.state.segment(&scene.place(link)) {
            let space = scene.state.space(&netns)?;
            let near = space.address_near(&link, to);
            let listens = space.listeners(scene.asked.protocol).unwrap_or_default();
            let listens = listens.iter().any(|at| at.port() == port);
            found.extend(near.filter(|_| listens).map(|near| near.address));
        }
    }
    match found.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::nft::family::Family;

    fn rule(text: &str) -> Rule {
        crate::kernel::nft::parser::rule(text, Family::Inet).expect("a rule")
    }

    #[test]
    fn a_rule_tells_where_it_sends_packets_on_to() {
        let told = |text| {
            let target = Target::of(&rule(text))?;
            let address = target.address.map(|address| address.to_string());
            Some((target.is_here, address.unwrap_or_default(), target.port))
        };
        for (text, wanted) in [
            (
                "tcp dport 8080 counter dnat ip to 10.0.0.2:80",
                Some((false, "10.0.0.2", Some(80))),
            ),
            (
                "tcp dport 8080 dnat ip6 to [fd00::2]:80",
                Some((false, "fd00::2", Some(80))),
            ),
            ("dnat ip to 10.0.0.2", Some((false, "10.0.0.2", None))),
            (
                "tcp dport 80 redirect to :8080",
                Some((true, "", Some(8080))),
            ),
            (
                r#"tcp dport 80 accept comment "dnat ip to 10.0.0.2:80""#,
                None,
            ),
            ("masquerade", None),
        ] {
            let wanted = wanted.map(|(here, address, port)| (here, address.to_owned(), port));
            assert_eq!(told(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_rule_gets_another_target_and_is_else_as_it_was() {
        let was = rule("ip daddr 10.0.0.2 tcp dport 81 dnat ip to 10.0.0.2:81");
        let right = address_value("10.0.0.3".parse().expect("an address"));
        let with_address = turned(&was, |nat| nat.address = Some(right.clone()));
        assert_eq!(
            with_address.to_string(),
            "ip daddr 10.0.0.2 tcp dport 81 dnat ip to 10.0.0.3:81"
        );
    }
}
