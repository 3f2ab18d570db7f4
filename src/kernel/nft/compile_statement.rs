//! What each statement becomes in the kernel.

use super::compile::{AnonymousSet, Compiler};
use super::compile_load::{Loaded, bitwise, turn};
use super::expression::{Expression, Value as Raw};
use super::family::Family;
use super::fault::Fault;
use super::fields::{Field, ICMP, ICMPV6, IP, IP6, Protocol, TCP};
use super::sets::{ANONYMOUS, DYNAMIC, Mapped, Shape, TIMEOUT};
use super::syntax::{self, Assigned, Kind, Limit, Log, Reject, Selector, Statement, Update, Value};
use super::types::{Form, IFACE_INDEX, Order};
use super::value::{bounds, largest, to_bytes, to_network_bytes};

impl Compiler<'_> {
    /// Adds what a statement becomes.
    pub(super) fn statement(&mut self, statement: &Statement) -> Result<(), Fault> {
        match statement {
            Statement::Match(one) => self.comparison(one),
            Statement::Vmap(key, set) => {
                let loaded = self.load_expression(key)?;
                let lookup = self.lookup(key, &loaded, set, &Mapped::Verdicts, Some(0), false)?;
                self.act([loaded.expressions, lookup].concat());
                Ok(())
            }
            Statement::ObjectMap(object, key, set) => {
                let loaded = self.load_expression(key)?;
                let data = Mapped::Objects(*object);
                let lookup = self.lookup(key, &loaded, set, &data, None, false)?;
                self.act([loaded.expressions, lookup].concat());
                Ok(())
            }
            Statement::Assign(to, assigned) => self.assign(to, assigned),
            Statement::Nat(nat) => self.nat(nat),
            Statement::Reject(reject) => self.reject(*reject),
            Statement::Update {
                operation,
                set,
                key,
                timeout,
                extra,
                meter,
            } => self.update(*operation, (set, *meter), key, *timeout, extra),
            Statement::Tproxy {
                family,
                says_family,
                address,
                port,
            } => self.tproxy(*family, *says_family, address.as_ref(), port.as_ref()),
            Statement::Dup {
                family,
                address,
                device,
            } => {
                let mut expressions = Vec::new();
                let mut next = 1u32;
                let mut put = |value: &Value, kind: Kind| {
                    expressions.push(immediate(next, value_raw(value, kind)));
                    next += 1;
                    next - 1
                };
                let to = address
                    .as_ref()
                    .map(|address| put(address, Kind::new(family.addresses())));
                let by = device
                    .as_ref()
                    .map(|device| put(device, Kind::new(&IFACE_INDEX)));
                expressions.push(Expression::new("dup").maybe(1, to).maybe(2, by));
                self.act(expressions);
                Ok(())
            }
            Statement::Forward { gateway, device } => {
                let mut expressions =
                    vec![immediate(1, value_raw(device, Kind::new(&IFACE_INDEX)))];
                // NFTA_FWD_SREG_DEV, SREG_ADDR, NFPROTO
                let mut forward = Expression::new("fwd").with(1, 1u32);
                if let Some((family, address)) = gateway {
                    let kind = Kind::new(family.addresses());
                    expressions.push(immediate(2, value_raw(address, kind)));
                    forward = forward.with(2, 2u32).with(3, *family as u32);
                }
                expressions.push(forward);
                self.act(expressions);
                Ok(())
            }
            simple => {
                let expression = simple_expression(simple)?;
                self.act(vec![expression]);
                Ok(())
            }
        }
    }

    fn assign(&mut self, to: &Selector, assigned: &Assigned) -> Result<(), Fault> {
        let kind = to.typed();
        if let (Selector::Field(protocol, field), Assigned::Value(Value::One(number))) =
            (to, assigned)
        {
            self.depend_on(protocol)?;
            if let Some(expressions) = write_small(protocol, field, *number) {
                self.act(expressions);
                return Ok(());
            }
        }
        let mut expressions = match assigned {
            Assigned::Value(value) => vec![immediate(1, value_raw(value, kind))],
            Assigned::Map(key, set) => {
                let loaded = self.load_expression(key)?;
                let data = Mapped::Values(vec![kind]);
                let lookup = self.lookup(key, &loaded, set, &data, Some(1), false)?;
                [loaded.expressions, lookup].concat()
            }
            Assigned::Computed { from, and, xor } => self.computed(from, *and, *xor, kind)?,
        };
        self.depend(to)?;
        expressions.push(match to {
            Selector::Meta(key) => Expression::new("meta").with(2, key.number).with(3, 1u32),
            Selector::Ct(key, _) => Expression::new("ct").with(2, key.number).with(4, 1u32),
            Selector::Field(protocol, field) => {
                write_field(protocol, field, field.offset / 8, field.bits / 8)
            }
            Selector::TcpOption {
                option,
                field: Some((_, offset, length)),
                ..
            } => Expression::new("exthdr")
                .with(7, 1u32)
                .with(2, *option)
                .with(3, *offset)
                .with(4, *length)
                .with(6, 1u32),
            _ => return Err(Fault::new("this can't be set", 0..0)),
        });
        self.act(expressions);
        Ok(())
    }

    fn computed(
        &mut self,
        from: &Selector,
        and: u128,
        xor: u128,
        kind: Kind,
    ) -> Result<Vec<Expression>, Fault> {
        self.depend(from)?;
        let loaded = self.load(from, 1)?;
        if loaded.shift > 0 {
            return Err(Fault::new(
                "a field of less than a byte can't be taken over",
                0..0,
            ));
        }
        let mut expressions = loaded.expressions;
        if and != largest(kind.bits) || xor != 0 {
            let of = from.typed();
            expressions.push(bitwise(1, to_bytes(and, of), to_bytes(xor, of)));
        }
        let network = |kind: Kind| kind.of.order == Order::Network || kind.of.form == Form::Text;
        if network(from.typed()) != network(kind) && kind.bytes() > 1 {
            expressions.push(turn(1, u32::try_from(kind.bytes()).unwrap_or(4)));
        }
        Ok(expressions)
    }

    fn reject(&mut self, reject: Reject) -> Result<(), Fault> {
        // NFT_REJECT_ICMP_UNREACH, TCP_RST, ICMPX_UNREACH; the codes of port-unreachable.
        let (kind, code) = match reject {
            Reject::TcpReset => {
                self.depend_on(&TCP)?;
                (1, 0)
            }
            Reject::Icmp(code) => {
                self.depend_on(&IP)?;
                (0, code)
            }
            Reject::Icmpv6(code) => {
                self.depend_on(&IP6)?;
                (0, code)
            }
            Reject::Icmpx(code) => {
                if let Family::Ip | Family::Ip6 = self.family {
                    let words = format!(
                        "icmpx is for tables that see both families, not for {}",
                        self.family
                    );
                    let name = if self.family == Family::Ip {
                        ICMP.name
                    } else {
                        ICMPV6.name
                    };
                    return Err(Fault::new(words, 0..0).hint(format!("reject with {name} ...")));
                }
                (2, code)
            }
            Reject::Usual => match self.network {
                Some(network) if *network == IP => (0, 3),
                Some(network) if *network == IP6 => (0, 4),
                _ => (2, 1),
            },
        };
        self.act(vec![
            Expression::new("reject").with(1, kind as u32).with(2, code),
        ]);
        Ok(())
    }

    /// The set of a meter, by its number.
    fn meter(
        &mut self,
        name: &str,
        size: u32,
        key: &syntax::Expression,
        loaded: &Loaded,
        has_timeout: bool,
    ) -> u32 {
        let kinds = match key.kinds().as_slice() {
            [only] => vec![Kind {
                of: only.of,
                bits: loaded.bits,
            }],
            kinds => kinds.to_vec(),
        };
        let id = *self.next_id;
        *self.next_id += 1;
        self.made.push(AnonymousSet {
            name: name.into(),
            id,
            shape: Shape {
                key: kinds,
                data: Mapped::Nothing,
                flags: ANONYMOUS | DYNAMIC | if has_timeout { TIMEOUT } else { 0 },
                merges: false,
            },
            elements: Vec::new(),
            size: Some(size),
            key_of: Vec::new(),
        });
        id
    }

    fn update(
        &mut self,
        operation: Update,
        (set, meter): (&str, Option<u32>),
        key: &syntax::Expression,
        timeout: Option<u64>,
        extra: &[Statement],
    ) -> Result<(), Fault> {
        let loaded = self.load_expression(key)?;
        let own = meter.map(|size| self.meter(set, size, key, &loaded, timeout.is_some()));
        let number = match operation {
            Update::Add => 0,
            Update::Update => 1,
            Update::Delete => 2u32,
        };
        let mut dynset = Expression::new("dynset")
            .with(4, 1u32)
            .with(3, number)
            .set(1, Raw::Text(set.into()))
            .maybe(2, own)
            .maybe(6, timeout);
        let inner: Result<Vec<Expression>, Fault> = extra.iter().map(simple_expression).collect();
        let inner = inner?;
        if !inner.is_empty() {
            // NFTA_DYNSET_EXPR for one, with NFT_DYNSET_F_EXPR NFTA_DYNSET_EXPRESSIONS for more.
            dynset = match inner.len() {
                1 => dynset.set(7, Raw::Expressions(inner)),
                _ => dynset.with(9, 2u32).set(10, Raw::Expressions(inner)),
            };
        }
        self.act([loaded.expressions, vec![dynset]].concat());
        Ok(())
    }
}

