//! Reads what a rule does: comparisons, verdicts, and the statements with a word of their own (nat and its like in `parse_nat`).

use super::fields::{CT_SETTABLE, META_SETTABLE};
use super::parse_value::DataKind;
use super::parser::{Parser, Read};
use super::syntax::{
    Assigned, Kind as Typed, Log, Match, NatKind, Operator, Reject, Right, Selector, Statement,
    Update, Value,
};
use super::token::Kind;
use super::types::{Form, ICMP_CODE, ICMPV6_CODE, ICMPX_CODE, Type};
use super::value::largest;

/// The words that begin a statement, beside those that begin a selector.
pub const STATEMENTS: &[&str] = &[
    "accept",
    "drop",
    "continue",
    "return",
    "jump",
    "goto",
    "counter",
    "limit",
    "quota",
    "log",
    "reject",
    "snat",
    "dnat",
    "masquerade",
    "redirect",
    "tproxy",
    "queue",
    "notrack",
    "dup",
    "fwd",
    "add",
    "update",
    "delete",
    "meter",
    "comment",
];

/// What nft can say in a rule and netsh can't, with what it is.
const ONLY_NFTS: [(&str, &str); 12] = [
    ("rt0", "a routing header of type 0"),
    ("rt2", "a routing header of type 2"),
    ("rt4", "a routing header of type 4"),
    ("synproxy", "answers to SYN in the place of a server"),
    ("osf", "what system a SYN is from"),
    ("ipsec", "the states of IPsec"),
    ("flow", "flowtables"),
    ("reset", "an option of TCP taken away"),
    ("xt", "extensions of iptables"),
    ("geneve", "what is in a tunnel"),
    ("vxlan", "what is in a tunnel"),
    ("gre", "what is in a tunnel"),
];

/// What to do with what netsh does not have.
pub const NFT_DOES: &str = "exec(\"nft\", [...]) has nft do it";

/// Urgencies of the log (`enum nft_log_level`).
pub const LEVELS: [&str; 9] = [
    "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit",
];

