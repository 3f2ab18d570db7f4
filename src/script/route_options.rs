//! Reads what the verbs about routes are given.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use rhai::{Array, Dynamic, Map};

use crate::kernel::cidr::Cidr;
use crate::kernel::reason::listed;
use crate::kernel::route::{AF_INET, AF_INET6, Hop, ONLINK, Route, usual_scope, usual_table};
use crate::kernel::route_change::{Mode, RouteAdd, RouteDel};
use crate::kernel::route_filter::Meant;
use crate::kernel::route_metrics::{Form, METRICS, Metric, Metrics, Value, feature};
use crate::kernel::route_names::{
    BOOT, Numbers, PREFERENCES, PROTOCOLS, SCOPES, TYPES, kind, realm_number, scope, table,
    table_names, table_number,
};
use crate::lab::failure::{Failure, Outcome};
use crate::lab::suggest::nearest;

use super::options::{Fault, OptionValue, Options};

/// A family of addresses by its name in `ip -family`.
pub struct Family(pub u8);

impl Family {
    /// Whether it is IPv4.
    pub fn is_ipv4(&self) -> bool {
        self.0 == AF_INET
    }
}

impl OptionValue for Family {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        match String::read(value)?.as_str() {
            "inet" => Ok(Family(AF_INET)),
            "inet6" => Ok(Family(AF_INET6)),
            other => Err(Fault::Value(format!(
                "{other:?} is not a family of addresses; the families are inet and inet6"
            ))),
        }
    }
}

/// A routing table by name or number; all of them are 0.
pub struct Table(pub u32);

impl OptionValue for Table {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let wanted = || Fault::Type("the name or the number of a routing table");
        let text = match value.as_int() {
            Ok(number) => number.to_string(),
            Err(_) => String::read(value).map_err(|_| wanted())?,
        };
        if text == "all" {
            return Ok(Table(table::UNSPEC));
        }
        table_number(&text).map(Table).ok_or_else(|| {
            let names = table_names();
            let help = match nearest(&text, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!(
                    "the tables with names are {}; any other has a number from 1 to {}",
                    listed(&names),
                    u32::MAX
                ),
            };
            Fault::Value(format!("there is no routing table {text:?}; {help}"))
        })
    }
}

impl Table {
    /// One table, where all of them would make no sense.
    pub fn one(self, key: &str) -> Outcome<u32> {
        match self.0 {
            table::UNSPEC => Err(Failure::new("this is about one table, not about all").blame(key)),
            number => Ok(number),
        }
    }
}

/// A router: an address, before which the name of its family may stand.
pub struct Via {
    /// The address.
    pub address: IpAddr,
    /// Whether the family was named, so that it may be another one than the destination's.
    is_named: bool,
}

impl OptionValue for Via {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = String::read(value).map_err(|_| Fault::Type("an IP address as a string"))?;
        let (family, address) = match text.split_once(' ') {
            Some((family, address)) => (Some(family), address.trim()),
            None => (None, text.as_str()),
        };
        let wrong = || Fault::Value(format!("{text:?} is not an IP address"));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        match (family, address.is_ipv4()) {
            (None, _) | (Some("inet"), true) | (Some("inet6"), false) => Ok(Via {
                address,
                is_named: family.is_some(),
            }),
            _ => Err(wrong()),
        }
    }
}

/// Realms: a number, or two with a slash between them.
pub struct Realms(pub u32);

impl OptionValue for Realms {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = match value.as_int() {
            Ok(number) => number.to_string(),
            Err(_) => String::read(value).map_err(|_| Fault::Type("a string such as \"3/5\""))?,
        };
        realm_number(&text).map(Realms).ok_or_else(|| {
            Fault::Value(format!(
                "{text:?} is neither a realm from 0 to 255 nor two of them such as \"3/5\""
            ))
        })
    }
}

