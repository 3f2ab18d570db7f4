//! Policy routing: rules that send a packet to a table of their own, or refuse it.

use crate::kernel::route::{AF_INET, AF_INET6};
use crate::kernel::route_names::{table, table_text};
use crate::kernel::rule::{self, Rule};

use super::Finding;
use super::routes::way_on;
use super::state::holds;
use super::suspects::Scene;

/// A rule that sends the packet to a table that is not the usual one.
pub(super) fn ruling(scene: &Scene<'_>, table: u32) -> Option<Rule> {
    if matches!(table, table::MAIN | table::LOCAL | table::DEFAULT) {
        return None;
    }
    let family = if scene.to.is_ipv4() {
        AF_INET
    } else {
        AF_INET6
    };
    let namespace = scene.space.netns.namespace().ok()?;
    let list = rule::list(&namespace, family).ok()?;
    let describes = |rule: &&Rule| {
        let from = scene.look.source;
        rule.table == table
            && rule
                .from
                .is_none_or(|net| from.is_none_or(|from| holds(&net, from)))
            && rule.to.is_none_or(|net| holds(&net, scene.to))
    };
    list.iter().find(describes).cloned()
}

pub(super) fn by_rule(scene: &Scene<'_>, finding: Finding, rule: &Rule) -> Finding {
    let priority = rule.priority.unwrap_or(0);
    let family = if rule.is_ipv6 {
        ", family: \"inet6\""
    } else {
        ""
    };
    let line = format!("rule_del(#{{ priority: {priority}{family} }})");
    Finding {
        cause: "policy_rule",
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
    let finding = Finding::new("policy_rule", words).shown_by(
        "the way that is taken",
        format!(
            "via {} dev {}",
            way.via.map_or("-".into(), |via| via.to_string()),
            way.link.unwrap_or_default()
        ),
    );
    Some(by_rule(scene, finding, &rule))
}
