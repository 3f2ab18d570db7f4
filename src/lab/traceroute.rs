//! A traceroute from the current namespace, each hop shown as soon as all is known about it.

use crate::kernel::wait::Waiter;
use crate::packet::icmp::Family;
use crate::probe::traceroute::text::event_line;
use crate::probe::traceroute::{Options, Report, traceroute};

use super::Lab;
use super::destination::Probe;
use super::failure::Outcome;

impl Lab {
    /// Finds the way to `name` from the current namespace. `quiet` prints none of it.
    pub fn traceroute(
        &self,
        name: &str,
        prefer: Option<Family>,
        options: &Options,
        quiet: bool,
        waiter: &dyn Waiter,
    ) -> Outcome<Report> {
        let probe = Probe {
            words: "trace the way to",
            name,
            iface: options.iface.as_deref(),
            parameter: "destination",
        };
        let resolved = self.destination(&probe, prefer)?;
        self.screen()
            .doing(&format!("asking for the way to {name}"));
        let report = traceroute(
            &self.opener(),
            resolved.address,
            resolved.scope.as_deref(),
            options,
            waiter,
            &mut |event| {
                if !quiet {
                    self.screen().live(&event_line(name, event));
                }
            },
        );
        self.screen().doing("");
        report.map_err(|error| self.explain_probe(&probe, &resolved, &error))
    }
}