/// Which routes of a list are meant. "default" is that of IPv4 unless the family is said to be another.
pub fn read_meant(options: &mut Options, family: Option<&Family>) -> Outcome<Meant> {
    let is_ipv6 = family.is_some_and(|family| !family.is_ipv4());
    let mut network_of = |key: &'static str| {
        let text = options.take::<String>(key)?;
        text.map(|text| match text.as_str() {
            "default" if is_ipv6 => network("::/0", key),
            "default" => network("0.0.0.0/0", key),
            text => network(text, key),
        })
        .transpose()
    };
    let (exact, root, matches) = (
        network_of("exact")?,
        network_of("root")?,
        network_of("matches")?,
    );
    Ok(Meant {
        scope: numbered(options, "scope", &SCOPES)?,
        via: options.take::<Via>("via")?.map(|via| via.address),
        exact,
        root,
        matches,
    })
}

/// A name out of a list, or its number.
pub fn numbered<T: TryFrom<u32>>(
    options: &mut Options,
    key: &'static str,
    numbers: &Numbers,
) -> Outcome<Option<T>> {
    let Some(value) = options.take::<Dynamic>(key)? else {
        return Ok(None);
    };
    let text = match value.as_int() {
        Ok(number) => number.to_string(),
        Err(_) => value.clone().into_string().unwrap_or_default(),
    };
    let number = numbers
        .number(&text)
        .and_then(|number| T::try_from(number).ok());
    number.map(Some).ok_or_else(|| {
        let names: Vec<String> = numbers.all().map(str::to_owned).collect();
        let words = format!(
            "{} is not {}",
            super::options::describe(&value),
            numbers.what
        );
        let hint = match nearest(&text, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("they are {}", names.join(", ")),
        };
        Failure::new(words).about(key).blame(key).hint(hint)
    })
}

/// A port.
pub fn port(options: &mut Options, key: &'static str) -> Outcome<Option<u16>> {
    let Some(number) = options.take::<i64>(key)? else {
        return Ok(None);
    };
    u16::try_from(number).map(Some).map_err(|_| {
        let words = format!("{number} is no port: they go from 0 to 65535");
        Failure::new(words).about(key).blame(key)
    })
}

/// An address without a prefix.
pub fn router(text: &str, argument: &str) -> Outcome<IpAddr> {
    text.parse().map_err(|_| {
        let failure = Failure::new(format!("{text:?} is not an IP address"));
        failure.about(text).blame(argument)
    })
}

/// A network as an option.
pub fn read_destination(options: &mut Options, key: &'static str) -> Outcome<Option<Cidr>> {
    let text = options.take::<String>(key)?;
    text.map(|text| network(&text, key)).transpose()
}

/// A network, or one host.
pub fn network(text: &str, argument: &str) -> Outcome<Cidr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        let prefix = Cidr::bits(address);
        return Ok(Cidr { address, prefix });
    }
    let cidr: Cidr = text.parse().map_err(|fault: crate::kernel::cidr::CidrFault| {
        let hint = "write a network such as 10.0.0.0/8 or fd00::/16, a host such as 10.0.0.1, or \"default\"";
        let failure = Failure::new(fault.message).about(text).blame(argument);
        failure.hint(if fault.hint.starts_with("an IPv") { fault.hint } else { hint.into() })
    })?;
    if cidr.network() != cidr {
        let words = format!(
            "{text:?} names a host in a network, not the network: bits are set after the prefix"
        );
        let hint = format!(
            "the network is {}; the host alone is {}",
            cidr.network(),
            cidr.address
        );
        return Err(Failure::new(words).about(text).blame(argument).hint(hint));
    }
    Ok(cidr)
}

/// What is said about a route, whether it is to be made or to go.
struct Given {
    via: Option<Via>,
    dev: Option<String>,
    src: Option<IpAddr>,
    family: Option<Family>,
    onlink: bool,
    nexthops: Vec<(Option<Via>, Hop<String>)>,
}

