//! What a traceroute says to people, as `traceroute -n` says it (held against traceroute 2.1.2). Pure: lines without their ends.

use std::net::IpAddr;

use super::{Event, Hop, Query, Start};
use crate::packet::icmp::Family;

/// The line of an event. `name` is the destination as the user wrote it.
pub fn event_line(name: &str, event: Event<'_>) -> String {
    match event {
        Event::Start(start) => start_line(name, start),
        Event::Hop(hop) => hop_line(hop),
    }
}

/// `traceroute to h2 (10.0.2.2), 30 hops max, 60 byte packets`
pub fn start_line(name: &str, start: &Start) -> String {
    let Start {
        destination,
        max_hops,
        size,
        ..
    } = start;
    let scope = start.scope.as_ref().map(|scope| format!("%{scope}"));
    let scope = scope.unwrap_or_default();
    format!("traceroute to {name} ({destination}{scope}), {max_hops} hops max, {size} byte packets")
}

/// ` 1  10.0.1.1  0.043 ms  0.011 ms  0.009 ms`
pub fn hop_line(hop: &Hop) -> String {
    let mut line = format!("{:2} ", hop.ttl);
    let mut before: Option<IpAddr> = None;
    for query in &hop.queries {
        line += &query_words(query, before);
        before = query.from.or(before);
    }
    line
}

/// An address stands where it is another than that of the question before.
fn query_words(query: &Query, before: Option<IpAddr>) -> String {
    let mut words = match query.from {
        None => " *".to_owned(),
        Some(from) if before == Some(from) => String::new(),
        Some(from) => format!(" {from}"),
    };
    if let Some(time) = query.time {
        words += &format!("  {time:.3} ms");
    }
    if let Some(note) = &query.note {
        words += &format!(" {note}");
    }
    words
}

/// The note for an ICMP error, as traceroute has it: RFC 792 and RFC 1812 for IPv4, RFC 4443 for IPv6. None for a port that is
/// closed, as it is at the end of the way.
pub fn note(family: Family, icmp_type: u8, code: u8, info: u32) -> Option<String> {
    let note = match (family, icmp_type, code) {
        (Family::V4, 3, 3) | (Family::V6, 1, 4) => return None,
        (Family::V4, 3, 0 | 6 | 8 | 11) | (Family::V6, 1, 0) => "!N",
        (Family::V4, 3, 1 | 7 | 12) | (Family::V6, 1, 2 | 3) => "!H",
        (Family::V4, 3, 9 | 10 | 13) | (Family::V6, 1, 1) => "!X",
        (Family::V4, 3, 2) => "!P",
        (Family::V4, 3, 4) | (Family::V6, 2, _) => return Some(format!("!F-{info}")),
        (Family::V4, 3, 5) => "!S",
        (Family::V4, 3, 14) => "!V",
        (Family::V4, 3, 15) => "!C",
        (Family::V4, 3, code) | (Family::V6, 1, code) => return Some(format!("!<{code}>")),
        (_, icmp_type, code) => return Some(format!("!<{icmp_type}-{code}>")),
    };
    Some(note.into())
}

/// What a note means, for those who don't know it.
pub fn note_words(note: &str) -> Option<&'static str> {
    Some(match note.get(..2)? {
        "!N" => "network unreachable",
        "!H" => "host unreachable",
        "!X" => "forbidden by an administrator",
        "!P" => "protocol unreachable",
        "!F" => "fragmentation needed",
        "!S" => "source route failed",
        "!V" => "precedence violation",
        "!C" => "precedence cutoff",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn query(from: &str, time: f64) -> Query {
        Query {
            from: from.parse().ok(),
            time: Some(time),
            ..Query::default()
        }
    }

    #[test]
    fn the_first_line_says_where_and_how_far() {
        let start = Start {
            destination: "10.0.2.2".parse().expect("an address"),
            scope: None,
            max_hops: 30,
            size: 60,
        };
        assert_eq!(
            start_line("h2", &start),
            "traceroute to h2 (10.0.2.2), 30 hops max, 60 byte packets"
        );
    }

    #[test]
    fn an_address_stands_once_until_another_answers() {
        let hop = |queries: Vec<Query>| hop_line(&Hop { ttl: 3, queries });
        let same = [0.043, 0.011, 12.5].map(|time| query("10.0.1.1", time));
        assert_eq!(
            hop(same.to_vec()),
            " 3  10.0.1.1  0.043 ms  0.011 ms  12.500 ms"
        );
        let silent = Query::default;
        assert_eq!(hop(vec![silent(), silent(), silent()]), " 3  * * *");
        let mixed = vec![query("10.0.1.1", 1.0), silent(), query("10.0.1.1", 2.0)];
        assert_eq!(hop(mixed), " 3  10.0.1.1  1.000 ms *  2.000 ms");
        let several = vec![query("10.0.1.1", 1.0), query("10.0.9.1", 2.0)];
        assert_eq!(hop(several), " 3  10.0.1.1  1.000 ms 10.0.9.1  2.000 ms");
        let late = vec![silent(), query("10.0.1.1", 2.0)];
        assert_eq!(hop(late), " 3  * 10.0.1.1  2.000 ms");
        let refused = Query {
            note: Some("!H".into()),
            ..query("10.0.1.1", 3000.0)
        };
        assert_eq!(hop(vec![refused]), " 3  10.0.1.1  3000.000 ms !H");
    }

    #[test]
    fn a_note_for_each_reason() {
        for (family, icmp_type, code, expected) in [
            (Family::V4, 3, 0, Some("!N")),
            (Family::V4, 3, 1, Some("!H")),
            (Family::V4, 3, 2, Some("!P")),
            (Family::V4, 3, 3, None),
            (Family::V4, 3, 4, Some("!F-1400")),
            (Family::V4, 3, 13, Some("!X")),
            (Family::V4, 3, 99, Some("!<99>")),
            (Family::V4, 11, 1, Some("!<11-1>")),
            (Family::V4, 12, 0, Some("!<12-0>")),
            (Family::V6, 1, 0, Some("!N")),
            (Family::V6, 1, 1, Some("!X")),
            (Family::V6, 1, 3, Some("!H")),
            (Family::V6, 1, 4, None),
            (Family::V6, 2, 0, Some("!F-1400")),
            (Family::V6, 1, 5, Some("!<5>")),
            (Family::V6, 4, 1, Some("!<4-1>")),
        ] {
            assert_eq!(note(family, icmp_type, code, 1400).as_deref(), expected);
        }
    }

    proptest! {
        #[test]
        fn every_note_can_be_looked_up(icmp_type: u8, code: u8, info: u32) {
            for family in [Family::V4, Family::V6] {
                if let Some(note) = note(family, icmp_type, code, info) {
                    prop_assert!(note.starts_with('!'));
                    prop_assert!(note.starts_with("!<") || note_words(&note).is_some());
                }
            }
        }
    }
}
