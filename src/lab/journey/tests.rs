use std::cell::Cell;

use proptest::prelude::*;

use super::wiring::{Translated, Translations};
use super::*;
use crate::packet::identity::Fragment;

/// Nobody stops it.
fn join(sightings: &[Sighting], wiring: &Wiring) -> Vec<Journey> {
    super::join(sightings, wiring, &|| false)
}

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
        wiring.translations.note("r", tuples.0, tuples.1);
    }
    assert_eq!(
        ways(&join(&seen, &wiring)),
        [[(0, None), (2, Some(0))], [(1, None), (3, Some(0))]]
    );
}

const SERVER: &str = "192.0.2.9";
const ONE: (&str, &str) = ("10.0.0.1", SERVER);
const TWO: (&str, &str) = ("10.0.0.2", SERVER);
const OUTSIDE: (&str, &str) = ("192.0.2.1", SERVER);

/// Two hosts behind one NAT that say the same, one after the other. Conntrack may know nothing of it any more.
#[test]
fn a_packet_does_not_go_on_as_that_of_another_host() {
    let way = |host: &str, port: &str, addresses, ttl_of_host| {
        [
            sighting(&format!("{host}/eth0 out"), 1, addresses, ttl_of_host),
            sighting(&format!("g/{port} in"), 1, addresses, ttl_of_host),
            sighting("g/br0 in", 1, addresses, ttl_of_host),
            sighting("g/wan out", 1, OUTSIDE, ttl_of_host - 1),
            sighting("s/eth0 in", 1, OUTSIDE, ttl_of_host - 1),
        ]
    };
    let seen = [way("a", "p1", ONE, 64), way("b", "p2", TWO, 64)].concat();
    let cables = [("a/eth0", "g/p1"), ("b/eth0", "g/p2"), ("g/wan", "s/eth0")];
    let mut wiring = wiring(&cables, &[("s", SERVER), ("a", ONE.0), ("b", TWO.0)]);
    wiring.stacked.insert(place("g/br0"));
    let chain = |from: usize| {
        let link = |step: usize| (from + step, step.checked_sub(1));
        (0..5).map(link).collect::<Vec<_>>()
    };
    let journeys = join(&seen, &wiring);
    assert_eq!(ways(&journeys), [chain(0), chain(5)]);
    assert!(journeys.iter().all(|one| one.is_delivered(&seen, &wiring)));
}

/// An echo server says the same words.
#[test]
fn an_answer_is_not_the_question() {
    for ttl in [63, 64] {
        let seen = [
            sighting("s/eth0 in", 1, OUTSIDE, ttl),
            sighting("s/eth0 out", 1, (OUTSIDE.1, OUTSIDE.0), 64),
        ];
        let wiring = wiring(&[], &[("s", SERVER)]);
        assert_eq!(join(&seen, &wiring).len(), 2);
    }
}

/// What conntrack knows of another namespace is nothing here.
#[test]
fn a_translation_belongs_to_its_namespace() {
    let tuples =
        [ONE, OUTSIDE].map(|addresses| sighting("r/eth0 in", 1, addresses, 64).look.tuple());
    let mut translations = Translations::default();
    translations.note("r", tuples[0], tuples[1]);
    translations.note("r", tuples[0], tuples[0]);
    assert_eq!(
        translations.check("r", tuples[0], tuples[1]),
        Translated::Yes
    );
    assert_eq!(
        translations.check("q", tuples[0], tuples[1]),
        Translated::Unknown
    );
    let other = sighting("r/eth0 in", 1, TWO, 64).look.tuple();
    assert_eq!(translations.check("r", other, tuples[1]), Translated::No);
}

/// A piece of the packet, by its first byte and the one after its last.
fn piece(place: &str, start: u16, end: u16, ttl: u8) -> Sighting {
    let mut piece = sighting(place, 1, HERE, ttl);
    piece.look.fragment = Some(Fragment {
        start: start.into(),
        end: end.into(),
        has_more: end < 32,
    });
    if let Identity::Ip { offset, inside, .. } = &mut piece.identity {
        *offset = start / 8;
        // The whole has the bytes from 4 on in it, as an echo.
        let from = start.max(4);
        *inside = (from..end).map(|byte| byte.to_be_bytes()[1]).collect();
    }
    piece
}

fn whole(place: &str, ttl: u8) -> Sighting {
    let mut whole = piece(place, 0, 32, ttl);
    whole.look.fragment = None;
    whole
}

