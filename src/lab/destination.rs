//! Where a probe goes: a name becomes an address, sockets are made in the current namespace, and what kept a probe from starting is
//! told in words.

use std::io;
use std::net::IpAddr;

use nix::errno::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::kernel::error::errno_words;
use crate::kernel::netns_change::HOME;
use crate::packet::icmp::Family;
use crate::probe::error::ProbeError;
use crate::probe::resolve::{ResolveError, Resolved, resolve};

use super::Lab;
use super::failure::{Failure, Outcome};

/// A probe that is to be made, for the words about it.
pub(super) struct Probe<'a> {
    /// What is done, to follow "cannot".
    pub words: &'static str,
    /// To whom, as the user wrote it.
    pub name: &'a str,
    /// The link that it is to leave by.
    pub iface: Option<&'a str>,
    /// The parameter that says to whom.
    pub parameter: &'static str,
}

impl Lab {
    /// The address of who is to be probed. Links that were brought up are waited for first.
    pub(super) fn destination(
        &self,
        probe: &Probe<'_>,
        prefer: Option<Family>,
    ) -> Outcome<Resolved> {
        self.settle();
        // A sandbox has no name server; asking for one there would only take time.
        let dns = !self.settings().sandboxed;
        let resolved =
            resolve(probe.name, prefer, dns).map_err(|error| unknown_host(probe, &error))?;
        if let Some(family) = prefer.filter(|family| *family != Family::of(resolved.address)) {
            return Err(of_the_other_family(probe, &resolved, family));
        }
        if resolved.address.is_ipv6() {
            self.settle_ipv6();
        }
        Ok(resolved)
    }

    /// What makes sockets in the current namespace.
    pub(super) fn opener(&self) -> impl Fn(Domain, Type, Protocol) -> io::Result<Socket> {
        let current = self.current();
        move |domain, kind, protocol| {
            let open = || Socket::new(domain, kind, Some(protocol));
            current.namespace()?.enter(open)?
        }
    }

    /// Why a probe could not be made.
    pub(super) fn explain_probe(
        &self,
        probe: &Probe<'_>,
        resolved: &Resolved,
        error: &ProbeError,
    ) -> Box<Failure> {
        let name = probe.name;
        let errno = error.errno().map(Errno::from_raw);
        let words = errno.map(errno_words).unwrap_or_default();
        let current = self.current();
        let mut failure = Box::new(Failure {
            object: name.into(),
            netns: current.label().into(),
            errno,
            kernel: words.clone(),
            argument: error.option().unwrap_or(probe.parameter).into(),
            ..Failure::default()
        });
        let reason = match error {
            ProbeError::Open(_) if errno != Some(Errno::EPERM) && errno != Some(Errno::EACCES) => {
                format!("cannot open a socket: {}", words.to_lowercase())
            }
            ProbeError::Open(_) => {
                failure.hint = "root, CAP_NET_RAW, or a group in net.ipv4.ping_group_range is needed; the sandbox has it".into();
                format!("cannot open an ICMP socket: {words}")
            }
            ProbeError::BindDevice { name, .. } | ProbeError::Scope { name, .. } => {
                failure.object = name.clone();
                failure.hint = self.link_hint(&current, name);
                match errno {
                    Some(Errno::ENODEV) => match self.link(name) {
                        // SO_BINDTODEVICE takes IFNAMSIZ bytes (sock_setbindtodevice in net/core/sock.c).
                        Ok(found) => {
                            failure.hint =
                                format!("give the first name of the link: {:?}", found.link.name);
                            format!(
                                "{name:?} is an altname, and no socket is bound by a name of more than 15 bytes"
                            )
                        }
                        Err(_) => format!("there is no link {name:?}"),
                    },
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
                failure.hint = self.no_way_hint(resolved, probe.iface, errno);
                no_way(resolved, errno, &words)
            }
            ProbeError::Receive(_) => format!("the socket broke: {words}"),
        };
        failure.message = format!("cannot {} {name}: {reason}", probe.words);
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

    /// The line that asks why such a probe gets no answer: from the same namespace, by the same way, with `more` options.
    pub(super) fn why_line(
        &self,
        resolved: &Resolved,
        iface: Option<&str>,
        more: impl IntoIterator<Item = String>,
    ) -> String {
        let mut given = Vec::new();
        let current = self.current();
        if current.name() != HOME {
            given.push(format!("from: {:?}", current.name()));
        }
        let iface = iface.or(resolved.scope.as_deref());
        given.extend(iface.map(|iface| format!("iface: {iface:?}")));
        given.extend(more);
        match given.is_empty() {
            true => format!("why(\"{}\")", resolved.address),
            false => format!("why(\"{}\", #{{ {} }})", resolved.address, given.join(", ")),
        }
    }

    fn no_way_hint(
        &self,
        resolved: &Resolved,
        iface: Option<&str>,
        errno: Option<Errno>,
    ) -> String {
        match errno {
            Some(Errno::EINVAL) if is_link_local(resolved) => {
                format!(
                    "a link-local address needs its link: {}%LINK, or the option iface",
                    resolved.address
                )
            }
            Some(Errno::EINVAL) => {
                "what leaves by a link has no source of lo (127.0.0.0/8), and no group".into()
            }
            Some(Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::EADDRNOTAVAIL) => match iface {
                Some(iface) => format!(
                    "is {iface} up, and has it an address in the network of {}?",
                    resolved.address
                ),
                None => format!(
                    "no link here that is up has an address in the network of {}, and there is no default route; {} tells what is missing",
                    resolved.address,
                    self.why_line(resolved, None, [])
                ),
            },
            _ => String::new(),
        }
    }
}

fn is_link_local(resolved: &Resolved) -> bool {
    matches!(resolved.address, IpAddr::V6(address) if address.is_unicast_link_local())
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
        // ip_route_output_key_hash_rcu of net/ipv4/route.c.
        Some(Errno::EINVAL) => "the kernel knows no way that goes with the source".into(),
        _ => words.to_lowercase(),
    }
}

fn unknown_host(probe: &Probe<'_>, error: &ResolveError) -> Box<Failure> {
    let Probe { words, name, .. } = probe;
    Failure::new(format!("cannot {words} {name}: {error}"))
        .about(*name)
        .blame(probe.parameter)
        .hint("give its address, or a name of /etc/hosts; in the sandbox no name server can be reached")
}

fn of_the_other_family(probe: &Probe<'_>, resolved: &Resolved, wanted: Family) -> Box<Failure> {
    let version = match wanted {
        Family::V4 => 4,
        Family::V6 => 6,
    };
    let Probe { words, name, .. } = probe;
    let words = format!(
        "cannot {words} {name}: it has no IPv{version} address, only {}",
        resolved.address
    );
    Failure::new(words).about(*name).blame("family")
}
