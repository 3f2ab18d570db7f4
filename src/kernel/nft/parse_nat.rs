//! Reads the statements that change where a packet goes: nat, tproxy and dup.

use super::family::Family;
use super::parse_value::DataKind;
use super::parser::{Parser, Read};
use super::syntax::{Kind as Typed, Nat, NatKind, Nfproto, Statement, Value};
use super::types::{Form, IFACE_INDEX, SERVICE};

/// `NF_NAT_RANGE_*` of linux/netfilter/nf_nat.h that rules can ask for.
pub const NAT_FLAGS: [(&str, u32); 3] = [("random", 4), ("fully-random", 16), ("persistent", 8)];
/// `NF_NAT_RANGE_NETMAP`.
pub const NAT_PREFIX: u32 = 64;

impl Parser<'_> {
    fn family_word(&mut self) -> Option<Nfproto> {
        if self.take("ip") {
            Some(Nfproto::Ipv4)
        } else if self.take("ip6") {
            Some(Nfproto::Ipv6)
        } else {
            None
        }
    }

    /// The family that addresses have where none is written.
    fn usual_family(&self) -> Option<Nfproto> {
        match self.family {
            Family::Ip => Some(Nfproto::Ipv4),
            Family::Ip6 => Some(Nfproto::Ipv6),
            _ => None,
        }
    }

    pub(super) fn nat(&mut self, kind: NatKind) -> Read<Statement> {
        let mut nat = Nat {
            kind,
            family: None,
            says_family: false,
            address: None,
            port: None,
            map: None,
            flags: 0,
        };
        let has_address = matches!(kind, NatKind::Snat | NatKind::Dnat);
        if has_address {
            nat.family = self.family_word();
            nat.says_family = nat.family.is_some();
            if self.take("prefix") {
                nat.flags |= NAT_PREFIX;
            }
            // Without a family it may be left out.
            match nat.says_family || nat.flags & NAT_PREFIX != 0 {
                true => self.expect("to")?,
                false => {
                    let _ = self.take("to");
                }
            }
            self.nat_target(&mut nat)?;
        } else if self.take("to") {
            let _ = self.take(":");
            nat.port = Some(self.value(Typed::new(&SERVICE))?);
        }
        let names = NAT_FLAGS.map(|(name, _)| name);
        while names.iter().any(|name| self.is(name)) {
            let name = self.one_of("a flag", &names)?;
            nat.flags |= NAT_FLAGS
                .iter()
                .find(|(one, _)| *one == name)
                .map_or(0, |(_, flag)| *flag);
            if !self.take(",") {
                break;
            }
        }
        Ok(Statement::Nat(nat))
    }

    fn nat_target(&mut self, nat: &mut Nat) -> Read<()> {
        if self.take(":") {
            nat.port = Some(self.value(Typed::new(&SERVICE))?);
            return Ok(());
        }
        nat.family = nat.family.or(self.usual_family());
        if self.is_selector() {
            let from = self.expression()?;
            self.expect("map")?;
            let kind = nat.family.map(|family| Typed::new(family.addresses()));
            let set = self.set(&from.kinds(), &DataKind::Target(kind))?;
            nat.map = Some((from, set));
            return Ok(());
        }
        let family = self.address_family(nat.family)?;
        nat.family = Some(family);
        nat.address = Some(self.target_address(family)?);
        if self.take(":") {
            nat.port = Some(self.value(Typed::new(&SERVICE))?);
        }
        Ok(())
    }

    /// The family of the address that comes next, if it is not known.
    fn address_family(&mut self, known: Option<Nfproto>) -> Read<Nfproto> {
        if let Some(family) = known {
            return Ok(family);
        }
        if self.is("[") {
            return Ok(Nfproto::Ipv6);
        }
        match self.address_kind()?.of.form {
            Form::Ipv6 => Ok(Nfproto::Ipv6),
            _ => Ok(Nfproto::Ipv4),
        }
    }

    /// An address, in brackets where a port follows an IPv6 address.
    fn target_address(&mut self, family: Nfproto) -> Read<Value> {
        let brackets = self.take("[");
        let kind = Typed::new(family.addresses());
        let value = self.value(kind)?;
        if !brackets {
            return Ok(value);
        }
        self.expect("]")?;
        match value {
            Value::One(first) if self.take("-") => {
                self.expect("[")?;
                let last = self.one(kind)?;
                self.expect("]")?;
                Ok(Value::Range(first, last))
            }
            value => Ok(value),
        }
    }

    pub(super) fn tproxy(&mut self) -> Read<Statement> {
        let mut family = self.family_word();
        let says_family = family.is_some();
        self.expect("to")?;
        let mut address = None;
        if self.is(":") {
            family = family.or(self.usual_family());
        } else {
            let of = self.address_family(family.or(self.usual_family()))?;
            family = Some(of);
            address = Some(self.target_address(of)?);
        }
        let port = match self.take(":") {
            true => Some(self.value(Typed::new(&SERVICE))?),
            false => None,
        };
        Ok(Statement::Tproxy {
            family,
            says_family,
            address,
            port,
        })
    }

    pub(super) fn dup(&mut self) -> Read<Statement> {
        self.expect("to")?;
        if self.family == Family::Netdev {
            return Ok(Statement::Dup {
                family: Nfproto::Ipv4,
                address: None,
                device: Some(self.link()?),
            });
        }
        let family = self.address_family(self.usual_family())?;
        let address = self.target_address(family)?;
        let device = match self.take("device") {
            true => Some(self.value(Typed::new(&IFACE_INDEX))?),
            false => None,
        };
        Ok(Statement::Dup {
            family,
            address: Some(address),
            device,
        })
    }

    /// `fwd to "eth0"`, `fwd ip to 10.0.0.1 device "eth0"`
    pub(super) fn forward(&mut self) -> Read<Statement> {
        let family = self.family_word();
        self.expect("to")?;
        let gateway = match family {
            None => None,
            Some(family) => {
                let address = self.target_address(family)?;
                self.expect("device")?;
                Some((family, address))
            }
        };
        Ok(Statement::Forward {
            gateway,
            device: self.link()?,
        })
    }

    fn link(&mut self) -> Read<Value> {
        self.value(Typed::new(&IFACE_INDEX))
    }
}
