//! UDP and TCP, and what their ports tell of what is in them.

use super::network::Within;
use super::{Line, long, number, short};
use crate::packet::dns;
use crate::packet::layers::{Seen, Value, tcp_options};

const DNS: u64 = 53;
const DHCP: [u64; 2] = [67, 68];
const MDNS: u64 = 5353;
const HTTP: [u64; 2] = [80, 8080];

impl Line {
    /// UDP.
    pub(super) fn udp(&mut self, seen: &[Seen], within: Within, length: usize) {
        let Some((udp, inner)) = seen.split_first() else {
            return;
        };
        let (from, to) = (number(udp, "sport"), number(udp, "dport"));
        self.ports(within, from, to);
        let told = usize::try_from(number(udp, "length")).unwrap_or(0);
        // A packet that the kernel has yet to cut has a length that no field can tell.
        let whole = if told == 0 && length > 65_535 {
            length
        } else {
            told
        };
        let Some(whole) = whole.checked_sub(8) else {
            self.put(format_args!("truncated-udplength {told}"));
            return;
        };
        let there = length.saturating_sub(8);
        let carried = whole.min(there);
        let is_port = |port: u64| from == port || to == port;
        match inner.first().map(|inner| inner.kind.name) {
            Some("vxlan") => return self.vxlan(inner, carried),
            Some("geneve") => return self.geneve(inner, carried),
            _ => {}
        }
        if is_port(DNS) || is_port(MDNS) {
            self.dns(udp.body, carried, !is_port(DNS));
        } else if DHCP.iter().any(|port| is_port(*port)) {
            self.dhcp(udp.body, carried);
        } else if whole > there && !within.is_fragment {
            self.put(format_args!("UDP, bad length {whole} > {there}"));
        } else {
            self.put(format_args!("UDP, length {whole}"));
        }
    }

    fn dns(&mut self, bytes: &[u8], length: usize, is_multicast: bool) {
        self.text.push_str(&dns::line(bytes, length, is_multicast));
    }

    /// TCP.
    pub(super) fn tcp(&mut self, tcp: &Seen, within: Within, length: usize) {
        let (from, to) = (number(tcp, "sport"), number(tcp, "dport"));
        self.ports(within, from, to);
        let flags = number(tcp, "flags");
        let letters = ["F", "S", "R", "P", ".", "U", "E", "W"];
        let letters = letters
            .iter()
            .enumerate()
            .filter(|(bit, _)| flags >> bit & 1 == 1);
        let letters: String = letters.map(|(_, letter)| *letter).collect();
        let letters = if letters.is_empty() { "none" } else { &letters };
        self.put(format_args!("Flags [{letters}]"));
        let carried = length.saturating_sub(tcp.header.len());
        let sequence = number(tcp, "sequence");
        // What ends, begins or resets a connection takes a number.
        if carried > 0 || flags & 0x07 != 0 {
            self.put(format_args!(", seq {sequence}"));
            if carried > 0 {
                let end = sequence.wrapping_add(carried as u64) & 0xffff_ffff;
                self.put(format_args!(":{end}"));
            }
        }
        if flags & 0x10 != 0 {
            self.put(format_args!(", ack {}", number(tcp, "ackseq")));
        }
        self.put(format_args!(", win {}", number(tcp, "window")));
        if flags & 0x20 != 0 {
            self.put(format_args!(", urg {}", number(tcp, "urgptr")));
        }
        if let Some(options) = options(tcp) {
            self.put(format_args!(", options [{options}]"));
        }
        self.put(format_args!(", length {carried}"));
        if carried == 0 {
            return;
        }
        let is_port = |port: &u64| from == *port || to == *port;
        if is_port(&DNS) {
            // The message is behind its length.
            let told = short(tcp.body, 0).map(usize::from);
            if let Some(told) = told.filter(|told| *told > 0 && told + 2 <= carried) {
                self.put(format_args!(" "));
                self.dns(tcp.body.get(2..).unwrap_or_default(), told, false);
            }
        } else if HTTP.iter().any(is_port) {
            self.put(format_args!(": HTTP"));
            if let Some(first) = http(tcp.body) {
                self.put(format_args!(": {first}"));
            }
        }
    }
}

/// The options of a TCP header in tcpdump's words.
fn options(tcp: &Seen) -> Option<String> {
    let bytes = tcp.header.get(20..).filter(|bytes| !bytes.is_empty())?;
    let Some(options) = tcp_options(bytes) else {
        return Some("bad opt".into());
    };
    let mut words: Vec<String> = options.iter().map(option).collect();
    let length: usize = options.iter().map(length).sum();
    if length < bytes.len() {
        words.push("eol".into());
    }
    Some(words.join(","))
}

