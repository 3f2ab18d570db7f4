//! The messages of nftables: `struct nfgenmsg` and attributes, and several of them as one transaction.
//!
//! Numbers are those of linux/netfilter/nf_tables.h.

use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::Attributes;
use crate::kernel::netlink::{Message, Request};

use super::compile::Compiled;
use super::compile_statement::simple_expression;
use super::expression;
use super::family::Family;
use super::sets::{self, ANONYMOUS, CONCAT, Mapped, RawData, RawElement, Shape, VERDICTS};
use super::syntax::{Selector, Statement};

/// `NFNL_SUBSYS_NFTABLES`.
pub const SUBSYSTEM: u16 = 10;

/// `enum nf_tables_msg_types`.
pub mod kind {
    /// A table made or told.
    pub const NEW_TABLE: u16 = 0;
    /// A table asked for.
    pub const GET_TABLE: u16 = 1;
    /// A table removed.
    pub const DEL_TABLE: u16 = 2;
    /// A chain made or told.
    pub const NEW_CHAIN: u16 = 3;
    /// A chain asked for.
    pub const GET_CHAIN: u16 = 4;
    /// A chain removed.
    pub const DEL_CHAIN: u16 = 5;
    /// A rule made or told.
    pub const NEW_RULE: u16 = 6;
    /// A rule asked for.
    pub const GET_RULE: u16 = 7;
    /// A rule removed.
    pub const DEL_RULE: u16 = 8;
    /// A set made or told.
    pub const NEW_SET: u16 = 9;
    /// A set asked for.
    pub const GET_SET: u16 = 10;
    /// A set removed.
    pub const DEL_SET: u16 = 11;
    /// Elements made or told.
    pub const NEW_ELEMENTS: u16 = 12;
    /// Elements asked for.
    pub const GET_ELEMENTS: u16 = 13;
    /// Elements removed.
    pub const DEL_ELEMENTS: u16 = 14;
    /// An object made or told.
    pub const NEW_OBJECT: u16 = 18;
    /// An object asked for.
    pub const GET_OBJECT: u16 = 19;
    /// An object removed.
    pub const DEL_OBJECT: u16 = 20;
}

/// `NLM_F_*` of linux/netlink.h.
pub mod flags {
    /// The kernel tells what it made.
    pub const ECHO: u16 = 0x8;
    /// Not if it is there.
    pub const EXCLUSIVE: u16 = 0x200;
    /// If it is not there.
    pub const CREATE: u16 = 0x400;
    /// At the end.
    pub const APPEND: u16 = 0x800;
}

/// How many bytes of elements go into one message: the length of an attribute has 16 bits.
const ELEMENTS: usize = 32 << 10;

/// A message about a table of this family (0 stands for all).
pub fn message(kind: u16, family: u8, attributes: &Attributes) -> Message {
    let mut body = vec![family, 0, 0, 0];
    body.extend(attributes.as_bytes());
    Message {
        kind: SUBSYSTEM << 8 | kind,
        body,
    }
}

/// Messages that become one transaction.
pub struct Transaction<'a> {
    /// The messages so far.
    pub requests: Vec<Request>,
    /// Gives the index of a link.
    link: &'a mut dyn FnMut(&str) -> Result<u32>,
    next_set: u32,
}

impl<'a> Transaction<'a> {
    /// An empty one. `link` gives the index of a link.
    pub fn new(link: &'a mut dyn FnMut(&str) -> Result<u32>) -> Self {
        Transaction {
            requests: Vec::new(),
            link,
            next_set: 1,
        }
    }

    /// Adds a message.
    pub fn add(&mut self, kind: u16, family: Family, flags: u16, attributes: &Attributes) {
        let message = message(kind, family as u8, attributes);
        self.requests.push(Request { message, flags });
    }

    /// Adds a message about tables of all families.
    pub fn all(&mut self, kind: u16) {
        let message = message(kind, 0, &Attributes::new());
        self.requests.push(Request { message, flags: 0 });
    }

