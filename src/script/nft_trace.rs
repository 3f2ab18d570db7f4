//! The verb that follows packets through the rules.

use rhai::plugin::*;
use rhai::{Array, Dynamic, FnPtr, Map};

use crate::kernel::nft::decode;
use crate::kernel::nft::list::{self, Table};
use crate::kernel::nft::trace::Step;
use crate::lab::explain::ask;
use crate::lab::traced::of_interest;

use super::call::{RhaiResultOf, lab, verb};
use super::events::placed;
use super::nft::links;
use super::value::{array_of_maps, counter, map, maybe};

/// The verb.
#[export_module]
pub mod api {
    /// Runs a closure, and tells what the rules of the current namespace did with each packet meanwhile.
    ///
    /// For as long as the closure runs a table `inet netsh_trace` marks all packets (`meta nftrace set 1`); where there are tables
    /// of the families arp and bridge, or chains that hang at links, tables of the same name do so there. Linux gives a packet another
    /// id where it comes in again (over the loopback link) and in each namespace.
    ///
    /// Equivalent to: `nft monitor trace`
    ///
    /// Search words: `debug rules`, `why dropped`, `firewall`, `verdict`, `nftrace`
    ///
    /// # Returns
    /// A map: `result`, what the closure returned; `complete` (false where packets came faster than their traces could be
    /// read); and `packets`, an array of maps in the order of their first steps: `id`; `packet` (its headers in nft's words);
    /// `iif` and `oif` (links); `mark`; `steps`, an array of maps: `table` ("inet filter"); `chain`; `type` ("rule", "policy",
    /// or "return" for the end of a chain that was jumped to); `rule` (its text, while it is still there); `handle` (of the
    /// rule); `verdict` ("accept", "drop", "continue", "jump CHAIN" ...); `policy` ("accept" or "drop").
    ///
    /// # Errors
    /// Those of the closure; the kernel has no nftables.
    ///
    /// # Example
    /// ```rhai
    /// nft_load("table inet t { chain out { type filter hook output priority 0; icmp type echo-request drop; } }");
    /// let seen = nft_trace(|| { try { ping("127.0.0.1", #{ count: 1, timeout: 0.1, quiet: true }); } catch {} });
    /// assert(seen.packets[0].steps[0].verdict == "drop");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_trace(ctx: NativeCallContext, work: FnPtr) -> RhaiResultOf<Map> {
        let lab = lab(&ctx)?;
        let traced = lab.traced(|| work.call_within_context::<Dynamic>(&ctx, ()));
        let traced = verb(&ctx, |_| traced)?;
        let result = traced.value.map_err(|error| placed(error, &ctx))?;
        let packets = verb(&ctx, |lab| {
            let tables = ask(lab, "list the rules", || {
                list::ruleset(lab.current().namespace()?.netfilter()?, None)
            })?;
            let steps = of_interest(traced.steps);
            Ok(packets(&steps, &tables, &*links(lab)))
        })?;
        Ok(map([
            ("complete", (!traced.is_incomplete).into()),
            ("packets", packets.into()),
            ("result", result),
        ]))
    }
}

/// The steps, each with its packet.
fn packets(steps: &[Step], tables: &[Table], links: decode::Links) -> Array {
    let mut ids: Vec<u32> = Vec::new();
    for step in steps {
        if !ids.contains(&step.id) {
            ids.push(step.id);
        }
    }
    array_of_maps(ids.into_iter().map(|id| {
        let own: Vec<&Step> = steps.iter().filter(|step| step.id == id).collect();
        let link = |of: fn(&Step) -> Option<u32>| {
            let index = own.iter().find_map(|step| of(step));
            maybe(index.map(|index| links(index).unwrap_or_else(|| format!("if{index}"))))
        };
        let packet = own.iter().find_map(|step| step.packet.clone());
        let mark = own.iter().find_map(|step| step.mark);
        let steps = own.iter().map(|step| step_map(step, tables, links));
        map([
            ("id", i64::from(id).into()),
            ("iif", link(|step| step.iif)),
            ("mark", maybe(mark.map(i64::from))),
            ("oif", link(|step| step.oif)),
            ("packet", maybe(packet)),
            ("steps", array_of_maps(steps).into()),
        ])
    }))
}

fn step_map(step: &Step, tables: &[Table], links: decode::Links) -> Map {
    let table = tables.iter().find(|table| table.name == step.table);
    let rule = table.and_then(|table| {
        let chain = table.chains.iter().find(|chain| chain.name == step.chain)?;
        let rule = chain
            .rules
            .iter()
            .find(|rule| Some(rule.handle) == step.rule)?;
        Some(decode::rule(rule, table, links).to_string())
    });
    map([
        ("chain", step.chain.clone().into()),
        ("handle", step.rule.map_or(Dynamic::UNIT, counter)),
        ("policy", maybe(step.policy)),
        ("rule", maybe(rule)),
        ("table", step.table.to_string().into()),
        ("type", step.kind.word().into()),
        ("verdict", maybe(step.verdict.clone())),
    ])
}
