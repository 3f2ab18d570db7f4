//! Verbs about datagrams: one who takes them, and one who sends.

use std::fmt;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::rc::Rc;
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Dynamic, Map};

use crate::lab::failure::{Failure, Outcome};
use crate::lab::udp;
use crate::probe::datagrams::Datagram;
use crate::probe::resolve::parse_address;

use super::call::{RhaiResultOf, verb};
use super::endpoint::{canonical, end, place, port_number, to_bytes};
use super::options::Options;
use super::serve::waiting;

use super::value::{map, maybe};
use super::wait::read_duration;

/// One who takes datagrams, in the hands of a script.
#[derive(Clone)]
pub struct UdpListener(Rc<udp::Listener>);

/// A socket that sends to one other end, in the hands of a script.
#[derive(Clone)]
pub struct UdpConnection(Rc<udp::Conversation>);

impl fmt::Display for UdpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "udp listener at {}", self.0.at())
    }
}

impl fmt::Display for UdpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [local, peer] = [self.0.local, self.0.peer].map(canonical);
        write!(f, "udp {local} > {peer}")
    }
}

/// The verbs.
#[export_module]
pub mod api {
    /// Takes UDP datagrams at a port of the current namespace.
    ///
    /// The kernel keeps what comes from now on, whether or not the script has come to `receive` it.
    ///
    /// Equivalent to: `nc -u -l PORT`
    ///
    /// Search words: `server`, `netcat`, `socket`, `datagram`, `bind`, `recvfrom`
    ///
    /// # Options
    /// - `address` (address): the address to listen at; any unless given, IPv4 and IPv6
    ///
    /// # Returns
    /// A handle: `address`, `port`; `receive`, `reply`, `close`.
    ///
    /// # Errors
    /// Somebody listens there already (EADDRINUSE); it is no address of this namespace (EADDRNOTAVAIL); no port.
    ///
    /// # Example
    /// ```rhai
    /// let server = udp_listen(5000);
    /// let client = udp_send("127.0.0.1", 5000, "ping");
    /// server.reply(server.receive(), "pong");
    /// print(client.read("1s").as_string());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn udp_listen(
        ctx: NativeCallContext,
        port: i64,
        options: Map,
    ) -> RhaiResultOf<UdpListener> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let at = place(&mut options, port)?;
            options.finish()?;
            Ok(UdpListener(Rc::new(lab.udp_listen(at)?)))
        })
    }

    /// Sends a UDP datagram, a text or a blob, from the current namespace.
    ///
    /// The handle is the socket that sent it: `read` waits for an answer, `write` sends more. If an ICMP error comes back, the next of
    /// them fails with it: ECONNREFUSED where nobody listens.
    ///
    /// Search words: `nc -u`, `netcat`, `socket`, `datagram`, `sendto`, `client`, `broadcast`
    ///
    /// # Options
    /// - `source` (address): the address to come from
    /// - `iface` (link): leave by this link, whatever the routes say (SO_BINDTODEVICE)
    /// - `ttl` (int): time to live, or hop limit
    /// - `broadcast` (bool): allow addresses of broadcast
    ///
    /// # Returns
    /// A handle: `local`, `peer` (maps of `address` and `port`); `read`, `write`, `close`.
    ///
    /// # Errors
    /// No route (ENETUNREACH); a link or source address that is not there; too many bytes for a datagram (EMSGSIZE).
    ///
    /// # Example
    /// ```rhai
    /// let nobody = udp_send("127.0.0.1", 9, "hello");
    /// try {
    ///     nobody.read("1s");
    /// } catch (error) {
    ///     print(error.errno);
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn udp_send(
        ctx: NativeCallContext,
        address: &str,
        port: i64,
        bytes: Dynamic,
        options: Map,
    ) -> RhaiResultOf<UdpConnection> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let how = udp::SendOptions {
                source: options.take("source")?,
                iface: options.take("iface")?,
                ttl: options.take("ttl")?,
                broadcast: options.flag("broadcast")?,
            };
            options.finish()?;
            let bytes = to_bytes(&bytes)?;
            let connection = lab.udp_send(address, port_number(port)?, &bytes, &how)?;
            Ok(UdpConnection(Rc::new(connection)))
        })
    }

    /// Waits for the next datagram.
    ///
    /// Search words: `recv`, `recvfrom`, `server`
    ///
    /// # Returns
    /// A map: `data` (blob), `from` (map of `address` and `port`), `to` (the address that it was sent to).
    ///
    /// # Errors
    /// The handle is closed (EBADF).
    ///
    /// # Example
    /// ```rhai
    /// let server = udp_listen(5000);
    /// udp_send("127.0.0.1", 5000, "hello");
    /// print(server.receive().data.as_string());
    /// ```
    #[rhai_fn(name = "receive", return_raw, pure)]
    pub fn receive_for_ever(
        ctx: NativeCallContext,
        listener: &mut UdpListener,
    ) -> RhaiResultOf<Dynamic> {
        received(&ctx, listener, None)
    }

    /// Waits for the next datagram, for a time.
    ///
    /// Search words: `recv`, `recvfrom`, `server`
    ///
    /// # Returns
    /// A map: `data` (blob), `from` (map of `address` and `port`), `to` (the address that it was sent to); `()` if none came.
    ///
    /// # Errors
    /// The handle is closed (EBADF); the time is no duration.
    ///
    /// # Example
    /// ```rhai
    /// let server = udp_listen(5000);
    /// show(server.receive("10ms"));
    /// ```
    #[rhai_fn(name = "receive", return_raw, pure)]
    pub fn receive(
        ctx: NativeCallContext,
        listener: &mut UdpListener,
        timeout: Dynamic,
    ) -> RhaiResultOf<Dynamic> {
        let limit = verb(&ctx, |_| read_duration(&timeout, "timeout"))?;
        received(&ctx, listener, Some(limit))
    }

    /// Answers a datagram, as `receive` gave it, with a text or a blob.
    ///
    /// The answer goes out from the address that the datagram was sent to.
    ///
    /// Search words: `respond`, `send`, `sendto`
    ///
    /// # Errors
    /// The handle is closed (EBADF); it is no datagram; there is no way back (ENETUNREACH).
    ///
    /// # Example
    /// ```rhai
    /// let server = udp_listen(5000);
    /// let client = udp_send("127.0.0.1", 5000, "hello");
    /// let asked = server.receive();
    /// server.reply(asked, asked.data);
    /// print(client.read("1s").as_string());
    /// ```
    #[rhai_fn(name = "reply", return_raw, pure)]
    pub fn reply(
        ctx: NativeCallContext,
        listener: &mut UdpListener,
        datagram: Map,
        bytes: Dynamic,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |_| {
            let datagram = read_datagram(&datagram)?;
            listener.0.reply(&datagram, &to_bytes(&bytes)?)
        })
    }

    /// Takes no more datagrams.
    ///
    /// Search words: `end`, `stop`
    ///
    /// # Errors
    /// None: a handle that is closed stays closed.
    ///
    /// # Example
    /// ```rhai
    /// let server = udp_listen(5000);
    /// server.close();
    /// udp_listen(5000);
    /// ```
    #[rhai_fn(name = "close", pure)]
    pub fn close_udp_listener(listener: &mut UdpListener) {
        listener.0.close();
    }

    /// Waits for a datagram of the other end, for a time.
    ///
    /// Search words: `receive`, `recv`
    ///
    /// # Returns
    /// A blob with what it carries; `()` if nothing came.
    ///
    /// # Errors
    /// The handle is closed (EBADF); what was sent came back as an ICMP error (ECONNREFUSED, EHOSTUNREACH); the time is no duration.
    ///
    /// # Example
    /// ```rhai
    /// echo_listen(7);
    /// print(udp_send("127.0.0.1", 7, "hello").read("1s").as_string());
    /// ```
    #[rhai_fn(name = "read", return_raw, pure)]
    pub fn read_udp(
        ctx: NativeCallContext,
        connection: &mut UdpConnection,
        timeout: Dynamic,
    ) -> RhaiResultOf<Dynamic> {
        let limit = verb(&ctx, |_| read_duration(&timeout, "timeout"))?;
        waiting(&ctx, |_, waiter| {
            let bytes = connection.0.read(limit, waiter)?;
            Ok(bytes.map_or(Dynamic::UNIT, Dynamic::from_blob))
        })
    }

    /// Sends one more datagram to the other end.
    ///
    /// Search words: `send`
    ///
    /// # Errors
    /// The handle is closed (EBADF); what was sent before came back as an ICMP error (ECONNREFUSED, EHOSTUNREACH).
    ///
    /// # Example
    /// ```rhai
    /// let server = udp_listen(5000);
    /// let client = udp_send("127.0.0.1", 5000, "one");
    /// client.write("two");
    /// ```
    #[rhai_fn(name = "write", return_raw, pure)]
    pub fn write_udp(
        ctx: NativeCallContext,
        connection: &mut UdpConnection,
        bytes: Dynamic,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |_| connection.0.write(&to_bytes(&bytes)?))
    }

    /// Closes the socket.
    ///
    /// Search words: `end`, `stop`
    ///
    /// # Errors
    /// None: a handle that is closed stays closed.
    ///
    /// # Example
    /// ```rhai
    /// let client = udp_send("127.0.0.1", 9, "hello");
    /// client.close();
    /// ```
    #[rhai_fn(name = "close", pure)]
    pub fn close_udp(connection: &mut UdpConnection) {
        connection.0.close();
    }

    /// The address at which it listens.
    #[rhai_fn(get = "address", pure)]
    pub fn udp_listener_address(listener: &mut UdpListener) -> String {
        listener.0.at().ip().to_string()
    }

    /// The port at which it listens.
    #[rhai_fn(get = "port", pure)]
    pub fn udp_listener_port(listener: &mut UdpListener) -> i64 {
        listener.0.at().port().into()
    }

    /// Its own end.
    #[rhai_fn(get = "local", pure)]
    pub fn udp_local(connection: &mut UdpConnection) -> Map {
        end(connection.0.local)
    }

    /// The other end.
    #[rhai_fn(get = "peer", pure)]
    pub fn udp_peer(connection: &mut UdpConnection) -> Map {
        end(connection.0.peer)
    }

    /// The handle as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn udp_listener_text(listener: &mut UdpListener) -> String {
        listener.to_string()
    }

    /// The handle as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn udp_text(connection: &mut UdpConnection) -> String {
        connection.to_string()
    }
}