    /// Adds a rule, the sets that belong to it before it. `place` are the attributes that say where it goes.
    pub fn rule(
        &mut self,
        family: Family,
        [table, chain]: [&str; 2],
        compiled: &Compiled,
        place: &Attributes,
        flags: u16,
    ) -> Result<()> {
        // What the rule calls its sets, once for each rule, has to be another name in each transaction.
        let first = self.next_set;
        for set in &compiled.sets {
            let id = first + set.id;
            self.next_set = self.next_set.max(id + 1);
            self.set(
                family,
                table,
                &set.name,
                Some(id),
                &set.shape,
                &SetOptions {
                    key_of: set.key_of.clone(),
                    ..SetOptions::default()
                },
                set.size
                    .map(|size| size as usize)
                    .or(Some(set.elements.len())),
            )?;
            self.elements(
                kind::NEW_ELEMENTS,
                family,
                [table, &set.name],
                Some(id),
                &set.shape,
                &set.elements,
            )?;
        }
        let numbered: Vec<expression::Expression> = match compiled.sets.is_empty() {
            true => Vec::new(),
            false => compiled
                .expressions
                .iter()
                .map(|one| renumbered(one, first))
                .collect(),
        };
        let expressions = if compiled.sets.is_empty() {
            &compiled.expressions
        } else {
            &numbered
        };
        let list = expression::write_list(expressions, self.link)?;
        let mut attributes = Attributes::new();
        // NFTA_RULE_TABLE, CHAIN, EXPRESSIONS, USERDATA
        attributes.text(1, table).text(2, chain);
        attributes.extend(place);
        attributes.put(4 | 0x8000, list.as_bytes());
        if let Some(comment) = &compiled.comment {
            attributes.put(7, &user_text(0, comment));
        }
        self.add(kind::NEW_RULE, family, flags, &attributes);
        Ok(())
    }

    /// Adds a set (NFTA_SET_TABLE, NAME, FLAGS, KEY_TYPE, KEY_LEN, DATA_TYPE, DATA_LEN, DESC, ID, TIMEOUT, USERDATA).
    #[allow(clippy::too_many_arguments)]
    pub fn set(
        &mut self,
        family: Family,
        table: &str,
        name: &str,
        id: Option<u32>,
        shape: &Shape,
        options: &SetOptions,
        size: Option<usize>,
    ) -> Result<()> {
        let mut attributes = Attributes::new();
        let key_bytes = u32::try_from(shape.key_bytes()).unwrap_or(0);
        // What each element has for itself, several of it: NFT_SET_EXPR.
        let several = if options.each.len() > 1 { 0x100 } else { 0 };
        attributes
            .text(1, table)
            .text(2, name)
            .be32(3, shape.flags | several);
        attributes.be32(4, shape.key_number()).be32(5, key_bytes);
        match &shape.data {
            Mapped::Nothing => {}
            Mapped::Verdicts => {
                attributes.be32(6, VERDICTS).be32(7, 0);
            }
            Mapped::Values(kinds) => {
                let bytes = u32::try_from(sets::concat_bytes(kinds)).unwrap_or(0);
                attributes
                    .be32(6, sets::concat_number(kinds))
                    .be32(7, bytes);
            }
            Mapped::Objects(object) => {
                attributes.be32(15, object.number());
            }
        }
        attributes.be32(10, id.unwrap_or(0));
        let size = size
            .and_then(|size| u32::try_from(size).ok())
            .or(options.size);
        let fields: &[super::syntax::Kind] = if shape.flags & CONCAT != 0 {
            &shape.key
        } else {
            &[]
        };
        if size.is_some() || !fields.is_empty() {
            attributes.nest(9, |description| {
                if let Some(size) = size {
                    description.be32(1, size);
                }
                if !fields.is_empty() {
                    description.nest(2, |list| {
                        for field in fields {
                            let length = u32::try_from(field.bytes()).unwrap_or(0);
                            list.nest(1, |one| {
                                one.be32(1, length);
                            });
                        }
                    });
                }
            });
        }
        // NFTA_SET_POLICY, TIMEOUT, GC_INTERVAL, USERDATA
        if options.memory {
            attributes.be32(8, 1);
        }
        if let Some(timeout) = options.timeout {
            attributes.be64(11, timeout);
        }
        if let Some(interval) = options.gc_interval {
            attributes.be32(12, interval);
        }
        let mut user = key_order(shape);
        if shape.merges {
            // NFTNL_UDATA_SET_MERGE_ELEMENTS
            user.extend(user_long(2, 1));
        }
        user.extend(super::type_of::write(
            &options.key_of,
            &options.data_of,
            shape.data == Mapped::Verdicts,
        ));
        if let Some(comment) = &options.comment {
            // NFTNL_UDATA_SET_COMMENT
            user.extend(user_text(7, comment));
        }
        attributes.put(13, &user);
        // NFTA_SET_EXPR for one, NFTA_SET_EXPRESSIONS for more.
        let each = options
            .each
            .iter()
            .filter_map(|one| simple_expression(one).ok());
        let each: Vec<expression::Expression> = each.collect();
        if !each.is_empty() {
            let number = if each.len() == 1 { 17 } else { 18 };
            expression::write_several(&mut attributes, number, &each, self.link)?;
        }
        self.add(kind::NEW_SET, family, flags::CREATE, &attributes);
        Ok(())
    }