impl Given {
    fn take(options: &mut Options, is_new: bool) -> Outcome<Self> {
        Ok(Given {
            via: options.take("via")?,
            dev: options.take("dev")?,
            src: options.take("src")?,
            family: options.take("family")?,
            onlink: is_new && options.flag("onlink")?,
            nexthops: match options.take::<Array>("nexthops")? {
                None => Vec::new(),
                Some(list) => list.iter().map(next_hop).collect::<Outcome<_>>()?,
            },
        })
    }

    /// Where "default" leads depends on what else is said.
    fn destination(&self, text: &str) -> Outcome<Cidr> {
        if text != "default" {
            let cidr = network(text, "destination")?;
            return match &self.family {
                Some(family) if family.is_ipv4() != cidr.address.is_ipv4() => {
                    let words = format!("{text} is not of this family");
                    Err(Failure::new(words).about(text).blame("family"))
                }
                _ => Ok(cidr),
            };
        }
        let first = self.nexthops.first().and_then(|(via, _)| via.as_ref());
        let via = self.via.as_ref().or(first).filter(|via| !via.is_named);
        let from_address = || via.map(|via| via.address).or(self.src);
        let is_ipv4 = match &self.family {
            Some(family) => family.is_ipv4(),
            None => from_address().is_none_or(|address| address.is_ipv4()),
        };
        Ok(Cidr {
            address: match is_ipv4 {
                true => Ipv4Addr::UNSPECIFIED.into(),
                false => Ipv6Addr::UNSPECIFIED.into(),
            },
            prefix: 0,
        })
    }

    /// The ways of the route, whose routers fit its destination.
    fn hops(&self, destination: Cidr) -> Outcome<Vec<Hop<String>>> {
        let several = !self.nexthops.is_empty();
        if several && (self.via.is_some() || self.dev.is_some() || self.onlink) {
            let words = "a route has either one way or nexthops";
            let failure = Failure::new(words).blame("nexthops");
            return Err(failure.hint("put via, dev and onlink into the maps of nexthops"));
        }
        if several {
            let hops = self.nexthops.iter();
            return hops
                .map(|(via, hop)| with_router(hop.clone(), via.as_ref(), destination, "nexthops"))
                .collect();
        }
        if self.via.is_none() && self.dev.is_none() {
            return Ok(Vec::new());
        }
        let mut hop = Hop::new(None, self.dev.clone());
        hop.flags = if self.onlink { ONLINK } else { 0 };
        Ok(vec![with_router(
            hop,
            self.via.as_ref(),
            destination,
            "via",
        )?])
    }
}

fn with_router(
    hop: Hop<String>,
    via: Option<&Via>,
    destination: Cidr,
    argument: &str,
) -> Outcome<Hop<String>> {
    let Some(via) = via else { return Ok(hop) };
    let address = via.address;
    if address.is_ipv4() != destination.address.is_ipv4() && !via.is_named {
        let version = |address: IpAddr| if address.is_ipv4() { "IPv4" } else { "IPv6" };
        let words = format!(
            "the router {address} is an {} address, and the route is one of {}",
            version(address),
            version(destination.address)
        );
        let failure = Failure::new(words)
            .about(address.to_string())
            .blame(argument);
        return Err(failure.hint(match address {
            IpAddr::V6(_) => format!("if that is meant: \"inet6 {address}\""),
            IpAddr::V4(_) => "an IPv6 route needs an IPv6 router".into(),
        }));
    }
    Ok(Hop {
        via: Some(address),
        ..hop
    })
}

