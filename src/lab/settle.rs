//! A link that was brought up is not at once able to send: the kernel switches its queues on from a work queue (net/core/
//! link_watch.c), and what is sent before is dropped, so that the first ping would wait a second for its ARP to be repeated.
//!
//! A verb is finished when it returns, but waiting for each link by itself would cost more than bringing it up. So the lab
//! remembers that something was brought up, and waits once, before the next probe, program or look at the links.
//!
//! A router of IPv6 needs more than that: it asks for neighbours from its link-local address (ndisc_solicit, net/ipv6/ndisc.c), which
//! is its own only when nobody has objected for a second or two (duplicate address detection, RFC 4862, 5.4). The addresses that
//! verbs add are used at once, but that one is the kernel's; so a probe of IPv6 waits for the routers' ones.

use std::time::{Duration, Instant};

use crate::kernel::addr::{self, Addr};
use crate::kernel::error::Result;
use crate::kernel::link::{self, Link};
use crate::kernel::netns::Namespace;
use crate::kernel::sysctl::{self, Key};

use super::Lab;
use super::interrupt;

/// The work queue runs at once, or a second after the last time it ran (linkwatch_nextevent), or later on a machine that is busy: it
/// needs the lock that every change of links needs.
const LONGEST: Duration = Duration::from_secs(5);

/// How long duplicate address detection takes: up to a second before it, and a second (net.ipv6.conf.*.router_solicitation_delay and
/// neigh.*.retrans_time_ms, as they usually are).
const DETECTION: Duration = Duration::from_millis(2500);

/// From one look to the next.
const PAUSE: Duration = Duration::from_millis(1);

impl Lab {
    /// Remembers that a link was brought up.
    pub(super) fn unsettle(&self) {
        self.unsettled.set(true);
        self.undetected.set(true);
    }

    /// Waits until every link that was brought up and has a carrier can send.
    pub fn settle(&self) {
        if !self.unsettled.take() {
            return;
        }
        let end = Instant::now() + LONGEST;
        for netns in self.open_netns() {
            // A namespace that is gone has nothing to wait for.
            let _ = netns
                .namespace()
                .and_then(|namespace| settle_namespace(&namespace, end));
        }
    }
}

impl Lab {
    /// The same, and that the routers of IPv6 can ask for neighbours.
    pub(super) fn settle_ipv6(&self) {
        self.settle();
        if !self.undetected.get() {
            return;
        }
        let end = Instant::now() + DETECTION;
        let mut is_over = true;
        for netns in self.open_netns() {
            let settled = netns
                .namespace()
                .and_then(|namespace| detected(&namespace, end));
            // A namespace that is gone has nothing to wait for.
            is_over &= settled.unwrap_or(true);
        }
        self.undetected.set(!is_over);
    }
}

/// Waits, in a namespace that forwards IPv6, until its link-local addresses are its own. Whether there are none left that may not be.
fn detected(namespace: &Namespace, end: Instant) -> Result<bool> {
    let forwarding = || -> Result<bool> {
        let Ok(key) = Key::parse("net.ipv6.conf.all.forwarding") else {
            return Ok(false);
        };
        Ok(sysctl::get(namespace, &key)? != "0")
    };
    loop {
        let addresses = addr::list(namespace)?;
        let mut detecting = addresses.iter().filter(|addr| is_detecting(addr));
        if detecting.next().is_none() {
            return Ok(true);
        }
        if !forwarding()? || Instant::now() > end || !interrupt::sleep(PAUSE * 10) {
            return Ok(false);
        }
    }
}

fn is_detecting(addr: &Addr) -> bool {
    let has = |flag| addr.flags.contains(&flag);
    addr.scope.to_string() == "link" && has("tentative") && !has("dadfailed")
}

fn settle_namespace(namespace: &Namespace, end: Instant) -> Result<()> {
    for link in link::list_bare(namespace)? {
        if !link.up || !link.carrier || link.kind == "loopback" {
            continue;
        }
        // Since Linux 6.8 the question about a single link makes the kernel do the work first (linkwatch_sync_dev in
        // rtnl_getlink). The list does not, and may already say "up" while the queues are still off: measured on 6.18,
        // one ping in four lost a second to that.
        while is_starting(&link::get_bare(namespace, link.index)?) {
            if Instant::now() > end || !interrupt::sleep(PAUSE) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The carrier is there, and the operational state does not know it yet. A state that nobody knows is final where the carrier never
/// changed, as of a dummy; any change of it is told to the work queue (netif_carrier_on, net/sched/sch_generic.c).
fn is_starting(link: &Link) -> bool {
    let is_behind = match link.operstate {
        "down" | "lowerlayerdown" => true,
        "unknown" => link.carrier_changes > 0,
        _ => false,
    };
    link.up && link.carrier && is_behind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_starts_until_its_state_has_followed_its_carrier() {
        let states = [
            ("down", 1, true),
            ("lowerlayerdown", 2, true),
            // A pair whose first change has not been looked at: it can't send, and has no link-local address.
            ("unknown", 2, true),
            ("unknown", 0, false),
            ("dormant", 2, false),
            ("up", 2, false),
        ];
        for (operstate, carrier_changes, starts) in states {
            let link = Link {
                operstate,
                carrier_changes,
                up: true,
                carrier: true,
                ..Link::default()
            };
            assert_eq!(is_starting(&link), starts, "{operstate}");
            for (up, carrier) in [(false, true), (true, false)] {
                let other = Link {
                    up,
                    carrier,
                    ..link.clone()
                };
                assert!(!is_starting(&other), "{operstate}");
            }
        }
    }
}
