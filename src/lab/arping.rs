//! Questions of ARP from the current namespace: the link and the source found, each answer shown as it comes.

use std::net::{IpAddr, Ipv4Addr};

use crate::kernel::error::Error;
use crate::kernel::mac::Mac;
use crate::kernel::packet_socket::at_link::Listener;
use crate::kernel::route_question::Question;
use crate::kernel::wait::Waiter;
use crate::probe::arping::{ArpingOptions, ETH_P_ARP, Report, Start, Wire, arping};
use crate::probe::arping_text::{reply_line, start_line, statistics_lines};

use super::Lab;
use super::craft::Crafting;
use super::failure::{Failure, Outcome};
use super::send::Exit;

impl Lab {
    /// Asks for an address, at this link or at the one by which the kernel would.
    pub fn arping(
        &self,
        address: Ipv4Addr,
        iface: Option<&str>,
        source: Option<Ipv4Addr>,
        options: &ArpingOptions,
        quiet: bool,
        waiter: &dyn Waiter,
    ) -> Outcome<Report> {
        self.settle();
        let (name, argument) = match iface {
            Some(iface) => (iface.to_owned(), "iface"),
            None => (self.link_to(address, options)?, "address"),
        };
        let start = |exit: &Exit, mac: Mac| -> Outcome<Start> {
            Ok(Start {
                destination: address,
                source: match source {
                    Some(source) => source,
                    None if options.unsolicited => address,
                    None if options.dad => Ipv4Addr::UNSPECIFIED,
                    None => self.source_at(exit, address, waiter)?,
                },
                mac,
                iface: name.clone(),
            })
        };
        let say = |line: &str| {
            if !quiet {
                self.screen().live(line);
            }
        };
        let words = format!("ask for {address}");
        let exit = self
            .exit(&name)
            .map_err(|failure| failure.blame(argument))?;
        let mac = exit.link.mac.filter(|_| exit.asks());
        let Some(mac) = mac else {
            let words = format!("cannot {words}: {name} has no ARP");
            let hint = "a question of ARP goes out of links with Ethernet: veth, bridge, vlan, macvlan, tap";
            return Err(Failure::new(words).about(&name).blame(argument).hint(hint));
        };
        let start = start(&exit, mac)?;
        let refused = |error: &Error| {
            let failure =
                self.explain_with(&words, error, |refusal| exit.refusal(refusal.errno, 0, 0));
            failure.about(&name).blame(argument)
        };
        let index = exit.link.index;
        let listener = Listener::open(&exit.namespace, index, true, ETH_P_ARP)
            .map_err(|error| refused(&error))?;
        let sender = exit.namespace.sender(true);
        let wire = Wire {
            sender: sender.map_err(|error| refused(&error))?,
            listener: &listener,
            index,
        };
        say(&start_line(&start));
        let report = arping(wire, start, options, waiter, &mut |start, reply| {
            say(&reply_line(start, reply));
        });
        let report = report.map_err(|error| refused(&error))?;
        for line in statistics_lines(&report) {
            say(&line);
        }
        Ok(report)
    }

    /// The link behind which the kernel thinks that an address is.
    fn link_to(&self, address: Ipv4Addr, options: &ArpingOptions) -> Outcome<String> {
        let give = "the option iface says at which link to ask";
        let own = |link: String| match options.unsolicited || options.dad {
            // Its own address, which it announces or looks for.
            true => Ok(link),
            false => {
                let words = format!(
                    "cannot ask for {address}: it is an address of this machine itself ({link})"
                );
                let failure = Failure::new(words).about(address.to_string());
                Err(failure.blame("address").hint(give))
            }
        };
        let addresses = self.addresses(None).unwrap_or_default();
        let mut addresses = addresses.into_iter();
        if let Some((link, _)) = addresses.find(|(_, addr)| addr.local.address == address) {
            return own(link);
        }
        let (route, names) =
            self.route_to(&Question::of(IpAddr::V4(address)))
                .map_err(|failure| {
                    let hint = format!("{}; {give}", failure.hint);
                    failure.blame("address").hint(hint)
                })?;
        let hop = route.hops.first();
        let link = hop.and_then(|hop| names.links.get(&hop.link?).cloned());
        let via = hop.and_then(|hop| hop.via);
        match (link, via) {
            (Some(link), None) => Ok(link),
            (_, via) => {
                let reason = match via {
                    Some(via) => format!("it is not on a link here but behind {via}"),
                    None => "no link leads there".into(),
                };
                let words = format!("cannot ask for {address}: {reason}");
                let failure = Failure::new(words).about(address.to_string());
                Err(failure.blame("address").hint(give))
            }
        }
    }

    fn source_at(&self, exit: &Exit, address: Ipv4Addr, waiter: &dyn Waiter) -> Outcome<Ipv4Addr> {
        let crafting = Crafting {
            lab: self,
            namespace: exit.namespace.clone(),
            link: &exit.link,
            waiter,
        };
        match crafting.source_for(address.into(), "the option source: \"0.0.0.0\"") {
            Ok(IpAddr::V4(source)) => Ok(source),
            Ok(IpAddr::V6(_)) => Ok(Ipv4Addr::UNSPECIFIED),
            Err(failure) => Err(failure.blame("address")),
        }
    }
}

impl Exit {
    /// Whether neighbours are asked for by ARP here.
    fn asks(&self) -> bool {
        let has = |flag: &str| self.link.flags.contains(&flag);
        self.link.is_ethernet() && !has("LOOPBACK") && !has("NOARP")
    }
}