    /// Adds elements to a set, or takes them out (NFTA_SET_ELEM_LIST_TABLE, SET, ELEMENTS, SET_ID).
    pub fn elements(
        &mut self,
        kind: u16,
        family: Family,
        [table, set]: [&str; 2],
        id: Option<u32>,
        shape: &Shape,
        elements: &[RawElement],
    ) -> Result<()> {
        let mut elements = elements.iter().peekable();
        while elements.peek().is_some() {
            let mut list = Attributes::new();
            while let Some(element) = elements.peek() {
                let one = write_element(element, self.link)?;
                list.nest(1, |inside| {
                    inside.extend(&one);
                });
                elements.next();
                if list.as_bytes().len() > ELEMENTS && shape.flags & ANONYMOUS == 0 {
                    break;
                }
                if list.as_bytes().len() > ELEMENTS {
                    break;
                }
            }
            let mut attributes = Attributes::new();
            attributes.text(1, table).text(2, set);
            if let Some(id) = id {
                attributes.be32(4, id);
            }
            attributes.put(3 | 0x8000, list.as_bytes());
            let flags = if kind == kind::NEW_ELEMENTS {
                flags::CREATE
            } else {
                0
            };
            self.add(kind, family, flags, &attributes);
        }
        Ok(())
    }
}

/// What a set has beside what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetOptions {
    /// For how long elements stay, in milliseconds.
    pub timeout: Option<u64>,
    /// How many elements it takes.
    pub size: Option<u32>,
    /// A comment.
    pub comment: Option<String>,
    /// How often elements whose time is over are swept out, in milliseconds.
    pub gc_interval: Option<u32>,
    /// `NFT_SET_POL_MEMORY`: rather small than fast.
    pub memory: bool,
    /// What each element has for itself, such as a counter.
    pub each: Vec<Statement>,
    /// What its keys are, where the type was given by `typeof`.
    pub key_of: Vec<Selector>,
    /// What they are mapped to, given so.
    pub data_of: Vec<Selector>,
}

/// A lookup with the number of its set in the transaction.
fn renumbered(one: &expression::Expression, first: u32) -> expression::Expression {
    let mut one = one.clone();
    // NFTA_LOOKUP_SET_ID, NFTA_OBJREF_SET_ID, NFTA_DYNSET_SET_ID
    let place = match one.name.as_str() {
        "lookup" => 4,
        "objref" => 5,
        "dynset" => 2,
        _ => return one,
    };
    for (number, value) in &mut one.values {
        if let expression::Value::Number(id) = value
            && *number == place
        {
            *id += u64::from(first);
        }
    }
    one
}