impl Parser<'_> {
    /// Reads a statement.
    pub fn statement(&mut self) -> Read<Statement> {
        if self.is("ct") {
            let second = self.text_at(self.ahead(1).at.clone());
            if second == "count" {
                self.skip();
                self.skip();
                return self.connections();
            }
            let third = self.text_at(self.ahead(2).at.clone());
            if ["helper", "timeout", "expectation"].contains(&second) && third == "set" {
                return Err(self
                    .fault(format!(
                        "nft has ct {second} set (a {second} of connections), netsh does not"
                    ))
                    .hint(NFT_DOES));
            }
        }
        if self.is_selector() {
            return self.selection();
        }
        let start = self.mark();
        let word = self.here();
        if self.next().kind != Kind::Word {
            return Err(self.no_statement());
        }
        match word {
            "accept" | "drop" | "continue" | "return" | "jump" | "goto" => {
                self.verdict().map(Statement::Verdict)
            }
            "add" | "update" | "delete" => self.update(),
            "meter" => self.meter(),
            _ => {
                self.skip();
                match word {
                    "counter" => self.counter(),
                    "limit" => self.limit(),
                    "quota" => self.quota(),
                    "log" => self.log(),
                    "reject" => self.reject(),
                    "snat" => self.nat(NatKind::Snat),
                    "dnat" => self.nat(NatKind::Dnat),
                    "masquerade" => self.nat(NatKind::Masquerade),
                    "redirect" => self.nat(NatKind::Redirect),
                    "tproxy" => self.tproxy(),
                    "queue" => self.queue(),
                    "notrack" => Ok(Statement::Notrack),
                    "dup" => self.dup(),
                    "fwd" => self.forward(),
                    _ => {
                        self.back_to(start);
                        Err(self.no_statement())
                    }
                }
            }
        }
    }

    fn no_statement(&self) -> super::fault::Fault {
        if self.is(super::print::UNKNOWN) {
            let name = self.text_at(self.ahead(1).at.clone());
            let words = format!("netsh had no words for the expression {name} of this rule");
            return self
                .fault(words)
                .hint("nft has: exec(\"nft\", [\"list\", \"ruleset\"]).stdout");
        }
        if let Some((word, what)) = ONLY_NFTS.iter().find(|(word, _)| self.is(word)) {
            return self
                .fault(format!("nft has {word} ({what}), netsh does not"))
                .hint(NFT_DOES);
        }
        let protocols = super::fields::PROTOCOLS
            .iter()
            .map(|protocol| protocol.name);
        let words = protocols
            .chain(super::parse_selector::BEGINNINGS)
            .chain(super::fields::META_ALONE.iter().copied())
            .chain(STATEMENTS.iter().copied());
        let mut fault = self.unknown("something that a rule can look at or do", words);
        fault.hint = "a rule looks at things (ip saddr, tcp dport, iifname, ct state ...) and then does something (counter, accept, drop, masquerade ...)".into();
        fault
    }

    /// What begins with a selector: a comparison, an assignment, a map of verdicts.
    fn selection(&mut self) -> Read<Statement> {
        let start = self.start();
        let mut left = self.expression()?;
        if let [only] = left.parts.as_slice()
            && self.is("set")
        {
            let only = only.clone();
            self.settable(&only, start)?;
            self.skip();
            return self
                .assigned(&only)
                .map(|assigned| Statement::Assign(only, assigned));
        }
        if self.take("vmap") {
            let set = self.set(&left.kinds(), &DataKind::Verdict)?;
            return Ok(Statement::Vmap(left, set));
        }
        if let [only] = left.parts.as_slice()
            && let Selector::TcpOption { field: None, .. } = only
            && !self.is("exists")
            && !self.is("missing")
        {
            return Err(self.fault("a field of the option, exists or missing has to stand here"));
        }
        if self.is("&") || self.is("and") {
            let [only] = left.parts.as_slice() else {
                return Err(self.fault("a mask can be laid on one thing only"));
            };
            let kind = only.typed();
            self.skip();
            left.mask = Some(self.mask(kind)?);
        }
        let mut turned = 0;
        while let [only] = left.parts.as_slice()
            && (self.is("^") || self.is("xor"))
        {
            let kind = only.typed();
            self.skip();
            turned ^= self.mask(kind)?;
        }
        for (sign, what) in [("|", "or"), ("^", "xor"), ("<<", "<<"), (">>", ">>")] {
            if self.is(sign) || self.is(what) {
                return Err(self
                    .fault(format!(
                        "nft compares what {:?} makes, netsh does not",
                        self.here()
                    ))
                    .hint("a comparison can have a mask: meta mark & 0xff == 1"));
            }
        }
        let mut operator = self.operator();
        let kinds = left.kinds();
        let at = self.next().at.clone();
        let (mut right, mask) = self.right(&kinds)?;
        if turned != 0 {
            // What is turned is equal to a value where it is equal, unturned, to the value turned.
            let equal = matches!(
                operator,
                Operator::Implicit | Operator::Equal | Operator::NotEqual
            );
            let (Right::Value(Value::One(one)), true) = (&mut right, equal) else {
                let words = "what is turned by ^ is compared with one value, by == or !=";
                return Err(super::fault::Fault::new(words, self.since(at.start)));
            };
            *one ^= turned;
        }
        if let Some(mask) = mask {
            left.mask = Some(mask);
        }
        if left.mask.is_some() && operator == Operator::Implicit {
            operator = Operator::Equal;
        }
        let ordered = matches!(
            operator,
            Operator::Less | Operator::AtMost | Operator::Greater | Operator::AtLeast
        );
        if ordered && !matches!(right, Right::Value(Value::One(_))) {
            let words = "only a single value can be smaller or larger";
            return Err(super::fault::Fault::new(words, self.since(at.start)));
        }
        if operator == Operator::Lacks
            && kinds.first().is_none_or(|kind| kind.of.form != Form::Flags)
        {
            return Err(super::fault::Fault::new(
                "only flags can be lacking",
                self.since(at.start),
            )
            .hint("what is not equal is written with !="));
        }
        Ok(Statement::Match(Match {
            left,
            operator,
            right,
        }))
    }

    fn operator(&mut self) -> Operator {
        let operators = [
            ("==", Operator::Equal),
            ("eq", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("ne", Operator::NotEqual),
            ("<=", Operator::AtMost),
            ("le", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("ge", Operator::AtLeast),
            ("<", Operator::Less),
            ("lt", Operator::Less),
            (">", Operator::Greater),
            ("gt", Operator::Greater),
            ("!", Operator::Lacks),
        ];
        let found = operators.iter().find(|(sign, _)| self.is(sign));
        match found {
            Some((_, operator)) => {
                self.skip();
                *operator
            }
            None => Operator::Implicit,
        }
    }

    fn settable(&self, selector: &Selector, start: usize) -> Read<()> {
        let (what, names) = match selector {
            Selector::Meta(key) if !META_SETTABLE.contains(&key.name) => ("meta", META_SETTABLE),
            Selector::Ct(key, None) if !CT_SETTABLE.contains(&key.name) => ("ct", CT_SETTABLE),
            Selector::Field(..)
            | Selector::Bits { .. }
            | Selector::Meta(_)
            | Selector::Ct(_, None)
            | Selector::TcpOption { field: Some(_), .. } => return Ok(()),
            _ => ("", &[][..]),
        };
        let at = self.since(start);
        let words = format!("{} can't be set", self.text_at(at.clone()));
        let fault = super::fault::Fault::new(words, at);
        Err(match names {
            [] => fault,
            names => fault.hint(format!("what {what} can set: {}", names.join(", "))),
        })
    }

    fn assigned(&mut self, to: &Selector) -> Read<Assigned> {
        let kind = to.typed();
        if !self.is_selector() {
            let value = match kind.of.form {
                Form::Flags => Value::One(self.flags(kind, true)?),
                _ => {
                    let start = self.start();
                    let value = self.value(kind)?;
                    if matches!(value, Value::Range(..) | Value::Prefix(..)) {
                        let words = "a single value has to stand here";
                        return Err(super::fault::Fault::new(words, self.since(start)));
                    }
                    value
                }
            };
            return Ok(Assigned::Value(value));
        }
        let from = self.expression()?;
        if self.take("map") {
            let set = self.set(&from.kinds(), &DataKind::Values(vec![kind]))?;
            return Ok(Assigned::Map(from, set));
        }
        let [only] = from.parts.as_slice() else {
            return Err(self.fault("a map has to follow what is joined by dots"));
        };
        let all = largest(kind.bits);
        let (mut and, mut xor) = (all, 0);
        loop {
            let operation = match self.here() {
                "&" | "and" => '&',
                "|" | "or" => '|',
                "^" | "xor" => '^',
                _ => break,
            };
            self.skip();
            let number = self.mask(kind)?;
            (and, xor) = match operation {
                '&' => (and & number, xor & number),
                '|' => (and & !number, xor & !number | number),
                _ => (and, xor ^ number),
            };
        }
        Ok(Assigned::Computed {
            from: only.clone(),
            and: and & all,
            xor: xor & all,
        })
    }

    fn log(&mut self) -> Read<Statement> {
        let mut log = Log::default();
        let start = self.start();
        loop {
            if self.take("prefix") {
                let at = self.next().at.clone();
                let prefix = self.quoted("a prefix")?;
                if prefix.len() > 127 {
                    return Err(super::fault::Fault::new(
                        "the prefix is longer than 127 bytes",
                        at,
                    ));
                }
                log.prefix = Some(prefix);
            } else if self.take("group") {
                let group = self.number("a group", u16::MAX.into())?;
                log.group = u16::try_from(group).ok();
            } else if self.take("snaplen") {
                let length = self.number("a length", u32::MAX.into())?;
                log.snaplen = u32::try_from(length).ok();
            } else if self.take("queue-threshold") {
                let number = self.number("a number of packets", u16::MAX.into())?;
                log.queue_threshold = u16::try_from(number).ok();
            } else if self.take("level") {
                let level = self.one_of("a level of the log", &LEVELS)?;
                log.level = LEVELS
                    .iter()
                    .position(|one| *one == level)
                    .and_then(|at| u32::try_from(at).ok());
            } else if self.take("flags") {
                log.flags = Some(log.flags.unwrap_or(0) | self.log_flags()?);
            } else {
                break;
            }
        }
        Self::one_log(log, self.since(start))
    }

    /// Either the log of the kernel, with a level and flags, or a program.
    fn one_log(log: Log, at: std::ops::Range<usize>) -> Read<Statement> {
        let to_program =
            log.group.is_some() || log.snaplen.is_some() || log.queue_threshold.is_some();
        let of_kernel = match (log.level, log.flags) {
            (Some(_), _) => "level",
            (None, Some(_)) => "flags",
            (None, None) => return Ok(Statement::Log(log)),
        };
        match to_program {
            false => Ok(Statement::Log(log)),
            true => Err(super::fault::Fault::new(
                format!("{of_kernel} is for the log of the kernel, and group, snaplen and queue-threshold are for a program"),
                at,
            )
            .hint(format!("leave {of_kernel} out, or the others"))),
        }
    }

    /// `NF_LOG_*` of linux/netfilter/nf_log.h.
    fn log_flags(&mut self) -> Read<u32> {
        Ok(
            match self.one_of("what to log", &["all", "tcp", "ip", "skuid", "ether"])? {
                "all" => 0x2f,
                "tcp" => {
                    let mut flags = 0;
                    loop {
                        flags |=
                            match self.one_of("what of TCP to log", &["sequence", "options"])? {
                                "sequence" => 1,
                                _ => 2,
                            };
                        if !self.take(",") {
                            break flags;
                        }
                    }
                }
                "ip" => {
                    self.expect("options")?;
                    4
                }
                "skuid" => 8,
                _ => 0x20,
            },
        )
    }

    fn reject(&mut self) -> Read<Statement> {
        if !self.take("with") {
            return Ok(Statement::Reject(Reject::Usual));
        }
        let words = ["icmp", "icmpv6", "icmpx", "tcp"];
        let how = self.one_of("how to reject", &words)?;
        if how == "tcp" {
            self.expect("reset")?;
            return Ok(Statement::Reject(Reject::TcpReset));
        }
        let _ = self.take("type");
        let kind: &'static Type = match how {
            "icmp" => &ICMP_CODE,
            "icmpv6" => &ICMPV6_CODE,
            _ => &ICMPX_CODE,
        };
        let code = u8::try_from(self.one(Typed::new(kind))?).unwrap_or(0);
        Ok(Statement::Reject(match how {
            "icmp" => Reject::Icmp(code),
            "icmpv6" => Reject::Icmpv6(code),
            _ => Reject::Icmpx(code),
        }))
    }

    fn queue(&mut self) -> Read<Statement> {
        let (mut from, mut to, mut bypass, mut fanout) = (0, 0, false, false);
        loop {
            if self.take("num") || self.take("to") {
                let start = self.start();
                from = self.number("a queue", u16::MAX.into())?;
                to = match self.take("-") {
                    true => self.number("a queue", u16::MAX.into())?,
                    false => from,
                };
                if to < from {
                    let words = "the range of queues ends before it begins";
                    return Err(super::fault::Fault::new(words, self.since(start)));
                }
            } else if self.take("bypass") {
                bypass = true;
            } else if self.take("fanout") {
                fanout = true;
            } else if !self.take("flags") && !self.take(",") {
                break;
            }
        }
        Ok(Statement::Queue {
            from: u16::try_from(from).unwrap_or(0),
            to: u16::try_from(to).unwrap_or(0),
            bypass,
            fanout,
        })
    }

    fn update(&mut self) -> Read<Statement> {
        let operation = match self.one_of("what to do with a set", &["add", "update", "delete"])? {
            "add" => Update::Add,
            "update" => Update::Update,
            _ => Update::Delete,
        };
        self.expect("@")?;
        let set = self.name("set")?;
        self.update_of(operation, set, None)
    }

    /// `meter m size 100 { ip saddr limit rate 5/second }`
    fn meter(&mut self) -> Read<Statement> {
        self.expect("meter")?;
        let name = self.name("meter")?;
        let size = match self.take("size") {
            true => self.number("a size", u32::MAX.into())?,
            false => 0xffff,
        };
        let meter = Some(u32::try_from(size).unwrap_or(u32::MAX));
        let mut statement = self.update_of(Update::Add, name, meter)?;
        if let Statement::Update {
            operation,
            timeout: Some(_),
            ..
        } = &mut statement
        {
            *operation = Update::Update;
        }
        Ok(statement)
    }

    fn update_of(&mut self, operation: Update, set: String, meter: Option<u32>) -> Read<Statement> {
        self.expect("{")?;
        let key = self.expression()?;
        let (mut timeout, mut extra) = (None, Vec::new());
        while !self.take("}") {
            if self.take("timeout") {
                timeout = Some(self.time()?);
                continue;
            }
            let word = self.one_of(
                "what an element has",
                &["timeout", "limit", "counter", "quota", "ct"],
            )?;
            extra.push(self.each(word)?);
        }
        Ok(Statement::Update {
            operation,
            set,
            key,
            timeout,
            extra,
            meter,
        })
    }
}
