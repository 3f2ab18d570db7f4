//! The verb that fetches a page.

use std::time::Duration;

use rhai::plugin::*;
use rhai::{Dynamic, Map};

use crate::lab::failure::Failure;
use crate::lab::http::{GetOptions, Url};
use crate::packet::http::Response;

use super::call::{RhaiResultOf, terminated};
use super::options::Options;
use super::serve::waiting;
use super::server::Headers;
use super::value::map;

/// How long all of it may take when nothing is said.
const PATIENCE: Duration = Duration::from_secs(5);

/// The verbs.
#[export_module]
pub mod api {
    /// Fetches a page by plain HTTP, from the current namespace.
    ///
    /// A status such as 404 is no error; redirects are not followed.
    ///
    /// Equivalent to: `curl URL`
    ///
    /// Search words: `web`, `wget`, `download`, `request`, `page`, `browser`, `fetch`
    ///
    /// # Options
    /// - `headers` (map): more header fields
    /// - `timeout` (duration; `-m`): for all of it; 5 s
    /// - `source` (address): the address to come from
    /// - `iface` (link; `--interface`): leave by this link, whatever the routes say (SO_BINDTODEVICE)
    ///
    /// # Returns
    /// A map: `status` (int), `reason` (string), `headers` (map, names in small letters), `body` (string; bytes that are no UTF-8 are
    /// replaced).
    ///
    /// # Errors
    /// Nobody listens there (ECONNREFUSED); nobody answers (ETIMEDOUT); no route (ENETUNREACH, EHOSTUNREACH); what comes is no HTTP.
    ///
    /// # Example
    /// ```rhai
    /// http_listen(8080, #{ body: "hello" });
    /// let page = http_get("http://127.0.0.1:8080/");
    /// print(`${page.status} ${page.body}`);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn http_get(ctx: NativeCallContext, url: &str, options: Map) -> RhaiResultOf<Map> {
        let response = waiting(&ctx, |lab, waiter| {
            let mut options = Options::new(options);
            let how = GetOptions {
                fields: options.take::<Headers>("headers")?.unwrap_or_default().0,
                timeout: options.take("timeout")?.unwrap_or(PATIENCE),
                source: options.take("source")?,
                iface: options.take("iface")?,
            };
            options.finish()?;
            let url = Url::parse(url)
                .map_err(|(words, hint)| Failure::new(words).about(url).blame("url").hint(hint))?;
            lab.http_get(&url, &how, waiter)
        })?;
        let response = response.ok_or_else(|| terminated(ctx.call_position()))?;
        Ok(response_map(response))
    }
}

fn response_map(response: Response) -> Map {
    let mut headers = Map::new();
    for (name, value) in response.fields {
        // Several of one name are one list (RFC 9110, 5.2).
        let value = match headers.remove(name.as_str()) {
            None => value,
            Some(before) => format!("{before}, {value}"),
        };
        headers.insert(name.into(), Dynamic::from(value));
    }
    let body = String::from_utf8_lossy(&response.body).into_owned();
    map([
        ("body", body.into()),
        ("headers", headers.into()),
        ("reason", response.reason.into()),
        ("status", i64::from(response.status).into()),
    ])
}
