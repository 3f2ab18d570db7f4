//! Verbs that start small servers, which answer by themselves while the script goes on.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::lab::failure::Failure;
use crate::lab::server::{self, Transports};
use crate::packet::http::{Fields, is_field};
use crate::probe::service::Request;
use crate::probe::service::answer::{Answerer, Pages};

use super::call::{RhaiResultOf, verb};
use super::endpoint::{end, place};
use super::options::{Fault, OptionValue, Options, describe};
use super::value::{array_of_maps, counter, map};

/// A server in the hands of a script.
#[derive(Clone)]
pub struct Server(Rc<server::Server>);

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} server at {}", self.0.kind, self.0.at())
    }
}

/// The verbs.
#[export_module]
pub mod api {
    /// Starts a server that sends back whatever comes, by TCP and UDP, while the script goes on.
    ///
    /// It answers until it is closed, its namespace is deleted, or netsh ends; nobody has to keep the handle.
    ///
    /// Search words: `server`, `service`, `daemon`, `socat`, `ncat`, `reflect`, `port 7`, `rfc 862`
    ///
    /// # Options
    /// - `proto` (word): "tcp" or "udp"; both unless given
    /// - `address` (address): the address to listen at; any unless given, IPv4 and IPv6
    ///
    /// # Returns
    /// A handle: `address`, `port`; `count` (connections and datagrams so far), `requests` (the last 1000 of them: an array of maps:
    /// `proto`, `from` (map of `address` and `port`), `bytes`); `close`.
    ///
    /// # Errors
    /// Somebody listens there already (EADDRINUSE); it is no address of this namespace (EADDRNOTAVAIL); no port.
    ///
    /// # Example
    /// ```rhai
    /// let server = echo_listen(7);
    /// let client = tcp_connect("127.0.0.1", 7);
    /// client.write("hello");
    /// print(client.read("1s").as_string());
    /// assert(server.count == 1, "it has counted the connection");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn echo_listen(ctx: NativeCallContext, port: i64, options: Map) -> RhaiResultOf<Server> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let transports = match options.take::<String>("proto")?.as_deref() {
                None => Transports::Both,
                Some("tcp") => Transports::Tcp,
                Some("udp") => Transports::Udp,
                Some(other) => return Err(unknown_proto(other)),
            };
            let at = place(&mut options, port)?;
            options.finish()?;
            let served = lab.serve("echo", at, transports, Answerer::Echo)?;
            Ok(Server(served))
        })
    }

    /// Starts a small HTTP server, while the script goes on.
    ///
    /// Without a page of its own it tells who answers whom: `web at 10.0.0.2:80 answers 10.0.0.1:40312`. It answers until it is closed,
    /// its namespace is deleted, or netsh ends; nobody has to keep the handle.
    ///
    /// Equivalent to: `python3 -m http.server PORT`
    ///
    /// Search words: `web server`, `httpd`, `nginx`, `service`, `daemon`, `whoami`, `web`
    ///
    /// # Options
    /// - `body` (string): the page at every path
    /// - `pages` (map): pages by path, `#{ "/": "hello" }`; all others are not found (404), unless there is a `body`
    /// - `status` (int): the status of all pages; 200
    /// - `headers` (map): header fields of all answers
    /// - `address` (address): the address to listen at; any unless given, IPv4 and IPv6
    ///
    /// # Returns
    /// A handle: `address`, `port`; `count` (requests so far), `requests` (the last 1000 of them: an array of maps: `proto`, `from` (map
    /// of `address` and `port`), `bytes`, `method`, `path`, `status`); `close`.
    ///
    /// # Errors
    /// Somebody listens there already (EADDRINUSE); it is no address of this namespace (EADDRNOTAVAIL); no port.
    ///
    /// # Example
    /// ```rhai
    /// let server = http_listen(80, #{ pages: #{ "/": "hello" } });
    /// assert(http_get("http://127.0.0.1/").body == "hello", "the page is there");
    /// assert(server.requests[0].path == "/", "and it was asked for");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn http_listen(ctx: NativeCallContext, port: i64, options: Map) -> RhaiResultOf<Server> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let pages = Pages {
                host: lab.current().name().into(),
                body: options.take("body")?,
                by_path: options.take::<PagesByPath>("pages")?.unwrap_or_default().0,
                status: options.take::<Status>("status")?.map_or(200, |it| it.0),
                fields: options.take::<Headers>("headers")?.unwrap_or_default().0,
            };
            let at = place(&mut options, port)?;
            options.finish()?;
            let served = lab.serve("http", at, Transports::Tcp, Answerer::Http(pages))?;
            Ok(Server(served))
        })
    }

    /// Ends the server; its port is free again.
    ///
    /// Search words: `end`, `stop`
    ///
    /// # Errors
    /// None: a server that is closed stays closed.
    ///
    /// # Example
    /// ```rhai
    /// let server = http_listen(80);
    /// server.close();
    /// tcp_listen(80);
    /// ```
    #[rhai_fn(name = "close", pure)]
    pub fn close_server(server: &mut Server) {
        server.0.close();
    }

    /// The address at which it listens.
    #[rhai_fn(get = "address", pure)]
    pub fn server_address(server: &mut Server) -> String {
        server.0.at().ip().to_string()
    }

    /// The port at which it listens.
    #[rhai_fn(get = "port", pure)]
    pub fn server_port(server: &mut Server) -> i64 {
        server.0.at().port().into()
    }

    /// How many requests have come.
    #[rhai_fn(get = "count", pure)]
    pub fn server_count(server: &mut Server) -> Dynamic {
        counter(server.0.count())
    }

    /// The last requests.
    #[rhai_fn(get = "requests", pure)]
    pub fn server_requests(server: &mut Server) -> Array {
        array_of_maps(server.0.requests().into_iter().map(request_map))
    }

    /// The handle as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn server_text(server: &mut Server) -> String {
        server.to_string()
    }
}