fn received(
    ctx: &NativeCallContext,
    listener: &UdpListener,
    limit: Option<Duration>,
) -> RhaiResultOf<Dynamic> {
    waiting(ctx, |lab, waiter| {
        let port = listener.0.at().port();
        lab.screen()
            .doing(&format!("waiting for a datagram at port {port}"));
        let received = listener.0.receive(limit, waiter);
        lab.screen().doing("");
        Ok(received?.map_or(Dynamic::UNIT, |datagram| {
            Dynamic::from_map(datagram_map(datagram))
        }))
    })
}

fn datagram_map(datagram: Datagram) -> Map {
    let mut from = end(datagram.from);
    // Only with its link can a link-local address be answered.
    if let SocketAddr::V6(address) = datagram.from
        && address.scope_id() > 0
    {
        let text = format!("{}%{}", address.ip(), address.scope_id());
        from.insert("address".into(), text.into());
    }
    let to = datagram.to.map(|to| to.to_canonical().to_string());
    map([
        ("data", Dynamic::from_blob(datagram.bytes)),
        ("from", from.into()),
        ("to", maybe(to)),
    ])
}

/// What [`datagram_map`] made, but for what it carries.
fn read_datagram(given: &Map) -> Outcome<Datagram> {
    let wrong = || {
        Failure::new("that is no datagram which can be answered")
            .blame("datagram")
            .hint("give what receive() returned: its from has an address and a port")
    };
    let text =
        |map: &Map, key: &str| -> Option<String> { map.get(key)?.clone().into_string().ok() };
    let from = given.get("from").and_then(|from| from.read_lock::<Map>());
    let from = from.ok_or_else(wrong)?;
    let address = text(&from, "address").and_then(|text| parse_address(&text));
    let address = address.ok_or_else(wrong)?;
    let port = from.get("port").and_then(|port| port.as_int().ok());
    let port = port_number(port.ok_or_else(wrong)?).map_err(|_| wrong())?;
    let scope = address.scope.and_then(|scope| scope.parse().ok());
    let from = match address.address {
        IpAddr::V6(ip) => SocketAddrV6::new(ip, port, 0, scope.unwrap_or(0)).into(),
        ip => SocketAddr::new(ip, port),
    };
    Ok(Datagram {
        bytes: Vec::new(),
        from,
        to: text(given, "to").and_then(|to| to.parse().ok()),
    })
}