fn option(option: &Value) -> String {
    let entry = match option {
        Value::Text(word) => return word.clone(),
        Value::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    let number = |value: &Value| match value {
        Value::Number(number) => *number,
        _ => 0,
    };
    match entry {
        [(name, Value::Number(value))] => format!("{name} {value}"),
        [(name, Value::List(blocks))] => {
            let words = blocks.iter().map(|block| match block {
                Value::List(edges) => {
                    let edges = edges.iter().map(|edge| number(edge).to_string());
                    format!("{{{}}}", edges.collect::<Vec<_>>().join(":"))
                }
                _ => String::new(),
            });
            format!("{name} {} {}", blocks.len(), words.collect::<String>())
        }
        [(_, Value::Map(both))] => {
            let both = both
                .iter()
                .map(|(name, value)| format!("{name} {}", number(value)));
            format!("TS {}", both.collect::<Vec<_>>().join(" "))
        }
        [(_, kind), (_, Value::Bytes(data))] => {
            if let Some(words) = rare(number(kind), data) {
                return words;
            }
            let data: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
            match data.is_empty() {
                true => format!("unknown-{}", number(kind)),
                false => format!("unknown-{} 0x{data}", number(kind)),
            }
        }
        _ => String::new(),
    }
}

/// Options that are told in words, and that nobody crafts by name: RFC 2385 (MD5), RFC 5482 (UTO), RFC 5925 (AO), RFC 7413 (TFO),
/// RFC 8684 (MPTCP), and old ones.
fn rare(kind: u64, data: &[u8]) -> Option<String> {
    let digits = |bytes: &[u8]| -> String {
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        digits.collect()
    };
    let cookie = |bytes: &[u8]| match bytes {
        [] => "cookiereq".to_owned(),
        cookie => format!("cookie {}", digits(cookie)),
    };
    Some(match (kind, data) {
        (6 | 7 | 11..=13, [_, _, _, _]) => {
            let name = match kind {
                6 => "echo",
                7 => "echoreply",
                11 => "cc",
                12 => "ccnew",
                _ => "ccecho",
            };
            format!("{name} {}", long(data, 0)?)
        }
        (19, digest) if digest.len() == 16 => format!("md5 {}", digits(digest)),
        (28, [_, _]) => {
            // As tcpdump counts, with the lowest bit for the unit.
            let told = short(data, 0)?;
            let unit = if told & 1 == 1 { 60 } else { 1 };
            format!("uto {told:#x} {}", u64::from(told >> 1) * unit)
        }
        (29, [key, next, mac @ ..]) => {
            format!("tcp-ao keyid {key} rnextkeyid {next} mac 0x{}", digits(mac))
        }
        (34, bytes) => format!("tfo {}", cookie(bytes)),
        (254, [0xf9, 0x89, bytes @ ..]) => format!("exp-tfo {}", cookie(bytes)),
        (30, [first, rest @ ..]) => {
            let names = [
                "capable",
                "join",
                "dss",
                "add-addr",
                "rem-addr",
                "prio",
                "fail",
                "fast-close",
            ];
            let name = names
                .get(usize::from(first >> 4))
                .copied()
                .unwrap_or("unknown");
            let mut words = format!("mptcp {} {name}", data.len() + 2);
            if let (0, [flags, keys @ ..]) = (first >> 4, rest) {
                words += &format!(" v{}", first & 15);
                if flags & 0x80 != 0 {
                    words += " csum";
                }
                let keys = keys.chunks_exact(8).take(2);
                let keys: Vec<String> = keys
                    .map(|key| format!("0x{}", digits(key).trim_start_matches('0')))
                    .collect();
                if !keys.is_empty() {
                    words += &format!(" {{{}}}", keys.join(","));
                }
            }
            words
        }
        _ => return None,
    })
}

/// How many bytes an option takes.
fn length(option: &Value) -> usize {
    let entry = match option {
        Value::Text(word) if word == "nop" => return 1,
        Value::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    match entry {
        [(name, Value::Number(_))] if name == "mss" => 4,
        [(_, Value::Number(_))] => 3,
        [(_, Value::List(blocks))] => 2 + blocks.len() * 8,
        [(_, Value::Map(_))] => 10,
        [_, (_, Value::Bytes(data))] => 2 + data.len(),
        _ => 2,
    }
}

/// The first line of a request or a response of HTTP.
pub(super) fn http(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let line = bytes.get(..end.unwrap_or(bytes.len()))?;
    let word = line.split(|byte| *byte == b' ').next()?;
    let is_request = [
        "GET", "PUT", "HEAD", "POST", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE",
    ];
    let is_known =
        is_request.iter().any(|known| known.as_bytes() == word) || word.starts_with(b"HTTP/1.");
    is_known.then(|| dns::printable(line))
}
