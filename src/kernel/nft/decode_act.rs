//! What the expressions of the kernel do, as statements.

use super::decode::{Decoder, Held, What, big};
use super::expression::{Expression, Value as Raw};
use super::family::Family;
use super::fields::{Base, CT, IP6, META};
use super::parse_nat::NAT_PREFIX;
use super::sets::{ANONYMOUS, Mapped};
use super::syntax::{
    self, Assigned, Kind, Limit, Log, Nat, NatKind, Nfproto, Object, Reject, Selector, Statement,
    Update, Value,
};
use super::types::{IFACE_INDEX, IPV4, SERVICE};
use super::value::{from_bytes, largest};

/// The flags of address translation that rules can ask for: `NF_NAT_RANGE_PROTO_RANDOM`, `PERSISTENT`,
/// `PROTO_RANDOM_FULLY`, `NETMAP`.
const ASKED: u32 = 4 | 8 | 16 | NAT_PREFIX;

/// A statement that needs no registers.
pub fn plain(one: &Expression) -> Option<Statement> {
    Some(match one.name.as_str() {
        "counter" => Statement::Counter {
            packets: one.number(2)?,
            bytes: one.number(1)?,
        },
        "limit" => Statement::Limit(Limit {
            rate: one.number(1)?,
            seconds: one.number(2)?,
            of_bytes: one.long(4).unwrap_or(0) == 1,
            burst: one.number(3).unwrap_or(0),
            over: one.long(5).unwrap_or(0) & 1 != 0,
        }),
        "quota" => Statement::Quota {
            bytes: one.number(1)?,
            used: one.number(4).unwrap_or(0),
            over: one.long(2).unwrap_or(0) & 1 != 0,
        },
        "connlimit" => Statement::Connections {
            count: one.long(1)?,
            over: one.long(2).unwrap_or(0) & 1 != 0,
        },
        "log" => Statement::Log(Log {
            prefix: one.text(2).map(Into::into),
            group: one.number(1).and_then(|group| u16::try_from(group).ok()),
            snaplen: one.long(3).filter(|length| *length != 0),
            queue_threshold: one
                .number(4)
                .and_then(|number| u16::try_from(number).ok())
                .filter(|number| *number != 0),
            // The usual one is LOGLEVEL_WARNING.
            level: one.long(5).filter(|level| *level != 4),
            flags: one.long(6).filter(|flags| *flags != 0),
        }),
        "notrack" => Statement::Notrack,
        "queue" => {
            let from = u16::try_from(one.number(1)?).ok()?;
            let total = u16::try_from(one.number(2).unwrap_or(1)).ok()?;
            let flags = one.number(3).unwrap_or(0);
            Statement::Queue {
                from,
                to: from.saturating_add(total.saturating_sub(1)),
                bypass: flags & 1 != 0,
                fanout: flags & 2 != 0,
            }
        }
        "objref" => {
            let kind = Object::numbered(one.long(1)?)?;
            Statement::Object(kind, one.text(2)?.into())
        }
        _ => return None,
    })
}

