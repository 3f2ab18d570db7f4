//! What the kernel has: tables, chains, rules, sets and their elements, asked for by dumps.

use std::collections::BTreeMap;

use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::netlink::{Answer, Socket};
use crate::kernel::netns::Namespace;

use super::decode_act::plain;
use super::expression::{self, Expression, Value};
use super::family::Family;
use super::hook::Hook;
use super::message::{kind, message, read_user_long, read_user_text};
use super::name::TableName;
use super::sets::{self, MAP, Mapped, OBJECT, Part, RawData, RawElement, Shape, VERDICTS};
use super::syntax;
use super::type_of;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its family and name.
    pub name: TableName,
    /// Its number.
    pub handle: u64,
    /// `NFT_TABLE_F_*`.
    pub flags: u32,
    /// Its comment.
    pub comment: Option<String>,
    /// Its chains, in the order in which they were made.
    pub chains: Vec<Chain>,
    /// Its sets and maps, those without a name among them.
    pub sets: Vec<Set>,
    /// Its counters, quotas and limits.
    pub objects: Vec<Object>,
}

impl Table {
    /// A table with nothing in it.
    pub fn new(name: TableName) -> Self {
        Table {
            name,
            handle: 0,
            flags: 0,
            comment: None,
            chains: Vec::new(),
            sets: Vec::new(),
            objects: Vec::new(),
        }
    }
}

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Its name.
    pub name: String,
    /// Its number.
    pub handle: u64,
    /// Where it hangs, if it is a base chain.
    pub hook: Option<Hook>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Its comment.
    pub comment: Option<String>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its number.
    pub handle: u64,
    /// What it is made of.
    pub expressions: Vec<Expression>,
    /// Its comment.
    pub comment: Option<String>,
}

/// A set or map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Its name.
    pub name: String,
    /// Its number.
    pub handle: u64,
    /// What it holds. The parts of its key are empty if netsh does not know their types.
    pub shape: Shape,
    /// What it has beside that.
    pub options: super::message::SetOptions,
    /// Its elements.
    pub elements: Vec<RawElement>,
}

/// An object that rules name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub name: String,
    /// Its number.
    pub handle: u64,
    /// `NFT_OBJECT_*`.
    pub kind: u32,
    /// Its state, as an expression has it.
    pub state: Expression,
    /// Its comment.
    pub comment: Option<String>,
}

/// The table that a message of the kernel's is about: its family, and its name, the first attribute of all of them.
fn table_of(answer: &Answer, name: u16) -> Option<TableName> {
    let family = Family::numbered(*answer.bytes.first()?)?;
    let table = attributes::find(body(answer), name)?.text();
    Some(TableName { family, table })
}

/// What follows `struct nfgenmsg`.
fn body<'a>(answer: &'a Answer) -> &'a [u8] {
    answer.bytes.get(4..).unwrap_or(&[])
}

/// Whether an answer is a message of nftables' of this kind.
fn is_kind(answer: &Answer, wanted: u16) -> bool {
    answer.kind == super::message::SUBSYSTEM << 8 | wanted
}

/// The tables, without what is in them.
pub fn tables(socket: &Socket) -> Result<Vec<Table>> {
    let question = message(kind::GET_TABLE, 0, &Attributes::new());
    socket.dump(question, |answer| {
        if !is_kind(&answer, kind::NEW_TABLE) {
            return Ok(None);
        }
        let Some(name) = table_of(&answer, 1) else {
            return Ok(None);
        };
        // NFTA_TABLE_FLAGS, HANDLE, USERDATA
        let number = |kind| attributes::find(body(&answer), kind);
        Ok(Some(Table {
            handle: number(4).and_then(|one| one.be64().ok()).unwrap_or(0),
            flags: number(2).and_then(|one| one.be32().ok()).unwrap_or(0),
            comment: number(6).and_then(|one| read_user_text(one.value, 0)),
            ..Table::new(name)
        }))
    })
}

/// Whether there is such a table.
pub fn has_table(namespace: &Namespace, table: &TableName) -> Result<bool> {
    let tables = tables(namespace.netfilter()?)?;
    Ok(tables.iter().any(|one| one.name == *table))
}

/// What a set of the kernel's holds, if there is such a set and its types are known.
pub fn shape_of(namespace: &Namespace, table: &TableName, set: &str) -> Option<Shape> {
    let sets = sets(namespace.netfilter().ok()?, Some(table)).ok()?;
    let found = sets.into_iter().find(|(_, one)| one.name == set);
    found.map(|(_, set)| set.shape)
}

