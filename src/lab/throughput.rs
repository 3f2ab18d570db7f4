//! How much gets through from the current namespace to an address in another: the receiver's namespace found, the sockets made
//! inside, and words for what kept them from being made.

use std::net::IpAddr;
use std::rc::Rc;

use nix::errno::Errno;

use crate::kernel::addr;
use crate::kernel::error::errno_words;
use crate::kernel::netns::Namespace;
use crate::probe::throughput::{Fault, Options, Report, measure};

use super::Lab;
use super::failure::{Failure, Outcome};
use super::interrupt;
use super::netns::Netns;

impl Lab {
    /// Measures from the current namespace to `address`, which is in `server` or wherever the lab has it.
    pub fn throughput(
        &self,
        address: IpAddr,
        server: Option<&str>,
        options: &Options,
    ) -> Outcome<Report> {
        match address {
            IpAddr::V4(_) => self.settle(),
            IpAddr::V6(_) => self.settle_ipv6(),
        }
        let server = match server {
            Some(name) => {
                let found = self.netns(name);
                found.map_err(|error| {
                    self.explain_question(&format!("use netns {name}"), &error)
                        .blame("server")
                })?
            }
            None => self.netns_with(address)?,
        };
        let opened = |netns: &Netns| {
            let words = "open a socket";
            netns
                .namespace()
                .map_err(|error| self.explain_question(words, &error))
        };
        let (near, far) = (opened(&self.current())?, opened(&server)?);
        let open = |namespace: Rc<Namespace>| {
            move |domain, kind| {
                let made = namespace.enter(|| socket2::Socket::new(domain, kind, None));
                made?
            }
        };
        let stopped = || interrupt::requested() || self.screen().is_closed();
        self.screen()
            .doing(&format!("measuring the way to {address}"));
        let report = measure(&open(near), &open(far), address, options, &stopped);
        self.screen().doing("");
        report.map_err(|fault| explain(address, &server, &fault))
    }

    /// The namespace of the lab that has this address.
    fn netns_with(&self, address: IpAddr) -> Outcome<Rc<Netns>> {
        if address.is_loopback() {
            return Ok(self.current());
        }
        let has = |netns: &Rc<Netns>| {
            let list = netns.namespace().and_then(|there| addr::list(&there));
            list.is_ok_and(|list| list.iter().any(|addr| addr.local.address == address))
        };
        let all = self.open_netns();
        all.into_iter().find(has).ok_or_else(|| {
            Failure::new(format!("no namespace of this lab has the address {address}"))
                .about(address.to_string())
                .blame("destination")
                .hint("the receiver is netsh itself; with the option server it is in the namespace named there, which then needs the address, or one that leads there")
        })
    }
}

fn explain(address: IpAddr, server: &Netns, fault: &Fault) -> Box<Failure> {
    let errno = fault.error.raw_os_error().map(Errno::from_raw);
    let words = errno.map_or_else(|| fault.error.to_string(), errno_words);
    let message = format!(
        "cannot measure the way to {address}: cannot {}: {}",
        fault.words,
        words.to_lowercase()
    );
    let mut failure = Failure::new(message)
        .about(address.to_string())
        .blame("destination");
    failure.errno = errno;
    failure.kernel = words;
    failure.hint = match errno {
        Some(Errno::EADDRNOTAVAIL) => format!(
            "{} does not have this address; the option server names the namespace that has it",
            match server.is_home() {
                true => "the home namespace".to_owned(),
                false => format!("netns {}", server.name()),
            }
        ),
        Some(Errno::EADDRINUSE) => {
            "something else listens at this port; leave the option port out".into()
        }
        Some(Errno::ETIMEDOUT) => {
            "no answer came; ping shows whether packets arrive, and a firewall may drop these"
                .into()
        }
        Some(Errno::ENETUNREACH | Errno::EHOSTUNREACH) => {
            "there is no way there: look at the routes and whether the links are up".into()
        }
        _ => String::new(),
    };
    failure
}
