//! A rule as text, as `nft list ruleset` prints it.

use std::fmt::Write;

use super::parse_nat::{NAT_FLAGS, NAT_PREFIX};
use super::parse_state::UNITS;
use super::parse_statement::LEVELS;
use super::print_selector::{expression_text, selector_text};
use super::print_set::{as_prefix, set_text};
use super::syntax::{
    Assigned, Expression, Kind, Limit, Log, Match, Nat, Nfproto, Operator, Reject, Right, Rule,
    Statement, Update, Value, Verdict,
};
use super::types::{Form, ICMP_CODE, ICMPV6_CODE, ICMPX_CODE, IFACE_INDEX, IPV4, SERVICE, Type};
use super::value::{self, flags_text, largest, one_text};

/// What stands in a text where netsh has no words.
pub const UNKNOWN: &str = "unknown-to-netsh";

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut words: Vec<String> = self
            .statements
            .iter()
            .map(|statement| statement.it.to_string())
            .collect();
        if let Some(comment) = &self.comment {
            words.push(format!("comment \"{comment}\""));
        }
        f.write_str(&words.join(" "))
    }
}

impl std::fmt::Display for Statement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Statement::Match(one) => write!(f, "{one}"),
            Statement::Vmap(key, set) => {
                write!(
                    f,
                    "{} vmap {}",
                    expression_text(key),
                    set_text(set, &key.kinds(), &[])
                )
            }
            Statement::Verdict(verdict) => write!(f, "{verdict}"),
            Statement::Counter { packets, bytes } => {
                write!(f, "counter packets {packets} bytes {bytes}")
            }
            Statement::Object(kind, name) => {
                write!(f, "{} name \"{name}\"", kind.word())
            }
            Statement::ObjectMap(kind, key, set) => {
                write!(
                    f,
                    "{} name {} map {}",
                    kind.word(),
                    expression_text(key),
                    set_text(set, &key.kinds(), &[])
                )
            }
            Statement::Limit(limit) => write!(f, "{}", limit_text(limit)),
            Statement::Quota { bytes, used, over } => {
                write!(
                    f,
                    "quota {}{}",
                    if *over { "over " } else { "" },
                    size_text(*bytes)
                )?;
                match used {
                    0 => Ok(()),
                    used => write!(f, " used {}", size_text(*used)),
                }
            }
            Statement::Connections { count, over } => {
                write!(f, "ct count {}{count}", if *over { "over " } else { "" })
            }
            Statement::Log(log) => write!(f, "{}", log_text(log)),
            Statement::Reject(reject) => write!(f, "{}", reject_text(*reject)),
            Statement::Nat(nat) => write!(f, "{}", nat_text(nat)),
            Statement::Tproxy {
                family,
                says_family,
                address,
                port,
            } => {
                write!(f, "tproxy ")?;
                if let Some(family) = family.filter(|_| *says_family) {
                    write!(f, "{} ", family.word())?;
                }
                write!(
                    f,
                    "to {}",
                    target_text(address.as_ref(), port.as_ref(), addresses_of(*family))
                )
            }
            Statement::Assign(to, assigned) => {
                write!(
                    f,
                    "{} set {}",
                    selector_text(to),
                    assigned_text(assigned, to.typed())
                )
            }
            Statement::Queue {
                from,
                to,
                bypass,
                fanout,
            } => {
                let mut flags = Vec::new();
                flags.extend(bypass.then_some("bypass"));
                flags.extend(fanout.then_some("fanout"));
                write!(f, "queue")?;
                if !flags.is_empty() {
                    write!(f, " flags {}", flags.join(","))?;
                }
                match from == to {
                    true => write!(f, " to {from}"),
                    false => write!(f, " to {from}-{to}"),
                }
            }
            Statement::Notrack => write!(f, "notrack"),
            Statement::Dup {
                family,
                address,
                device,
            } => {
                let to = target_text(address.as_ref(), None, addresses_of(Some(*family)));
                let by = device
                    .as_ref()
                    .map(|device| value::text(device, Kind::new(&IFACE_INDEX)));
                match (address, by) {
                    (None, by) => write!(f, "dup to {}", by.unwrap_or_default()),
                    (Some(_), None) => write!(f, "dup to {to}"),
                    (Some(_), Some(by)) => write!(f, "dup to {to} device {by}"),
                }
            }
            Statement::Forward { gateway, device } => {
                let device = value::text(device, Kind::new(&IFACE_INDEX));
                match gateway {
                    None => write!(f, "fwd to {device}"),
                    Some((family, address)) => {
                        let to = target_text(Some(address), None, addresses_of(Some(*family)));
                        write!(f, "fwd {} to {to} device {device}", family.word())
                    }
                }
            }
            Statement::Update {
                operation,
                set,
                key,
                timeout,
                extra,
                meter,
            } => {
                let word = match operation {
                    Update::Add => "add",
                    Update::Update => "update",
                    Update::Delete => "delete",
                };
                match meter {
                    Some(size) => write!(f, "meter {set} size {size}")?,
                    None => write!(f, "{word} @{set}")?,
                }
                write!(f, " {{ {}", expression_text(key))?;
                if let Some(timeout) = timeout {
                    write!(f, " timeout {}", value::time_text(*timeout))?;
                }
                for one in extra {
                    match one {
                        Statement::Counter {
                            packets: 0,
                            bytes: 0,
                        } => write!(f, " counter")?,
                        one => write!(f, " {one}")?,
                    }
                }
                write!(f, " }}")
            }
            // No word of nft's: a rule that is not whole can't be loaded.
            Statement::Unknown(name) => write!(f, "{UNKNOWN} {name}"),
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Verdict::Accept => f.write_str("accept"),
            Verdict::Drop => f.write_str("drop"),
            Verdict::Continue => f.write_str("continue"),
            Verdict::Return => f.write_str("return"),
            Verdict::Jump(chain) => write!(f, "jump {chain}"),
            Verdict::Goto(chain) => write!(f, "goto {chain}"),
        }
    }
}