/// The chains of a table, or of all, each with its table and without its rules.
pub fn chains(socket: &Socket, of: Option<&TableName>) -> Result<Vec<(TableName, Chain)>> {
    let family = of.map_or(0, |table| table.family as u8);
    let question = message(kind::GET_CHAIN, family, &Attributes::new());
    let found = socket.dump(question, |answer| match is_kind(&answer, kind::NEW_CHAIN) {
        true => read_chain(&answer),
        false => Ok(None),
    })?;
    Ok(only(found, of))
}

fn only<T>(mut found: Vec<(TableName, T)>, of: Option<&TableName>) -> Vec<(TableName, T)> {
    found.retain(|(table, _)| of.is_none_or(|of| of == table));
    found
}

/// NFTA_CHAIN_TABLE, HANDLE, NAME, HOOK, POLICY, TYPE, USERDATA.
fn read_chain(answer: &Answer) -> Result<Option<(TableName, Chain)>> {
    let Some(table) = table_of(answer, 1) else {
        return Ok(None);
    };
    let mut chain = Chain {
        name: String::new(),
        handle: 0,
        hook: None,
        rules: Vec::new(),
        comment: None,
    };
    let (mut hook, mut drops, mut kind) = (None, false, String::new());
    for attribute in attributes::read(body(answer)) {
        let attribute = attribute?;
        match attribute.kind {
            2 => chain.handle = attribute.be64()?,
            3 => chain.name = attribute.text(),
            4 => hook = Some(read_hook(attribute.value)?),
            5 => drops = attribute.be32()? == 0,
            7 => kind = attribute.text(),
            12 => chain.comment = read_user_text(attribute.value, 0),
            _ => {}
        }
    }
    chain.hook = hook.map(|hook| Hook {
        kind,
        drops,
        ..hook
    });
    Ok(Some((table, chain)))
}

/// NFTA_HOOK_HOOKNUM, PRIORITY, DEV, DEVS.
fn read_hook(bytes: &[u8]) -> Result<Hook> {
    let mut hook = Hook {
        kind: String::new(),
        number: 0,
        priority: 0,
        drops: false,
        devices: Vec::new(),
    };
    for attribute in attributes::read(bytes) {
        let attribute = attribute?;
        match attribute.kind {
            1 => hook.number = attribute.be32()?,
            2 => hook.priority = attribute.be32()?.cast_signed(),
            3 if hook.devices.is_empty() => hook.devices.push(attribute.text()),
            4 => {
                let names = attribute.nested().map(|one| one.map(|one| one.text()));
                hook.devices = names.collect::<Result<_>>()?;
            }
            _ => {}
        }
    }
    Ok(hook)
}

/// The rules of a chain, of a table, or of all, each with the names of its table and chain.
pub fn rules(
    socket: &Socket,
    of: Option<&TableName>,
    chain: Option<&str>,
) -> Result<Vec<(TableName, (String, Rule))>> {
    let family = of.map_or(0, |table| table.family as u8);
    let mut filter = Attributes::new();
    if let Some(table) = of {
        filter.text(1, &table.table);
        if let Some(chain) = chain {
            filter.text(2, chain);
        }
    }
    let question = message(kind::GET_RULE, family, &filter);
    let found = socket.dump(question, |answer| match is_kind(&answer, kind::NEW_RULE) {
        true => read_rule(&answer),
        false => Ok(None),
    })?;
    let mut found = only(found, of);
    found.retain(|(_, (name, _))| chain.is_none_or(|chain| chain == name));
    Ok(found)
}

/// NFTA_RULE_TABLE, CHAIN, HANDLE, EXPRESSIONS, USERDATA.
fn read_rule(answer: &Answer) -> Result<Option<(TableName, (String, Rule))>> {
    let Some(table) = table_of(answer, 1) else {
        return Ok(None);
    };
    let mut chain = String::new();
    let mut rule = Rule {
        handle: 0,
        expressions: Vec::new(),
        comment: None,
    };
    for attribute in attributes::read(body(answer)) {
        let attribute = attribute?;
        match attribute.kind {
            2 => chain = attribute.text(),
            3 => rule.handle = attribute.be64()?,
            4 => rule.expressions = expression::read_list(attribute.value)?,
            7 => rule.comment = read_user_text(attribute.value, 0),
            _ => {}
        }
    }
    Ok(Some((table, (chain, rule))))
}

/// The handle that the kernel tells of a rule that it made.
pub fn told_handle(answer: &Answer) -> Option<u64> {
    let rule = is_kind(answer, kind::NEW_RULE).then(|| read_rule(answer));
    rule?.ok()?.map(|(_, (_, rule))| rule.handle)
}

