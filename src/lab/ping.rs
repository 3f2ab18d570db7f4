//! A ping from the current namespace: the name resolved, the socket made inside, each reply shown as it comes, and words
//! for what kept it from starting.

use std::io;

use nix::errno::Errno;

use crate::kernel::error::{Error, errno_words};
use crate::kernel::netns_change::HOME;
use crate::kernel::wait::Waiter;
use crate::packet::icmp::Family;
use crate::probe::error::ProbeError;
use crate::probe::ping::{PingOptions, Report, ping};
use crate::probe::ping_text::{event_line, statistics_lines};
use crate::probe::resolve::{ResolveError, Resolved, resolve};

use super::Lab;
use super::failure::{Failure, Outcome};

impl Lab {
    /// Pings `name` from the current namespace, until `waiter` stops it. What comes back, or does not, is in the report; `quiet`
    /// prints none of it.
    pub fn ping(
        &self,
        name: &str,
        prefer: Option<Family>,
        options: &PingOptions,
        quiet: bool,
        waiter: &dyn Waiter,
    ) -> Outcome<Report> {
        self.settle();
        // A sandbox has no name server; asking for one there would only take time.
        let dns = !self.settings().sandboxed;
        let resolved = resolve(name, prefer, dns).map_err(|error| unknown_host(name, &error))?;
        if let Some(family) = prefer.filter(|family| *family != Family::of(resolved.address)) {
            return Err(of_the_other_family(name, &resolved, family));
        }
        self.ping_address(name, &resolved, options, quiet, waiter)
            .map_err(|error| self.explain_ping(name, &resolved, options, &error))
    }

    fn ping_address(
        &self,
        name: &str,
        resolved: &Resolved,
        options: &PingOptions,
        quiet: bool,
        waiter: &dyn Waiter,
    ) -> Result<Report, ProbeError> {
        let say = |line: &str| {
            if !quiet {
                self.screen().live(line);
            }
        };
        let open = |domain, kind, protocol| {
            let namespace = self.current().namespace().map_err(as_io)?;
            let open = || socket2::Socket::new(domain, kind, Some(protocol));
            namespace.enter(open).map_err(as_io)?
        };
        let report = ping(
            &open,
            resolved.address,
            resolved.scope.as_deref(),
            options,
            waiter,
            &mut |event| say(&event_line(name, event)),
        )?;
        for line in statistics_lines(name, &report) {
            say(&line);
        }
        if report.received == 0 && report.transmitted > 0 && !quiet {
            let line = self.why_line(resolved, options);
            self.screen().hint(&format!("{line} tells what stopped it"));
        }
        Ok(report)
    }

    /// The line that asks why such a ping gets no answer: from the same namespace, by the same way, of the same size.
    fn why_line(&self, resolved: &Resolved, options: &PingOptions) -> String {
        let mut given = Vec::new();
        let current = self.current();
        if current.name() != HOME {
            given.push(format!("from: {:?}", current.name()));
        }
        let iface = options.iface.as_ref().or(resolved.scope.as_ref());
        given.extend(iface.map(|iface| format!("iface: {iface:?}")));
        given.extend(options.source.map(|source| format!("source: \"{source}\"")));
        if options.dont_fragment {
            given.push(format!("size: {}", options.size));
        }
        given.extend(options.ttl.map(|ttl| format!("ttl: {ttl}")));
        match given.is_empty() {
            true => format!("why(\"{}\")", resolved.address),
            false => format!("why(\"{}\", #{{ {} }})", resolved.address, given.join(", ")),
        }
    }

