//! Sets and maps made and removed, and their elements.

use crate::kernel::change::{Action, Change, Command, Names, Operation};
use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::Attributes;
use crate::kernel::reason::{Reason, Refusal};

use super::fault::Fault;
use super::list;
use super::message::{SetOptions, Transaction, kind};
use super::name::Inside;
use super::parse_value::DataKind;
use super::parser::Parser;
use super::print::stateless;
use super::print_selector::selectors_text;
use super::print_set::element_text;
use super::refusal;
use super::sets::{self, CONSTANT, DYNAMIC, INTERVAL, MAP, Mapped, Part, RawElement, Shape};
use super::step::{Step, nft, send};
use super::syntax::{Element, Kind, Object, Value};
use super::table::{Flush, What};
use super::types;
use super::value::time_text;

/// The flags of a set that can be given, with their bits.
pub const FLAGS: [(&str, u32); 4] = [
    ("constant", CONSTANT),
    ("dynamic", DYNAMIC),
    ("interval", INTERVAL),
    ("timeout", sets::TIMEOUT),
];

/// A new set or map. It is no refusal if there is one like it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAdd {
    /// Its table and name.
    pub set: Inside,
    /// What it holds.
    pub shape: Shape,
    /// What it has beside that.
    pub options: SetOptions,
}

/// Reads the type of a set or map: `ipv4_addr`, `ipv4_addr . inet_service`, `inet_service : verdict`.
pub fn read_type(text: &str) -> std::result::Result<(Vec<Kind>, Mapped), Fault> {
    let mut parser = Parser::new(text, super::family::Family::Ip)?;
    let found = parser.set_type()?;
    match parser.next().kind == super::token::Kind::End {
        true => Ok(found),
        false => Err(parser.fault("the type ends before this")),
    }
}

impl Parser<'_> {
    /// Reads the type of a set or map.
    pub fn set_type(&mut self) -> std::result::Result<(Vec<Kind>, Mapped), Fault> {
        let key = self.kinds()?;
        if !self.take(":") {
            return Ok((key, Mapped::Nothing));
        }
        match self.mapped() {
            Some(mapped) => Ok((key, mapped)),
            None => Ok((key, Mapped::Values(self.kinds()?))),
        }
    }

    /// Reads what keys are mapped to, if it is said by a word and is no type of values.
    pub fn mapped(&mut self) -> Option<Mapped> {
        let mapped = match self.here() {
            "verdict" => Mapped::Verdicts,
            word => Mapped::Objects(Object::named(word)?),
        };
        self.skip();
        Some(mapped)
    }

    fn kinds(&mut self) -> std::result::Result<Vec<Kind>, Fault> {
        let mut kinds = Vec::new();
        loop {
            // Types whose values have a length of their own.
            let known = types::ALL
                .iter()
                .filter(|one| one.bits > 0 && !["string", "time"].contains(&one.name));
            let Some(of) = types::named(self.here()).filter(|of| of.bits > 0) else {
                return Err(self.unknown("a type of values", known.map(|one| one.name)));
            };
            // A field of less than a byte takes one.
            let bits = of.bits.next_multiple_of(8);
            kinds.push(Kind { of, bits });
            self.skip();
            if !self.take(".") {
                return Ok(kinds);
            }
        }
    }
}

impl SetAdd {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        if self.shape.data == Mapped::Nothing {
            "set"
        } else {
            "map"
        }
    }

    /// What stands between its braces, without elements.
    pub fn body(&self) -> Vec<String> {
        body(&self.shape, &self.options)
    }
}

/// What stands between the braces of a set, one line after the other.
pub fn body(shape: &Shape, options: &SetOptions) -> Vec<String> {
    let names = |kinds: &[Kind]| {
        kinds
            .iter()
            .map(|kind| kind.of.name)
            .collect::<Vec<_>>()
            .join(" . ")
    };
    let mut lines = vec![match (options.key_of.as_slice(), &shape.data) {
        ([], Mapped::Nothing) => format!("type {}", names(&shape.key)),
        ([], Mapped::Verdicts) => format!("type {} : verdict", names(&shape.key)),
        ([], Mapped::Objects(object)) => {
            format!("type {} : {}", names(&shape.key), object.word())
        }
        (key, Mapped::Objects(object)) => {
            format!("typeof {} : {}", selectors_text(key), object.word())
        }
        ([], Mapped::Values(kinds)) => format!("type {} : {}", names(&shape.key), names(kinds)),
        (key, Mapped::Nothing) => format!("typeof {}", selectors_text(key)),
        (key, Mapped::Verdicts) => format!("typeof {} : verdict", selectors_text(key)),
        (key, Mapped::Values(_)) => {
            format!(
                "typeof {} : {}",
                selectors_text(key),
                selectors_text(&options.data_of)
            )
        }
    }];
    if options.memory {
        lines.push("policy memory".into());
    }
    if let Some(size) = options.size {
        lines.push(format!("size {size}"));
    }
    let flags: Vec<&str> = FLAGS
        .iter()
        .filter(|(_, flag)| shape.flags & flag != 0)
        .map(|(name, _)| *name)
        .collect();
    // A timeout of its own says that it has timeouts.
    let flags: Vec<&str> = match (flags.as_slice(), options.timeout) {
        (["timeout"], Some(_)) => Vec::new(),
        _ => flags,
    };
    if !flags.is_empty() {
        lines.push(format!("flags {}", flags.join(",")));
    }
    if !options.each.is_empty() {
        let each: Vec<String> = options.each.iter().map(stateless).collect();
        lines.push(each.join(" "));
    }
    if shape.merges {
        lines.push("auto-merge".into());
    }
    if let Some(timeout) = options.timeout {
        lines.push(format!("timeout {}", time_text(timeout)));
    }
    if let Some(interval) = options.gc_interval {
        lines.push(format!("gc-interval {}", time_text(interval.into())));
    }
    if let Some(comment) = &options.comment {
        lines.push(format!("comment \"{comment}\""));
    }
    lines
}