/// The sets of a table, or of all, without their elements.
pub fn sets(socket: &Socket, of: Option<&TableName>) -> Result<Vec<(TableName, Set)>> {
    let family = of.map_or(0, |table| table.family as u8);
    let mut filter = Attributes::new();
    if let Some(table) = of {
        filter.text(1, &table.table);
    }
    let question = message(kind::GET_SET, family, &filter);
    let found = socket.dump(question, |answer| match is_kind(&answer, kind::NEW_SET) {
        true => read_set(&answer),
        false => Ok(None),
    })?;
    Ok(only(found, of))
}

/// NFTA_SET_TABLE, NAME, FLAGS, KEY_TYPE, KEY_LEN, DATA_TYPE, DATA_LEN, POLICY, DESC, TIMEOUT, GC_INTERVAL, USERDATA, OBJ_TYPE, HANDLE,
/// EXPR, EXPRESSIONS.
fn read_set(answer: &Answer) -> Result<Option<(TableName, Set)>> {
    let Some(table) = table_of(answer, 1) else {
        return Ok(None);
    };
    let mut set = Set {
        name: String::new(),
        handle: 0,
        shape: Shape {
            key: Vec::new(),
            data: Mapped::Nothing,
            flags: 0,
            merges: false,
        },
        options: super::message::SetOptions::default(),
        elements: Vec::new(),
    };
    let (mut key, mut key_bytes, mut data, mut data_bytes) = (0, 0, 0, 0);
    let mut object = 0;
    for attribute in attributes::read(body(answer)) {
        let attribute = attribute?;
        match attribute.kind {
            2 => set.name = attribute.text(),
            3 => set.shape.flags = attribute.be32()?,
            4 => key = attribute.be32()?,
            5 => key_bytes = attribute.be32()? as usize,
            6 => data = attribute.be32()?,
            7 => data_bytes = attribute.be32()? as usize,
            9 => {
                let size = attributes::find(attribute.value, 1);
                set.options.size = size.and_then(|size| size.be32().ok());
            }
            8 => set.options.memory = attribute.be32()? == 1,
            11 => set.options.timeout = Some(attribute.be64()?),
            12 => set.options.gc_interval = Some(attribute.be32()?).filter(|time| *time != 0),
            13 => {
                let user = attribute.value;
                set.options.comment = read_user_text(user, 7);
                set.shape.merges = read_user_long(user, 2) == Some(1);
                (set.options.key_of, set.options.data_of) = type_of::read(user);
            }
            15 => object = attribute.be32()?,
            17 | 18 => {
                let each = expression::read_several(attribute.value)?;
                set.options.each = each.iter().filter_map(plain).collect();
            }
            16 => set.handle = attribute.be64()?,
            _ => {}
        }
    }
    set.shape.key = match type_of::kinds(&set.options.key_of) {
        kinds if !kinds.is_empty() && sets::concat_bytes(&kinds) == key_bytes => kinds,
        _ => sets::concat_kinds(key, key_bytes).unwrap_or_default(),
    };
    set.shape.flags &= !0x100;
    if set.shape.flags & MAP != 0 {
        set.shape.data = match data {
            VERDICTS => Mapped::Verdicts,
            data => Mapped::Values(match type_of::kinds(&set.options.data_of) {
                kinds if !kinds.is_empty() && sets::concat_bytes(&kinds) == data_bytes => kinds,
                _ => sets::concat_kinds(data, data_bytes).unwrap_or_default(),
            }),
        };
    }
    if set.shape.flags & OBJECT != 0 {
        match syntax::Object::numbered(object) {
            Some(object) => set.shape.data = Mapped::Objects(object),
            // Without the types of its keys it is none that netsh can write down.
            None => set.shape.key = Vec::new(),
        }
    }
    Ok(Some((table, set)))
}

/// The elements of a set.
pub fn elements(socket: &Socket, table: &TableName, set: &str) -> Result<Vec<RawElement>> {
    let mut filter = Attributes::new();
    filter.text(1, &table.table).text(2, set);
    let question = message(kind::GET_ELEMENTS, table.family as u8, &filter);
    let lists = socket.dump(question, |answer| {
        if !is_kind(&answer, kind::NEW_ELEMENTS) {
            return Ok(None);
        }
        let list = attributes::find(body(&answer), 3);
        list.map(|list| {
            list.nested()
                .map(|one| read_element(one?.value))
                .collect::<Result<Vec<_>>>()
        })
        .transpose()
    })?;
    Ok(lists.into_iter().flatten().collect())
}