fn next_hop(value: &Dynamic) -> Outcome<(Option<Via>, Hop<String>)> {
    let blame = |mut failure: Box<Failure>| {
        failure.message = format!("in nexthops: {}", failure.message);
        failure.blame("nexthops")
    };
    let Some(given) = value.clone().try_cast::<Map>() else {
        let words = format!(
            "each of nexthops is a map with via, dev and weight, not {}",
            super::options::describe(value)
        );
        return Err(Failure::new(words).blame("nexthops"));
    };
    let mut options = Options::new(given);
    let mut read = || -> Outcome<(Option<Via>, Hop<String>)> {
        let via = options.take("via")?;
        let mut hop = Hop::new(None, options.take("dev")?);
        hop.weight = options.take("weight")?.unwrap_or(1);
        hop.flags = if options.flag("onlink")? { ONLINK } else { 0 };
        if !(1..=256).contains(&hop.weight) {
            let words = format!("a weight of {} is not between 1 and 256", hop.weight);
            return Err(Failure::new(words));
        }
        Ok((via, hop))
    };
    let read = read().map_err(blame)?;
    options.finish().map_err(blame)?;
    Ok(read)
}

/// What is said of new routes, but for where they lead.
pub struct NewRoute {
    given: Given,
    rest: Route<String>,
    scope: Option<u8>,
}

/// A new route.
pub fn read_route(destination: &str, options: Options) -> Outcome<Route<String>> {
    NewRoute::read(options)?.to(destination)
}

/// New routes of which the same is said.
pub fn read_routes(destinations: &Array, options: Options) -> Outcome<Vec<RouteAdd>> {
    let new = NewRoute::read(options)?;
    let read = |destination: &Dynamic| {
        let text = destination.as_immutable_string_ref().map_err(|_| {
            let got = super::options::describe(destination);
            Failure::new(format!("each destination is a string, not {got}")).blame("destination")
        })?;
        Ok(RouteAdd {
            route: new.to(&text)?,
            mode: Mode::Add,
        })
    };
    destinations.iter().map(read).collect()
}

impl NewRoute {
    fn read(mut options: Options) -> Outcome<Self> {
        let given = Given::take(&mut options, true)?;
        let kind = numbered(&mut options, "type", &TYPES)?.unwrap_or(kind::UNICAST);
        let chosen = options.take::<Table>("table")?;
        let chosen = chosen.map(|table| table.one("table")).transpose()?;
        let scope: Option<u8> = numbered(&mut options, "scope", &SCOPES)?;
        let from = read_destination(&mut options, "from")?;
        let expires = options.take::<Duration>("expires")?;
        let nowhere = Cidr {
            address: Ipv4Addr::UNSPECIFIED.into(),
            prefix: 0,
        };
        let rest = Route::<String> {
            kind,
            table: chosen.unwrap_or(usual_table(kind)),
            protocol: numbered(&mut options, "protocol", &PROTOCOLS)?.unwrap_or(BOOT),
            tos: options.take("tos")?.unwrap_or(0),
            metric: options.take("metric")?,
            preference: numbered(&mut options, "pref", &PREFERENCES)?,
            expires: expires.map(|time| u32::try_from(time.as_secs()).unwrap_or(u32::MAX)),
            realms: options.take::<Realms>("realms")?.map(|realms| realms.0),
            metrics: metrics(&mut options)?,
            source: given.src,
            from,
            ..Route::to(nowhere)
        };
        options.finish()?;
        Ok(NewRoute { given, rest, scope })
    }

    fn to(&self, destination: &str) -> Outcome<Route<String>> {
        let NewRoute { given, rest, scope } = self;
        let destination = given.destination(destination)?;
        // Of the other family the kernel never looks at them (rtm_ipv4_policy in net/ipv4/fib_frontend.c, rtm_ipv6_policy in
        // net/ipv6/route.c).
        let of_one_family = [
            ("pref", false, rest.preference.is_some()),
            ("expires", false, rest.expires.is_some()),
            ("from", false, rest.from.is_some()),
            ("realms", true, rest.realms.is_some()),
            ("scope", true, scope.is_some()),
        ];
        let is_ipv4 = destination.address.is_ipv4();
        let is_lost = |(_, of_ipv4, given): &&(&str, bool, bool)| *given && *of_ipv4 != is_ipv4;
        if let Some((key, of_ipv4, _)) = of_one_family.iter().find(is_lost) {
            let family = if *of_ipv4 { "IPv4" } else { "IPv6" };
            let words = format!("{key} is for routes of {family}");
            return Err(Failure::new(words).blame(*key));
        }
        same_family(destination, given.src, "src")?;
        same_family(destination, rest.from.map(|from| from.address), "from")?;
        let mut route = Route {
            destination,
            hops: given.hops(destination)?,
            ..rest.clone()
        };
        route.scope = scope.unwrap_or(usual_scope(&route));
        Ok(route)
    }
}