impl std::fmt::Display for Match {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds = self.left.kinds();
        let bare = Expression {
            parts: self.left.parts.clone(),
            mask: None,
        };
        if let (Some(mask), [kind], Right::Value(Value::One(flags))) =
            (self.left.mask, kinds.as_slice(), &self.right)
            && kind.of.form == Form::Flags
        {
            return write!(
                f,
                "{}",
                masked_flags_text(&bare, self.operator, *flags, mask, kind.of)
            );
        }
        write!(f, "{} ", expression_text(&self.left))?;
        let sign = match self.operator {
            Operator::Implicit => "",
            // Where nothing is written equal is meant, but flags are then tested one by one.
            Operator::Equal if self.left.mask.is_none() && !are_flags(&kinds) => "",
            Operator::Equal => "== ",
            Operator::NotEqual => "!= ",
            Operator::Less => "< ",
            Operator::AtMost => "<= ",
            Operator::Greater => "> ",
            Operator::AtLeast => ">= ",
            Operator::Lacks => "! ",
        };
        f.write_str(sign)?;
        match (&self.right, kinds.as_slice()) {
            (Right::Value(value), [kind]) => f.write_str(&value::text(value, *kind)),
            (Right::Value(_), _) => Ok(()),
            (Right::Set(set), kinds) => f.write_str(&set_text(set, kinds, &[])),
        }
    }
}

fn are_flags(kinds: &[Kind]) -> bool {
    matches!(kinds, [kind] if kind.of.form == Form::Flags)
}

/// `tcp flags syn / fin,syn`, or with a single bit as the mask `tcp flags & syn == syn`.
fn masked_flags_text(
    left: &Expression,
    operator: Operator,
    flags: u128,
    mask: u128,
    of: &Type,
) -> String {
    let left = expression_text(left);
    let (flags, words) = (flags_text(flags, of), flags_text(mask, of));
    let sign = if operator == Operator::NotEqual {
        "!= "
    } else {
        ""
    };
    match mask.count_ones() {
        1 => {
            let sign = if operator == Operator::NotEqual {
                "!="
            } else {
                "=="
            };
            format!("{left} & {words} {sign} {flags}")
        }
        _ => format!("{left} {sign}{flags} / {words}"),
    }
}

/// A statement without what it counted so far, as sets declare what each element has.
pub fn stateless(statement: &Statement) -> String {
    match statement {
        Statement::Counter { .. } => "counter".into(),
        Statement::Quota { bytes, over, .. } => Statement::Quota {
            bytes: *bytes,
            used: 0,
            over: *over,
        }
        .to_string(),
        other => other.to_string(),
    }
}

fn assigned_text(assigned: &Assigned, kind: Kind) -> String {
    match assigned {
        Assigned::Value(value) => value::text(value, kind),
        Assigned::Map(key, set) => {
            format!(
                "{} map {}",
                expression_text(key),
                set_text(set, &key.kinds(), &[kind])
            )
        }
        Assigned::Computed { from, and, xor } => {
            let from = selector_text(from);
            let all = largest(kind.bits);
            let (or_only, number) = (and ^ all == *xor, |number| one_text(number, kind, false));
            match (*and == all, *xor) {
                (true, 0) => from,
                (true, xor) => format!("{from} ^ {}", number(xor)),
                (false, 0) => format!("{from} & {}", number(*and)),
                (false, xor) if or_only => format!("{from} | {}", number(xor)),
                (false, xor) if xor & and == 0 => {
                    format!("{from} & {} | {}", number(and | xor), number(xor))
                }
                (false, xor) => format!("{from} & {} ^ {}", number(*and), number(xor)),
            }
        }
    }
}

