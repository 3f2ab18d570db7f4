//! What the modules in Rhai (`stdlib/`) ask of Rust, as `native::name`: networks, times and rates, read as the verbs read them.
//!
//! Nothing here is a verb. What is wrong is thrown as a text, as a module throws its own.

use std::cell::RefCell;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult};

use crate::kernel::cidr::Cidr;
use crate::kernel::nft::rule::Place;
use crate::kernel::units;
use crate::lab::explain::ask;

use super::call::{RhaiResultOf, verb};
use super::nft_rule::new_rule;
use super::options::describe;

/// Where networks are taken from when none is said, and how many of 256 addresses there are.
const PRIVATE: [(Ipv4Addr, u32); 3] = [
    (Ipv4Addr::new(10, 0, 0, 0), 1 << 16),
    (Ipv4Addr::new(172, 16, 0, 0), 1 << 12),
    (Ipv4Addr::new(192, 168, 0, 0), 1 << 8),
];

thread_local! {
    /// The networks that `topo` has given away, each with the namespaces that have it.
    static GIVEN: RefCell<Vec<(Vec<String>, Cidr)>> = const { RefCell::new(Vec::new()) };
}

/// Not documented with `///`, which is the mark of a verb.
#[export_module]
pub mod api {
    // A value with the name of its type: `the string "b"`.
    pub fn described(value: Dynamic) -> String {
        describe(&value)
    }

    // Milliseconds: a number as it is, or a text with a unit.
    #[rhai_fn(return_raw)]
    pub fn milliseconds(value: Dynamic) -> RhaiResultOf<Dynamic> {
        amount(
            value,
            "a number of milliseconds, or a string with a unit (\"10ms\")",
            |text| units::duration(text).map(|time| time.as_secs_f64() * 1e3),
        )
    }

    // Bits per second: a number as it is, or a text with a unit.
    #[rhai_fn(return_raw)]
    pub fn bits_per_second(value: Dynamic) -> RhaiResultOf<Dynamic> {
        amount(
            value,
            "a number of bits per second, or a rate such as \"900mbit\"",
            |text| units::rate(text).map(|rate| rate as f64 * 8.0),
        )
    }

    // Throws unless this is a network whose addresses hosts can have.
    #[rhai_fn(return_raw)]
    pub fn check_subnet(value: Dynamic, is_ipv6: bool) -> RhaiResultOf<()> {
        subnet(&value, is_ipv6).map(|_| ())
    }

    // The n-th address of a network.
    #[rhai_fn(return_raw)]
    pub fn nth_address(value: Dynamic, number: i64) -> RhaiResultOf<String> {
        let text = value.clone().into_string().unwrap_or_default();
        nth(subnet(&value, text.contains(':'))?, number)
    }

    // Whether two networks have addresses in common.
    pub fn overlap(one: &str, other: &str) -> bool {
        match (one.parse::<Cidr>(), other.parse::<Cidr>()) {
            (Ok(one), Ok(other)) => one.contains(&other) || other.contains(&one),
            _ => false,
        }
    }

    // The first network of 256 addresses that no LAN and no cable of `topo` has.
    #[rhai_fn(return_raw)]
    pub fn free_subnet(ctx: NativeCallContext) -> RhaiResultOf<String> {
        let names = verb(&ctx, |lab| {
            ask(lab, "list the network namespaces", || lab.netns_names())
        })?;
        let names: HashSet<String> = names.into_iter().collect();
        GIVEN
            .with_borrow_mut(|given| {
                given.retain(|(holders, _)| holders.iter().all(|name| names.contains(name)));
                free(given.iter().map(|(_, network)| *network))
            })
            .map(|network| network.to_string())
            .ok_or_else(|| "there is no free subnet any more: say which one".into())
    }

    // A network is in use as long as these namespaces are there.
    pub fn take_subnet(subnet: &str, holders: Array) {
        if let Ok(network) = subnet.parse::<Cidr>() {
            let names = holders
                .into_iter()
                .filter_map(|name| name.into_string().ok());
            GIVEN.with_borrow_mut(|given| given.push((names.collect(), network)));
        }
    }

    // Throws unless these words can stand in a rule.
    #[rhai_fn(return_raw)]
    pub fn check_match(ctx: NativeCallContext, words: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let chain =
                super::super::nft::inside("inet netsh-expects prerouting", "chain", "chain")?;
            new_rule(lab, chain, words, Place::End).map(|_| ())
        })
    }
}

type Thrown = Box<EvalAltResult>;

fn amount(
    value: Dynamic,
    wanted: &str,
    read: impl Fn(&str) -> Result<f64, String>,
) -> RhaiResultOf<Dynamic> {
    if let Some(text) = value.read_lock::<rhai::ImmutableString>() {
        return Ok(read(&text)?.into());
    }
    let number = value
        .as_float()
        .or_else(|_| value.as_int().map(|int| int as f64));
    match number {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(value),
        _ => Err(format!("{} is not {wanted}", describe(&value)).into()),
    }
}

