//! What a ping says to people, word for word as iputils says it (held against ping of iputils 20221126).
//!
//! All functions are pure and give lines without their ends. Where the lines go is left to the caller. In the statistics the
//! kinds of reply and loss stand in iputils' order, and times are cut as there: microseconds up to 1 s, fewer digits as they grow.

use std::net::IpAddr;

use super::ping::{Event, Problem, ProblemKind, Reply, Report, Start};
use crate::packet::icmp::FaultKind;

/// The line of an event, of those that have one. `name` is the destination as the user wrote it.
pub fn event_line(name: &str, event: &Event<'_>) -> String {
    match event {
        Event::Sent => String::new(),
        Event::Start(start) => start_line(name, start),
        Event::Reply(reply) | Event::Duplicate(reply) | Event::Corrupted(reply) => {
            reply_line(reply)
        }
        Event::Problem(problem) => problem_line(problem),
    }
}

/// What a flood draws on a terminal instead of lines: a dot for each request, which its reply takes away.
pub fn flood_mark(event: &Event<'_>) -> &'static str {
    match event {
        Event::Start(_) | Event::Duplicate(_) => "",
        Event::Sent => ".",
        Event::Reply(_) => "\x08 \x08",
        Event::Corrupted(_) => "\x08C",
        Event::Problem(_) => "\x08E",
    }
}

/// `PING 192.168.4.3 (192.168.4.3) from 192.168.4.2 veth0: 56(84) bytes of data.`
pub fn start_line(name: &str, start: &Start) -> String {
    let size = start.size;
    let destination = with_scope(start.destination, start.scope.as_deref());
    let from = match start.source {
        Some(source) if start.bound => {
            let source = with_scope(source, link_scope(source, start));
            format!("from {source} {}: ", start.iface.as_deref().unwrap_or(""))
        }
        _ => String::new(),
    };
    match start.destination {
        IpAddr::V4(_) => {
            let whole = size + 28;
            format!("PING {name} ({destination}) {from}{size}({whole}) bytes of data.")
        }
        IpAddr::V6(_) => format!("PING {name}({destination}) {from}{size} data bytes"),
    }
}

/// `64 bytes from 192.168.4.3: icmp_seq=1 ttl=64 time=0.032 ms`
pub fn reply_line(reply: &Reply) -> String {
    let from = with_scope(reply.from, reply.scope.as_deref());
    let sequence = wire(reply.sequence);
    let mut line = format!("{} bytes from {from}: icmp_seq={sequence}", reply.bytes);
    if let Some(ttl) = reply.ttl {
        line += &format!(" ttl={ttl}");
    }
    if reply.truncated {
        return line + " (truncated)";
    }
    line += &format!(" time={} ms", round_trip(reply.time));
    for (is, mark) in [
        (reply.duplicate, " (DUP!)"),
        (reply.corrupted, " (BAD CHECKSUM!)"),
        (reply.different_address, " (DIFFERENT ADDRESS!)"),
    ] {
        if is {
            line += mark;
        }
    }
    line
}

/// `From 10.0.0.1 icmp_seq=1 Time to live exceeded`
pub fn problem_line(problem: &Problem) -> String {
    let sequence = wire(problem.sequence);
    let words = &problem.words;
    match problem.from {
        Some(from) => {
            let from = with_scope(from, problem.scope.as_deref());
            // iputils has a colon here and only here.
            let colon = match problem.kind {
                ProblemKind::Icmp(FaultKind::Redirect) => ":",
                _ => "",
            };
            format!("From {from}{colon} icmp_seq={sequence} {words}")
        }
        None => format!("ping: {words}"),
    }
}

/// The statistics: an empty line, the heading, the counts, the times (an empty line if there are none).
pub fn statistics_lines(name: &str, report: &Report) -> Vec<String> {
    vec![
        String::new(),
        format!("--- {name} ping statistics ---"),
        counts_line(report),
        times_line(report),
    ]
}

fn counts_line(report: &Report) -> String {
    let mut line = format!(
        "{} packets transmitted, {} received",
        report.transmitted, report.received
    );
    for (number, what) in [
        (report.duplicates, "duplicates"),
        (report.corrupted, "corrupted"),
        (report.errors, "errors"),
    ] {
        if number > 0 {
            line += &format!(", +{number} {what}");
        }
    }
    if report.transmitted > 0 {
        let loss = percent(report.loss);
        line += &format!(", {loss}% packet loss, time {:.0}ms", report.time);
    }
    line
}

fn times_line(report: &Report) -> String {
    let mut parts = Vec::new();
    let times = [
        report.rtt_min,
        report.rtt_avg,
        report.rtt_max,
        report.rtt_mdev,
    ];
    if let [Some(min), Some(avg), Some(max), Some(mdev)] = times {
        parts.push(format!(
            "rtt min/avg/max/mdev = {min:.3}/{avg:.3}/{max:.3}/{mdev:.3} ms"
        ));
    }
    if report.pipe > 1 {
        parts.push(format!("pipe {}", report.pipe));
    }
    if let Some((gap, moving)) = report.pace {
        parts.push(format!("ipg/ewma {gap:.3}/{moving:.3} ms"));
    }
    parts.join(", ")
}

/// A round trip in ms with the digits that iputils gives it: three significant ones, and whole milliseconds from 100 on.
fn round_trip(time: f64) -> String {
    // Compared as microseconds, at the bounds at which rounding would give one more digit before the point.
    let microseconds = (time * 1000.0).round();
    if microseconds >= 100_000.0 - 50.0 {
        format!("{time:.0}")
    } else if microseconds >= 10_000.0 - 5.0 {
        format!("{time:.1}")
    } else if microseconds >= 1000.0 {
        format!("{time:.2}")
    } else {
        format!("{time:.3}")
    }
}

/// A percentage as C's `%g` writes it: six significant digits, no zeros at the end.
fn percent(value: f64) -> String {
    let scientific = format!("{value:.5e}");
    let exponent = scientific
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse::<i32>().ok())
        .unwrap_or(0);
    let shorten = |digits: &str| match digits.contains('.') {
        true => digits
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_string(),
        false => digits.to_string(),
    };
    if exponent < -4 {
        let mantissa = scientific.split('e').next().unwrap_or("0");
        return format!("{}e-{:02}", shorten(mantissa), exponent.unsigned_abs());
    }
    let places = usize::try_from(5 - exponent).unwrap_or(0);
    shorten(&format!("{value:.places$}"))
}