impl Step for SetAdd {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let [table, name] = self.set.names();
        to.set(
            self.set.table.family,
            table,
            name,
            None,
            &self.shape,
            &self.options,
            None,
        )
    }
}

impl Operation for SetAdd {
    fn object(&self) -> String {
        self.set.to_string()
    }

    fn words(&self) -> String {
        format!("add {} {}", self.word(), self.set)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        send(self, names)
    }

    fn command(&self) -> Command {
        let body: Vec<String> = self
            .body()
            .into_iter()
            .map(|line| format!("{line};"))
            .collect();
        let body = format!("{{ {} }}", body.join(" "));
        nft(&["add", self.word(), &self.set.to_string()], &body)
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let sets = list::sets(names.namespace().netfilter()?, Some(&self.set.table))?;
        if sets.iter().any(|(_, set)| set.name == self.set.name) {
            return Ok(None);
        }
        let del = SetDel {
            set: self.set.clone(),
            is_map: self.shape.flags & MAP != 0,
        };
        Ok(Some(del.into()))
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_new_set(refusal, names, &self.set, self.word())
    }
}

/// A set or map removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetDel {
    /// Its table and name.
    pub set: Inside,
    /// It is a map.
    pub is_map: bool,
}

impl Step for SetDel {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let mut attributes = Attributes::new();
        attributes
            .text(1, &self.set.table.table)
            .text(2, &self.set.name);
        to.add(kind::DEL_SET, self.set.table.family, 0, &attributes);
        Ok(())
    }
}

impl Operation for SetDel {
    fn object(&self) -> String {
        self.set.to_string()
    }

    fn words(&self) -> String {
        let word = if self.is_map { "map" } else { "set" };
        format!("delete {word} {}", self.set)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        send(self, names)
    }

    fn command(&self) -> Command {
        let word = if self.is_map {
            "delete map"
        } else {
            "delete set"
        };
        nft(&[word, &self.set.to_string()], "")
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        super::load::set_as_it_is(names, &self.set)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_set(refusal, names, &self.set)
    }
}

/// Elements put into a set or map, or taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elements {
    /// The set.
    pub set: Inside,
    /// What it holds.
    pub shape: Shape,
    /// The elements as they are written.
    pub elements: Vec<Element>,
    /// As the kernel has them.
    pub raw: Vec<RawElement>,
    /// They are taken out.
    pub gone: bool,
}

impl Elements {
    /// Reads elements: `10.0.0.1, 10.0.0.5`, with or without braces.
    pub fn new(
        set: Inside,
        shape: Shape,
        text: &str,
        gone: bool,
    ) -> std::result::Result<Self, Fault> {
        let braced = text.trim_start().starts_with('{');
        let whole = if braced {
            text.to_string()
        } else {
            format!("{{{text}}}")
        };
        let shift = usize::from(!braced);
        let moved = |fault: Fault| Fault {
            at: fault.at.start.saturating_sub(shift)
                ..fault.at.end.saturating_sub(shift).min(text.len()),
            ..fault
        };
        let mut parser = Parser::new(&whole, set.table.family).map_err(moved)?;
        let data = match (&shape.data, gone) {
            (Mapped::Nothing, _) => DataKind::None,
            (Mapped::Verdicts, _) => DataKind::Verdict,
            (Mapped::Values(kinds), _) => DataKind::Values(kinds.clone()),
            (Mapped::Objects(object), _) => DataKind::Object(*object),
        };
        // What is taken out is named by its key; it may be written with what it is mapped to.
        let mark = parser.mark();
        let elements = match parser.elements(&shape.key, &data) {
            Err(_) if gone && shape.data != Mapped::Nothing => {
                parser.back_to(mark);
                parser.elements(&shape.key, &DataKind::None)
            }
            result => result,
        };
        let elements = elements.map_err(moved)?;
        parser.skip_lines();
        if parser.next().kind != super::token::Kind::End {
            return Err(moved(parser.fault("the elements end before this")));
        }
        Elements::of(set, shape, elements, gone).map_err(|fault| Fault {
            at: 0..text.len(),
            ..fault
        })
    }

