//! What an arping says to people, word for word as iputils says it (held against arping of iputils 20221126).
//!
//! All functions are pure and give lines without their ends. Where the lines go is left to the caller.

use super::arping::{Reply, Report, Start};

/// `ARPING 10.0.0.2 from 10.0.0.1 veth0`
pub fn start_line(start: &Start) -> String {
    format!(
        "ARPING {} from {} {}",
        start.destination, start.source, start.iface
    )
}

/// `Unicast reply from 10.0.0.2 [02:00:00:00:00:02]  0.558ms`
pub fn reply_line(start: &Start, reply: &Reply) -> String {
    let way = match reply.is_broadcast {
        true => "Broadcast",
        false => "Unicast",
    };
    let what = match reply.is_request {
        true => "request",
        false => "reply",
    };
    let mac = hex(&reply.mac.to_string());
    let mut line = format!("{way} {what} from {} [{mac}] ", start.destination);
    let is_for_another = reply.to != start.source;
    if is_for_another {
        line += &format!("for {} ", reply.to);
    }
    if reply.to_mac != start.mac {
        let mac = hex(&reply.to_mac.to_string());
        line += &format!("{}[{mac}]", if is_for_another { "" } else { "for " });
    }
    line += &format!(" {:.3}ms", reply.time);
    line
}

/// `Sent 2 probes (1 broadcast(s))` and `Received 2 response(s)`
pub fn statistics_lines(report: &Report) -> [String; 2] {
    let mut kinds = Vec::new();
    for (number, what) in [
        (report.requests_received, "request(s)"),
        (report.broadcasts_received, "broadcast(s)"),
    ] {
        if number > 0 {
            kinds.push(format!("{number} {what}"));
        }
    }
    let kinds = match kinds.is_empty() {
        true => String::new(),
        false => format!(" ({})", kinds.join(", ")),
    };
    [
        format!(
            "Sent {} probes ({} broadcast(s))",
            report.transmitted, report.broadcasts
        ),
        format!("Received {} response(s){kinds}", report.received),
    ]
}

/// iputils writes hardware addresses in capitals.
fn hex(mac: &str) -> String {
    mac.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::round_trips::RoundTrips;

    fn start() -> Start {
        Start {
            destination: [10, 0, 0, 2].into(),
            source: [10, 0, 0, 1].into(),
            mac: "02:00:00:00:00:01".parse().expect("an address"),
            iface: "veth0".into(),
        }
    }

    fn reply() -> Reply {
        Reply {
            sequence: 1,
            mac: "ce:2f:c8:85:04:43".parse().expect("an address"),
            time: 0.5584,
            is_request: false,
            is_broadcast: false,
            to: [10, 0, 0, 1].into(),
            to_mac: "02:00:00:00:00:01".parse().expect("an address"),
            duplicate: false,
        }
    }

    #[test]
    fn lines_are_those_of_iputils() {
        assert_eq!(start_line(&start()), "ARPING 10.0.0.2 from 10.0.0.1 veth0");
        let line = |reply: &Reply| reply_line(&start(), reply);
        assert_eq!(
            line(&reply()),
            "Unicast reply from 10.0.0.2 [CE:2F:C8:85:04:43]  0.558ms"
        );
        let others = Reply {
            is_request: true,
            is_broadcast: true,
            to: [10, 0, 0, 9].into(),
            to_mac: "00:00:00:00:00:00".parse().expect("an address"),
            time: 1001.0,
            ..reply()
        };
        assert_eq!(
            line(&others),
            "Broadcast request from 10.0.0.2 [CE:2F:C8:85:04:43] for 10.0.0.9 [00:00:00:00:00:00] 1001.000ms"
        );
    }

    #[test]
    fn responses_are_told_apart() {
        let mut report = Report {
            start: start(),
            transmitted: 3,
            broadcasts: 1,
            answered: 2,
            received: 3,
            broadcasts_received: 0,
            requests_received: 0,
            macs: Vec::new(),
            time: 0.0,
            round_trips: RoundTrips::default(),
            replies: Vec::new(),
        };
        let lines = statistics_lines(&report);
        assert_eq!(lines[0], "Sent 3 probes (1 broadcast(s))");
        assert_eq!(lines[1], "Received 3 response(s)");
        report.broadcasts_received = 2;
        report.requests_received = 1;
        let received = "Received 3 response(s) (1 request(s), 2 broadcast(s))";
        assert_eq!(statistics_lines(&report)[1], received);
    }
}
