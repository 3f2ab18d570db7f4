//! Packets of all namespaces at once, as `lab::capture` sees them for whoever wants to follow one.

use std::rc::Rc;

use libtest_mimic::Failed;
use netsh::kernel::netns::Namespace;
use netsh::lab::Lab;
use netsh::packet::captured::{Captured, LinkType};
use netsh::script;

use crate::support::{Test, Verdict, lab, same, test};

/// The tests of this file.
pub fn tests() -> Vec<Test> {
    vec![
        test("capturing: all namespaces in one order", one_order),
        test("capturing: namespaces that come and go", come_and_go),
        test("capturing: many namespaces", many),
        test("capturing: nothing", nothing),
    ]
}

const QUIET: &str = r#"sysctl_set("net.ipv6.conf.default.disable_ipv6", 1);"#;

fn run(lab: &Rc<Lab>, code: &str) -> Verdict {
    let engine = script::engine(lab.clone());
    engine.run(code).map_err(|error| error.to_string().into())
}

/// What is seen of ICMP while the code runs: where, and in which direction. Other tests have namespaces with other names.
fn seen(lab: &Rc<Lab>, own: &str, code: &str) -> Result<Vec<String>, Failed> {
    let captured = lab.capture_everywhere(|| run(lab, code));
    let (ran, everywhere) = captured.map_err(|failure| failure.message)?;
    ran?;
    same(everywhere.lost, 0)?;
    let times = everywhere.packets.iter().map(|packet| packet.at);
    same(times.is_sorted(), true)?;
    let is_icmp = |packet: &&Captured| {
        packet.link_type == LinkType::Ethernet
            && packet.bytes.get(12..14) == Some(&[8, 0])
            && packet.bytes.get(23) == Some(&1)
    };
    let place = |packet: &Captured| {
        let netns = packet.netns.as_deref().unwrap_or_default();
        let direction = packet.direction.map_or("", |direction| direction.word());
        format!("{netns} {} {direction}", packet.link)
    };
    let packets = everywhere.packets.iter();
    let places = packets.filter(is_icmp).map(place);
    let is_own = |place: &String| place.starts_with(own) || place.starts_with("home");
    Ok(places.filter(is_own).collect())
}

/// What a number of pings over a pair of links looks like.
fn there_and_back(netns: &str, number: usize) -> Vec<String> {
    let [into, out] = ["in", "out"].map(|direction| format!("{netns} b {direction}"));
    let pair = ["home a out".into(), into, out, "home a in".into()];
    std::iter::repeat_n(pair, number).flatten().collect()
}

fn one_order(_: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    let lab = Rc::new(lab);
    let made = r#"
        let h1 = netns_add("capturing1");
        h1.sysctl_set("net.ipv6.conf.default.disable_ipv6", 1);
        veth_add("a", "b", #{ up: true, peer_netns: "capturing1" });
        addr_add("a", "10.0.0.1/24");
        h1.link_up("b");
        h1.addr_add("b", "10.0.0.2/24");
    "#;
    run(&lab, &format!("{QUIET}{made}"))?;
    let ping = r#"ping("10.0.0.2", #{ count: 20, interval: "1ms", quiet: true });"#;
    let found = seen(&lab, "capturing1", ping)?;
    same(found, there_and_back("capturing1", 20))?;
    run(&lab, r#"netns_del("capturing1");"#)
}

/// Sockets are opened where a namespace appears, and closed where one goes, so that it can.
fn come_and_go(_: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    let lab = Rc::new(lab);
    let code = r#"
        for turn in 0..3 {
            let h1 = netns_add("capturing2");
            veth_add("a", "b", #{ up: true, peer_netns: "capturing2" });
            addr_add("a", "10.0.0.1/24");
            h1.link_up("b");
            h1.addr_add("b", "10.0.0.2/24");
            ping("10.0.0.2", #{ count: 1, quiet: true });
            netns_del("capturing2");
            wait_until(|| !link_exists("a"), "10s");
        }
    "#;
    let found = seen(&lab, "capturing2", &format!("{QUIET}{code}"))?;
    same(found, there_and_back("capturing2", 3))
}

fn many(_: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    let lab = Rc::new(lab);
    let make = r#"for number in 0..40 { netns_add(`capturing-many-${number}`); }"#;
    run(&lab, make)?;
    let work = r#"
        for number in 0..40 {
            netns_get(`capturing-many-${number}`).run(|| {
                link_up("lo");
                ping("127.0.0.1", #{ count: 1, quiet: true });
            });
        }
    "#;
    let found = seen(&lab, "capturing-many", work)?;
    let netns = |number: i32| format!("capturing-many-{number} lo");
    let wanted: Vec<String> = (0..40)
        .flat_map(|number| {
            let directions = ["out", "in", "out", "in"].into_iter();
            directions.map(move |direction| format!("{} {direction}", netns(number)))
        })
        .collect();
    same(found, wanted)?;
    run(&lab, &make.replace("add", "del"))
}

fn nothing(_: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    let lab = Rc::new(lab);
    same(seen(&lab, "home", QUIET)?, Vec::new())?;
    // One within another.
    let both = lab.capture_everywhere(|| {
        seen(
            &lab,
            "home",
            r#"ping("127.0.0.1", #{ count: 1, quiet: true })"#,
        )
    });
    let (inner, outer) = both.map_err(|failure| failure.message)?;
    same((inner?.len(), outer.packets.len() >= 4), (4, true))
}