    /// Elements that are read already.
    pub fn of(
        set: Inside,
        shape: Shape,
        elements: Vec<Element>,
        gone: bool,
    ) -> std::result::Result<Self, Fault> {
        if shape.flags & INTERVAL == 0 && sets::has_intervals(&elements) {
            let words = format!("the set {} takes single values only", set.name);
            return Err(Fault::new(words, 0..0)
                .hint("ranges and prefixes need a set with flags: \"interval\""));
        }
        let elements = match (shape.merges && !gone, shape.key.as_slice()) {
            (true, [kind]) => sets::joined_elements(elements, *kind),
            _ => elements,
        };
        let mut raw = sets::raw(&elements, &shape, 0)?;
        if gone {
            for element in &mut raw {
                element.data = None;
            }
        }
        Ok(Elements {
            set,
            shape,
            elements,
            raw,
            gone,
        })
    }

    /// What the set holds.
    pub fn there(&self, names: &dyn Names) -> Result<Vec<Element>> {
        let socket = names.namespace().netfilter()?;
        let there = list::elements(socket, &self.set.table, &self.set.name)?;
        Ok(sets::cooked(there, &self.shape, 0))
    }

    /// What is to be taken out of a set that merges its elements, and put into it, for it to hold what is there and what is
    /// added.
    pub fn joined_with(&self, there: &[Element], added: &[Element]) -> Vec<Elements> {
        let [kind] = self.shape.key.as_slice() else {
            return vec![self.clone()];
        };
        // What is widened is another element: it begins without a comment, a timeout, a counter.
        let bare = there
            .iter()
            .map(|element| Element::new(element.key.clone()));
        let all = sets::joined_elements(bare.chain(added.to_vec()).collect(), *kind);
        let holds = |list: &[Element], key: &[Value]| list.iter().any(|one| one.key == key);
        let gone = there.iter().filter(|one| !holds(&all, &one.key));
        let new = all.iter().filter(|one| !holds(there, &one.key));
        let gone: Vec<Element> = gone.cloned().collect();
        let new: Vec<Element> = new.cloned().collect();
        let changes = [(gone, true), (new, false)].into_iter();
        let changes = changes.filter(|(elements, _)| !elements.is_empty());
        let changes = changes.filter_map(|(elements, gone)| {
            Elements::of(self.set.clone(), self.shape.clone(), elements, gone).ok()
        });
        changes.collect()
    }

    fn text(&self) -> String {
        let data = match &self.shape.data {
            Mapped::Values(kinds) => kinds.as_slice(),
            _ => &[],
        };
        let texts: Vec<String> = self
            .elements
            .iter()
            .map(|element| element_text(element, &self.shape.key, data))
            .collect();
        format!("{{ {} }}", texts.join(", "))
    }
}

impl Step for Elements {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let kind = if self.gone {
            kind::DEL_ELEMENTS
        } else {
            kind::NEW_ELEMENTS
        };
        to.elements(
            kind,
            self.set.table.family,
            self.set.names(),
            None,
            &self.shape,
            &self.raw,
        )
    }
}

impl Operation for Elements {
    fn object(&self) -> String {
        self.set.to_string()
    }

    fn words(&self) -> String {
        match self.gone {
            true => format!("delete elements from {}", self.set),
            false => format!("add elements to {}", self.set),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        if !self.shape.merges || self.gone {
            return send(self, names);
        }
        let there = self.there(names).unwrap_or_default();
        let changes = self.joined_with(&there, &self.elements);
        let mut link = |name: &str| names.link(name);
        let mut transaction = Transaction::new(&mut link);
        for change in &changes {
            change.write(&mut transaction)?;
        }
        Ok(Action::Netfilter(transaction.requests))
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let parts = self.raw.iter().flat_map(|element| &element.key);
        let links = parts.filter_map(|part| match part {
            Part::Link(name) => Some(("elements", name.as_str())),
            Part::Bytes(_) => None,
        });
        links.collect()
    }

    fn command(&self) -> Command {
        let word = if self.gone {
            "delete element"
        } else {
            "add element"
        };
        nft(&[word, &self.set.to_string()], &self.text())
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let there = self.there(names)?;
        if self.shape.merges {
            let what = What::Set(self.set.clone());
            let mut parts = vec![Flush { what }.into()];
            if !there.is_empty() {
                let before = Elements::of(self.set.clone(), self.shape.clone(), there, false);
                let Ok(before) = before else { return Ok(None) };
                parts.push(before.into());
            }
            return Ok(Some(super::load::Load::of(parts).into()));
        }
        // Of what was there already nothing is taken back; of what was not there nothing is brought back.
        let elements = self.elements.iter().filter_map(|element| {
            let before = there.iter().find(|one| one.key == element.key);
            match (before, self.gone) {
                (None, false) => Some(element.clone()),
                (Some(before), true) => Some(Element {
                    expires: None,
                    ..before.clone()
                }),
                _ => None,
            }
        });
        let elements: Vec<Element> = elements.collect();
        if elements.is_empty() {
            return Ok(None);
        }
        let inverse = Elements::of(self.set.clone(), self.shape.clone(), elements, !self.gone);
        Ok(inverse.ok().map(Into::into))
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_elements(refusal, names, self)
    }
}
