use super::*;

/// A sighting in few words: `h1/eth0 out`, the packet, its source and destination.
fn sighting(place: &str, packet: u8, addresses: (&str, &str), ttl: u8) -> Sighting {
    let (place, direction) = place.split_once(' ').unwrap();
    let (netns, link) = place.split_once('/').unwrap();
    Sighting {
        at: Duration::ZERO,
        place: Place {
            netns: netns.into(),
            link: link.into(),
        },
        leaves: direction == "out",
        identity: Identity::Ip {
            version: 4,
            protocol: 1,
            id: packet.into(),
            offset: 0,
            inside: vec![8],
        },
        look: Look {
            source: Some(addresses.0.parse().unwrap()),
            destination: Some(addresses.1.parse().unwrap()),
            ttl: Some(ttl),
            ..Look::default()
        },
    }
}

fn place(text: &str) -> Place {
    let (netns, link) = text.split_once('/').unwrap();
    Place {
        netns: netns.into(),
        link: link.into(),
    }
}

fn wiring(cables: &[(&str, &str)], addresses: &[(&str, &str)]) -> Wiring {
    let mut wiring = Wiring::default();
    for (one, other) in cables {
        wiring.peers.insert(place(one), place(other));
        wiring.peers.insert(place(other), place(one));
    }
    for (netns, address) in addresses {
        let own = wiring.addresses.entry((*netns).into()).or_default();
        own.insert(address.parse().unwrap());
    }
    wiring
}

/// The ways, each as the numbers of the sightings with those that they came from.
fn ways(journeys: &[Journey]) -> Vec<Vec<(usize, Option<usize>)>> {
    let way = |journey: &Journey| {
        let steps = journey.steps.iter();
        steps.map(|step| (step.sighting, step.from)).collect()
    };
    journeys.iter().map(way).collect()
}

const HERE: (&str, &str) = ("10.0.0.1", "10.0.1.2");

#[test]
fn through_a_router() {
    let seen = [
        sighting("h1/eth0 out", 1, HERE, 64),
        sighting("r/eth0 in", 1, HERE, 64),
        sighting("r/eth1 out", 1, HERE, 63),
        sighting("h2/eth0 in", 1, HERE, 63),
    ];
    let wiring = wiring(
        &[("h1/eth0", "r/eth0"), ("r/eth1", "h2/eth0")],
        &[("h2", "10.0.1.2")],
    );
    let journeys = join(&seen, &wiring);
    assert_eq!(
        ways(&journeys),
        [[(0, None), (1, Some(0)), (2, Some(1)), (3, Some(2))]]
    );
    assert_eq!(journeys[0].ends(&seen, &wiring), [(3, End::Delivered)]);
}

#[test]
fn a_bridge_sends_copies() {
    let seen = [
        sighting("h1/eth0 out", 1, HERE, 64),
        sighting("sw/p1 in", 1, HERE, 64),
        sighting("sw/p2 out", 1, HERE, 64),
        sighting("h2/eth0 in", 1, HERE, 64),
        sighting("sw/p3 out", 1, HERE, 64),
        sighting("h3/eth0 in", 1, HERE, 64),
    ];
    let wiring = wiring(
        &[
            ("h1/eth0", "sw/p1"),
            ("sw/p2", "h2/eth0"),
            ("sw/p3", "h3/eth0"),
        ],
        &[("h2", "10.0.1.2")],
    );
    let journeys = join(&seen, &wiring);
    let from: Vec<Option<usize>> = journeys[0].steps.iter().map(|step| step.from).collect();
    assert_eq!(from, [None, Some(0), Some(1), Some(2), Some(1), Some(4)]);
    assert_eq!(
        journeys[0].ends(&seen, &wiring),
        [(3, End::Delivered), (5, End::Stopped)]
    );
}

#[test]
fn two_that_are_alike_follow_one_another() {
    let seen = [
        sighting("h1/eth0 out", 1, HERE, 64),
        sighting("h2/eth0 in", 1, HERE, 64),
        sighting("h1/eth0 out", 1, HERE, 64),
        sighting("h2/eth0 in", 1, HERE, 64),
    ];
    let wiring = wiring(&[("h1/eth0", "h2/eth0")], &[]);
    assert_eq!(
        ways(&join(&seen, &wiring)),
        [[(0, None), (1, Some(0))], [(2, None), (3, Some(0))]]
    );
}

#[test]
fn a_loop_of_routers_is_one_journey() {
    let seen = [
        sighting("a/eth0 out", 1, HERE, 64),
        sighting("b/eth0 in", 1, HERE, 64),
        sighting("b/eth0 out", 1, HERE, 63),
        sighting("a/eth0 in", 1, HERE, 63),
        sighting("a/eth0 out", 1, HERE, 62),
        sighting("b/eth0 in", 1, HERE, 62),
    ];
    let wiring = wiring(&[("a/eth0", "b/eth0")], &[]);
    let journeys = join(&seen, &wiring);
    assert_eq!(journeys.len(), 1);
    assert_eq!(journeys[0].ends(&seen, &wiring), [(5, End::Stopped)]);
}

/// Two clients send the same bytes through NAT: conntrack's tuples tell them apart.
#[test]
fn nat_is_told_by_its_tuples() {
    let server = "192.0.2.9";
    let (one, two) = (("10.0.0.1", server), ("10.0.0.2", server));
    let (as_one, as_two) = (("192.0.2.1", server), ("192.0.2.2", server));
    let seen = [
        sighting("r/eth0 in", 1, one, 64),
        sighting("r/eth0 in", 1, two, 64),
        sighting("r/eth1 out", 1, as_one, 63),
        sighting("r/eth1 out", 1, as_two, 63),
    ];
    let mut wiring = wiring(&[], &[]);
    for (before, now) in [(0, 2), (1, 3)] {
        let tuples = (seen[before].look.tuple(), seen[now].look.tuple());
        wiring.translations.insert(tuples);
    }
    assert_eq!(
        ways(&join(&seen, &wiring)),
        [[(0, None), (2, Some(0))], [(1, None), (3, Some(0))]]
    );
}

#[test]
fn lo_is_seen_twice() {
    let here = ("127.0.0.1", "127.0.0.1");
    let seen = [
        sighting("home/lo out", 1, here, 64),
        sighting("home/lo in", 1, here, 64),
    ];
    let wiring = wiring(&[], &[("home", "127.0.0.1")]);
    let journeys = join(&seen, &wiring);
    assert_eq!(ways(&journeys), [[(0, None), (1, Some(0))]]);
    assert_eq!(journeys[0].ends(&seen, &wiring), [(1, End::Delivered)]);
}

#[test]
fn bystanders_are_known() {
    let look = Look {
        source: Some("::".parse().unwrap()),
        destination: Some("ff02::1:ff00:1".parse().unwrap()),
        ..Look::default()
    };
    let icmp6 = |kind: u8| Identity::Ip {
        version: 6,
        protocol: 58,
        id: 0,
        offset: 0,
        inside: vec![kind, 0],
    };
    assert!(is_bystander(&icmp6(143), &look));
    assert!(is_bystander(&icmp6(135), &look));
    assert!(!is_bystander(&icmp6(128), &look));
    assert!(is_bystander(&Identity::Frame(0x88cc, vec![]), &look));
    assert!(!is_bystander(&Identity::Frame(0x1234, vec![]), &look));
}
