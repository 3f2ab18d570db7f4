//! Verbs about TCP connections: one who listens, and one who connects.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Dynamic, Map};

use crate::lab::tcp::{self, ConnectOptions};

use super::call::{RhaiResultOf, terminated, verb};
use super::endpoint::{canonical, end, place, port_number, to_bytes};
use super::options::Options;
use super::serve::waiting;
use super::wait::read_duration;

/// How long to wait for the other end when nothing is said.
const PATIENCE: Duration = Duration::from_secs(3);

/// One who listens, in the hands of a script.
#[derive(Clone)]
pub struct Listener(Rc<tcp::Listener>);

/// A connection in the hands of a script.
#[derive(Clone)]
pub struct Connection(Rc<tcp::Connection>);

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "listener at {}", self.0.at())
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [local, peer] = [self.0.local, self.0.peer].map(canonical);
        write!(f, "connection {local} > {peer}")
    }
}

/// The verbs.
#[export_module]
pub mod api {
    /// Listens for TCP connections at a port of the current namespace.
    ///
    /// The kernel takes connections from now on, whether or not the script has come to `accept` them.
    ///
    /// Equivalent to: `nc -l PORT`
    ///
    /// Search words: `server`, `netcat`, `socket`, `service`, `daemon`, `http`, `bind`
    ///
    /// # Options
    /// - `address` (address): the address to listen at; any unless given, IPv4 and IPv6
    ///
    /// # Returns
    /// A handle: `address`, `port`; `accept`, `close`.
    ///
    /// # Errors
    /// Somebody listens there already (EADDRINUSE); it is no address of this namespace (EADDRNOTAVAIL); no port.
    ///
    /// # Example
    /// ```rhai
    /// let server = tcp_listen(80);
    /// let client = tcp_connect("127.0.0.1", 80);
    /// show(server.accept().peer.address);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn tcp_listen(ctx: NativeCallContext, port: i64, options: Map) -> RhaiResultOf<Listener> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let at = place(&mut options, port)?;
            options.finish()?;
            Ok(Listener(Rc::new(lab.tcp_listen(at)?)))
        })
    }

    /// Makes a TCP connection from the current namespace.
    ///
    /// Equivalent to: `nc ADDRESS PORT`
    ///
    /// Search words: `client`, `telnet`, `curl`, `netcat`, `socket`, `port check`, `open port`, `visit`
    ///
    /// # Options
    /// - `source` (address; `-s`): the address to come from
    /// - `iface` (link): leave by this link, whatever the routes say (SO_BINDTODEVICE)
    /// - `timeout` (duration; `-w`): how long to wait for the other end; 3 s
    ///
    /// # Returns
    /// A handle: `local`, `peer` (maps of `address` and `port`); `read`, `write`, `close`.
    ///
    /// # Errors
    /// Nobody listens there (ECONNREFUSED); nobody answers (ETIMEDOUT); no route (ENETUNREACH, EHOSTUNREACH).
    ///
    /// # Example
    /// ```rhai
    /// try {
    ///     tcp_connect("127.0.0.1", 80);
    /// } catch (error) {
    ///     print(error.kernel);
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn tcp_connect(
        ctx: NativeCallContext,
        address: &str,
        port: i64,
        options: Map,
    ) -> RhaiResultOf<Connection> {
        let connected = waiting(&ctx, |lab, waiter| {
            let mut options = Options::new(options);
            let how = ConnectOptions {
                source: options.take("source")?,
                iface: options.take("iface")?,
                timeout: options.take("timeout")?.unwrap_or(PATIENCE),
            };
            options.finish()?;
            lab.tcp_connect(address, port_number(port)?, &how, waiter)
        })?;
        let connection = connected.ok_or_else(|| terminated(ctx.call_position()))?;
        Ok(Connection(Rc::new(connection)))
    }

    /// Waits for the next connection.
    ///
    /// Search words: `server`, `client`
    ///
    /// # Returns
    /// A handle, as from `tcp_connect`.
    ///
    /// # Errors
    /// The handle is closed (EBADF).
    ///
    /// # Example
    /// ```rhai
    /// let server = tcp_listen(80, #{ address: "127.0.0.1" });
    /// tcp_connect("127.0.0.1", 80);
    /// show(server.accept().local);
    /// ```
    #[rhai_fn(name = "accept", return_raw, pure)]
    pub fn accept_for_ever(
        ctx: NativeCallContext,
        listener: &mut Listener,
    ) -> RhaiResultOf<Dynamic> {
        accepted(&ctx, listener, None)
    }

    /// Waits for the next connection, for a time.
    ///
    /// Search words: `server`, `client`
    ///
    /// # Returns
    /// A handle, as from `tcp_connect`; `()` if none came.
    ///
    /// # Errors
    /// The handle is closed (EBADF); the time is no duration.
    ///
    /// # Example
    /// ```rhai
    /// let server = tcp_listen(80);
    /// show(server.accept("10ms"));
    /// ```
    #[rhai_fn(name = "accept", return_raw, pure)]
    pub fn accept(
        ctx: NativeCallContext,
        listener: &mut Listener,
        timeout: Dynamic,
    ) -> RhaiResultOf<Dynamic> {
        let limit = verb(&ctx, |_| read_duration(&timeout, "timeout"))?;
        accepted(&ctx, listener, Some(limit))
    }

    /// Stops listening.
    ///
    /// Search words: `end`, `stop`
    ///
    /// # Errors
    /// None: a handle that is closed stays closed.
    ///
    /// # Example
    /// ```rhai
    /// let server = tcp_listen(80);
    /// server.close();
    /// tcp_listen(80);
    /// ```
    #[rhai_fn(name = "close", pure)]
    pub fn close_listener(listener: &mut Listener) {
        listener.0.close();
    }

    /// Waits for bytes of the other end, for a time.
    ///
    /// Search words: `receive`, `recv`
    ///
    /// # Returns
    /// A blob with what has arrived, empty if the other end has closed; `()` if nothing came.
    ///
    /// # Errors
    /// The handle is closed (EBADF); the other end has broken the connection off (ECONNRESET); the time is no duration.
    ///
    /// # Example
    /// ```rhai
    /// let server = tcp_listen(80);
    /// let client = tcp_connect("127.0.0.1", 80);
    /// server.accept().write("hello");
    /// print(client.read("1s").as_string());
    /// ```
    #[rhai_fn(name = "read", return_raw, pure)]
    pub fn read_connection(
        ctx: NativeCallContext,
        connection: &mut Connection,
        timeout: Dynamic,
    ) -> RhaiResultOf<Dynamic> {
        let limit = verb(&ctx, |_| read_duration(&timeout, "timeout"))?;
        waiting(&ctx, |_, waiter| {
            let bytes = connection.0.read(Some(limit), waiter)?;
            Ok(bytes.map_or(Dynamic::UNIT, Dynamic::from_blob))
        })
    }

    /// Sends a text or a blob to the other end.
    ///
    /// Search words: `send`
    ///
    /// # Errors
    /// The handle is closed (EBADF); the other end has gone (EPIPE, ECONNRESET), or reads nothing for 10 s.
    ///
    /// # Example
    /// ```rhai
    /// let server = tcp_listen(80);
    /// let client = tcp_connect("127.0.0.1", 80);
    /// client.write("GET / HTTP/1.0\r\n\r\n");
    /// show(server.accept().read("1s").len());
    /// ```
    #[rhai_fn(name = "write", return_raw, pure)]
    pub fn write_connection(
        ctx: NativeCallContext,
        connection: &mut Connection,
        bytes: Dynamic,
    ) -> RhaiResultOf<()> {
        waiting(&ctx, |_, waiter| {
            connection.0.write(&to_bytes(&bytes)?, waiter)
        })
    }

    /// Closes the connection; what was sent still arrives.
    ///
    /// Search words: `end`, `hang up`, `disconnect`
    ///
    /// # Errors
    /// None: a handle that is closed stays closed.
    ///
    /// # Example
    /// ```rhai
    /// let server = tcp_listen(80);
    /// let client = tcp_connect("127.0.0.1", 80);
    /// client.close();
    /// show(server.accept().read("1s").len()); // the end
    /// ```
    #[rhai_fn(name = "close", pure)]
    pub fn close_connection(connection: &mut Connection) {
        connection.0.close();
    }

    /// The address at which it listens.
    #[rhai_fn(get = "address", pure)]
    pub fn listener_address(listener: &mut Listener) -> String {
        listener.0.at().ip().to_string()
    }

    /// The port at which it listens.
    #[rhai_fn(get = "port", pure)]
    pub fn listener_port(listener: &mut Listener) -> i64 {
        listener.0.at().port().into()
    }

    /// Its own end of the connection.
    #[rhai_fn(get = "local", pure)]
    pub fn connection_local(connection: &mut Connection) -> Map {
        end(connection.0.local)
    }

    /// The other end of the connection.
    #[rhai_fn(get = "peer", pure)]
    pub fn connection_peer(connection: &mut Connection) -> Map {
        end(connection.0.peer)
    }

    /// The handle as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn listener_text(listener: &mut Listener) -> String {
        listener.to_string()
    }

    /// The handle as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn connection_text(connection: &mut Connection) -> String {
        connection.to_string()
    }
}

fn accepted(
    ctx: &NativeCallContext,
    listener: &Listener,
    limit: Option<Duration>,
) -> RhaiResultOf<Dynamic> {
    waiting(ctx, |lab, waiter| {
        let words = format!(
            "waiting for a connection at port {}",
            listener.0.at().port()
        );
        lab.screen().doing(&words);
        let accepted = listener.0.accept(limit, waiter);
        lab.screen().doing("");
        Ok(accepted?.map_or(Dynamic::UNIT, |connection| {
            Dynamic::from(Connection(Rc::new(connection)))
        }))
    })
}
