//! A link that was brought up is not at once able to send: the kernel switches its queues on from a work queue (net/core/
//! link_watch.c), and what is sent before is dropped, so that the first ping would wait a second for its ARP to be repeated.
//!
//! A verb is finished when it returns, but waiting for each link by itself would cost more than bringing it up. So the lab
//! remembers that something was brought up, and waits once, before the next probe, program or look at the links.

use std::time::{Duration, Instant};

use crate::kernel::error::Result;
use crate::kernel::link::{self, Link};
use crate::kernel::netns::Namespace;

use super::Lab;
use super::interrupt;

/// The work queue runs at once, or a second after the last time it ran (linkwatch_nextevent).
const LONGEST: Duration = Duration::from_millis(1200);

/// From one look to the next.
const PAUSE: Duration = Duration::from_millis(1);

impl Lab {
    /// Remembers that a link was brought up.
    pub(super) fn unsettle(&self) {
        self.unsettled.set(true);
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

/// The carrier is there, and the operational state does not know it yet.
fn is_starting(link: &Link) -> bool {
    link.up && link.carrier && matches!(link.operstate, "down" | "lowerlayerdown")
}
