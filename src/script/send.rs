//! Verbs that send packets as they are, and wait for what is answered.

use std::time::Duration;

use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, Map};

use crate::lab::failure::{Failure, Outcome};
use crate::lab::send::{Answer, Asking, Item};
use crate::probe::round_trips::milliseconds;
use crate::probe::send::SendOptions;

use super::call::{RhaiResultOf, verb};
use super::capture::compiled;
use super::captured::{captured_map, read_captured};
use super::hex::bytes_of;
use super::options::{Options, describe};
use super::packet::read_packet;
use super::serve::waiting;
use super::value::{counter, map};

/// How long answers are waited for when nothing is said.
const PATIENCE: Duration = Duration::from_secs(1);

/// The verbs.
#[export_module]
pub mod api {
    /// Sends a packet out of a link as it is: past routes, rules and firewall.
    ///
    /// `packet` is a map of headers, as `packet_encode` takes it, a blob, a string of hex digits, a captured packet (of `pcap_read` or
    /// a capture: its bytes are sent), or an array of those, which are sent in their order.
    ///
    /// What a map lacks is filled in as the kernel would have it, lengths and checksums too:
    ///
    /// - `ether`, on links that have it: the source is the link's own address; the destination that of the next hop, by the routes
    ///   and the neighbours of the link (the kernel asks for one that it does not know), or of the group; an ARP request goes to all
    /// - `saddr` of `ip` and `ip6`: the address that the kernel would send from
    /// - `saddr_ether` and `saddr_ip` of `arp`: the link's own
    ///
    /// On a link without Ethernet (a tun, a tunnel) a packet begins with `ip` or `ip6`. On lo the kernel takes nothing in that comes
    /// from one of its own addresses, unless `accept_local` (and for 127.0.0.0/8 `route_localnet`) is set for it.
    ///
    /// What is sent is what the kernel took in: whether it arrived, a capture tells. The kernel knows nothing of such packets, and
    /// may meddle with what is answered: it refuses with a TCP reset, or "port unreachable", what no socket waits for.
    ///
    /// Search words: `craft`, `inject`, `raw socket`, `sendp`, `scapy`, `hping`, `packeth`, `nping`, `tcpreplay`, `replay`, `spoof`, `forge`,
    /// `flood`, `frame`, `transmit`
    ///
    /// # Options
    /// - `count` (int): how often; 1 unless given, 0 is until Ctrl-C
    /// - `interval` (duration; `inter`): from one packet to the next; as fast as the link takes them in unless given
    ///
    /// # Returns
    /// A map: `packets` (int: how many were sent), `bytes` (int: of all of them, with the Ethernet header), `time` (ms).
    ///
    /// # Errors
    /// There is no such link (ENODEV); it is down (ENETDOWN) or has no carrier; nobody answers for the next hop (EHOSTUNREACH); there
    /// is no address to send from; the packet is longer than the MTU (EMSGSIZE); it has no such header or field.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("a", "b", #{ up: true });
    /// addr_add("a", "10.0.0.1/24");
    /// let seen = capture_during(|| {
    ///     send("a", #{ arp: #{ operation: 1, daddr_ip: "10.0.0.2" } });
    ///     send("a", #{ ip: #{ daddr: "10.0.0.255" }, udp: #{ sport: 9, dport: 9 }, payload: "hello" }, #{ count: 2 });
    /// }, #{ link: "b", filter: "arp or udp" });
    /// for packet in seen { print(packet.line); }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn send(
        ctx: NativeCallContext,
        link: &str,
        packet: Dynamic,
        options: Map,
    ) -> RhaiResultOf<Map> {
        waiting(&ctx, |lab, waiter| {
            let mut options = Options::new(options);
            let count = read_count(options.take("count")?)?;
            let interval = options.take("interval")?.unwrap_or(Duration::ZERO);
            options.finish()?;
            let items = read_items(packet)?;
            let sent = lab.send(link, items, SendOptions { count, interval }, waiter)?;
            Ok(map([
                ("bytes", counter(sent.bytes)),
                ("packets", counter(sent.packets)),
                ("time", milliseconds(sent.time).into()),
            ]))
        })
    }

    /// Sends a packet out of a link and waits for what is answered.
    ///
    /// The packet is one of those that `send` takes, and is completed in the same way. What comes in by the same link is an answer if
    /// it belongs to the question: an ARP reply that tells of the address; the reply to an echo or another question of ICMP, with the same
    /// identifier and sequence; an advertisement of the neighbour or router that was solicited; UDP and TCP with the ports the
    /// other way round; an ICMP error that quotes the question. With `filter`, answers are what it lets pass, and nothing else.
    ///
    /// The kernel sees the answers too. To a SYN of one's own it knows no connection, and refuses the answer with a reset; a rule
    /// keeps it from that: `nft_rule_add("ip t out", "tcp flags rst drop")`.
    ///
    /// Search words: `craft`, `scapy`, `srp`, `sr1`, `probe`, `ask`, `question`, `reply`, `hping`, `nping`, `raw socket`, `scan`
    ///
    /// # Options
    /// - `timeout` (duration; `-W`): how long to wait for answers; 1 s
    /// - `answers` (int): how many to wait for; 1 unless given, 0 is all that come in that time
    /// - `retry` (int): how often to send once more if none came; 0
    /// - `filter` (string): an answer is what comes in and for which this holds, as in tcpdump: "udp src port 67"
    ///
    /// # Returns
    /// An array of maps, in the order in which they came, as from the `read` of a capture (`time`, `line`, `packet`, ...), each with `rtt`
    /// (ms since the question went out). It is empty if nothing came.
    ///
    /// # Errors
    /// Those of `send`; the filter is wrong.
    ///
    /// # Example
    /// ```rhai
    /// let h1 = netns_add("h1");
    /// veth_add("a", "b", #{ up: true, peer_netns: h1 });
    /// addr_add("a", "10.0.0.1/24");
    /// h1.addr_add("b", "10.0.0.2/24");
    /// let answers = send_receive("a", #{ ip: #{ daddr: "10.0.0.2" }, icmp: #{ type: 8, id: 7, sequence: 1 } });
    /// assert(answers[0].packet.icmp.type == 0, "h1 answers");
    /// let answers = send_receive("a", #{ ip: #{ daddr: "10.0.0.2" }, udp: #{ sport: 9, dport: 9 } });
    /// print(answers[0].line);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn send_receive(
        ctx: NativeCallContext,
        link: &str,
        packet: Dynamic,
        options: Map,
    ) -> RhaiResultOf<Array> {
        let answers = waiting(&ctx, |lab, waiter| {
            let mut options = Options::new(options);
            let filter = options.take::<String>("filter")?;
            let asking = Asking {
                timeout: options.take("timeout")?.unwrap_or(PATIENCE),
                answers: read_answers(options.take("answers")?)?,
                retry: options.take("retry")?.unwrap_or(0),
                filter: filter.map(|text| compiled(&text, None)).transpose()?,
            };
            options.finish()?;
            let mut items = read_items(packet)?;
            let item = match items.len() {
                1 => items.pop(),
                _ => None,
            };
            let item = item.ok_or_else(|| {
                Failure::new("one question is asked at a time, and these are several packets")
                    .blame("packet")
                    .hint("a loop asks one after the other")
            })?;
            lab.send_receive(link, item, &asking, waiter)
        })?;
        verb(&ctx, |_| Ok(answers.iter().map(answer_map).collect()))
    }
}