/// Puts a value into a register (NFTA_IMMEDIATE_DREG, DATA).
pub(super) fn immediate(register: u32, value: Raw) -> Expression {
    Expression::new("immediate").with(1, register).set(2, value)
}

fn value_raw(value: &Value, kind: Kind) -> Raw {
    match value {
        Value::Link(name) => Raw::Link(name.clone()),
        value => Raw::Bytes(to_bytes(
            bounds(value, kind.bits).map_or(0, |(from, _)| from),
            kind,
        )),
    }
}

/// Writes register 1 to a header (NFTA_PAYLOAD_SREG, BASE, OFFSET, LEN, CSUM_TYPE, CSUM_OFFSET, CSUM_FLAGS).
fn write_field(protocol: &Protocol, field: &Field, first: u32, length: u32) -> Expression {
    // NFT_PAYLOAD_L4CSUM_PSEUDOHDR: these are part of the checksum of the transport too.
    let pseudo = match protocol.name {
        "ip" => ["saddr", "daddr", "protocol", "length"].contains(&field.name),
        "ip6" => ["saddr", "daddr", "nexthdr", "length"].contains(&field.name),
        _ => false,
    };
    let csum_type = protocol.checksum.map(|_| 1u32);
    Expression::new("payload")
        .with(5, 1u32)
        .with(2, protocol.base as u32)
        .with(3, first)
        .with(4, length)
        .maybe(6, csum_type)
        .maybe(7, protocol.checksum)
        .maybe(8, pseudo.then_some(1u32))
}

