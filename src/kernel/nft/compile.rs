//! From a tree to the expressions of the kernel, as nft makes them: what a field needs (that the packet is of its protocol) is
//! tested before it, adjacent fields are loaded together.
//!
//! Statements and what they become are in `compile_statement`, `compile_compare` and `compile_nat`, what is loaded in
//! `compile_load`; here are the protocols that are known of a packet so far, and the order of things.

use super::expression::{Expression, Value as Raw};
use super::family::Family;
use super::fault::Fault;
use super::fields::{
    self, ARP, Base, ETHERNET, Field, ICMP, ICMPV6, IGMP, IP, IP6, META_IIFTYPE, META_L4PROTO,
    META_NFPROTO, META_PROTOCOL, Protocol, VLAN,
};
use super::sets::{RawElement, Shape};
use super::syntax::{Element, Match, Operator, Right, Rule, Selector, Set, Statement, Value};

/// A rule in the kernel's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compiled {
    /// What it is made of.
    pub expressions: Vec<Expression>,
    /// The sets without a name that go with it.
    pub sets: Vec<AnonymousSet>,
    /// The comment.
    pub comment: Option<String>,
}

/// A set that belongs to one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnonymousSet {
    /// `__set%d` or `__map%d`: the kernel puts a number in; or the name of a meter.
    pub name: String,
    /// What the rule knows it by until then.
    pub id: u32,
    /// What it holds.
    pub shape: Shape,
    /// Its elements.
    pub elements: Vec<RawElement>,
    /// How many it takes, if not just these.
    pub size: Option<u32>,
    /// What its keys are, where they have several parts: nft reads their types from there.
    pub key_of: Vec<Selector>,
}

/// What is known of the sets that a rule can name.
pub type Sets<'a> = &'a dyn Fn(&str) -> Option<Shape>;

/// What a statement becomes.
pub(super) struct Item {
    pub expressions: Vec<Expression>,
    /// It is a comparison.
    pub is_match: bool,
    /// It compares a field with one value: the base, the first byte, the bytes; and whether the field tells the next protocol.
    pub field: Option<(Base, u32, Vec<u8>, bool)>,
}

/// A rule on its way.
pub(super) struct Compiler<'a> {
    pub family: Family,
    pub sets: Sets<'a>,
    pub next_id: &'a mut u32,
    pub items: Vec<Item>,
    pub made: Vec<AnonymousSet>,
    /// The protocols that the packet is known to have.
    pub link: Option<&'static Protocol>,
    pub network: Option<&'static Protocol>,
    pub transport: Option<&'static Protocol>,
    /// Some transport was asked for, if not only one.
    pub has_transport: bool,
    /// The type of an ICMP message was asked for.
    pub has_icmp_type: bool,
}

/// Compiles a rule of a table of that family. Sets without a name are numbered from `next_id` on, once for each transaction.
pub fn compile(
    rule: &Rule,
    family: Family,
    sets: Sets,
    next_id: &mut u32,
) -> Result<Compiled, Fault> {
    let mut compiler = Compiler {
        family,
        sets,
        next_id,
        items: Vec::new(),
        made: Vec::new(),
        link: (family == Family::Bridge).then_some(&ETHERNET),
        network: match family {
            Family::Ip => Some(&IP),
            Family::Ip6 => Some(&IP6),
            Family::Arp => Some(&ARP),
            _ => None,
        },
        transport: None,
        has_transport: false,
        has_icmp_type: false,
    };
    let mut ended: Option<&str> = None;
    for statement in &rule.statements {
        if let Some(word) = ended {
            let words = format!("nothing after {word} is reached");
            return Err(Fault::new(words, statement.at.clone())
                .hint(format!("put it before {word}, or into a rule of its own")));
        }
        let done = compiler.statement(&statement.it);
        done.map_err(|fault| match fault.at.is_empty() {
            true => Fault {
                at: statement.at.clone(),
                ..fault
            },
            false => fault,
        })?;
        ended = end_of(&statement.it);
    }
    join_adjacent(&mut compiler.items);
    Ok(Compiled {
        expressions: compiler
            .items
            .into_iter()
            .flat_map(|item| item.expressions)
            .collect(),
        sets: compiler.made,
        comment: rule.comment.clone(),
    })
}

