//! What the statements become that change an address or a port: nat and tproxy.

use super::compile::Compiler;
use super::compile_load::register;
use super::compile_statement::immediate;
use super::expression::{Expression, Value as Raw};
use super::family::Family;
use super::fault::Fault;
use super::fields::{IP, IP6, Protocol};
use super::parse_nat::NAT_PREFIX;
use super::sets::Mapped;
use super::syntax::{self, Data, Kind, Nat, NatKind, Nfproto, Set, Value};
use super::types::SERVICE;
use super::value::{bounds, to_bytes};

/// `NF_NAT_RANGE_PROTO_SPECIFIED`.
const NAT_PORT: u32 = 2;

impl Compiler<'_> {
    pub(super) fn nat(&mut self, nat: &Nat) -> Result<(), Fault> {
        let has_port = nat.port.is_some();
        if has_port && !self.has_transport {
            return Err(Fault::new(
                "a port can be changed only where the transport is known",
                0..0,
            )
            .hint("match it before: tcp dport 80 dnat to ..., or meta l4proto { tcp, udp } ..."));
        }
        let mut expressions = Vec::new();
        let mut next = 1u32;
        let (mut addresses, mut ports) = ([None, None], [None, None]);
        let mut flags = nat.flags | if has_port { NAT_PORT } else { 0 };
        if let (Some(family), true) = (nat.family, nat.address.is_some() || nat.map.is_some()) {
            self.nat_family(nat, family)?;
        }
        if let Some(address) = &nat.address {
            let kind = Kind::new(nat.family.unwrap_or(Nfproto::Ipv4).addresses());
            addresses = put_bounds(&mut expressions, address, kind, &mut next);
        }
        if let Some((key, set)) = &nat.map {
            let (more, port) = self.nat_map(nat, key, set)?;
            expressions.extend(more);
            addresses[0] = Some(1);
            ports[0] = port;
        }
        if let Some(port) = &nat.port {
            ports = put_bounds(&mut expressions, port, Kind::new(&SERVICE), &mut next);
        }
        if nat.flags & NAT_PREFIX != 0 {
            flags &= !NAT_PORT;
        }
        let flags = Some(flags).filter(|flags| *flags != 0);
        expressions.push(match nat.kind {
            NatKind::Masquerade => Expression::new("masq")
                .maybe(2, ports[0])
                .maybe(3, ports[1])
                .maybe(1, flags),
            NatKind::Redirect => Expression::new("redir")
                .maybe(1, ports[0])
                .maybe(2, ports[1])
                .maybe(3, flags),
            kind => Expression::new("nat")
                .with(1, u32::from(kind == NatKind::Dnat))
                .with(2, self.nat_number(nat))
                .maybe(3, addresses[0])
                .maybe(4, addresses[1])
                .maybe(5, ports[0])
                .maybe(6, ports[1])
                .maybe(7, flags),
        });
        self.act(expressions);
        Ok(())
    }

    fn nat_number(&self, nat: &Nat) -> u32 {
        match (nat.family, self.family) {
            (Some(family), _) => family as u32,
            (None, Family::Ip6) => 10,
            (None, Family::Inet) => match self.network {
                Some(network) if *network == IP6 => 10,
                Some(_) => 2,
                None => 1,
            },
            _ => 2,
        }
    }

    fn nat_family(&self, nat: &Nat, family: Nfproto) -> Result<(), Fault> {
        let word = nat.kind.word();
        let wanted: &Protocol = if family == Nfproto::Ipv4 { &IP } else { &IP6 };
        match self.network {
            Some(network) if *network == *wanted => Ok(()),
            Some(network) => {
                let words = format!(
                    "the packets are of {}, the address of {}",
                    network.name, wanted.name
                );
                Err(Fault::new(words, 0..0))
            }
            None if nat.says_family => Ok(()),
            None => {
                let words = format!(
                    "a table of family {} sees both families: say which one is meant",
                    self.family
                );
                Err(Fault::new(words, 0..0).hint(format!("{word} {} to ...", family.word())))
            }
        }
    }

    /// Loads the address, and perhaps the port after it, from a map. Gives the register of the port.
    fn nat_map(
        &mut self,
        nat: &Nat,
        key: &syntax::Expression,
        set: &Set,
    ) -> Result<(Vec<Expression>, Option<u32>), Fault> {
        if nat.flags & NAT_PREFIX != 0 {
            let words = "netsh can't map prefixes to prefixes";
            return Err(Fault::new(words, 0..0).hint("one prefix: snat prefix to 10.0.0.0/24"));
        }
        let loaded = self.load_expression(key)?;
        let Some(family) = nat.family else {
            let word = nat.kind.word();
            let words = "the family of the addresses in the map has to be said";
            return Err(
                Fault::new(words, 0..0).hint(format!("{word} ip to ..., or {word} ip6 to ..."))
            );
        };
        let address = Kind::new(family.addresses());
        let has_port = match set {
            Set::Elements(elements) => elements.iter().any(|element| match &element.data {
                Some(Data::Values(values)) => values.len() > 1,
                _ => false,
            }),
            Set::Named(name) => match (self.sets)(name).map(|shape| shape.data) {
                Some(Mapped::Values(kinds)) => kinds.len() > 1,
                _ => false,
            },
        };
        let mut data = vec![address];
        if has_port {
            data.push(Kind::new(&SERVICE));
        }
        let lookup = self.lookup(key, &loaded, set, &Mapped::Values(data), Some(1), false)?;
        let port = has_port.then(|| register(address.bytes().div_ceil(4)));
        Ok(([loaded.expressions, lookup].concat(), port))
    }

    pub(super) fn tproxy(
        &mut self,
        family: Option<Nfproto>,
        says_family: bool,
        address: Option<&Value>,
        port: Option<&Value>,
    ) -> Result<(), Fault> {
        if !self.has_transport {
            return Err(Fault::new("tproxy needs the transport to be known", 0..0)
                .hint("match it before: tcp dport 80 tproxy to :8080"));
        }
        if family.is_some()
            && address.is_some()
            && !says_family
            && self.family == Family::Inet
            && self.network.is_none()
        {
            return Err(Fault::new(
                "a table of family inet sees both families: say which one is meant",
                0..0,
            )
            .hint("tproxy ip to ..., or tproxy ip6 to ..."));
        }
        let mut expressions = Vec::new();
        let mut next = 1u32;
        let (mut at, mut behind) = (None, None);
        if let Some(address) = address {
            let kind = Kind::new(family.unwrap_or(Nfproto::Ipv4).addresses());
            [at, _] = put_bounds(&mut expressions, address, kind, &mut next);
        }
        if let Some(port) = port {
            [behind, _] = put_bounds(&mut expressions, port, Kind::new(&SERVICE), &mut next);
        }
        let number = match (family, self.family) {
            (Some(family), _) => family as u32,
            _ => 0,
        };
        expressions.push(
            Expression::new("tproxy")
                .with(1, number)
                .maybe(2, at)
                .maybe(3, behind),
        );
        self.act(expressions);
        Ok(())
    }
}

/// Puts the first and, if it is another, the last of a value's range into the next registers.
fn put_bounds(
    expressions: &mut Vec<Expression>,
    value: &Value,
    kind: Kind,
    next: &mut u32,
) -> [Option<u32>; 2] {
    let (from, to) = bounds(value, kind.bits).unwrap_or((0, 0));
    let mut put = |number: u128| {
        let register = *next;
        *next += 1;
        expressions.push(immediate(register, Raw::Bytes(to_bytes(number, kind))));
        Some(register)
    };
    let first = put(from);
    match matches!(value, Value::One(_)) {
        true => [first, None],
        false => [first, put(to)],
    }
}
