//! What happens to the connections that the current namespace tracks.

use std::time::{Duration, Instant};

use crate::kernel::conntrack::{self, CT_DELETE, CT_NEW, Entry};
use crate::kernel::conntrack_filter::Filter;
use crate::kernel::error::Result;
use crate::kernel::netlink::listen::{self, Background, Heard, Listener};

use super::Lab;

/// `NFNLGRP_CONNTRACK_NEW`, `_UPDATE` and `_DESTROY` of linux/netfilter/nfnetlink.h.
const GROUPS: &[u32] = &[1, 2, 3];

/// `NLM_F_CREATE` of linux/netlink.h: of what is told of an entry, it is the first.
const NLM_F_CREATE: u16 = 0x400;

/// Something that happened to a connection.
pub struct TrackedEvent {
    /// When it was read, from the beginning on.
    pub at: Duration,
    /// What.
    pub what: Tracked,
}

/// What happened.
pub enum Tracked {
    /// A new entry.
    New(Entry),
    /// Something of it is different: its state, its status.
    Update(Entry),
    /// It is forgotten.
    Destroy(Entry),
    /// Notifications were lost here.
    Lost,
}

impl Lab {
    /// Runs `work`, and tells what happened meanwhile to connections of the current namespace that the filter lets through.
    pub fn tracked_events<T>(
        &self,
        filter: &Filter,
        work: impl FnOnce() -> T,
    ) -> Result<(T, Vec<TrackedEvent>)> {
        let namespace = self.current().namespace()?;
        // The groups can be joined even where there is nobody to tell anything.
        conntrack::count(&namespace)?;
        let open = || Listener::open(listen::NETFILTER, GROUPS);
        let listener = namespace.enter(open)??;
        let start = Instant::now();
        let background = Background::start(vec![listener])?;
        let value = work();
        let mut events = Vec::new();
        for heard in background.finish()? {
            let (at, what) = match heard {
                Heard::Lost(at) => (at, Some(Tracked::Lost)),
                Heard::Message(told) => {
                    told.show();
                    let entry = conntrack::read(&told.answer)?;
                    let is_new = told.answer.flags & NLM_F_CREATE != 0;
                    let what = match told.answer.kind {
                        _ if !filter.matches(&entry) => None,
                        CT_NEW if is_new => Some(Tracked::New(entry)),
                        CT_NEW => Some(Tracked::Update(entry)),
                        CT_DELETE => Some(Tracked::Destroy(entry)),
                        _ => None,
                    };
                    (told.at, what)
                }
            };
            let at = at.saturating_duration_since(start);
            events.extend(what.map(|what| TrackedEvent { at, what }));
        }
        Ok((value, events))
    }
}