/// What is said of a route that is to go.
pub fn read_selector(destination: &str, mut options: Options) -> Outcome<Route<String>> {
    let given = Given::take(&mut options, false)?;
    let kind = numbered(&mut options, "type", &TYPES)?.unwrap_or(kind::UNSPEC);
    let chosen = options.take::<Table>("table")?;
    let chosen = chosen.map(|table| table.one("table")).transpose()?;
    let scope = numbered(&mut options, "scope", &SCOPES)?.unwrap_or(scope::NOWHERE);
    let protocol = numbered(&mut options, "protocol", &PROTOCOLS)?.unwrap_or(0);
    let tos = options.take("tos")?.unwrap_or(0);
    let metric = options.take("metric")?;
    options.finish()?;
    let destination = given.destination(destination)?;
    same_family(destination, given.src, "src")?;
    Ok(Route {
        kind,
        table: chosen.unwrap_or(usual_table(kind)),
        protocol,
        tos,
        metric,
        source: given.src,
        hops: given.hops(destination)?,
        scope,
        ..RouteDel::to(destination).route
    })
}

fn same_family(destination: Cidr, address: Option<IpAddr>, key: &str) -> Outcome<()> {
    match address {
        Some(address) if address.is_ipv4() != destination.address.is_ipv4() => {
            let words = format!("{address} and the destination are of different families");
            Err(Failure::new(words).about(address.to_string()).blame(key))
        }
        _ => Ok(()),
    }
}

fn metrics(options: &mut Options) -> Outcome<Metrics> {
    let mut metrics = Metrics::default();
    for metric in &METRICS {
        let value = metric_value(options, metric)?;
        metrics.set.extend(value.map(|value| (metric, value)));
    }
    for name in options.take::<Array>("lock")?.unwrap_or_default() {
        let name = name.into_string().unwrap_or_default();
        match metrics.set.iter().find(|(metric, _)| metric.key == name) {
            Some(&(metric, _)) => metrics.lock(metric),
            None => {
                let words = format!("{name:?} can't be locked: it is not among what is set");
                return Err(Failure::new(words).blame("lock"));
            }
        }
    }
    Ok(metrics)
}

fn metric_value(options: &mut Options, metric: &'static Metric) -> Outcome<Option<Value>> {
    let key = metric.key;
    let fault = |words: String| Failure::new(words).about(key).blame(key);
    Ok(match metric.form {
        Form::Number => {
            let number = options.take::<u32>(key)?;
            let largest = metric.largest();
            if let Some(number) = number.filter(|number| *number > largest) {
                return Err(fault(format!(
                    "{number} is more than {key} can be: {largest}"
                )));
            }
            number.map(Value::Number)
        }
        Form::Name => options.take(key)?.map(Value::Name),
        Form::Time(parts) => match options.take::<Duration>(key)? {
            None => None,
            Some(time) => {
                let raw = time.as_millis() * u128::from(parts);
                let raw = u32::try_from(raw);
                Some(Value::Number(raw.map_err(|_| {
                    fault(format!("{key} is longer than a route can say"))
                })?))
            }
        },
        Form::Features => match options.take::<String>(key)? {
            None => None,
            Some(name) => Some(Value::Number(feature(&name).ok_or_else(|| {
                fault(format!("{name:?} is no feature; there is \"ecn\""))
            })?)),
        },
    })
}