/// The word of a statement that ends the rule.
fn end_of(statement: &Statement) -> Option<&'static str> {
    use super::syntax::Verdict;
    match statement {
        Statement::Verdict(verdict) => match verdict {
            Verdict::Accept => Some("accept"),
            Verdict::Drop => Some("drop"),
            Verdict::Return => Some("return"),
            Verdict::Jump(_) => Some("jump"),
            Verdict::Goto(_) => Some("goto"),
            Verdict::Continue => None,
        },
        Statement::Reject(_) => Some("reject"),
        Statement::Nat(nat) => Some(nat.kind.word()),
        Statement::Queue { .. } => Some("queue"),
        Statement::Forward { .. } => Some("fwd"),
        _ => None,
    }
}

/// Puts what compares adjacent fields with one value each into one comparison, as nft does (payload_try_merge in its rule.c):
/// within an unbroken run of comparisons, sorted by place. What is loaded together has at most 4 bytes, which the kernel
/// compares fastest; at the link, whose fields have no fast way, 16.
fn join_adjacent(items: &mut Vec<Item>) {
    let mut begin = 0;
    while begin < items.len() {
        let run = items
            .iter()
            .skip(begin)
            .take_while(|item| item.is_match)
            .count();
        let end = begin + run;
        let mut fields: Vec<usize> = (begin..end)
            .filter(|at| items[*at].field.is_some())
            .collect();
        fields.sort_by_key(|at| {
            items[*at]
                .field
                .as_ref()
                .map(|(base, first, ..)| (*base, *first))
        });
        let mut gone = Vec::new();
        let mut fields = fields.into_iter();
        let mut last = fields.next();
        for this in fields {
            let Some(before) = last else { break };
            let pair = (items[before].field.clone(), items[this].field.clone());
            let (Some((base, first, bytes, _)), Some((base2, second, more, tells))) = pair else {
                break;
            };
            let total = bytes.len() + more.len();
            let adjacent = base == base2 && first as usize + bytes.len() == second as usize;
            if !adjacent || total > 16 || total > 4 && base != Base::Link {
                last = Some(this);
                continue;
            }
            let joined = [bytes, more].concat();
            // What tells the next protocol stays where it is, before what depends on it.
            let (kept, dropped) = if tells {
                (this, before)
            } else {
                (before, this)
            };
            items[kept].expressions = field_equals(base, first, &joined);
            items[kept].field = Some((base, first, joined, tells));
            gone.push(dropped);
            last = Some(kept);
        }
        gone.sort_unstable();
        for at in gone.iter().rev() {
            items.remove(*at);
        }
        begin = end - gone.len() + 1;
    }
}

/// Loads bytes of a header and compares them.
pub(super) fn field_equals(base: Base, first: u32, bytes: &[u8]) -> Vec<Expression> {
    vec![
        load_bytes(base, first, u32::try_from(bytes.len()).unwrap_or(0), 1),
        compare(0, bytes.to_vec()),
    ]
}

/// Loads bytes of a header (NFTA_PAYLOAD_DREG, BASE, OFFSET, LEN).
pub(super) fn load_bytes(base: Base, first: u32, length: u32, register: u32) -> Expression {
    Expression::new("payload")
        .with(1, register)
        .with(2, base as u32)
        .with(3, first)
        .with(4, length)
}

/// Compares register 1 with bytes (NFTA_CMP_SREG, OP, DATA).
pub(super) fn compare(operation: u32, bytes: Vec<u8>) -> Expression {
    Expression::new("cmp")
        .with(1, 1u32)
        .with(2, operation)
        .set(3, Raw::Bytes(bytes))
}

/// Loads a property of the packet (NFTA_META_DREG, KEY).
pub(super) fn load_meta(key: u32, register: u32) -> Expression {
    Expression::new("meta").with(2, key).with(1, register)
}

