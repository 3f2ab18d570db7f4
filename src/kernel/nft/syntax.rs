//! A rule as a tree: what its text says, between the text and the expressions of the kernel.
//!
//! The parser makes it from text, `decode` from what the kernel tells; `compile` makes expressions of it, `print` text.

use super::extension::Extension;
use super::fields::{Base, Field, Key, Protocol};
use super::types::Type;

/// A rule: its statements in order, and a comment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// What it does, each with its place in the text.
    pub statements: Vec<Placed<Statement>>,
    /// `comment "..."` at its end.
    pub comment: Option<String>,
}

/// Something with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// What.
    pub it: T,
    /// Where, in bytes.
    pub at: std::ops::Range<usize>,
}

/// One thing that a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// Goes on only if this holds.
    Match(Match),
    /// A verdict looked up.
    Vmap(Expression, Set),
    /// A verdict.
    Verdict(Verdict),
    /// Counts.
    Counter {
        /// Packets so far.
        packets: u64,
        /// Bytes so far.
        bytes: u64,
    },
    /// A counter, quota or limit of the table's, by its name.
    Object(Object, String),
    /// One of them, looked up.
    ObjectMap(Object, Expression, Set),
    /// Goes on only below, or over, a rate.
    Limit(Limit),
    /// Goes on only until so many bytes have passed, or after.
    Quota {
        /// So many.
        bytes: u64,
        /// How many have.
        used: u64,
        /// After, not until.
        over: bool,
    },
    /// Goes on only while there are at most, or over, so many connections.
    Connections {
        /// So many.
        count: u32,
        /// Over.
        over: bool,
    },
    /// Writes to the log.
    Log(Log),
    /// Answers that it can't be.
    Reject(Reject),
    /// Changes an address or port.
    Nat(Nat),
    /// Gives the packet to a local socket.
    Tproxy {
        /// The family of the address, where there is one.
        family: Option<Nfproto>,
        /// Whether it is written out.
        says_family: bool,
        /// To this address.
        address: Option<Value>,
        /// To this port.
        port: Option<Value>,
    },
    /// Sets a property or a field.
    Assign(Selector, Assigned),
    /// Hands the packet to a program.
    Queue {
        /// The first queue.
        from: u16,
        /// The last one.
        to: u16,
        /// Go on if there is no program.
        bypass: bool,
        /// Choose by CPU.
        fanout: bool,
    },
    /// Does not follow the connection.
    Notrack,
    /// Sends a copy.
    Dup {
        /// The family of the address.
        family: Nfproto,
        /// To this address; none where a table of family netdev sends it out by a link.
        address: Option<Value>,
        /// By this link.
        device: Option<Value>,
    },
    /// Sends the packet out by a link.
    Forward {
        /// To the neighbour with this address.
        gateway: Option<(Nfproto, Value)>,
        /// By this link.
        device: Value,
    },
    /// Adds to a set, or renews.
    Update {
        /// `add` or `update` or `delete`.
        operation: Update,
        /// The set.
        set: String,
        /// What is added.
        key: Expression,
        /// For how long, in milliseconds.
        timeout: Option<u64>,
        /// What an element has for itself, such as a limit.
        extra: Vec<Statement>,
        /// `meter NAME size SIZE { ... }`: the set belongs to the rule, and takes so many elements.
        meter: Option<u32>,
    },
    /// What netsh has no words for: the name of the kernel's expression.
    Unknown(String),
}

/// How a rule writes to a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// If it is not there.
    Add,
    /// And renews its timeout.
    Update,
    /// Out of it.
    Delete,
}

/// An object of a table that rules name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// Counts.
    Counter,
    /// Ends at so many bytes.
    Quota,
    /// A rate.
    Limit,
}

impl Object {
    const ALL: [Object; 3] = [Object::Counter, Object::Quota, Object::Limit];

    /// `NFT_OBJECT_*`.
    pub fn number(self) -> u32 {
        match self {
            Object::Counter => 1,
            Object::Quota => 2,
            Object::Limit => 4,
        }
    }

    /// As rules call it.
    pub fn word(self) -> &'static str {
        match self {
            Object::Counter => "counter",
            Object::Quota => "quota",
            Object::Limit => "limit",
        }
    }

    /// The object with this number.
    pub fn numbered(number: u32) -> Option<Object> {
        let mut all = Object::ALL.into_iter();
        all.find(|one| one.number() == number)
    }

    /// The object that rules call so.
    pub fn named(word: &str) -> Option<Object> {
        let mut all = Object::ALL.into_iter();
        all.find(|one| one.word() == word)
    }

    /// The object whose state a statement is.
    pub fn of(state: &Statement) -> Option<Object> {
        match state {
            Statement::Counter { .. } => Some(Object::Counter),
            Statement::Quota { .. } => Some(Object::Quota),
            Statement::Limit(_) => Some(Object::Limit),
            _ => None,
        }
    }
}

