//! The verb that asks whether ports are open.

use std::net::IpAddr;
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::lab::failure::{Failure, Outcome};
use crate::probe::attempt::Transport;
use crate::probe::port_check::{Checked, Question};

use super::call::{RhaiResultOf, terminated};
use super::endpoint::{port_number, to_bytes};
use super::options::{Options, describe};
use super::serve::waiting;
use super::server::unknown_proto;
use super::value::{array_of_maps, map, maybe};

/// How long to wait for the answer of a port when nothing is said.
const PATIENCE: Duration = Duration::from_secs(1);

/// The verbs.
#[export_module]
pub mod api {
    /// Asks whether a port of a host is open, by TCP or UDP, from the current namespace.
    ///
    /// In the words of nmap: "open" if somebody answers; "closed" if the host says that nobody listens; "filtered" if an error of ICMP
    /// comes instead, or nothing. What takes in a datagram without a word is "open|filtered".
    ///
    /// Equivalent to: `nc -z ADDRESS PORT`
    ///
    /// Search words: `nmap`, `netcat`, `scan`, `is it open`, `service`, `reachable`, `firewall`, `telnet`
    ///
    /// # Options
    /// - `proto` (word): "tcp" or "udp"; "tcp" unless given
    /// - `timeout` (duration; `-w`): how long to wait for an answer; 1 s
    /// - `data` (string): of UDP: what the datagram carries, a text or a blob; nothing unless given
    /// - `source` (address; `-s`): the address to come from
    /// - `iface` (link): leave by this link, whatever the routes say (SO_BINDTODEVICE)
    ///
    /// # Returns
    /// A string: "open", "closed", "filtered" or "open|filtered".
    ///
    /// # Errors
    /// No route (ENETUNREACH); an unknown name; a link or source address that is not there; no port.
    ///
    /// # Example
    /// ```rhai
    /// http_listen(80);
    /// print(port_check("127.0.0.1", 80)); // open
    /// print(port_check("127.0.0.1", 81)); // closed
    /// ```
    #[rhai_fn(return_raw)]
    pub fn port_check(
        ctx: NativeCallContext,
        address: &str,
        port: i64,
        options: Map,
    ) -> RhaiResultOf<String> {
        let checked = checked(&ctx, address, || Ok(vec![port_number(port)?]), options)?;
        let first = checked.first();
        let first = first.ok_or_else(|| terminated(ctx.call_position()))?;
        Ok(first.state.word().into())
    }

    /// Asks whether ports of a host are open, all at once.
    ///
    /// It is `port_check` for each of them; the words and the options are the same.
    ///
    /// Search words: `netcat`, `scan`, `port scan`, `services`, `firewall`
    ///
    /// # Options
    /// - `proto` (word): "tcp" or "udp"; "tcp" unless given
    /// - `timeout` (duration; `-w`): how long to wait for each answer; 1 s
    /// - `data` (string): of UDP: what the datagrams carry, a text or a blob; nothing unless given
    /// - `source` (address; `-s`): the address to come from
    /// - `iface` (link): leave by this link, whatever the routes say (SO_BINDTODEVICE)
    ///
    /// # Returns
    /// An array of maps: `port`; `state` ("open", "closed", "filtered" or "open|filtered"); `reason` as `nmap --reason` has it ("syn-ack",
    /// "conn-refused", "port-unreach", "no-response"); `time` in ms, `()` without an answer.
    ///
    /// # Errors
    /// No route (ENETUNREACH); an unknown name; a link or source address that is not there; no ports.
    ///
    /// # Example
    /// ```rhai
    /// http_listen(80);
    /// show(port_check("127.0.0.1", [22, 80]).map(|port| port.state));
    /// ```
    #[rhai_fn(name = "port_check", return_raw)]
    pub fn ports_check(
        ctx: NativeCallContext,
        address: &str,
        ports: Array,
        options: Map,
    ) -> RhaiResultOf<Array> {
        let checked = checked(&ctx, address, || read_ports(&ports), options)?;
        Ok(array_of_maps(checked.into_iter().map(checked_map)))
    }
}

fn checked(
    ctx: &NativeCallContext,
    address: &str,
    ports: impl FnOnce() -> Outcome<Vec<u16>>,
    options: Map,
) -> RhaiResultOf<Vec<Checked>> {
    waiting(ctx, |lab, waiter| {
        let mut options = Options::new(options);
        let transport = match options.take::<String>("proto")?.as_deref() {
            None | Some("tcp") => Transport::Tcp,
            Some("udp") => Transport::Udp,
            Some(other) => return Err(unknown_proto(other)),
        };
        let timeout = options.take("timeout")?.unwrap_or(PATIENCE);
        let data = options.take_value("data");
        let source = options.take::<IpAddr>("source")?;
        let iface = options.take::<String>("iface")?;
        options.finish()?;
        let payload = match data {
            None => Vec::new(),
            Some(_) if transport == Transport::Tcp => {
                return Err(
                    Failure::new("a TCP connection is only begun: it carries no data")
                        .blame("data")
                        .hint("leave it out, or give proto: \"udp\" too"),
                );
            }
            Some(data) => to_bytes(&data).map_err(|failure| failure.blame("data"))?,
        };
        let question = Question {
            transport,
            payload: &payload,
            timeout,
        };
        let ports = ports()?;
        lab.port_check(address, &ports, source, iface.as_deref(), &question, waiter)
    })
}

fn read_ports(given: &Array) -> Outcome<Vec<u16>> {
    let port = |value: &Dynamic| match value.as_int() {
        Ok(number) => port_number(number).map_err(|failure| failure.blame("ports")),
        Err(_) => {
            let words = format!("a port is an int, not {}", describe(value));
            Err(Failure::new(words).blame("ports"))
        }
    };
    if given.is_empty() {
        return Err(Failure::new("there is no port in the array").blame("ports"));
    }
    given.iter().map(port).collect()
}

fn checked_map(checked: Checked) -> Map {
    map([
        ("port", i64::from(checked.port).into()),
        ("reason", checked.reason.into()),
        ("state", checked.state.word().into()),
        (
            "time",
            maybe(checked.time.map(|time| time.as_secs_f64() * 1e3)),
        ),
    ])
}
