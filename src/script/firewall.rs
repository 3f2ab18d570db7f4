//! Short forms for what nftables is used for most: masquerading, port forwarding, policies. Each is a table, a chain and a rule.

use std::net::IpAddr;
use std::rc::Rc;

use rhai::Map;
use rhai::plugin::*;

use crate::kernel::change::Change;
use crate::kernel::cidr::Cidr;
use crate::kernel::nft::chain::ChainAdd;
use crate::kernel::nft::family::Family;
use crate::kernel::nft::hook::{Hook, hooks, read_priority};
use crate::kernel::nft::name::{Inside, TableName};
use crate::kernel::nft::rule::Place;
use crate::kernel::nft::table::TableAdd;
use crate::lab::Lab;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::suggest::nearest;

use super::call::{RhaiResultOf, verb};
use super::nft_rule::{apply_rule, new_rule};
use super::options::Options;

/// The verbs.
#[export_module]
pub mod api {
    /// Hides a network behind the address of the link by which its packets leave: source NAT, as a home router does it.
    ///
    /// The rule goes into chain postrouting of table nat (family ip or ip6, as the network is), which is made if it is not there.
    /// The namespace has to forward packets too: `sysctl_set("net.ipv4.ip_forward", 1)`.
    ///
    /// It is what `iptables -t nat -A POSTROUTING -s CIDR -o DEV -j MASQUERADE` does.
    ///
    /// Search words: `snat`, `masquerading`, `gateway`, `router`, `internet`, `share`, `nft`
    ///
    /// # Options
    /// - `table` (string): another table than "nat"
    ///
    /// # Returns
    /// The handle of the rule, an int.
    ///
    /// # Errors
    /// Not a network; this kernel has no NAT.
    ///
    /// # Example
    /// ```rhai
    /// nat_masquerade("192.168.7.0/24", "eth0");
    /// print(nft_text());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nat_masquerade(
        ctx: NativeCallContext,
        cidr: &str,
        dev: &str,
        options: Map,
    ) -> RhaiResultOf<i64> {
        verb(&ctx, |lab| {
            let network = read_network(cidr, "cidr")?;
            let mut options = Options::new(options);
            let table = options
                .take::<String>("table")?
                .unwrap_or_else(|| "nat".into());
            options.finish()?;
            if network.network() != network {
                let words = format!("{cidr:?} is an address in a network, and not the network");
                let failure = Failure::new(words).about(cidr).blame("cidr");
                return Err(failure.hint(format!("the network is {}", network.network())));
            }
            let family = family_of(network.address);
            link_name(dev, "dev")?;
            let rule = format!("{family} saddr {network} oifname \"{dev}\" masquerade");
            let chain = named(family, &table, "postrouting")?;
            base_chain(lab, &chain, "nat", "srcnat", None)?;
            add(lab, chain, &rule)
        })
    }

    /// Forwards a port: what comes to this machine at the port goes to another address, destination NAT.
    ///
    /// The rule goes into chain prerouting of table nat (family ip or ip6, as the address is), which is made if it is not
    /// there. The namespace has to forward packets too: `sysctl_set("net.ipv4.ip_forward", 1)`.
    ///
    /// It is what `iptables -t nat -A PREROUTING -p tcp --dport PORT -j DNAT --to-destination TO` does.
    ///
    /// Search words: `port forwarding`, `publish`, `expose`, `docker -p`, `redirect`, `nft`
    ///
    /// # Options
    /// - `proto` (word): "tcp" (the default), "udp" or "sctp"
    /// - `dev` (link): only what comes in by this link
    /// - `daddr` (address): only what is sent to this address
    /// - `output` (bool): also what this machine itself sends
    ///
    /// # Returns
    /// The handle of the rule, an int.
    ///
    /// # Errors
    /// Not a port; not an address, or an address and a port (`"10.0.0.2:80"`, `"[fd00::2]:80"`).
    ///
    /// # Example
    /// ```rhai
    /// nat_dnat(8080, "172.17.0.2:80", #{ dev: "eth0" });
    /// print(nft_text());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nat_dnat(
        ctx: NativeCallContext,
        port: i64,
        to: &str,
        options: Map,
    ) -> RhaiResultOf<i64> {
        verb(&ctx, |lab| {
            let port = u16::try_from(port).map_err(|_| {
                Failure::new(format!("{port} is not a port: they go from 0 to 65535")).blame("port")
            })?;
            let (address, target) = read_target(to)?;
            let mut options = Options::new(options);
            let proto = options
                .take::<String>("proto")?
                .unwrap_or_else(|| "tcp".into());
            let dev = options.take::<String>("dev")?;
            let daddr = options.take::<IpAddr>("daddr")?;
            let output = options.flag("output")?;
            options.finish()?;
            if !["tcp", "udp", "sctp"].contains(&proto.as_str()) {
                return Err(
                    Failure::new(format!("{proto:?} is not a transport with ports"))
                        .blame("proto")
                        .hint("tcp, udp or sctp"),
                );
            }
            let family = family_of(address);
            let mut matches = Vec::new();
            if let Some(dev) = &dev {
                link_name(dev, "dev")?;
                matches.push(format!("iifname \"{dev}\""));
            }
            if let Some(daddr) = daddr {
                if family_of(daddr) != family {
                    let words = format!("{daddr} and {address} are of different families");
                    return Err(Failure::new(words).blame("daddr"));
                }
                matches.push(format!("{family} daddr {daddr}"));
            }
            matches.push(format!("{proto} dport {port} dnat to {target}"));
            let rule = matches.join(" ");
            if output {
                let chain = named(family, "nat", "output")?;
                base_chain(lab, &chain, "nat", "-100", None)?;
                // What leaves has not come in by any link.
                let rule = matches.iter().filter(|one| !one.starts_with("iifname"));
                let rule: Vec<&str> = rule.map(String::as_str).collect();
                add(lab, chain, &rule.join(" "))?;
            }
            let chain = named(family, "nat", "prerouting")?;
            base_chain(lab, &chain, "nat", "dstnat", None)?;
            add(lab, chain, &rule)
        })
    }

    /// Says what becomes of packets that no rule decides: those that come in, are forwarded, or go out.
    ///
    /// The chain is that of the hook in table filter of family inet, for IPv4 and IPv6; both are made if they are not there.
    ///
    /// It is what `iptables -P FORWARD DROP` does.
    ///
    /// Search words: `default drop`, `block`, `nft`
    ///
    /// # Errors
    /// No such hook or policy.
    ///
    /// # Example
    /// ```rhai
    /// firewall_policy("forward", "drop");
    /// firewall_allow("forward", "ct state established,related");
    /// print(nft_text());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn firewall_policy(ctx: NativeCallContext, hook: &str, policy: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let chain = filter_chain(hook)?;
            let drops = match policy {
                "accept" => false,
                "drop" => true,
                other => {
                    return Err(Failure::new(format!("{other:?} is not a policy"))
                        .blame("policy")
                        .hint("accept or drop"));
                }
            };
            base_chain(lab, &chain, "filter", "filter", Some(drops))
        })
    }

    /// Accepts what fits, at a hook: `firewall_allow("input", "tcp dport 22")`.
    ///
    /// The rule goes behind those that are there, with a counter, into the chain of the hook in table filter of family inet.
    ///
    /// Search words: `accept`, `open port`, `nft`
    ///
    /// # Returns
    /// The handle of the rule, an int.
    ///
    /// # Errors
    /// No such hook; not what a rule can look at.
    ///
    /// # Example
    /// ```rhai
    /// firewall_policy("input", "drop");
    /// firewall_allow("input", "iif lo");
    /// firewall_allow("input", "tcp dport { 22, 80 }");
    /// print(nft_text());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn firewall_allow(ctx: NativeCallContext, hook: &str, rule: &str) -> RhaiResultOf<i64> {
        verb(&ctx, |lab| decide(lab, hook, rule, "accept"))
    }

    /// Drops what fits, at a hook: `firewall_deny("forward", "ip saddr 10.0.0.0/8")`.
    ///
    /// The rule goes behind those that are there, with a counter, into the chain of the hook in table filter of family inet.
    ///
    /// Search words: `drop`, `block`, `isolate`, `nft`
    ///
    /// # Returns
    /// The handle of the rule, an int.
    ///
    /// # Errors
    /// No such hook; not what a rule can look at.
    ///
    /// # Example
    /// ```rhai
    /// firewall_deny("forward", "ip saddr 10.0.0.0/8 ip daddr 192.168.0.0/16");
    /// print(nft_text());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn firewall_deny(ctx: NativeCallContext, hook: &str, rule: &str) -> RhaiResultOf<i64> {
        verb(&ctx, |lab| decide(lab, hook, rule, "drop"))
    }
}