/// A comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// What is looked at.
    pub left: Expression,
    /// How.
    pub operator: Operator,
    /// With what.
    pub right: Right,
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Nothing is written: equal, or for flags one of them.
    Implicit,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `!`: none of these flags.
    Lacks,
}

/// With what something is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// A value.
    Value(Value),
    /// A set.
    Set(Set),
}

/// A set as a rule names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Set {
    /// `@name`
    Named(String),
    /// `{ ... }`
    Elements(Vec<Element>),
}

/// An element of a set or map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// A value for each part of the key; empty stands for all that is not in the set.
    pub key: Vec<Value>,
    /// What it is mapped to.
    pub data: Option<Data>,
    /// For how long it stays, in milliseconds.
    pub timeout: Option<u64>,
    /// How much of it is left.
    pub expires: Option<u64>,
    /// `comment "..."`
    pub comment: Option<String>,
    /// What it has for itself, such as a counter.
    pub each: Vec<Statement>,
}

impl Element {
    /// An element with nothing but its key.
    pub fn new(key: Vec<Value>) -> Element {
        Element {
            key,
            data: None,
            timeout: None,
            expires: None,
            comment: None,
            each: Vec::new(),
        }
    }
}

/// What an element is mapped to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// A verdict.
    Verdict(Verdict),
    /// A value for each part.
    Values(Vec<Value>),
    /// An object of the table, by its name.
    Object(String),
}

/// A value of some type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One, as a number.
    One(u128),
    /// From one to another.
    Range(u128, u128),
    /// All that begin with so many bits of this one.
    Prefix(u128, u32),
    /// The index of the link with this name.
    Link(String),
}

/// What is looked at: one thing, or several joined by dots, with a mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// The things.
    pub parts: Vec<Selector>,
    /// `& MASK`, with one thing only.
    pub mask: Option<u128>,
}

impl Expression {
    /// One thing.
    pub fn of(selector: Selector) -> Expression {
        Expression {
            parts: vec![selector],
            mask: None,
        }
    }

    /// The types of its parts.
    pub fn kinds(&self) -> Vec<Kind> {
        self.parts.iter().map(Selector::typed).collect()
    }
}

/// A type, and how many bits its values have here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The type.
    pub of: &'static Type,
    /// How many bits.
    pub bits: u32,
}

impl Kind {
    /// A type with a length of its own.
    pub fn new(of: &'static Type) -> Kind {
        Kind { of, bits: of.bits }
    }

    /// How many bytes a value takes.
    pub fn bytes(self) -> usize {
        self.bits.div_ceil(8) as usize
    }
}

