//! The rtnetlink connection: the kernel's words, dumps that fail, and lists that change while they are told.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::mpsc;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkFlags, LinkMessage};
use netsh::kernel::addr::AddrAdd;
use netsh::kernel::error::Error;
use netsh::kernel::link::{self, LinkDel};
use netsh::kernel::link_add::LinkAdd;
use netsh::kernel::link_set::LinkSet;
use netsh::kernel::netlink::{Direction, set_tap};
use netsh::kernel::netns::Namespace;
use netsh::kernel::veth::VethAdd;
use nix::errno::Errno;

use crate::support::{Test, Verdict, ip_json, known, same, test, test_with_ip, words};

/// The tests of this file.
pub fn tests() -> Vec<Test> {
    vec![
        test(
            "connection: the kernel's own words arrive",
            the_kernels_own_words,
        ),
        test(
            "connection: the first refusal of many requests",
            the_first_refusal,
        ),
        test(
            "connection: a dump that fails is no empty list",
            a_dump_that_fails,
        ),
        test(
            "connection: a list that changed is asked for again",
            a_list_that_changed,
        ),
        test(
            "connection: a list that never stands still has an end",
            a_list_that_never_stands_still,
        ),
        test_with_ip("connection: a thousand links", a_thousand_links),
    ]
}

/// A pair with no options.
pub fn pair(name: &str, peer: &str) -> VethAdd {
    VethAdd {
        name: name.into(),
        peer: peer.into(),
        netns: None,
        peer_netns: None,
        mtu: None,
        txqueuelen: None,
        mac: None,
        peer_mac: None,
    }
}

fn bridge(name: &str) -> LinkAdd {
    LinkAdd {
        name: name.into(),
        kind: "bridge".into(),
        mtu: None,
        mac: None,
        ..LinkAdd::default()
    }
}

fn the_kernels_own_words(here: &Namespace) -> Verdict {
    let names = known(here);
    let unknown = names.make(LinkAdd {
        kind: "no-such-kind".into(),
        ..bridge("x")
    });
    let refused = |errno, said: Option<&str>| {
        let said = said.map(str::to_string);
        Err(Error::Refused { errno, said })
    };
    same(
        unknown,
        refused(Errno::EOPNOTSUPP, Some("Unknown device type")),
    )?;
    names.make(pair("a", "b")).map_err(words)?;
    let small = LinkSet {
        link: "a".into(),
        mtu: Some(1),
        ..LinkSet::default()
    };
    same(
        names.make(small),
        refused(Errno::EINVAL, Some("mtu less than device minimum")),
    )?;
    // Where the kernel says nothing, nothing is made up.
    same(names.make(pair("a", "c")), refused(Errno::EEXIST, None))
}

/// Two addresses are added although the one between them is refused, and the refusal is told.
fn the_first_refusal(here: &Namespace) -> Verdict {
    let names = known(here);
    let mut requests = Vec::new();
    for cidr in ["10.0.0.1/24", "10.0.0.1/24", "10.0.0.2/24"] {
        let add = AddrAdd::new("lo", cidr.parse().map_err(|_| "no CIDR")?);
        let action = netsh::kernel::change::Change::from(add)
            .operation()
            .action(&names)
            .map_err(words)?;
        if let netsh::kernel::change::Action::Route(more) = action {
            requests.extend(more);
        }
    }
    let verdict = here.route().and_then(|route| route.change_all(requests));
    same(
        verdict.err().and_then(|error| error.errno()),
        Some(Errno::EEXIST),
    )?;
    let lo = link::get(here, "lo").map_err(words)?;
    let here: Vec<String> = lo
        .addresses
        .iter()
        .map(|addr| addr.local.to_string())
        .collect();
    same(here.contains(&"10.0.0.2/24".to_string()), true)
}

/// With strict checking the kernel refuses a dump with flags in its header, in the NLMSG_DONE or before.
fn a_dump_that_fails(here: &Namespace) -> Verdict {
    let mut question = LinkMessage::default();
    question.header.flags = LinkFlags::Up;
    let route = here.route().map_err(words)?;
    let list = route.dump(RouteNetlinkMessage::GetLink(question), |_| Ok(Some(())));
    same(
        list.err().and_then(|error| error.errno()),
        Some(Errno::EINVAL),
    )?;
    // The socket is as good as before.
    same(link::list(here).map_err(words)?.len(), 1)
}

/// Makes many links, so that a list of them takes many datagrams.
fn many_links(here: &Namespace) -> Verdict {
    let names = known(here);
    for number in 0..100 {
        names
            .make(pair(&format!("a{number}"), &format!("b{number}")))
            .map_err(words)?;
    }
    Ok(())
}