fn subnet(value: &Dynamic, is_ipv6: bool) -> Result<Cidr, Thrown> {
    let (version, example) = match is_ipv6 {
        true => (6, "fd00:1::/64"),
        false => (4, "10.1.0.0/24"),
    };
    let Ok(text) = value.clone().into_string() else {
        let got = describe(value);
        return Err(format!("a subnet is a string such as {example:?}, and not {got}").into());
    };
    let read = text.parse::<Cidr>().ok();
    let read = read.filter(|cidr| cidr.address.is_ipv6() == is_ipv6);
    let Some(cidr) = read else {
        return Err(format!("{text:?} is no IPv{version} network such as {example:?}").into());
    };
    let fault = match cidr.address {
        _ if cidr.network() != cidr => {
            format!(
                "is an address in a network: the network is {}",
                cidr.network()
            )
        }
        _ if cidr.prefix == 0 => "is all addresses, and not a network of some".into(),
        address if address.is_multicast() => "is for groups: no host has such an address".into(),
        address if address.is_loopback() => "is for the host itself".into(),
        IpAddr::V4(address) if address.octets().starts_with(&[0]) => {
            "is for no network: no host has such an address".into()
        }
        _ => return Ok(cidr),
    };
    Err(format!("{text:?} {fault}").into())
}

fn nth(network: Cidr, number: i64) -> RhaiResultOf<String> {
    let host_bits = u32::from(Cidr::bits(network.address).saturating_sub(network.prefix));
    // The lowest is the network; in IPv4 the highest is all of its hosts.
    let kept = if network.address.is_ipv4() { 2 } else { 1 };
    let all = 1u128.checked_shl(host_bits).unwrap_or(u128::MAX);
    let has = all.saturating_sub(kept);
    let number = u128::try_from(number).unwrap_or(0);
    if number == 0 || number > has {
        let has = if has == 0 {
            "none".into()
        } else {
            has.to_string()
        };
        let words =
            format!("the network {network} has no address for number {number}: it has {has}");
        return Err(words.into());
    }
    let address: IpAddr = match network.address {
        IpAddr::V4(first) => {
            let number = u32::try_from(number).unwrap_or(0);
            Ipv4Addr::from_bits(first.to_bits().saturating_add(number)).into()
        }
        IpAddr::V6(first) => Ipv6Addr::from_bits(first.to_bits().saturating_add(number)).into(),
    };
    Ok(address.to_string())
}

/// The first free network; those that are wider than 256 addresses are few.
fn free(used: impl Iterator<Item = Cidr>) -> Option<Cidr> {
    let (mut small, mut wide) = (HashSet::new(), Vec::new());
    for network in used {
        match network.address {
            IpAddr::V4(address) if network.prefix >= 24 => {
                small.insert(address.to_bits() >> 8);
            }
            IpAddr::V4(_) => wide.push(network),
            IpAddr::V6(_) => {}
        }
    }
    let candidates = PRIVATE.iter().flat_map(|(first, count)| {
        let first = first.to_bits() >> 8;
        first..first.saturating_add(*count)
    });
    let network = |number: u32| Cidr {
        address: Ipv4Addr::from_bits(number << 8).into(),
        prefix: 24,
    };
    candidates
        .filter(|number| !small.contains(number))
        .map(network)
        .find(|network| !wide.iter().any(|wide| wide.contains(network)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn a_free_network_is_in_none_that_is_used() {
        let free = |used: &[&str]| {
            free(used.iter().map(|text| cidr(text)))
                .unwrap()
                .to_string()
        };
        assert_eq!(free(&[]), "10.0.0.0/24");
        assert_eq!(free(&["10.0.0.0/24", "10.0.2.0/24"]), "10.0.1.0/24");
        assert_eq!(free(&["10.0.0.128/25", "10.0.0.0/16"]), "10.1.0.0/24");
        assert_eq!(free(&["10.0.0.0/8", "fd00::/64"]), "172.16.0.0/24");
    }

    #[test]
    fn addresses_are_inside_their_network() {
        assert_eq!(nth(cidr("10.0.0.0/30"), 2).unwrap(), "10.0.0.2");
        assert_eq!(nth(cidr("fd00::/127"), 1).unwrap(), "fd00::1");
        for (network, number) in [
            ("10.0.0.0/30", 3),
            ("10.0.0.1/32", 1),
            ("fd00::/127", 2),
            ("10.0.0.0/24", -1),
        ] {
            assert!(nth(cidr(network), number).is_err(), "{network} {number}");
        }
    }

    proptest! {
        #[test]
        fn no_text_and_no_number_panic(text in ".{0,20}", prefix in 0u8..=128, number: i64) {
            for text in [text.clone(), format!("fd00::/{prefix}"), format!("10.0.0.0/{prefix}")] {
                for is_ipv6 in [true, false] {
                    if let Ok(network) = subnet(&text.clone().into(), is_ipv6) {
                        let address = nth(network, number).ok();
                        let inside = |address: String| network.contains(&Cidr { address: address.parse().unwrap(), prefix: Cidr::bits(network.address) });
                        prop_assert!(address.is_none_or(inside));
                    }
                }
            }
        }
    }
}