    fn explain_ping(
        &self,
        name: &str,
        resolved: &Resolved,
        options: &PingOptions,
        error: &ProbeError,
    ) -> Box<Failure> {
        let errno = error.errno().map(Errno::from_raw);
        let words = errno.map(errno_words).unwrap_or_default();
        let current = self.current();
        let mut failure = Box::new(Failure {
            object: name.into(),
            netns: current.label().into(),
            errno,
            kernel: words.clone(),
            argument: error.option().unwrap_or("destination").into(),
            ..Failure::default()
        });
        let reason = match error {
            ProbeError::Open(_) => {
                failure.hint = "root, CAP_NET_RAW, or a group in net.ipv4.ping_group_range is needed; the sandbox has it".into();
                format!("cannot open an ICMP socket: {words}")
            }
            ProbeError::BindDevice { name, .. } | ProbeError::Scope { name, .. } => {
                failure.object = name.clone();
                failure.hint = self.link_hint(&current, name);
                match errno {
                    Some(Errno::ENODEV) => format!("there is no link {name:?}"),
                    _ => format!("it can't be bound to link {name}: {words}"),
                }
            }
            ProbeError::BindSource { address, .. } => {
                failure.object = address.to_string();
                failure.hint = self.address_hint();
                if address.is_ipv4() == resolved.address.is_ipv4() {
                    format!("{address} is not an address of this namespace")
                } else {
                    format!("{address} is of another family than {}", resolved.address)
                }
            }
            ProbeError::TooLarge { limit, .. } => {
                failure.kernel.clear();
                format!("at most {limit} bytes fit into a packet")
            }
            ProbeError::SetOption { name, .. } => format!("the kernel refuses {name}: {words}"),
            ProbeError::Send { .. } => {
                failure.hint = self.no_way_hint(resolved, options, errno);
                no_way(resolved, errno, &words)
            }
            ProbeError::Receive(_) => format!("the socket broke: {words}"),
        };
        failure.message = format!("cannot ping {name}: {reason}");
        failure
    }

    /// The addresses of the current namespace, as a hint.
    pub(super) fn address_hint(&self) -> String {
        let addresses = self.addresses(None).unwrap_or_default();
        let written: Vec<String> = addresses
            .iter()
            .map(|(link, addr)| format!("{} ({link})", addr.local.address))
            .collect();
        match written.is_empty() {
            true => "it has no addresses at all".into(),
            false => format!("its addresses are: {}", written.join(", ")),
        }
    }

    fn no_way_hint(
        &self,
        resolved: &Resolved,
        options: &PingOptions,
        errno: Option<Errno>,
    ) -> String {
        match errno {
            Some(Errno::EINVAL) if is_link_local(resolved) => {
                format!(
                    "a link-local address needs its link: {}%LINK, or the option iface",
                    resolved.address
                )
            }
            Some(Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::EADDRNOTAVAIL) => {
                match &options.iface {
                    Some(iface) => format!(
                        "is {iface} up, and has it an address in the network of {}?",
                        resolved.address
                    ),
                    None => format!(
                        "no link here that is up has an address in the network of {}, and there is no default route; {} tells what is missing",
                        resolved.address,
                        self.why_line(resolved, options)
                    ),
                }
            }
            _ => String::new(),
        }
    }
}

fn is_link_local(resolved: &Resolved) -> bool {
    matches!(resolved.address, std::net::IpAddr::V6(address) if address.is_unicast_link_local())
}

fn no_way(resolved: &Resolved, errno: Option<Errno>, words: &str) -> String {
    match errno {
        Some(Errno::ENETUNREACH | Errno::EHOSTUNREACH) => {
            format!("there is no route to {}", resolved.address)
        }
        Some(Errno::EACCES) => format!(
            "the kernel forbids it: {} is a broadcast address, or a route prohibits it",
            resolved.address
        ),
        Some(Errno::EINVAL) if is_link_local(resolved) => {
            format!("{} does not say on which link", resolved.address)
        }
        _ => words.to_lowercase(),
    }
}

fn unknown_host(name: &str, error: &ResolveError) -> Box<Failure> {
    Failure::new(format!("cannot ping {name}: {error}"))
        .about(name)
        .blame("destination")
        .hint("give its address, or a name of /etc/hosts; in the sandbox no name server can be reached")
}

fn of_the_other_family(name: &str, resolved: &Resolved, wanted: Family) -> Box<Failure> {
    let version = match wanted {
        Family::V4 => 4,
        Family::V6 => 6,
    };
    let words = format!(
        "cannot ping {name}: it has no IPv{version} address, only {}",
        resolved.address
    );
    Failure::new(words).about(name).blame("family")
}

pub(in crate::lab) fn as_io(error: Error) -> io::Error {
    match error.errno() {
        Some(errno) => io::Error::from_raw_os_error(errno as i32),
        None => io::Error::other(error.to_string()),
    }
}