/// Writes a field that does not have bytes of its own, or not two where a checksum is corrected by twos: what is around it
/// is loaded, changed and written back. None where the field is written by itself.
fn write_small(protocol: &Protocol, field: &Field, number: u128) -> Option<Vec<Expression>> {
    let mut first = field.offset / 8;
    let mut end = (field.offset + field.bits).div_ceil(8);
    let whole = field.offset.is_multiple_of(8) && field.bits.is_multiple_of(8);
    let summed = protocol.checksum.is_some();
    if whole && (!summed || first.is_multiple_of(2) && (end - first).is_multiple_of(2)) {
        return None;
    }
    if summed {
        first -= first % 2;
        end += (end - first) % 2;
    }
    let bits = (end - first) * 8;
    let shift = end * 8 - (field.offset + field.bits);
    let kept = largest(bits) ^ (largest(field.bits) << shift);
    Some(vec![
        super::compile::load_bytes(protocol.base, first, end - first, 1),
        bitwise(
            1,
            to_network_bytes(kept, bits),
            to_network_bytes(number << shift, bits),
        ),
        write_field(protocol, field, first, end - first),
    ])
}

/// A rate (NFTA_LIMIT_RATE, UNIT, BURST, TYPE, FLAGS).
fn limit_expression(limit: &Limit) -> Expression {
    Expression::new("limit")
        .with(1, limit.rate)
        .with(2, limit.seconds)
        .with(3, limit.burst)
        .with(4, u32::from(limit.of_bytes))
        .with(5, u32::from(limit.over))
}

fn log_expression(log: &Log) -> Expression {
    let mut expression = Expression::new("log");
    if let Some(prefix) = &log.prefix {
        expression = expression.set(2, Raw::Text(prefix.clone()));
    }
    expression
        .maybe(1, log.group)
        .maybe(3, log.snaplen)
        .maybe(4, log.queue_threshold)
        .maybe(5, log.level)
        .maybe(6, log.flags)
}

/// A statement that is one expression and looks at nothing.
pub fn simple_expression(statement: &Statement) -> Result<Expression, Fault> {
    Ok(match statement {
        Statement::Verdict(verdict) => Expression::new("immediate")
            .with(1, 0u32)
            .set(2, Raw::Verdict(verdict.clone())),
        Statement::Counter { packets, bytes } => {
            Expression::new("counter").with(2, *packets).with(1, *bytes)
        }
        Statement::Object(kind, name) => Expression::new("objref")
            .with(1, kind.number())
            .set(2, Raw::Text(name.clone())),
        Statement::Limit(limit) => limit_expression(limit),
        Statement::Quota { bytes, used, over } => Expression::new("quota")
            .with(1, *bytes)
            .with(4, *used)
            .with(2, u32::from(*over)),
        Statement::Connections { count, over } => Expression::new("connlimit")
            .with(1, *count)
            .with(2, u32::from(*over)),
        Statement::Log(log) => log_expression(log),
        Statement::Queue {
            from,
            to,
            bypass,
            fanout,
        } => Expression::new("queue")
            .with(1, *from)
            .with(2, u32::from(*to) - u32::from(*from) + 1)
            .with(3, u32::from(*bypass) | u32::from(*fanout) << 1),
        Statement::Notrack => Expression::new("notrack"),
        _ => return Err(Fault::new("this can't stand here", 0..0)),
    })
}