/// NFTA_SET_ELEM_KEY, DATA, FLAGS, TIMEOUT, EXPIRATION, USERDATA, EXPR, OBJREF, KEY_END, EXPRESSIONS.
pub fn read_element(bytes: &[u8]) -> Result<RawElement> {
    let mut element = RawElement {
        key: Vec::new(),
        end: None,
        flags: 0,
        data: None,
        timeout: None,
        expires: None,
        comment: None,
        each: Vec::new(),
    };
    let part = |value: Value| match value {
        Value::Bytes(bytes) => vec![Part::Bytes(bytes)],
        _ => Vec::new(),
    };
    for attribute in attributes::read(bytes) {
        let attribute = attribute?;
        match attribute.kind {
            1 => element.key = part(expression::read_data(attribute.value)?),
            2 => {
                element.data = Some(match expression::read_data(attribute.value)? {
                    Value::Verdict(verdict) => RawData::Verdict(verdict),
                    value => RawData::Parts(part(value)),
                });
            }
            3 => element.flags = attribute.be32()?,
            4 => element.timeout = Some(attribute.be64()?),
            5 => element.expires = Some(attribute.be64()?),
            6 => element.comment = read_user_text(attribute.value, 0),
            9 => element.data = Some(RawData::Object(attribute.text())),
            7 | 11 => element.each = expression::read_several(attribute.value)?,
            10 => element.end = Some(part(expression::read_data(attribute.value)?)),
            _ => {}
        }
    }
    Ok(element)
}

/// The objects of a table, or of all.
pub fn objects(socket: &Socket, of: Option<&TableName>) -> Result<Vec<(TableName, Object)>> {
    let family = of.map_or(0, |table| table.family as u8);
    let question = message(kind::GET_OBJECT, family, &Attributes::new());
    let found = socket.dump(question, |answer| {
        match is_kind(&answer, kind::NEW_OBJECT) {
            true => read_object(&answer),
            false => Ok(None),
        }
    })?;
    Ok(only(found, of))
}

/// NFTA_OBJ_TABLE, NAME, TYPE, DATA, HANDLE, USERDATA. The data of an object has the attributes of the expression of its name.
fn read_object(answer: &Answer) -> Result<Option<(TableName, Object)>> {
    let Some(table) = table_of(answer, 1) else {
        return Ok(None);
    };
    let (mut name, mut handle, mut number, mut data): (_, _, _, &[u8]) = (String::new(), 0, 0, &[]);
    let mut comment = None;
    for attribute in attributes::read(body(answer)) {
        let attribute = attribute?;
        match attribute.kind {
            2 => name = attribute.text(),
            3 => number = attribute.be32()?,
            4 => data = attribute.value,
            6 => handle = attribute.be64()?,
            8 => comment = read_user_text(attribute.value, 0),
            _ => {}
        }
    }
    let shape = match number {
        1 => "counter",
        2 => "quota",
        4 => "limit",
        5 => "connlimit",
        _ => "",
    };
    Ok(Some((
        table,
        Object {
            name,
            handle,
            kind: number,
            state: Expression::read_as(shape, data)?,
            comment,
        },
    )))
}

/// Tables with all that is in them, or one of them.
pub fn ruleset(socket: &Socket, of: Option<&TableName>) -> Result<Vec<Table>> {
    let mut tables = tables(socket)?;
    tables.retain(|table| of.is_none_or(|of| *of == table.name));
    if tables.is_empty() {
        return Ok(tables);
    }
    let places: BTreeMap<TableName, usize> = tables
        .iter()
        .enumerate()
        .map(|(at, table)| (table.name.clone(), at))
        .collect();
    for (table, chain) in chains(socket, of)? {
        if let Some(table) = places.get(&table).and_then(|at| tables.get_mut(*at)) {
            table.chains.push(chain);
        }
    }
    for (table, set) in sets(socket, of)? {
        if let Some(table) = places.get(&table).and_then(|at| tables.get_mut(*at)) {
            table.sets.push(set);
        }
    }
    for (table, object) in objects(socket, of)? {
        if let Some(table) = places.get(&table).and_then(|at| tables.get_mut(*at)) {
            table.objects.push(object);
        }
    }
    for (table, (chain, rule)) in rules(socket, of, None)? {
        let table = places.get(&table).and_then(|at| tables.get_mut(*at));
        let chain = table.and_then(|table| table.chains.iter_mut().find(|one| one.name == chain));
        if let Some(chain) = chain {
            chain.rules.push(rule);
        }
    }
    for table in &mut tables {
        for set in &mut table.sets {
            set.elements = elements(socket, &table.name, &set.name)?;
        }
    }
    Ok(tables)
}
