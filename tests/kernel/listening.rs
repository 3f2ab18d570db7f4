//! Listening to notifications: of several namespaces in one order, from several sockets, and what is lost.

use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use netsh::kernel::link::LinkDel;
use netsh::kernel::link_set::LinkSet;
use netsh::kernel::netlink::listen::{
    Background, Heard, Listener, NETFILTER, ROUTE, Until, listen,
};
use netsh::kernel::netns::Namespace;
use netsh::kernel::notification::{self, Object};
use netsh::kernel::nsid;
use nix::sys::socket::{setsockopt, sockopt};

use crate::connection::pair;
use crate::support::{Test, Verdict, known, same, test, words};

/// The tests of this file.
pub fn tests() -> Vec<Test> {
    vec![
        test("listening: two namespaces in one order", two_namespaces),
        test("listening: several sockets", several_sockets),
        test("listening: what is lost is told", what_is_lost),
        test("listening: an end by time, and by whoever waits", ends),
    ]
}

/// RTNLGRP_LINK of linux/rtnetlink.h.
const LINKS: &[u32] = &[1];

/// Where and what: the id of the namespace, whether it is gone, and the name of the link.
fn links(heard: Vec<Heard>) -> Result<Vec<(Option<i32>, bool, String)>, Failed> {
    let mut links = Vec::new();
    for one in heard {
        let Heard::Message(told) = one else {
            return Err("something was lost".into());
        };
        let event = notification::read(&told.answer).map_err(words)?;
        if let Some(event) = event
            && let Object::Link(link) = event.object
        {
            links.push((told.nsid, event.gone, link.name));
        }
    }
    links.dedup();
    Ok(links)
}

fn two_namespaces(here: &Namespace) -> Verdict {
    let other = Namespace::create().map_err(words)?;
    let listener = Listener::open(ROUTE, LINKS).map_err(words)?;
    listener.hear_all().map_err(words)?;
    let id = nsid::give(here, &other).map_err(words)?;
    same(nsid::give(here, &other).map_err(words)?, id)?;
    let background = Background::start(vec![listener]).map_err(words)?;
    for turn in 0..50 {
        known(here)
            .make(pair(&format!("a{turn}"), &format!("b{turn}")))
            .map_err(words)?;
        known(&other)
            .make(pair(&format!("c{turn}"), &format!("d{turn}")))
            .map_err(words)?;
    }
    let mut wanted = Vec::new();
    for turn in 0..50 {
        // The other end is told first.
        wanted.extend(["b", "a"].map(|name| (None, false, format!("{name}{turn}"))));
        wanted.extend(["d", "c"].map(|name| (id, false, format!("{name}{turn}"))));
    }
    same(links(background.finish().map_err(words)?)?, wanted)
}

fn several_sockets(here: &Namespace) -> Verdict {
    let other = Namespace::create().map_err(words)?;
    let open = || Listener::open(ROUTE, LINKS);
    let listeners = vec![
        open().map_err(words)?,
        other.enter(open).and_then(|opened| opened).map_err(words)?,
        // NFNLGRP_CONNTRACK_NEW of linux/netfilter/nfnetlink.h: nothing happens there.
        Listener::open(NETFILTER, &[1]).map_err(words)?,
    ];
    let background = Background::start(listeners).map_err(words)?;
    known(&other).make(pair("c", "d")).map_err(words)?;
    known(here).make(pair("a", "b")).map_err(words)?;
    known(here)
        .make(LinkDel { name: "a".into() })
        .map_err(words)?;
    let heard = background.finish().map_err(words)?;
    let mut from: Vec<usize> = heard
        .iter()
        .filter_map(|one| match one {
            Heard::Message(told) => Some(told.listener),
            Heard::Lost(_) => None,
        })
        .collect();
    from.sort_unstable();
    from.dedup();
    same(from, vec![0, 1])?;
    let names: Vec<String> = links(heard)?.into_iter().map(|(_, _, name)| name).collect();
    same(
        ["a", "b", "c", "d"]
            .iter()
            .all(|name| names.iter().any(|it| it == name)),
        true,
    )
}

fn what_is_lost(here: &Namespace) -> Verdict {
    known(here).make(pair("a", "b")).map_err(words)?;
    let listener = Listener::open(ROUTE, LINKS).map_err(words)?;
    setsockopt(&listener, sockopt::RcvBuf, &20_000)?;
    for turn in 0..100 {
        let set = LinkSet {
            link: "a".into(),
            mtu: Some(1000 + turn),
            ..LinkSet::default()
        };
        known(here).make(set).map_err(words)?;
    }
    let background = Background::start(vec![listener]).map_err(words)?;
    let heard = background.finish().map_err(words)?;
    let lost = heard.iter().filter(|one| matches!(one, Heard::Lost(_)));
    same((lost.count(), heard.len() < 100), (1, true))
}

fn ends(here: &Namespace) -> Verdict {
    let listener = || Listener::open(ROUTE, LINKS);
    let until = |deadline, goes_on| Until {
        deadline,
        glance: Duration::from_millis(1),
        goes_on,
        closed: None,
    };
    let start = Instant::now();
    let time = Duration::from_millis(20);
    let listeners = [listener().map_err(words)?];
    listen(&listeners, until(Some(start + time), &|| true), |_| {}).map_err(words)?;
    same(start.elapsed() >= time, true)?;
    let heard = std::cell::Cell::new(0);
    let listeners = [listener().map_err(words)?];
    known(here).make(pair("a", "b")).map_err(words)?;
    let goes_on = || heard.get() == 0;
    listen(&listeners, until(None, &goes_on), |_| {
        heard.set(heard.get() + 1)
    })
    .map_err(words)?;
    same(heard.get() > 0, true)
}