pub(super) fn unknown_proto(given: &str) -> Box<Failure> {
    Failure::new(format!("{given:?} has no ports here"))
        .about(given)
        .blame("proto")
        .hint("what has them is \"tcp\" or \"udp\"")
}

fn request_map(request: Request) -> Map {
    let mut shown = map([
        ("bytes", counter(request.bytes)),
        ("from", end(request.from).into()),
        ("proto", request.transport.into()),
    ]);
    if let Some(asked) = request.http {
        shown.extend(map([
            ("method", asked.method.into()),
            ("path", asked.target.into()),
            ("status", i64::from(asked.status).into()),
        ]));
    }
    shown
}

/// Texts by path.
#[derive(Default)]
struct PagesByPath(BTreeMap<String, String>);

impl OptionValue for PagesByPath {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        const WANTED: Fault = Fault::Type("a map of pages by path, #{ \"/\": \"hello\" }");
        let given = value.read_lock::<Map>().ok_or(WANTED)?;
        let mut pages = BTreeMap::new();
        for (path, page) in given.iter() {
            if !path.starts_with('/') {
                let words = format!("the path {path:?} does not begin with /");
                return Err(Fault::Value(words));
            }
            let page = page.clone().into_string().map_err(|_| {
                let got = describe(page);
                Fault::Value(format!("the page {path:?} is to be a string, not {got}"))
            })?;
            pages.insert(path.to_string(), page);
        }
        Ok(PagesByPath(pages))
    }
}

/// The status of an answer.
struct Status(u16);

impl OptionValue for Status {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        match i64::read(value)? {
            number @ 200..=599 => Ok(Status(u16::try_from(number).unwrap_or(200))),
            number => Err(Fault::Value(format!(
                "{number} is no status of an answer: they go from 200 to 599"
            ))),
        }
    }
}

/// Header fields.
#[derive(Default)]
pub(super) struct Headers(pub Fields);

impl OptionValue for Headers {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        const WANTED: Fault = Fault::Type("a map of header fields, #{ \"x-name\": \"value\" }");
        let given = value.read_lock::<Map>().ok_or(WANTED)?;
        let field = |(name, value): (&rhai::Identifier, &Dynamic)| {
            let text = value.to_string();
            match is_field(name, &text) && !value.is_map() && !value.is_array() {
                true => Ok((name.to_ascii_lowercase(), text)),
                false => Err(Fault::Value(format!(
                    "{name:?} is no header field like that"
                ))),
            }
        };
        given
            .iter()
            .map(field)
            .collect::<Result<_, _>>()
            .map(Headers)
    }
}