fn decide(lab: &Lab, hook: &str, rule: &str, verdict: &str) -> Outcome<i64> {
    let chain = filter_chain(hook)?;
    let full = format!("{rule} counter {verdict}");
    // What is wrong is said before anything is made, and first of what the script wrote.
    if !rule.trim().is_empty() {
        new_rule(lab, chain.clone(), rule, Place::End)?;
    }
    new_rule(lab, chain.clone(), &full, Place::End)?;
    base_chain(lab, &chain, "filter", "filter", None)?;
    add(lab, chain, &full)
}

fn add(lab: &Lab, chain: Inside, rule: &str) -> Outcome<i64> {
    let add = new_rule(lab, chain, rule, Place::End)?;
    apply_rule(lab, add, "")
}

fn family_of(address: IpAddr) -> Family {
    if address.is_ipv4() {
        Family::Ip
    } else {
        Family::Ip6
    }
}

fn named(family: Family, table: &str, chain: &str) -> Outcome<Inside> {
    super::nft::inside(&format!("{family} {table} {chain}"), "chain", "table")
}

/// The chain of a hook in table filter.
fn filter_chain(hook: &str) -> Outcome<Inside> {
    const HOOKS: [&str; 5] = ["input", "forward", "output", "prerouting", "postrouting"];
    if !HOOKS.contains(&hook) {
        let hint = match nearest(hook, HOOKS) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("the hooks are {}", HOOKS.join(", ")),
        };
        return Err(Failure::new(format!("{hook:?} is not a hook"))
            .about(hook)
            .blame("hook")
            .hint(hint));
    }
    named(Family::Inet, "filter", hook)
}