#[test]
fn a_router_cuts_to_pieces() {
    let mut seen = vec![
        whole("h1/eth0 out", 64),
        whole("r/eth0 in", 64),
        piece("r/eth1 out", 0, 16, 63),
        piece("r/eth1 out", 16, 32, 63),
        piece("h2/eth0 in", 0, 16, 63),
        piece("h2/eth0 in", 16, 32, 63),
    ];
    let cables = [("h1/eth0", "r/eth0"), ("r/eth1", "h2/eth0")];
    let wiring = wiring(&cables, &[("h2", HERE.1)]);
    let journeys = join(&seen, &wiring);
    let from = [None, Some(0), Some(1), Some(1), Some(2), Some(3)];
    let expected: Vec<_> = (0..6).zip(from).collect();
    assert_eq!(ways(&journeys), [expected]);
    assert!(journeys[0].is_delivered(&seen, &wiring));
    let cut: Vec<_> = journeys[0].steps[2]
        .differences
        .iter()
        .map(|one| one.field)
        .collect();
    assert_eq!(cut, ["ttl", "fragment"]);
    seen.pop();
    let journeys = join(&seen, &wiring);
    assert_eq!(
        journeys[0].ends(&seen, &wiring),
        [(3, End::Gone), (4, End::Delivered)]
    );
    assert!(!journeys[0].is_delivered(&seen, &wiring));
}

/// NAT has to see the whole packet.
#[test]
fn a_router_puts_pieces_together() {
    let seen = [
        piece("h1/eth0 out", 0, 16, 64),
        piece("h1/eth0 out", 16, 32, 64),
        piece("r/eth0 in", 0, 16, 64),
        piece("r/eth0 in", 16, 32, 64),
        whole("r/eth1 out", 63),
        whole("h2/eth0 in", 63),
    ];
    let cables = [("h1/eth0", "r/eth0"), ("r/eth1", "h2/eth0")];
    let wiring = wiring(&cables, &[("h2", HERE.1)]);
    let journeys = join(&seen, &wiring);
    assert_eq!(journeys.len(), 1);
    assert_eq!(journeys[0].ends(&seen, &wiring), [(5, End::Delivered)]);
    assert!(journeys[0].is_delivered(&seen, &wiring));
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

/// Each sighting asks all journeys.
fn naive(sightings: &[Sighting], wiring: &Wiring) -> Vec<Journey> {
    let mut journeys: Vec<Journey> = Vec::new();
    for (number, sighting) in sightings.iter().enumerate() {
        let origin = |(number, journey): (usize, &Journey)| {
            let first = &sightings[journey.steps[0].sighting];
            let is_piece = |of: &Sighting| of.look.fragment.is_some();
            let is_alike = |step: &Step| sightings[step.sighting].identity == sighting.identity;
            let is_cut = |step: &Step| is_piece(sighting) || is_piece(&sightings[step.sighting]);
            let is_open = first.identity.datagram() == sighting.identity.datagram()
                && (journey.steps.iter().any(is_alike) || journey.steps.iter().any(is_cut));
            let origin = origin::find(journey, sighting, sightings, wiring);
            Some((origin.filter(|_| is_open)?, number))
        };
        let of = journeys.iter().enumerate().filter_map(origin).max();
        let (from, at) = match of {
            Some((origin, at)) => (origin.from, at),
            None => (None, journeys.len()),
        };
        if at == journeys.len() {
            journeys.push(Journey {
                steps: Vec::new(),
                is_bystander: is_bystander(&sighting.identity, &sighting.look),
            });
        }
        let before = from.map(|from| &sightings[journeys[at].steps[from].sighting]);
        let differences = before.map(|before| before.look.differences(&sighting.look));
        journeys[at].steps.push(Step {
            sighting: number,
            from,
            differences: differences.unwrap_or_default(),
        });
    }
    let mut numbers = kind::Numbers::new();
    let identities = sightings.iter().map(|one| numbers.of(&one.identity));
    let identities: Vec<usize> = identities.collect();
    order::put(&mut journeys, sightings, &identities, wiring);
    journeys
}

/// The labs of the property: routers, a bridge, NAT, a tunnel, and links of which nothing is known.
const PLACES: [&str; 9] = [
    "h1/eth0", "h1/vx", "r/eth0", "r/eth1", "r/br0", "h2/eth0", "h2/vx", "x/one", "x/two",
];

fn any_sighting() -> impl Strategy<Value = Sighting> {
    let place = prop::sample::select(PLACES.to_vec());
    let addresses = prop::sample::select(vec![ONE, TWO, OUTSIDE, (SERVER, ONE.0)]);
    let cut = prop::sample::select(vec![None, None, None, Some((0, 16)), Some((16, 32))]);
    let parts = (place, any::<bool>(), 0u8..2, addresses, 61u8..65, cut);
    parts.prop_map(|(place, leaves, packet, addresses, ttl, cut)| {
        let place = format!("{place} {}", if leaves { "out" } else { "in" });
        let mut seen = match cut {
            Some((start, end)) => piece(&place, start, end, ttl),
            None => whole(&place, ttl),
        };
        seen.look.source = Some(addresses.0.parse().unwrap());
        seen.look.destination = Some(addresses.1.parse().unwrap());
        if let Identity::Ip { id, .. } = &mut seen.identity {
            *id = packet.into();
        }
        seen
    })
}

fn any_wiring() -> impl Strategy<Value = Wiring> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(cables, stacked, translated)| {
        let all = [("h1/eth0", "r/eth0"), ("r/eth1", "h2/eth0")];
        let addresses = [("h1", ONE.0), ("h2", SERVER), ("r", OUTSIDE.0)];
        let mut wiring = wiring(if cables { &all } else { &[] }, &addresses);
        if stacked {
            for link in ["h1/vx", "h2/vx", "r/br0"] {
                wiring.stacked.insert(place(link));
            }
        }
        if translated {
            let tuple = |addresses| sighting("r/eth0 in", 1, addresses, 64).look.tuple();
            wiring.translations.note("r", tuple(ONE), tuple(OUTSIDE));
        }
        wiring
    })
}