impl Compiler<'_> {
    /// Adds a comparison.
    pub fn test(&mut self, expressions: Vec<Expression>) {
        self.items.push(Item {
            expressions,
            is_match: true,
            field: None,
        });
    }

    /// Adds something else.
    pub fn act(&mut self, expressions: Vec<Expression>) {
        self.items.push(Item {
            expressions,
            is_match: false,
            field: None,
        });
    }

    fn test_meta(&mut self, key: u32, bytes: Vec<u8>) {
        self.test(vec![load_meta(key, 1), compare(0, bytes)]);
    }

    fn test_field(&mut self, base: Base, first: u32, number: u16) {
        let bytes = number.to_be_bytes().to_vec();
        self.items.push(Item {
            expressions: field_equals(base, first, &bytes),
            is_match: true,
            field: Some((base, first, bytes, true)),
        });
    }

    /// Sees to it that the packet has what a selector looks into.
    pub fn depend(&mut self, selector: &Selector) -> Result<(), Fault> {
        match selector {
            Selector::Field(protocol, field) => {
                self.depend_on(protocol)?;
                self.depend_on_type(protocol, field)
            }
            Selector::Meta(key) if key.number == META_NFPROTO => match self.family {
                Family::Ip | Family::Ip6 | Family::Arp => {
                    let words = format!(
                        "every packet that a table of family {} sees is of that family",
                        self.family
                    );
                    Err(Fault::new(words, 0..0).hint("leave meta nfproto out"))
                }
                _ => Ok(()),
            },
            Selector::Ct(key, _) if key.name.starts_with("proto-") && !self.has_transport => {
                let words = format!("the {} of which protocol is not said", key.name);
                Err(Fault::new(words, 0..0).hint(
                    "match it before: ct protocol tcp ct original proto-dst 80, or tcp dport ...",
                ))
            }
            Selector::Extension(one, _) => self.depend_on_network(one.protocol(), true),
            Selector::Hash { parts, .. } => parts.iter().try_for_each(|part| self.depend(part)),
            _ => Ok(()),
        }
    }

    /// Sees to it that an ICMP message is of a type that has the field.
    fn depend_on_type(&mut self, protocol: &'static Protocol, field: &Field) -> Result<(), Fault> {
        let types = fields::types_with(protocol, field);
        let kind = protocol
            .fields
            .first()
            .filter(|_| !types.is_empty() && !self.has_icmp_type);
        let Some(kind) = kind else {
            return Ok(());
        };
        let element = |number: &u8| Element::new(vec![Value::One(u128::from(*number))]);
        self.statement(&Statement::Match(Match {
            left: super::syntax::Expression::of(Selector::Field(protocol, kind)),
            operator: Operator::Implicit,
            right: Right::Set(Set::Elements(types.iter().map(element).collect())),
        }))?;
        self.has_icmp_type = true;
        Ok(())
    }

    /// Sees to it that the packet is of a protocol.
    pub fn depend_on(&mut self, protocol: &'static Protocol) -> Result<(), Fault> {
        match protocol.base {
            Base::Link => self.depend_on_link(protocol),
            Base::Network => self.depend_on_network(protocol, false),
            Base::Transport => self.depend_on_transport(protocol),
        }
    }

    fn depend_on_link(&mut self, protocol: &'static Protocol) -> Result<(), Fault> {
        if self.family == Family::Arp {
            let words = "a table of family arp sees ARP, and not the frame around it";
            return Err(Fault::new(words, 0..0).hint("arp saddr ether, arp daddr ether"));
        }
        if self.link.is_none() {
            // ARPHRD_ETHER of linux/if_arp.h.
            self.test_meta(META_IIFTYPE, 1u16.to_ne_bytes().to_vec());
            self.link = Some(&ETHERNET);
        }
        if *protocol == VLAN && self.link != Some(&VLAN) {
            if let Some(network) = self.network.filter(|_| !self.is_of_one_family()) {
                return Err(conflict(network, protocol));
            }
            self.test_field(Base::Link, 12, 0x8100);
            self.link = Some(&VLAN);
        }
        Ok(())
    }

    fn is_of_one_family(&self) -> bool {
        matches!(self.family, Family::Ip | Family::Ip6 | Family::Arp)
    }

    fn depend_on_network(
        &mut self,
        protocol: &'static Protocol,
        for_transport: bool,
    ) -> Result<(), Fault> {
        if let Some(known) = self.network {
            if known == protocol {
                return Ok(());
            }
            let fault = conflict(known, protocol);
            return Err(match self.is_of_one_family() {
                true => {
                    let words = format!(
                        "a table of family {} sees no packets of {}",
                        self.family, protocol.name
                    );
                    Fault::new(words, 0..0)
                        .hint("a table of family inet sees both IPv4 and IPv6, one of family arp sees ARP")
                }
                false => fault,
            });
        }
        let number = protocol.number.unwrap_or(0);
        let nfproto = match protocol.name {
            "ip" => Some(2),
            "ip6" => Some(10),
            _ => None,
        };
        match (self.family, self.link) {
            (_, Some(link)) if *link == VLAN => self.test_field(Base::Link, 16, number),
            (Family::Inet, None) => match nfproto {
                Some(nfproto) => self.test_meta(META_NFPROTO, vec![nfproto]),
                None => {
                    let words = format!("a table of family inet sees no {}", protocol.name);
                    return Err(Fault::new(words, 0..0).hint("one of family arp does"));
                }
            },
            (Family::Bridge, _) if nfproto.is_some() && !for_transport => {
                self.test_meta(META_PROTOCOL, number.to_be_bytes().to_vec());
            }
            (_, Some(_)) => self.test_field(Base::Link, 12, number),
            _ => self.test_meta(META_PROTOCOL, number.to_be_bytes().to_vec()),
        }
        self.network = Some(protocol);
        Ok(())
    }

    fn depend_on_transport(&mut self, protocol: &'static Protocol) -> Result<(), Fault> {
        self.has_transport = true;
        let Some(number) = protocol.number else {
            return Ok(());
        };
        if self.family == Family::Arp {
            let words = format!("a table of family arp sees no {}", protocol.name);
            return Err(Fault::new(words, 0..0));
        }
        match self.transport {
            Some(known) if known == protocol => return Ok(()),
            Some(known) => return Err(conflict(known, protocol)),
            None => {}
        }
        if *protocol == ICMP || *protocol == IGMP {
            self.depend_on_network(&IP, true)?;
        }
        if *protocol == ICMPV6 {
            self.depend_on_network(&IP6, true)?;
        }
        self.test_meta(META_L4PROTO, vec![u8::try_from(number).unwrap_or(0)]);
        self.transport = Some(protocol);
        Ok(())
    }

    /// Takes note of what a comparison with one value says about protocols.
    pub fn learn(&mut self, selector: &Selector, value: u128) {
        let number = u16::try_from(value).unwrap_or(0);
        match selector {
            Selector::Meta(key) if key.number == META_NFPROTO => match value {
                2 => self.network = Some(&IP),
                10 => self.network = Some(&IP6),
                _ => {}
            },
            // A table of family inet goes by meta nfproto.
            Selector::Meta(key) if key.number == META_PROTOCOL && self.family == Family::Inet => {}
            Selector::Meta(key) if key.number == META_PROTOCOL => self.learn_network(number),
            Selector::Meta(key) if key.number == META_L4PROTO => self.learn_transport(number),
            Selector::Ct(key, _) if key.name == "protocol" => self.has_transport = true,
            Selector::Field(protocol, field) => match (protocol.name, field.name) {
                ("ether" | "vlan", "type") => self.learn_network(number),
                ("ip", "protocol") | ("ip6", "nexthdr") => self.learn_transport(number),
                ("icmp" | "icmpv6", "type") => self.has_icmp_type = true,
                _ => {}
            },
            _ => {}
        }
    }

    fn learn_network(&mut self, number: u16) {
        match fields::protocol_numbered(Base::Network, number) {
            Some(network) => self.network = Some(network),
            None if VLAN.number == Some(number) => self.link = Some(&VLAN),
            None => {}
        }
    }

    fn learn_transport(&mut self, number: u16) {
        self.has_transport = true;
        if let Some(transport) = fields::protocol_numbered(Base::Transport, number) {
            self.transport = Some(transport);
        }
    }
}

fn conflict(known: &Protocol, wanted: &Protocol) -> Fault {
    let words = format!("no packet is of {} and of {}", known.name, wanted.name);
    Fault::new(words, 0..0).hint("make a rule for each of them")
}
