//! Policy routing: rules that send a packet to a table of their own, or refuse it.

use std::net::IpAddr;

use nix::errno::Errno;

use crate::kernel::cidr::Cidr;
use crate::kernel::route::{AF_INET, AF_INET6, Route};
use crate::kernel::route_names::{table, table_text};
use crate::kernel::rule::{self, Rule, action_text};

use super::super::failure::Failure;
use super::rules;
use super::scene::Scene;
use super::state::holds;
use super::ways::way_on;
use super::{Cause, Finding};

/// A rule that sends the packet to a table that is not the usual one.
pub(super) fn ruling(scene: &Scene<'_>, table: u32) -> Option<Rule> {
    if matches!(table, table::MAIN | table::LOCAL | table::DEFAULT) {
        return None;
    }
    let mut list = list_of(scene).into_iter();
    // What the mark of the packet is only the kernel knows, and it found the table.
    list.find(|rule| rule.table == table && describes(scene, rule))
}

/// The rules of this namespace, in the order in which the kernel goes through them.
fn list_of(scene: &Scene<'_>) -> Vec<Rule> {
    let family = match scene.to.is_ipv4() {
        true => AF_INET,
        false => AF_INET6,
    };
    let namespace = scene.space.netns.namespace();
    namespace
        .and_then(|there| rule::list(&there, family))
        .unwrap_or_default()
}

/// Whether a rule is for this mark.
fn is_marked(rule: &Rule, mark: u32) -> bool {
    let mask = rule.fwmask.unwrap_or(u32::MAX);
    rule.fwmark.is_none_or(|wanted| mark & mask == wanted)
}

/// Whether a rule is for the packet, as far as can be told: of its user nothing can, and of its mark only what rules of nftables
/// make of it.
fn describes(scene: &Scene<'_>, rule: &Rule) -> bool {
    let is_within = |net: Option<Cidr>, address: Option<IpAddr>| {
        net.is_none_or(|net| address.is_none_or(|address| holds(&net, address)))
    };
    let is_link = |wanted: &Option<String>, link: Option<&str>| {
        wanted.as_deref().is_none_or(|wanted| link == Some(wanted))
    };
    let is_port = |range: Option<(u16, u16)>, port: Option<u16>| {
        range.is_none_or(|(first, last)| port.is_some_and(|port| (first..=last).contains(&port)))
    };
    let came_by = scene.by.map_or("lo", |by| by.link.name.as_str());
    let bound = scene.asked.iface.as_deref();
    let bound = bound.filter(|_| scene.by.is_none() && !scene.is_back);
    let protocol = scene.asked.protocol.number(scene.to);
    let is_it = is_within(rule.from, scene.look.source)
        && is_within(rule.to, Some(scene.to))
        && rules::mark(scene).is_none_or(|mark| is_marked(rule, mark))
        && is_link(&rule.iif, Some(came_by))
        && is_link(&rule.oif, bound)
        && rule.ipproto.is_none_or(|wanted| wanted == protocol)
        && is_port(rule.sport, scene.look.sport)
        && is_port(rule.dport, scene.look.dport);
    is_it != rule.not
}

/// A rule that refuses the packet by itself, before any route that does.
pub(super) fn refused(
    scene: &Scene<'_>,
    failure: &Failure,
    route: Option<&Route<u32>>,
) -> Option<Finding> {
    let action = match failure.errno? {
        Errno::EINVAL => "blackhole",
        Errno::ENETUNREACH => "unreachable",
        Errno::EACCES => "prohibit",
        _ => return None,
    };
    let all = list_of(scene);
    let mark = rules::mark(scene).unwrap_or(0);
    let is_unmarked = |rule: &&Rule| is_marked(rule, mark) && rule.tos == 0;
    let first = all
        .iter()
        .filter(is_unmarked)
        .filter(|rule| describes(scene, rule))
        .find(|rule| {
            let is_table = route.is_some_and(|route| route.table == rule.table);
            action_text(rule.action) == action || is_table
        })?;
    if action_text(first.action) != action {
        return None;
    }
    let words = format!(
        "a rule of {} refuses what goes to {} ({})",
        scene.space.words(),
        scene.to,
        first.words()
    );
    let finding = by_rule(scene, Finding::new(Cause::PolicyRule, ""), first);
    Some(Finding { words, ..finding }.shown_by("what the kernel says", failure.kernel.clone()))
}

pub(super) fn by_rule(scene: &Scene<'_>, finding: Finding, rule: &Rule) -> Finding {
    let priority = rule.priority.unwrap_or(0);
    let family = if rule.is_ipv6 {
        ", family: \"inet6\""
    } else {
        ""
    };
    // Of several with one priority, the one that also has the rest.
    let has_one = |one: &Rule| one.priority == rule.priority;
    let mut more = String::new();
    if list_of(scene).iter().filter(|one| has_one(one)).count() > 1 {
        let networks = [("from", rule.from), ("to", rule.to)];
        for (name, network) in networks {
            more += &network.map_or(String::new(), |network| format!(", {name}: \"{network}\""));
        }
        for (name, link) in [("iif", &rule.iif), ("oif", &rule.oif)] {
            more += &link
                .as_ref()
                .map_or(String::new(), |link| format!(", {name}: {link:?}"));
        }
        more += &format!(", action: {:?}", action_text(rule.action));
    }
    let line = format!("rule_del(#{{ priority: {priority}{family}{more} }})");
    Finding {
        cause: Cause::PolicyRule,
        words: format!(
            "a rule sends it to table {} ({})",
            table_text(rule.table),
            rule.words()
        ),
        ..finding
    }
    .shown_by("rule", format!("{priority}: {}", rule.words()))
    .mended_by(scene.line(line))
}

/// A rule leads another way than table main would.
pub(super) fn diverted(scene: &Scene<'_>) -> Option<Finding> {
    let way = way_on(scene).ok()?;
    let rule = ruling(scene, way.route.table)?;
    let words = format!(
        "a way to {} is found in table {}",
        scene.to,
        table_text(way.route.table)
    );
    let finding = Finding::new(Cause::PolicyRule, words).shown_by(
        "the way that is taken",
        format!(
            "via {} dev {}",
            way.via.map_or("-".into(), |via| via.to_string()),
            way.link.unwrap_or_default()
        ),
    );
    Some(by_rule(scene, finding, &rule))
}