proptest! {
    #[test]
    fn the_quick_way_finds_what_the_naive_one_does(
        seen in prop::collection::vec(any_sighting(), 0..60),
        wiring in any_wiring(),
    ) {
        prop_assert_eq!(join(&seen, &wiring), naive(&seen, &wiring));
    }
}

/// A cable that takes its time has many on it, and hands on first what came first.
#[test]
fn what_is_alike_stays_in_order() {
    let out = sighting("h1/eth0 out", 1, HERE, 64);
    let other = sighting("h2/eth0 in", 1, HERE, 64);
    let wiring = wiring(&[("h1/eth0", "h2/eth0")], &[]);
    let seen = [vec![out; 4], vec![other; 3]].concat();
    // As many went on as came; the last ones, for the first could have been lost long before.
    let expected = [
        vec![(0, None)],
        vec![(1, None), (4, Some(0))],
        vec![(2, None), (5, Some(0))],
        vec![(3, None), (6, Some(0))],
    ];
    assert_eq!(ways(&join(&seen, &wiring)), expected);
}

#[test]
fn who_says_it_once_more_was_not_heard_before() {
    let out = || sighting("h1/eth0 out", 1, HERE, 64);
    let seen = [out(), out(), sighting("h2/eth0 in", 1, HERE, 64), out()];
    let wiring = wiring(&[("h1/eth0", "h2/eth0")], &[]);
    let expected = [
        vec![(0, None)],
        vec![(1, None), (2, Some(0))],
        vec![(3, None)],
    ];
    assert_eq!(ways(&join(&seen, &wiring)), expected);
}

/// A flood of identical datagrams through a router: the time is that of so many packets, and not that of the square of it.
#[test]
fn a_link_by_another_name_says_it_once_more() {
    let seen = [
        sighting("h1/eth0 out", 1, HERE, 64),
        sighting("h2/eth0 in", 1, HERE, 64),
        sighting("h1/eth9 out", 1, HERE, 64),
        sighting("h2/eth0 in", 1, HERE, 64),
    ];
    let mut wiring = wiring(&[("h1/eth0", "h2/eth0"), ("h1/eth9", "h2/eth0")], &[]);
    for name in ["h1/eth0", "h1/eth9"] {
        wiring.indices.insert(place(name), 2);
    }
    assert_eq!(
        ways(&join(&seen, &wiring)),
        [[(0, None), (1, Some(0))], [(2, None), (3, Some(0))]]
    );
}

#[test]
fn a_flood_of_like_packets() {
    let number = 20_000;
    let way = [
        sighting("h1/eth0 out", 1, HERE, 64),
        sighting("r/eth0 in", 1, HERE, 64),
        sighting("r/eth1 out", 1, HERE, 63),
        sighting("h2/eth0 in", 1, HERE, 63),
    ];
    // All at once, each place after the other.
    let seen: Vec<Sighting> = way.into_iter().flat_map(|one| vec![one; number]).collect();
    let wiring = wiring(
        &[("h1/eth0", "r/eth0"), ("r/eth1", "h2/eth0")],
        &[("h2", HERE.1)],
    );
    let journeys = join(&seen, &wiring);
    assert_eq!(journeys.len(), number);
    for (at, journey) in journeys.iter().enumerate() {
        let steps: Vec<usize> = journey.steps.iter().map(|step| step.sighting).collect();
        assert_eq!(steps, [0, 1, 2, 3].map(|place| place * number + at));
    }
}

#[test]
fn it_can_be_stopped() {
    let seen = vec![sighting("h1/eth0 out", 1, HERE, 64); 5000];
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 2
    };
    let journeys = super::join(&seen, &Wiring::default(), &stop);
    assert!((1..5000).contains(&journeys.len()), "{}", journeys.len());
}
