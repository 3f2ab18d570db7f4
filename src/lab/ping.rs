//! A ping from the current namespace: the socket made inside, each reply shown as it comes.

use crate::kernel::wait::Waiter;
use crate::packet::icmp::Family;
use crate::probe::error::ProbeError;
use crate::probe::ping::{Event, PingOptions, Report, ping};
use crate::probe::ping_text::{event_line, flood_mark, statistics_lines};
use crate::probe::resolve::Resolved;

use super::Lab;
use super::destination::Probe;
use super::failure::Outcome;

impl Lab {
    /// Pings `name` from the current namespace, until `waiter` stops it. What comes back, or does not, is in the report; `quiet`
    /// prints none of it.
    pub fn ping(
        &self,
        name: &str,
        prefer: Option<Family>,
        options: &PingOptions,
        quiet: bool,
        waiter: &dyn Waiter,
    ) -> Outcome<Report> {
        let probe = Probe {
            words: "ping",
            name,
            iface: options.iface.as_deref(),
            parameter: "destination",
        };
        let resolved = self.destination(&probe, prefer)?;
        self.ping_address(name, &resolved, options, quiet, waiter)
            .map_err(|error| self.explain_probe(&probe, &resolved, &error))
    }

    fn ping_address(
        &self,
        name: &str,
        resolved: &Resolved,
        options: &PingOptions,
        quiet: bool,
        waiter: &dyn Waiter,
    ) -> Result<Report, ProbeError> {
        let say = |event: &Event<'_>| match event {
            _ if quiet => {}
            Event::Start(_) => self.screen().live(&event_line(name, event)),
            _ if options.flood => self.screen().mark(flood_mark(event)),
            _ => self.screen().live(&event_line(name, event)),
        };
        let report = ping(
            &self.opener(),
            resolved.address,
            resolved.scope.as_deref(),
            options,
            waiter,
            &mut |event| say(event),
        )?;
        for line in statistics_lines(name, &report) {
            if !quiet {
                self.screen().live(&line);
            }
        }
        if report.received == 0 && report.transmitted > 0 && !quiet {
            let size = options
                .dont_fragment
                .then(|| format!("size: {}", options.size));
            let source = options.source.map(|source| format!("source: \"{source}\""));
            let ttl = options.ttl.map(|ttl| format!("ttl: {ttl}"));
            let more = [source, size, ttl].into_iter().flatten();
            let line = self.why_line(resolved, options.iface.as_deref(), more);
            self.screen().hint(&format!("{line} tells what stopped it"));
        }
        Ok(report)
    }
}