/// In which order keys and data stand, for nft to read them (`struct nftnl_udata`: a type, a length, a value).
fn key_order(shape: &Shape) -> Vec<u8> {
    use super::types::{Form, Order};
    // BYTEORDER_HOST_ENDIAN and BYTEORDER_BIG_ENDIAN of nft's datatype.h; several parts have none.
    let order = |kinds: &[super::syntax::Kind]| match kinds {
        [only]
            if only.of.order == Order::Network
                || only.of.form == Form::Text && shape.is_turned() =>
        {
            2u32
        }
        [_] if shape.is_turned() => 2,
        [_] => 1,
        _ => 0,
    };
    let mut user = vec![0, 4];
    user.extend(order(&shape.key).to_ne_bytes());
    let data = match &shape.data {
        Mapped::Values(kinds) => match kinds.as_slice() {
            [only] if only.of.order == Order::Network => Some(2u32),
            [_] => Some(1),
            _ => Some(0),
        },
        Mapped::Objects(_) => Some(0),
        Mapped::Nothing | Mapped::Verdicts => None,
    };
    if let Some(order) = data {
        user.extend([1, 4]);
        user.extend(order.to_ne_bytes());
    }
    user
}

/// A text in user data: a type, a length, the text with its NUL.
pub fn user_text(kind: u8, text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    user_bytes(kind, &bytes)
}

/// A number in user data, in the machine's order.
pub fn user_long(kind: u8, number: u32) -> Vec<u8> {
    user_bytes(kind, &number.to_ne_bytes())
}

/// Bytes in user data.
pub fn user_bytes(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let bytes = bytes
        .get(..usize::from(u8::MAX).min(bytes.len()))
        .unwrap_or(bytes);
    let mut user = vec![kind, u8::try_from(bytes.len()).unwrap_or(u8::MAX)];
    user.extend(bytes);
    user
}

/// The bytes of this type in user data.
pub fn read_user(mut user: &[u8], kind: u8) -> Option<&[u8]> {
    loop {
        let (&[found, length], rest) = user.split_first_chunk::<2>()?;
        let value = rest.get(..usize::from(length))?;
        if found == kind {
            return Some(value);
        }
        user = rest.get(usize::from(length)..)?;
    }
}

/// The number of this type in user data.
pub fn read_user_long(user: &[u8], kind: u8) -> Option<u32> {
    let value = read_user(user, kind)?;
    value.try_into().ok().map(u32::from_ne_bytes)
}

/// The text of this type in user data.
pub fn read_user_text(user: &[u8], kind: u8) -> Option<String> {
    read_user(user, kind).map(crate::kernel::text::of_attribute)
}

/// An element (NFTA_SET_ELEM_KEY, DATA, FLAGS, TIMEOUT, USERDATA, KEY_END).
fn write_element(
    element: &RawElement,
    link: &mut dyn FnMut(&str) -> Result<u32>,
) -> Result<Attributes> {
    let mut one = Attributes::new();
    if element.flags != 0 {
        one.be32(3, element.flags);
    }
    if !element.key.is_empty() {
        expression::write_bytes(&mut one, 1, &sets::joined(&element.key, link)?);
    }
    if let Some(end) = &element.end {
        expression::write_bytes(&mut one, 10, &sets::joined(end, link)?);
    }
    match &element.data {
        None => {}
        Some(RawData::Verdict(verdict)) => {
            expression::write_verdict(&mut one, 2, verdict);
        }
        Some(RawData::Parts(parts)) => {
            expression::write_bytes(&mut one, 2, &sets::joined(parts, link)?);
        }
        Some(RawData::Object(name)) => {
            one.text(9, name);
        }
    }
    if let Some(timeout) = element.timeout {
        one.be64(4, timeout);
    }
    if let Some(expires) = element.expires {
        one.be64(5, expires);
    }
    if let Some(comment) = &element.comment {
        one.put(6, &user_text(0, comment));
    }
    // NFTA_SET_ELEM_EXPR, NFTA_SET_ELEM_EXPRESSIONS
    if !element.each.is_empty() {
        let number = if element.each.len() == 1 { 7 } else { 11 };
        expression::write_several(&mut one, number, &element.each, link)?;
    }
    Ok(one)
}