/// `NLM_F_DUMP`, and the types of the requests and answers of a list of links (linux/netlink.h, linux/rtnetlink.h).
const NLM_F_DUMP: u16 = 0x300;
const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;

/// The type and flags of a message.
fn type_and_flags(message: &[u8]) -> (u16, u16) {
    let number = |at: usize| u16::from_ne_bytes([message[at], message[at + 1]]);
    (number(4), number(6))
}

/// Lists the links while somebody else makes or deletes one, in each of the first `disturbed` times that the list is
/// told, after its first message. Gives the names, and how often the list was asked for.
fn disturbed_list(
    here: &Namespace,
    disturbed: u32,
) -> Result<(Vec<String>, u32), libtest_mimic::Failed> {
    let (disturb, disturbances) = mpsc::channel::<u32>();
    let (done, waiting) = mpsc::channel::<Result<(), Error>>();
    // A thread that is started here lives in this namespace.
    let other = std::thread::spawn(move || {
        for turn in disturbances {
            let verdict = Namespace::home().and_then(|namespace| {
                let names = known(&namespace);
                match turn % 2 {
                    1 => names.make(bridge("passing")),
                    _ => names.make(LinkDel {
                        name: "passing".into(),
                    }),
                }
            });
            if done.send(verdict).is_err() {
                return;
            }
        }
    });
    let asked = Rc::new(Cell::new(0));
    let disturbed_in = Cell::new(0);
    let counted = asked.clone();
    set_tap(Some(Box::new(move |_, direction, message| {
        let (kind, flags) = type_and_flags(message);
        if direction == Direction::Sent && kind == RTM_GETLINK && flags & NLM_F_DUMP == NLM_F_DUMP {
            counted.set(counted.get() + 1);
        }
        let turn = counted.get();
        if direction == Direction::Received
            && kind == RTM_NEWLINK
            && disturbed_in.get() < turn
            && turn <= disturbed
        {
            disturbed_in.set(turn);
            disturb.send(turn).expect("the other thread is there");
            waiting
                .recv()
                .expect("the other thread answers")
                .expect("the link is made or deleted");
        }
    })));
    let links = link::list_bare(here);
    set_tap(None);
    other.join().map_err(|_| "the other thread panicked")?;
    let names = links.map_err(words)?.into_iter().map(|link| link.name);
    Ok((names.collect(), asked.get()))
}

fn a_list_that_changed(here: &Namespace) -> Verdict {
    many_links(here)?;
    let (mut names, asked) = disturbed_list(here, 3)?;
    // Made, deleted, made: three lists that were not true, and one that is.
    same(asked, 4)?;
    same(names.len(), 202)?;
    same(names.contains(&"passing".to_string()), true)?;
    names.sort();
    names.dedup();
    same(names.len(), 202)
}

fn a_list_that_never_stands_still(here: &Namespace) -> Verdict {
    many_links(here)?;
    match disturbed_list(here, 1000) {
        Ok(_) => Err("a list that never stood still was believed".into()),
        Err(failed) => {
            let words = failed.message().unwrap_or_default().to_string();
            let said = words.contains("the list changes faster than it can be read");
            same(said, true)
        }
    }
}

fn a_thousand_links(here: &Namespace) -> Verdict {
    let names = known(here);
    for number in 0..500 {
        names
            .make(pair(&format!("a{number}"), &format!("b{number}")))
            .map_err(words)?;
        let cidr = format!("10.{}.{}.1/24", number / 250, number % 250);
        let cidr = cidr.parse().map_err(|_| "no CIDR")?;
        names
            .make(AddrAdd::new(format!("a{number}"), cidr))
            .map_err(words)?;
    }
    let links = link::list(here).map_err(words)?;
    same(links.len(), 1001)?;
    let ip = ip_json(&["addr"])?;
    let route = here.route().map_err(words)?;
    for (link, ip) in links.iter().zip(&ip) {
        same(Some(link.name.as_str()), ip["ifname"].as_str())?;
        same(Some(u64::from(link.index)), ip["ifindex"].as_u64())?;
        same(route.index_of(&link.name), Ok(link.index))?;
        same(route.name_of(link.index), Some(link.name.clone()))?;
        let addresses = ip["addr_info"].as_array().map_or(&[][..], Vec::as_slice);
        let wanted: Vec<&str> = addresses
            .iter()
            .filter_map(|found| found["local"].as_str())
            .collect();
        let found: Vec<String> = link
            .addresses
            .iter()
            .map(|addr| addr.local.address.to_string())
            .collect();
        same(found, wanted.into_iter().map(str::to_string).collect())?;
    }
    same(ip.len(), 1001)
}