fn with_scope(address: IpAddr, scope: Option<&str>) -> String {
    match scope {
        Some(scope) => format!("{address}%{scope}"),
        None => address.to_string(),
    }
}

fn link_scope(source: IpAddr, start: &Start) -> Option<&str> {
    match source {
        IpAddr::V6(source) if source.is_unicast_link_local() => start.scope.as_deref(),
        _ => None,
    }
}

fn wire(sequence: u64) -> u64 {
    sequence % 65_536
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn start(destination: &str) -> Start {
        Start {
            destination: destination.parse().expect("an address"),
            scope: None,
            source: None,
            iface: None,
            bound: false,
            size: 56,
        }
    }

    fn reply(time: f64) -> Reply {
        Reply {
            sequence: 1,
            from: "192.168.4.3".parse().expect("an address"),
            scope: None,
            bytes: 64,
            ttl: Some(64),
            time,
            duplicate: false,
            corrupted: false,
            truncated: false,
            different_address: false,
        }
    }

    fn report() -> Report {
        Report {
            start: start("192.168.4.3"),
            transmitted: 4,
            received: 4,
            duplicates: 0,
            corrupted: 0,
            errors: 0,
            loss: 0.0,
            time: 3068.4,
            rtt_min: Some(0.032),
            rtt_avg: Some(0.067),
            rtt_max: Some(0.086),
            rtt_mdev: Some(0.021),
            pipe: 1,
            pace: None,
            replies: Vec::new(),
            problems: Vec::new(),
            interrupted: false,
        }
    }

    #[test]
    fn the_first_line_names_what_was_bound() {
        let mut v4 = start("192.168.4.3");
        let plain = start_line("peer", &v4);
        assert_eq!(plain, "PING peer (192.168.4.3) 56(84) bytes of data.");
        v4.source = Some("192.168.4.2".parse().expect("an address"));
        assert_eq!(start_line("peer", &v4), plain);
        v4.bound = true;
        assert_eq!(
            start_line("peer", &v4),
            "PING peer (192.168.4.3) from 192.168.4.2 : 56(84) bytes of data."
        );
        v4.iface = Some("veth0".to_string());
        assert_eq!(
            start_line("192.168.4.3", &v4),
            "PING 192.168.4.3 (192.168.4.3) from 192.168.4.2 veth0: 56(84) bytes of data."
        );
        let mut v6 = start("fe80::1");
        v6.scope = Some("veth0".to_string());
        assert_eq!(
            start_line("fe80::1%veth0", &v6),
            "PING fe80::1%veth0(fe80::1%veth0) 56 data bytes"
        );
    }

    #[test]
    fn replies_have_the_digits_of_iputils() {
        let golden = "64 bytes from 192.168.4.3: icmp_seq=1 ttl=64 time=0.032 ms";
        assert_eq!(reply_line(&reply(0.032)), golden);
        for (time, text) in [
            (0.9994, "0.999"),
            (1.0, "1.00"),
            (9.994, "9.99"),
            (9.995, "10.0"),
            (99.94, "99.9"),
            (99.95, "100"),
            (1234.5678, "1235"),
        ] {
            assert_eq!(round_trip(time), text, "{time}");
        }
    }

    #[test]
    fn odd_replies_are_marked() {
        let duplicate = Reply {
            duplicate: true,
            sequence: 65_537,
            ..reply(0.5)
        };
        assert_eq!(
            event_line("", &Event::Duplicate(&duplicate)),
            "64 bytes from 192.168.4.3: icmp_seq=1 ttl=64 time=0.500 ms (DUP!)"
        );
        let truncated = Reply {
            truncated: true,
            ttl: None,
            ..reply(0.5)
        };
        assert_eq!(
            reply_line(&truncated),
            "64 bytes from 192.168.4.3: icmp_seq=1 (truncated)"
        );
        let strange = Reply {
            different_address: true,
            corrupted: true,
            ..reply(0.5)
        };
        assert!(reply_line(&strange).ends_with(" ms (BAD CHECKSUM!) (DIFFERENT ADDRESS!)"));
    }

    #[test]
    fn problems_name_who_told_of_them() {
        let mut problem = Problem {
            kind: ProblemKind::Icmp(FaultKind::TimeExceeded),
            sequence: 1,
            from: Some("10.0.0.1".parse().expect("an address")),
            scope: None,
            icmp_type: Some(11),
            icmp_code: Some(0),
            words: "Time to live exceeded".to_string(),
            mtu: None,
            gateway: None,
            errno: None,
        };
        assert_eq!(
            problem_line(&problem),
            "From 10.0.0.1 icmp_seq=1 Time to live exceeded"
        );
        problem.kind = ProblemKind::Icmp(FaultKind::Redirect);
        problem.words = "Redirect Host(New nexthop: 10.0.0.3)".to_string();
        assert_eq!(
            problem_line(&problem),
            "From 10.0.0.1: icmp_seq=1 Redirect Host(New nexthop: 10.0.0.3)"
        );
        problem.from = None;
        problem.words = "local error: message too long, mtu=1500".to_string();
        assert_eq!(
            problem_line(&problem),
            "ping: local error: message too long, mtu=1500"
        );
    }

    #[test]
    fn statistics_read_like_those_of_iputils() {
        let lines = statistics_lines("192.168.4.3", &report());
        assert_eq!(
            lines,
            [
                "",
                "--- 192.168.4.3 ping statistics ---",
                "4 packets transmitted, 4 received, 0% packet loss, time 3068ms",
                "rtt min/avg/max/mdev = 0.032/0.067/0.086/0.021 ms",
            ]
        );
        let unreachable = Report {
            received: 0,
            errors: 3,
            loss: 100.0,
            pipe: 3,
            rtt_min: None,
            ..report()
        };
        assert_eq!(
            statistics_lines("x", &unreachable)[2..],
            [
                "4 packets transmitted, 0 received, +3 errors, 100% packet loss, time 3068ms",
                "pipe 3"
            ]
        );
        let flood = Report {
            duplicates: 2,
            corrupted: 1,
            errors: 1,
            loss: 100.0 / 3.0,
            pipe: 2,
            pace: Some((0.042, 0.053)),
            ..report()
        };
        assert_eq!(
            statistics_lines("x", &flood)[2..],
            [
                "4 packets transmitted, 4 received, +2 duplicates, +1 corrupted, +1 errors, 33.3333% packet loss, time 3068ms",
                "rtt min/avg/max/mdev = 0.032/0.067/0.086/0.021 ms, pipe 2, ipg/ewma 0.042/0.053 ms"
            ]
        );
    }

    #[test]
    fn percentages_are_written_like_c() {
        for (value, text) in [
            (0.0, "0"),
            (100.0, "100"),
            (50.0, "50"),
            (66.666_666_7, "66.6667"),
            (0.1, "0.1"),
            (0.000_5, "0.0005"),
            (0.000_05, "5e-05"),
            (99.999_99, "100"),
            (14.285_71, "14.2857"),
        ] {
            assert_eq!(percent(value), text, "{value}");
        }
    }

    proptest! {
        #[test]
        fn percentages_keep_their_value(lost in 0u32..=100_000, sent in 1u32..=100_000) {
            let value = f64::from(lost.min(sent)) * 100.0 / f64::from(sent);
            let text = percent(value);
            let back: f64 = text.parse().expect("a number");
            prop_assert!((back - value).abs() <= value * 1e-5, "{value} became {text}");
            prop_assert!(text.len() <= 11);
        }
    }
}
