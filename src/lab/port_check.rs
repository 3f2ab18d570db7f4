//! Whether ports are open, seen from the current namespace.

use std::net::IpAddr;

use crate::kernel::wait::Waiter;
use crate::probe::port_check::{Checked, Question, check};
use crate::probe::socket_settings::Settings;

use super::Lab;
use super::destination::Probe;
use super::failure::Outcome;

impl Lab {
    /// Asks ports of `name`; fewer are told of if the waiter wanted no more.
    pub fn port_check(
        &self,
        name: &str,
        ports: &[u16],
        source: Option<IpAddr>,
        iface: Option<&str>,
        question: &Question<'_>,
        waiter: &dyn Waiter,
    ) -> Outcome<Vec<Checked>> {
        let probe = Probe {
            words: "check the ports of",
            name,
            iface,
            parameter: "address",
        };
        let resolved = self.destination(&probe, None)?;
        let settings = Settings {
            scope: resolved.scope.as_deref(),
            iface,
            source,
            ..Settings::to(resolved.address)
        };
        self.screen().doing(&format!("asking ports of {name}"));
        let checked = check(&self.opener(), &settings, ports, question, waiter);
        self.screen().doing("");
        checked.map_err(|error| self.explain_probe(&probe, &resolved, &error))
    }
}