impl Decoder<'_> {
    /// Adds what an expression does; None if it is not understood.
    pub(super) fn act(&mut self, one: &Expression) -> Option<()> {
        let statement = match one.name.as_str() {
            "meta" | "ct" => self.set_property(one)?,
            "payload" => self.write_header(one)?,
            "exthdr" => self.write_option(one)?,
            "nat" | "masq" | "redir" => self.translation(one)?,
            "tproxy" => self.proxy(one)?,
            "dup" => self.copy(one)?,
            "fwd" => self.forwarding(one)?,
            "reject" => self.rejection(one)?,
            "dynset" => self.update(one)?,
            "objref" if one.long(3).is_some() => self.object_map(one)?,
            _ => plain(one)?,
        };
        self.say(statement);
        Some(())
    }

    fn object_map(&mut self, one: &Expression) -> Option<Statement> {
        let name = one.text(4)?;
        let sets = &self.table.sets;
        let Mapped::Objects(object) = sets.iter().find(|set| set.name == name)?.shape.data else {
            return None;
        };
        let looked = self.looked(one.long(3)?, name)?;
        for part in &looked.key.parts.clone() {
            self.needs(part);
        }
        let set = self.set(&looked, &Mapped::Objects(object));
        Some(Statement::ObjectMap(object, looked.key, set))
    }

    fn set_property(&self, one: &Expression) -> Option<Statement> {
        let (keys, register) = match one.name.as_str() {
            "meta" => (META, one.long(3)?),
            _ => (CT, one.long(4)?),
        };
        let key = keys
            .iter()
            .find(|key| u64::from(key.number) == one.number(2).unwrap_or(u64::MAX))?;
        let to = match one.name.as_str() {
            "meta" => Selector::Meta(key),
            _ => Selector::Ct(key, None),
        };
        let assigned = self.assigned(self.held(register)?, to.typed())?;
        Some(Statement::Assign(to, assigned))
    }

    fn assigned(&self, held: &Held, kind: Kind) -> Option<Assigned> {
        Some(match &held.what {
            What::Bytes(bytes) => Assigned::Value(self.value(from_bytes(bytes, kind, false), kind)),
            What::Map(looked) => {
                let set = self.set(looked, &Mapped::Values(vec![kind]));
                Assigned::Map(looked.key.clone(), set)
            }
            _ => {
                let (from, _) = self.whole(held)?;
                let of = from.typed();
                let own = matches!(&held.what, What::Header(_, _, length) | What::Extension(.., length) if *length * 8 != of.bits);
                let number = |bytes: &[u8]| from_bytes(bytes, of, false);
                let (and, xor) = match held.bits.as_ref().filter(|_| !own) {
                    Some((mask, xor)) => (number(mask), number(xor)),
                    None => (largest(kind.bits), 0),
                };
                Assigned::Computed { from, and, xor }
            }
        })
    }

    fn write_header(&mut self, one: &Expression) -> Option<Statement> {
        let base = match one.long(2)? {
            0 => Base::Link,
            1 => Base::Network,
            2 => Base::Transport,
            _ => return None,
        };
        let (first, length) = (one.long(3)?, one.long(4)?);
        if length > 16 || first > 0xffff {
            return None;
        }
        let held = self.held(one.long(5)?)?.clone();
        // A small field is written back with what is around it.
        if let (What::Header(from, at, bytes), Some((mask, xor))) = (&held.what, &held.bits)
            && (*from, *at, *bytes) == (base, first, length)
        {
            let kept: Vec<u8> = mask.iter().map(|byte| !byte).collect();
            let (to, shift) = self.field_or_bits(base, first * 8, length * 8, Some(&kept));
            self.needs(&to);
            let number = big(xor) >> shift;
            let kind = to.typed();
            return Some(Statement::Assign(
                to,
                Assigned::Value(self.value(number, kind)),
            ));
        }
        let (to, _) = self.field_or_bits(base, first * 8, length * 8, None);
        self.needs(&to);
        let assigned = self.assigned(&held, to.typed())?;
        Some(Statement::Assign(to, assigned))
    }

    fn write_option(&self, one: &Expression) -> Option<Statement> {
        let held = self.held(one.long(7)?)?;
        let (option, offset, length) = (one.number(2)?, one.long(3)?, one.long(4)?);
        let known = super::parse_selector::TCP_OPTIONS;
        let mut known = known
            .iter()
            .filter(|(number, ..)| u64::from(*number) == option);
        let to = known.find_map(|(option, name, fields)| {
            let field = fields
                .iter()
                .find(|(_, at, bytes)| *at == offset && *bytes == length)?;
            Some(Selector::TcpOption {
                option: *option,
                name,
                field: Some(*field),
            })
        })?;
        let assigned = self.assigned(held, to.typed())?;
        Some(Statement::Assign(to, assigned))
    }

    /// The value between two registers.
    fn bounds(&self, from: Option<u32>, to: Option<u32>, kind: Kind) -> Option<Value> {
        let number = |register: u32| match &self.held(register)?.what {
            What::Bytes(bytes) => Some(from_bytes(bytes, kind, false)),
            _ => None,
        };
        let first = number(from?)?;
        Some(match to.and_then(number) {
            Some(last) if to != from => Value::Range(first, last),
            _ => Value::One(first),
        })
    }

    fn translation(&self, one: &Expression) -> Option<Statement> {
        let (kind, addresses, ports, flags) = match one.name.as_str() {
            "masq" => (
                NatKind::Masquerade,
                [None; 2],
                [one.long(2), one.long(3)],
                one.long(1),
            ),
            "redir" => (
                NatKind::Redirect,
                [None; 2],
                [one.long(1), one.long(2)],
                one.long(3),
            ),
            _ => {
                let kind = if one.long(1)? == 1 {
                    NatKind::Dnat
                } else {
                    NatKind::Snat
                };
                (
                    kind,
                    [one.long(3), one.long(4)],
                    [one.long(5), one.long(6)],
                    one.long(7),
                )
            }
        };
        let flags = flags.unwrap_or(0) & ASKED;
        let family = match (one.name.as_str(), one.long(2)) {
            ("nat", Some(10)) => Some(Nfproto::Ipv6),
            ("nat", Some(2)) => Some(Nfproto::Ipv4),
            _ => None,
        };
        let address = Kind::new(family.map_or(&IPV4, Nfproto::addresses));
        let both = !matches!(self.table.name.family, Family::Ip | Family::Ip6);
        let mut nat = Nat {
            kind,
            family,
            says_family: both && family.is_some() && addresses[0].is_some(),
            address: None,
            port: None,
            map: None,
            flags,
        };
        let looked = addresses[0].and_then(|register| match &self.held(register)?.what {
            What::Map(looked) => Some(looked),
            _ => None,
        });
        if let Some(looked) = looked {
            let mut data = vec![address];
            if addresses[1].is_some() && addresses[1] != addresses[0] {
                // Prefixes mapped to prefixes: netsh has no words for them.
                return None;
            }
            if ports[0].is_some() {
                data.push(Kind::new(&SERVICE));
            }
            // nft says the family where there is more than an address.
            nat.says_family |= ports[0].is_some() || flags & NAT_PREFIX != 0;
            let set = self.set(looked, &Mapped::Values(data));
            nat.map = Some((looked.key.clone(), set));
        } else {
            nat.address = self.bounds(addresses[0], addresses[1], address);
            nat.port = self.bounds(ports[0], ports[1], Kind::new(&SERVICE));
            if addresses[0].is_some() && nat.address.is_none()
                || ports[0].is_some() && nat.port.is_none()
            {
                return None;
            }
        }
        Some(Statement::Nat(nat))
    }

    fn proxy(&self, one: &Expression) -> Option<Statement> {
        let family = match one.long(1)? {
            2 => Some(Nfproto::Ipv4),
            10 => Some(Nfproto::Ipv6),
            _ => None,
        };
        let kind = Kind::new(family.map_or(&IPV4, Nfproto::addresses));
        let both = !matches!(self.table.name.family, Family::Ip | Family::Ip6);
        Some(Statement::Tproxy {
            family,
            says_family: both && family.is_some(),
            address: self.bounds(one.long(2), None, kind),
            port: self.bounds(one.long(3), None, Kind::new(&SERVICE)),
        })
    }

    fn copy(&self, one: &Expression) -> Option<Statement> {
        let family = match self.table.name.family {
            Family::Ip6 => Nfproto::Ipv6,
            _ => Nfproto::Ipv4,
        };
        let address = self.bounds(one.long(1), None, Kind::new(family.addresses()));
        let device = self.device(one.long(2));
        if address.is_none() && device.is_none() {
            return None;
        }
        Some(Statement::Dup {
            family,
            address,
            device,
        })
    }

    /// The link whose index a register holds.
    fn device(&self, register: Option<u32>) -> Option<Value> {
        let kind = Kind::new(&IFACE_INDEX);
        Some(match self.bounds(register, None, kind)? {
            Value::One(number) => self.value(number, kind),
            other => other,
        })
    }

    fn forwarding(&self, one: &Expression) -> Option<Statement> {
        let device = self.device(one.long(1))?;
        let family = match one.long(3) {
            Some(2) => Some(Nfproto::Ipv4),
            Some(10) => Some(Nfproto::Ipv6),
            _ => None,
        };
        let gateway = match family {
            None => None,
            Some(family) => {
                let kind = Kind::new(family.addresses());
                Some((family, self.bounds(one.long(2), None, kind)?))
            }
        };
        Some(Statement::Forward { gateway, device })
    }

    fn rejection(&mut self, one: &Expression) -> Option<Statement> {
        let code = u8::try_from(one.number(2).unwrap_or(0)).ok()?;
        let family = self.table.name.family;
        let one_family = matches!(family, Family::Ip | Family::Ip6);
        let wide = self.network.is_some_and(|network| *network == IP6);
        Some(Statement::Reject(match one.long(1)? {
            0 => {
                self.leave_out_if(!one_family, Base::Network);
                match (one_family, wide, code) {
                    (true, false, 3) | (true, true, 4) => Reject::Usual,
                    (_, true, code) => Reject::Icmpv6(code),
                    (_, false, code) => Reject::Icmp(code),
                }
            }
            1 => {
                self.leave_out_if(one_family, Base::Transport);
                Reject::TcpReset
            }
            2 if code == 1 => Reject::Usual,
            2 => Reject::Icmpx(code),
            _ => return None,
        }))
    }

    fn leave_out_if(&mut self, is: bool, base: Base) {
        if is {
            self.leave_out(base);
        }
    }

    fn update(&mut self, one: &Expression) -> Option<Statement> {
        let set = one.text(1)?.to_string();
        let looked = self.looked(one.long(4)?, &set)?;
        let operation = match one.long(3)? {
            0 => Update::Add,
            1 => Update::Update,
            2 => Update::Delete,
            _ => return None,
        };
        // With data it is a map, which netsh has no words for.
        if one.number(5).is_some() {
            return None;
        }
        let inner = one.value(7).or(one.value(10));
        let extra: Option<Vec<Statement>> = match inner {
            Some(Raw::Expressions(list)) => list.iter().map(plain).collect(),
            _ => Some(Vec::new()),
        };
        for part in &looked.key.parts.clone() {
            self.needs(part);
        }
        let key: syntax::Expression = looked.key;
        let own = self.table.sets.iter().find(|one| one.name == set);
        let own = own.filter(|one| one.shape.flags & ANONYMOUS != 0);
        let meter = own.map(|one| one.options.size.unwrap_or(0xffff));
        Some(Statement::Update {
            operation,
            set,
            key,
            timeout: one.number(6).filter(|timeout| *timeout != 0),
            extra: extra?,
            meter,
        })
    }
}