/// A number of bytes in the largest unit that fits.
pub fn size_text(bytes: u64) -> String {
    match bytes {
        bytes if bytes > 0 && bytes % (1 << 20) == 0 => format!("{} mbytes", bytes >> 20),
        bytes if bytes > 0 && bytes % (1 << 10) == 0 => format!("{} kbytes", bytes >> 10),
        bytes => format!("{bytes} bytes"),
    }
}

/// A rate as a statement.
pub fn limit_text(limit: &Limit) -> String {
    let over = if limit.over { "over " } else { "" };
    let rate = match limit.of_bytes {
        true => size_text(limit.rate),
        false => limit.rate.to_string(),
    };
    let unit = UNITS.iter().find(|(_, seconds)| *seconds == limit.seconds);
    let unit = unit.map_or("second", |(name, _)| name);
    let burst = match (limit.of_bytes, limit.burst) {
        (false, 5) | (true, 0) => String::new(),
        (false, burst) => format!(" burst {burst} packets"),
        (true, burst) => format!(" burst {}", size_text(burst)),
    };
    format!("limit rate {over}{rate}/{unit}{burst}")
}

fn log_text(log: &Log) -> String {
    let mut text = String::from("log");
    if let Some(prefix) = &log.prefix {
        let _ = write!(text, " prefix \"{prefix}\"");
    }
    if let Some(group) = log.group {
        let _ = write!(text, " group {group}");
    }
    if let Some(length) = log.snaplen {
        let _ = write!(text, " snaplen {length}");
    }
    if let Some(number) = log.queue_threshold {
        let _ = write!(text, " queue-threshold {number}");
    }
    if let Some(level) = log.level {
        let name = LEVELS.get(level as usize).copied().unwrap_or("debug");
        let _ = write!(text, " level {name}");
    }
    match log.flags.unwrap_or(0) {
        0 => {}
        0x2f => text += " flags all",
        flags => {
            match flags & 3 {
                0 => {}
                1 => text += " flags tcp sequence",
                2 => text += " flags tcp options",
                _ => text += " flags tcp sequence,options",
            }
            for (bit, words) in [(4, "ip options"), (8, "skuid"), (0x20, "ether")] {
                if flags & bit != 0 {
                    let _ = write!(text, " flags {words}");
                }
            }
        }
    }
    text
}

fn reject_text(reject: Reject) -> String {
    let with = |name: &str, code: u8, of: &'static Type| {
        format!(
            "reject with {name} {}",
            one_text(code.into(), Kind::new(of), false)
        )
    };
    match reject {
        Reject::Usual => "reject".into(),
        Reject::Icmp(code) => with("icmp", code, &ICMP_CODE),
        Reject::Icmpv6(code) => with("icmpv6", code, &ICMPV6_CODE),
        Reject::Icmpx(code) => with("icmpx", code, &ICMPX_CODE),
        Reject::TcpReset => "reject with tcp reset".into(),
    }
}

/// The kind of the addresses of a family.
fn addresses_of(family: Option<Nfproto>) -> Kind {
    Kind::new(family.map_or(&IPV4, Nfproto::addresses))
}

fn target_text(address: Option<&Value>, port: Option<&Value>, kind: Kind) -> String {
    let mut text = String::new();
    if let Some(address) = address {
        let written = match address {
            // A range that is a prefix is written as one.
            Value::Range(from, to) => value::text(&as_prefix(*from, *to, kind), kind),
            other => value::text(other, kind),
        };
        let wide = kind.of.form == Form::Ipv6 && port.is_some();
        text += &if wide {
            format!("[{written}]")
        } else {
            written
        };
    }
    if let Some(port) = port {
        let _ = write!(text, ":{}", value::text(port, Kind::new(&SERVICE)));
    }
    text
}

fn nat_text(nat: &Nat) -> String {
    let mut text = String::from(nat.kind.word());
    if let Some(family) = nat.family.filter(|_| nat.says_family) {
        let _ = write!(text, " {}", family.word());
    }
    if nat.flags & NAT_PREFIX != 0 {
        text += " prefix";
    }
    let kind = addresses_of(nat.family);
    if let Some((key, set)) = &nat.map {
        let set = set_text(set, &key.kinds(), &[kind, Kind::new(&SERVICE)]);
        let _ = write!(text, " to {} map {set}", expression_text(key));
    } else if nat.address.is_some() || nat.port.is_some() {
        let target = target_text(nat.address.as_ref(), nat.port.as_ref(), kind);
        let _ = write!(text, " to {target}");
    }
    let flags: Vec<&str> = NAT_FLAGS
        .iter()
        .filter(|(_, flag)| nat.flags & flag != 0)
        .map(|(name, _)| *name)
        .collect();
    if !flags.is_empty() {
        let _ = write!(text, " {}", flags.join(","));
    }
    text
}
