//! A page fetched from the current namespace.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::kernel::wait::Waiter;
use crate::packet::http::{Fields, Request, Response, read_response};

use super::Lab;
use super::destination::Probe;
use super::failure::{Failure, Outcome};
use super::tcp::ConnectOptions;

/// The parts of `http://HOST:PORT/PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// The name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Path and query.
    pub target: String,
    /// The server as the URL has it.
    authority: String,
}

impl Url {
    /// Reads a URL; the fault is told in words.
    pub fn parse(text: &str) -> Result<Url, (String, String)> {
        let wrong = |why: &str, hint: &str| (format!("{text:?} {why}"), hint.to_owned());
        const LIKE: &str = "write it as \"http://10.0.0.2/\" or \"http://[fd00::2]:8080/page\"";
        if text.starts_with("https://") {
            let hint = "there are no certificates here to check; ask by http://";
            return Err(wrong("is not for netsh: it speaks plain HTTP only", hint));
        }
        let Some(rest) = text.strip_prefix("http://") else {
            return Err(wrong("is no URL of HTTP", LIKE));
        };
        let rest = rest.split('#').next().unwrap_or("");
        let path = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(path).unwrap_or((rest, ""));
        if authority.contains('@') {
            let words = "has a name before the @, and netsh logs in nowhere";
            return Err(wrong(words, LIKE));
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(inside) => match inside.split_once(']') {
                Some((host, "")) => (host, None),
                Some((host, port)) => (host, port.strip_prefix(':').or(Some(""))),
                None => return Err(wrong("has a [ without its ]", LIKE)),
            },
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let number = port.map_or(Some(80), |port| port.parse().ok().filter(|port| *port > 0));
        let Some(port) = number else {
            return Err(wrong(
                "has no port that there is",
                "they go from 1 to 65535",
            ));
        };
        let is_plain = |text: &str| !text.bytes().any(|byte| byte <= b' ' || byte == 0x7f);
        if host.is_empty() || !is_plain(rest) {
            return Err(wrong("is no URL of HTTP", LIKE));
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Url {
            host: host.into(),
            port,
            target: format!("{slash}{target}"),
            authority: authority.into(),
        })
    }
}

/// How a page is to be fetched.
#[derive(Debug, Clone)]
pub struct GetOptions {
    /// The address to come from.
    pub source: Option<IpAddr>,
    /// The link to leave by, whatever the routes say.
    pub iface: Option<String>,
    /// For all of it.
    pub timeout: Duration,
    /// More header fields.
    pub fields: Fields,
}

impl Lab {
    /// Fetches a page. None if the waiter wanted no more.
    pub fn http_get(
        &self,
        url: &Url,
        options: &GetOptions,
        waiter: &dyn Waiter,
    ) -> Outcome<Option<Response>> {
        let probe = Probe {
            words: "get a page from",
            name: &url.host,
            iface: options.iface.as_deref(),
            parameter: "url",
        };
        let resolved = self.destination(&probe, None)?;
        let start = Instant::now();
        let how = ConnectOptions {
            source: options.source,
            iface: options.iface.clone(),
            timeout: options.timeout,
        };
        let to = SocketAddr::new(resolved.address, url.port);
        let connected = self.connect(&probe, &resolved, url.port, &how, waiter);
        let connected = connected.map_err(|mut failure| {
            if failure.argument == "port" {
                failure.argument = "url".into();
            }
            if failure.errno == Some(Errno::ECONNREFUSED) {
                let port = url.port;
                failure.hint = format!(
                    "the host answers, so the way there is good; http_listen({port}) makes a server"
                );
            }
            failure
        });
        let Some(connection) = connected? else {
            return Ok(None);
        };
        let mut fields: Fields = vec![("host".into(), url.authority.clone())];
        fields.extend(options.fields.iter().cloned());
        fields.push(("connection".into(), "close".into()));
        let request = Request {
            method: "GET".into(),
            target: url.target.clone(),
            fields,
            ..Request::default()
        };
        connection.write(&request.to_bytes(), waiter)?;
        let mut bytes = Vec::new();
        loop {
            let left = options.timeout.saturating_sub(start.elapsed());
            let Some(more) = connection.read(Some(left), waiter)? else {
                return match waiter.is_interrupted() {
                    true => Ok(None),
                    false => Err(too_late(to, options.timeout)),
                };
            };
            bytes.extend_from_slice(&more);
            let response = read_response(&bytes, more.is_empty()).map_err(|fault| {
                Failure::new(format!("cannot take what {to} answers: {fault}"))
                    .about(to.to_string())
                    .blame("url")
            })?;
            if let Some(response) = response {
                return Ok(Some(response));
            }
        }
    }
}

fn too_late(to: SocketAddr, timeout: Duration) -> Box<Failure> {
    let seconds = timeout.as_secs_f64();
    let mut failure = Failure::new(format!(
        "cannot get a page from {to}: the connection is there, but no whole answer came within {seconds} s"
    ));
    failure.object = to.to_string();
    failure.errno = Some(Errno::ETIMEDOUT);
    failure.argument = "url".into();
    failure.hint = "whoever listens there may be no HTTP server".into();
    failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(text: &str) -> Option<(String, u16, String)> {
        let url = Url::parse(text).ok()?;
        Some((url.host, url.port, url.target))
    }

    #[test]
    fn a_url_has_a_host_a_port_and_a_path() {
        let parsed = |host: &str, port, target: &str| Some((host.into(), port, target.into()));
        for (text, expected) in [
            ("http://10.0.0.2/", parsed("10.0.0.2", 80, "/")),
            ("http://10.0.0.2", parsed("10.0.0.2", 80, "/")),
            ("http://web:8080/a?b=c#d", parsed("web", 8080, "/a?b=c")),
            ("http://web?b", parsed("web", 80, "/?b")),
            ("http://[fd00::2]:81/x", parsed("fd00::2", 81, "/x")),
            ("http://[fd00::2]", parsed("fd00::2", 80, "/")),
            ("https://web/", None),
            ("web/", None),
            ("http://", None),
            ("http://web:0/", None),
            ("http://web:x/", None),
            ("http://[fd00::2/", None),
            ("http://[fd00::2]81/", None),
            ("http://web/a b", None),
            ("http://web/\r\nHost: other", None),
            ("http://user@web/", None),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}") {
            let _ = Url::parse(&text);
            let _ = Url::parse(&format!("http://{text}"));
        }
    }
}