/// One thing that a rule can look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// A field of a header.
    Field(&'static Protocol, &'static Field),
    /// Some bits of a header: `@th,16,16`.
    Bits {
        /// From where.
        base: Base,
        /// The first bit.
        offset: u32,
        /// How many.
        bits: u32,
    },
    /// A property of the packet.
    Meta(&'static Key),
    /// A property of the connection, perhaps of a direction (0 original, 1 reply).
    Ct(&'static Key, Option<u8>),
    /// What the routing table says.
    Fib {
        /// By what: `NFTA_FIB_F_*`.
        flags: u32,
        /// What is asked.
        result: &'static Key,
    },
    /// A property of the route.
    Rt(&'static Key),
    /// A property of the socket.
    Socket(&'static Key),
    /// A number made up.
    Numgen {
        /// At random, not in turn.
        random: bool,
        /// Below this.
        modulus: u32,
        /// Plus this.
        offset: u32,
    },
    /// A number made of fields.
    Hash {
        /// Of these; empty is the symmetric hash of the packet.
        parts: Vec<Selector>,
        /// Below this.
        modulus: u32,
        /// Begun with this.
        seed: Option<u32>,
        /// Plus this.
        offset: u32,
    },
    /// A header that may be there, and a field of it. None: whether it is there.
    Extension(&'static Extension, Option<&'static Field>),
    /// A field of an option of TCP.
    TcpOption {
        /// Which option.
        option: u8,
        /// Its name.
        name: &'static str,
        /// The field: its name, place and length in bytes. None: whether the option is there.
        field: Option<(&'static str, u32, u32)>,
    },
}

impl Selector {
    /// The type of its values.
    pub fn typed(&self) -> Kind {
        use super::types::{BOOLEAN, HOST_INTEGER, INTEGER, RAW};
        let (of, bits) = match self {
            Selector::Field(_, field) => (field.kind, field.bits),
            Selector::Bits { bits, .. } => (&RAW, *bits),
            Selector::Fib { flags, .. } if flags & super::fields::FIB_PRESENT != 0 => {
                (&BOOLEAN, 32)
            }
            Selector::Meta(key)
            | Selector::Ct(key, _)
            | Selector::Rt(key)
            | Selector::Socket(key)
            | Selector::Fib { result: key, .. } => (key.kind, key.bits),
            Selector::Numgen { .. } | Selector::Hash { .. } => (&HOST_INTEGER, 32),
            Selector::Extension(_, Some(field)) => (field.kind, field.bits),
            Selector::Extension(_, None) | Selector::TcpOption { field: None, .. } => (&BOOLEAN, 1),
            Selector::TcpOption {
                field: Some((.., bytes)),
                ..
            } => (&INTEGER, bytes * 8),
        };
        Kind { of, bits }
    }

    /// The protocol whose header it looks into.
    pub fn protocol(&self) -> Option<&'static Protocol> {
        match self {
            Selector::Field(protocol, _) => Some(protocol),
            Selector::Extension(extension, _) => Some(extension.protocol()),
            _ => None,
        }
    }
}

/// What is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned {
    /// A value.
    Value(Value),
    /// Another property, of which first the bits of `and` are kept and then those of `xor` turned.
    Computed {
        /// Which.
        from: Selector,
        /// The bits that are kept.
        and: u128,
        /// Those that are turned.
        xor: u128,
    },
    /// Looked up.
    Map(Expression, Set),
}

/// What becomes of the packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It passes this hook.
    Accept,
    /// It is gone.
    Drop,
    /// The next rule.
    Continue,
    /// Back to the chain that jumped here.
    Return,
    /// To another chain, and back.
    Jump(String),
    /// To another chain.
    Goto(String),
}

/// A rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// So many.
    pub rate: u64,
    /// In so many seconds.
    pub seconds: u64,
    /// Of bytes, not packets.
    pub of_bytes: bool,
    /// So many more at once.
    pub burst: u64,
    /// Goes on only over it.
    pub over: bool,
}

/// What is written to the log, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// Before it.
    pub prefix: Option<String>,
    /// To a program, by this number.
    pub group: Option<u16>,
    /// So many bytes of the packet.
    pub snaplen: Option<u32>,
    /// So many at once.
    pub queue_threshold: Option<u16>,
    /// How urgent.
    pub level: Option<u32>,
    /// What more of the packet.
    pub flags: Option<u32>,
}

/// How something is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reject {
    /// As is usual in the family.
    Usual,
    /// By an ICMP message.
    Icmp(u8),
    /// By an ICMPv6 message.
    Icmpv6(u8),
    /// By whichever of them fits.
    Icmpx(u8),
    /// By a TCP segment.
    TcpReset,
}

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nfproto {
    /// IPv4.
    Ipv4 = 2,
    /// IPv6.
    Ipv6 = 10,
}

impl Nfproto {
    /// As rules call it.
    pub fn word(self) -> &'static str {
        match self {
            Nfproto::Ipv4 => "ip",
            Nfproto::Ipv6 => "ip6",
        }
    }

    /// The type of its addresses.
    pub fn addresses(self) -> &'static Type {
        match self {
            Nfproto::Ipv4 => &super::types::IPV4,
            Nfproto::Ipv6 => &super::types::IPV6,
        }
    }
}

/// What kind of address translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NatKind {
    /// Another source.
    Snat,
    /// Another destination.
    Dnat,
    /// The source is the link's address.
    Masquerade,
    /// The destination is this machine.
    Redirect,
}

impl NatKind {
    /// As rules call it.
    pub fn word(self) -> &'static str {
        match self {
            NatKind::Snat => "snat",
            NatKind::Dnat => "dnat",
            NatKind::Masquerade => "masquerade",
            NatKind::Redirect => "redirect",
        }
    }
}

/// Address translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nat {
    /// Which.
    pub kind: NatKind,
    /// The family of the address, where there is one.
    pub family: Option<Nfproto>,
    /// Whether it is written out: `dnat ip to`.
    pub says_family: bool,
    /// To this address, or one of a range.
    pub address: Option<Value>,
    /// To this port, or one of a range.
    pub port: Option<Value>,
    /// To what is looked up: the address, or it and the port.
    pub map: Option<(Expression, Set)>,
    /// `NF_NAT_RANGE_*` beside those that follow from the rest.
    pub flags: u32,
}