/// Makes a base chain and its table, if they are not there.
fn base_chain(
    lab: &Lab,
    chain: &Inside,
    kind: &str,
    priority: &str,
    drops: Option<bool>,
) -> Outcome<()> {
    let family = chain.table.family;
    let number = hooks(family).iter().find(|(name, _)| *name == chain.name);
    let add = ChainAdd {
        chain: chain.clone(),
        hook: Some(Hook {
            kind: kind.into(),
            number: number.map_or(0, |(_, number)| *number),
            priority: read_priority(priority, family).unwrap_or(0),
            drops: drops.unwrap_or(false),
            devices: Vec::new(),
        }),
        says_policy: drops.is_some(),
        comment: None,
    };
    let table: TableName = chain.table.clone();
    let here = lab.current();
    let steps: [(Rc<_>, Change); 2] = [
        (here.clone(), TableAdd::new(table).into()),
        (here, add.into()),
    ];
    lab.apply_together(&steps)
}

fn read_network(text: &str, argument: &str) -> Outcome<Cidr> {
    text.parse()
        .map_err(|fault: crate::kernel::cidr::CidrFault| {
            Failure::new(fault.message)
                .about(text)
                .blame(argument)
                .hint(fault.hint)
        })
}

fn link_name(name: &str, argument: &str) -> Outcome<()> {
    if name.is_empty()
        || name.len() > 15
        || name.contains(['"', '/'])
        || name.contains(char::is_whitespace)
    {
        return Err(Failure::new(format!("{name:?} is not the name of a link")).blame(argument));
    }
    Ok(())
}

/// Reads an address, perhaps with a port: what it is, and as nft writes it.
fn read_target(to: &str) -> Outcome<(IpAddr, String)> {
    let bad = || {
        Failure::new(format!(
            "{to:?} is not an address, nor an address and a port"
        ))
        .about(to)
        .blame("to")
        .hint("such as 172.17.0.2:80 or [fd00::2]:80")
    };
    if let Ok(address) = to.parse::<IpAddr>() {
        return Ok((address, to.into()));
    }
    let socket: std::net::SocketAddr = to.parse().map_err(|_| bad())?;
    Ok((socket.ip(), socket.to_string()))
}