fn answer_map(answer: &Answer) -> Dynamic {
    let mut map = captured_map(&answer.packet);
    map.insert("rtt".into(), milliseconds(answer.time).into());
    map.into()
}

/// None is without end.
fn read_count(count: Option<i64>) -> Outcome<Option<u64>> {
    let count = count.unwrap_or(1);
    let number = u64::try_from(count)
        .map_err(|_| Failure::new(format!("{count} packets can't be sent")).blame("count"))?;
    Ok(Some(number).filter(|number| *number > 0))
}

/// None is as many as come.
fn read_answers(count: Option<i64>) -> Outcome<Option<usize>> {
    let count = count.unwrap_or(1);
    let number = usize::try_from(count).map_err(|_| {
        Failure::new(format!("{count} answers can't be waited for")).blame("answers")
    })?;
    Ok(Some(number).filter(|number| *number > 0))
}

fn read_items(packet: Dynamic) -> Outcome<Vec<Item>> {
    if let Some(several) = packet.read_lock::<Array>() {
        if several.is_empty() {
            return Err(Failure::new("there is no packet in the array").blame("packet"));
        }
        return several.iter().map(read_item).collect();
    }
    Ok(vec![read_item(&packet)?])
}

fn read_item(packet: &Dynamic) -> Outcome<Item> {
    if let Some(bytes) = packet.read_lock::<Blob>() {
        return Ok(Item::Bytes(bytes.clone()));
    }
    if let Ok(text) = packet.as_immutable_string_ref() {
        return bytes_of(&text, "packet").map(Item::Bytes);
    }
    let is_captured = match packet.read_lock::<Map>() {
        Some(map) => map.contains_key("bytes"),
        None => {
            let words = format!(
                "a packet is a map of its headers, a blob or a string of hex digits, not {}",
                describe(packet)
            );
            return Err(Failure::new(words).blame("packet"));
        }
    };
    match is_captured {
        true => read_captured(packet)
            .map(Item::Captured)
            .map_err(|failure| failure.blame("packet")),
        false => read_packet(packet).map(Item::Headers),
    }
}
