//! A whole text of nft's, in one transaction: all of it or nothing.

use nix::errno::Errno;

use crate::kernel::change::{Action, Change, Command, Names, Operation};
use crate::kernel::error::{Result, errno_words};
use crate::kernel::ioctl;
use crate::kernel::reason::{Reason, Refusal};
use std::ops::Range;
use std::os::fd::AsRawFd;

use super::chain::{ChainAdd, ChainDel};
use super::decode::rule as decoded;
use super::fault::Fault;
use super::list;
use super::message::Transaction;
use super::name::{Inside, TableName};
use super::object::{ObjectAdd, ObjectDel};
use super::parse_load::{self, Shapes};
pub use super::parse_statement::NFT_DOES;
use super::refusal;
use super::rule::{Place, RuleAdd, RuleDel};
use super::set::{Elements, SetAdd, SetDel};
use super::step::{Step, nft};
use super::syntax::Element;
use super::table::{Flush, TableAdd, TableDel, What};
use super::text;

macro_rules! parts {
    ($($name:ident),+) => {
        /// A step of a text.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Part {
            $(#[allow(missing_docs)] $name($name)),+
        }

        impl Part {
            fn step(&self) -> &dyn Step {
                match self {
                    $(Part::$name(step) => step),+
                }
            }

            /// What it can say of itself.
            pub fn operation(&self) -> &dyn Operation {
                match self {
                    $(Part::$name(step) => step),+
                }
            }
        }

        $(impl From<$name> for Part {
            fn from(step: $name) -> Part {
                Part::$name(step)
            }
        })+
    };
}

parts!(
    TableAdd, TableDel, Flush, ChainAdd, ChainDel, RuleAdd, RuleDel, SetAdd, SetDel, Elements,
    ObjectAdd, ObjectDel
);

/// A text of nft's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// What it says, step by step.
    pub parts: Vec<Part>,
    /// Where in the text they stand; nothing is known of parts that were never a text.
    places: Vec<Range<usize>>,
}

impl Load {
    /// Reads a text. `shapes` tells what is known of the sets that are there.
    pub fn new(text: &str, shapes: Shapes) -> std::result::Result<Load, Fault> {
        let (parts, places) = parse_load::read(text, shapes)?.into_iter().unzip();
        Ok(Load { parts, places })
    }

    /// The parts of no text.
    pub fn of(parts: Vec<Part>) -> Load {
        let places = Vec::new();
        Load { parts, places }
    }

    /// The tables that it is about, each once.
    fn tables(&self) -> Option<Vec<TableName>> {
        let mut tables = Vec::new();
        for part in &self.parts {
            let table = match part {
                Part::TableAdd(step) => &step.table,
                Part::TableDel(step) => &step.table,
                Part::Flush(step) => match &step.what {
                    What::Ruleset(_) => return None,
                    What::Table(table) => table,
                    What::Chain(inside) | What::Set(inside) => &inside.table,
                },
                Part::ChainAdd(step) => &step.chain.table,
                Part::ChainDel(step) => &step.chain.table,
                Part::RuleAdd(step) => &step.chain.table,
                Part::RuleDel(step) => &step.chain.table,
                Part::SetAdd(step) => &step.set.table,
                Part::SetDel(step) => &step.set.table,
                Part::Elements(step) => &step.set.table,
                Part::ObjectAdd(step) => &step.object.table,
                Part::ObjectDel(step) => &step.object.table,
            };
            if !tables.contains(table) {
                tables.push(table.clone());
            }
        }
        Some(tables)
    }
}

impl Operation for Load {
    fn object(&self) -> String {
        "ruleset".into()
    }

    fn words(&self) -> String {
        "load the rules".into()
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let mut link = |name: &str| names.link(name);
        let mut transaction = Transaction::new(&mut link);
        for (_, part) in self.steps(names) {
            part.step().write(&mut transaction)?;
        }
        Ok(Action::Netfilter(transaction.requests))
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let all = self.parts.iter().flat_map(|part| part.operation().links());
        all.map(|(_, name)| ("text", name)).collect()
    }

    fn command(&self) -> Command {
        let lines: Vec<String> = self.parts.iter().map(line_of).collect();
        nft(&[], &lines.join("\n"))
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let Some(tables) = self.tables() else {
            return as_it_is(names, None);
        };
        let mut text = String::new();
        for table in &tables {
            text += &format!("table {table}\ndelete table {table}\n");
            let found = list::ruleset(names.namespace().netfilter()?, Some(table))?;
            text += &ruleset_text(names, &found);
        }
        Ok(restored(names, &text))
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if refusal.errno == Errno::EMSGSIZE {
            return refusal::in_words(refusal).map(|reason| reason.blame("text"));
        }
        let refused = self.refused_part(names);
        let (at, part) = refused.and_then(|at| Some((at, self.parts.get(at)?)))?;
        let what = match part {
            Part::RuleAdd(rule) => format!("add the rule {:?} to {}", rule.text, rule.chain),
            part => part.operation().words(),
        };
        let before = self.parts.get(..at).unwrap_or(&[]);
        let reason = refusal::in_load(refusal, names, part, before);
        let (words, hint) = match reason {
            Some(reason) => (reason.words, reason.hint),
            None => {
                let said = refusal.said.map(str::to_string);
                let meaning = || errno_words(refusal.errno).to_lowercase();
                (said.unwrap_or_else(meaning), String::new())
            }
        };
        let words = format!("cannot {what}: {words}");
        let reason = Reason::new(words).blame("text").hint(hint);
        Some(reason.within(self.places.get(at).cloned()))
    }
}

/// The line of a text of nft's that does what a part does.
fn line_of(part: &Part) -> String {
    use crate::kernel::change::Word;
    let words = part.operation().command().arguments;
    let words = words.into_iter().map(|word| match word {
        Word::Text(text) => text,
        Word::ShellPid => String::new(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What a set that merges its elements gets, step by step.
struct Merging {
    set: Inside,
    /// What it holds before.
    there: Vec<Element>,
    /// What it gets.
    added: Vec<Element>,
    /// The step after which that is so.
    from: usize,
}

impl Merging {
    fn new(set: &Inside, there: Vec<Element>, from: usize) -> Self {
        Merging {
            set: set.clone(),
            there,
            added: Vec::new(),
            from,
        }
    }
}

impl Load {
    /// The parts, each with its place among those of the text. What is put into a set that merges its elements is joined with
    /// what the set holds by then.
    fn steps(&self, names: &dyn Names) -> Vec<(usize, Part)> {
        let mut merging: Vec<Merging> = Vec::new();
        let mut steps = Vec::new();
        for (at, part) in self.parts.iter().enumerate() {
            let elements = match part {
                Part::Elements(elements) if elements.shape.merges && !elements.gone => elements,
                Part::Flush(Flush {
                    what: What::Set(set),
                })
                | Part::SetDel(SetDel { set, .. }) => {
                    steps.push((at, part.clone()));
                    merging.retain(|one| one.set != *set);
                    merging.push(Merging::new(set, Vec::new(), steps.len()));
                    continue;
                }
                _ => {
                    steps.push((at, part.clone()));
                    continue;
                }
            };
            let set = &elements.set;
            let known = merging.iter().position(|one| one.set == *set);
            let mut one = match known {
                Some(at) => merging.remove(at),
                None if self.empties(set, at) => Merging::new(set, Vec::new(), 0),
                None => Merging::new(set, elements.there(names).unwrap_or_default(), 0),
            };
            // The kernel does not find what the same transaction put in: it is put in once, joined.
            let rest = steps.split_off(one.from.min(steps.len()));
            let others = rest.into_iter().filter(
                |(_, part)| !matches!(part, Part::Elements(old) if old.set == *set && old.shape.merges),
            );
            steps.extend(others);
            one.added.extend(elements.elements.iter().cloned());
            let changes = elements.joined_with(&one.there, &one.added);
            steps.extend(
                changes
                    .into_iter()
                    .map(|change| (at, Part::Elements(change))),
            );
            merging.push(one);
        }
        steps
    }

    /// Whether the parts before this one take away what a set held.
    fn empties(&self, set: &Inside, before: usize) -> bool {
        self.parts.iter().take(before).any(|part| match part {
            Part::TableDel(del) => del.table == set.table,
            Part::Flush(flush) => match flush.what {
                What::Ruleset(family) => family.is_none_or(|family| family == set.table.family),
                _ => false,
            },
            _ => false,
        })
    }

    /// The part whose message the kernel refused.
    fn refused_part(&self, names: &dyn Names) -> Option<usize> {
        let message = names.namespace().netfilter().ok()?.refused()?;
        let mut link = |_: &str| Ok(0);
        let mut transaction = Transaction::new(&mut link);
        for (at, part) in self.steps(names) {
            part.step().write(&mut transaction).ok()?;
            if transaction.requests.len() > message {
                return Some(at);
            }
        }
        None
    }
}

/// Tables as text, the links of the namespace by their names.
fn ruleset_text(names: &dyn Names, tables: &[list::Table]) -> String {
    let socket = names.namespace().netfilter();
    let link = |index: u32| {
        let socket = socket.as_ref().ok()?;
        ioctl::link_name(socket.as_raw_fd(), index).ok()
    };
    text::ruleset(tables, &link)
}

/// A change that loads this text, if it can be.
fn restored(names: &dyn Names, text: &str) -> Option<Change> {
    let shapes = |table: &TableName, set: &str| list::shape_of(names.namespace(), table, set);
    Load::new(text, &shapes).ok().map(Into::into)
}

/// A change that brings back a table, or all of them, as they are now.
pub fn as_it_is(names: &dyn Names, table: Option<&TableName>) -> Result<Option<Change>> {
    let tables = list::ruleset(names.namespace().netfilter()?, table)?;
    if tables.is_empty() {
        return Ok(None);
    }
    let mut text = String::new();
    for table in &tables {
        text += &format!("table {}\ndelete table {}\n", table.name, table.name);
    }
    text += &ruleset_text(names, &tables);
    Ok(restored(names, &text))
}

/// A change that brings back a chain as it is now.
pub fn chain_as_it_is(names: &dyn Names, chain: &Inside) -> Result<Option<Change>> {
    let tables = list::ruleset(names.namespace().netfilter()?, Some(&chain.table))?;
    only(names, tables, &chain.name, "chain")
}

/// A change that brings back a set as it is now.
pub fn set_as_it_is(names: &dyn Names, set: &Inside) -> Result<Option<Change>> {
    let tables = list::ruleset(names.namespace().netfilter()?, Some(&set.table))?;
    only(names, tables, &set.name, "set")
}

/// A change that brings back an object as it is now.
pub fn object_as_it_is(names: &dyn Names, object: &Inside) -> Result<Option<Change>> {
    let tables = list::ruleset(names.namespace().netfilter()?, Some(&object.table))?;
    only(names, tables, &object.name, "object")
}

/// What has this name in a table, by itself.
fn only(
    names: &dyn Names,
    mut tables: Vec<list::Table>,
    name: &str,
    what: &str,
) -> Result<Option<Change>> {
    for table in &mut tables {
        table
            .chains
            .retain(|one| what == "chain" && one.name == name);
        table
            .objects
            .retain(|one| what == "object" && one.name == name);
        table.sets.retain(|one| {
            let anonymous = one.shape.flags & super::sets::ANONYMOUS != 0;
            anonymous || what == "set" && one.name == name
        });
        if table.chains.is_empty()
            && table.objects.is_empty()
            && table.sets.iter().all(|one| one.name != name)
        {
            return Ok(None);
        }
    }
    let text = ruleset_text(names, &tables);
    Ok(restored(names, &text))
}

/// A change that brings back a rule as it is now.
pub fn rule_as_it_is(names: &dyn Names, chain: &Inside, handle: u64) -> Result<Option<Change>> {
    let socket = names.namespace().netfilter()?;
    let tables = list::ruleset(socket, Some(&chain.table))?;
    let Some(table) = tables.first() else {
        return Ok(None);
    };
    let found = table.chains.iter().find(|one| one.name == chain.name);
    let rules = found.map_or(&[][..], |chain| &chain.rules);
    let Some(at) = rules.iter().position(|rule| rule.handle == handle) else {
        return Ok(None);
    };
    let link = |index: u32| ioctl::link_name(socket.as_raw_fd(), index).ok();
    let text = rules
        .get(at)
        .map(|rule| decoded(rule, table, &link).to_string());
    let before = at.checked_sub(1).and_then(|at| rules.get(at));
    let place = before.map_or(Place::Start, |rule| Place::After(rule.handle));
    let shapes = |set: &str| list::shape_of(names.namespace(), &chain.table, set);
    let add = text.and_then(|text| RuleAdd::new(chain.clone(), &text, place, &shapes).ok());
    Ok(add.map(Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// nft wants an end of line behind each rule, netsh does not: what is shown is what nft takes.
    #[test]
    fn the_command_says_one_thing_in_a_line() {
        let text = "table ip t { chain c { type filter hook input priority 0; tcp dport 80 accept; log prefix \"a  b\" } }";
        let load = Load::new(text, &|_, _| None).expect("a load");
        assert_eq!(
            load.command().line(None),
            r#"nft $'add table ip t\x0aadd chain ip t c { type filter hook input priority filter; }\x0aadd rule ip t c tcp dport 80 accept\x0aadd rule ip t c log prefix "a  b"'"#
        );
    }

    #[test]
    fn elements_that_overlap_are_joined() {
        let text = "table ip t { set s { type ipv4_addr; flags interval; auto-merge; elements = { 1.1.1.1, 1.1.1.0/24, 1.1.2.0/24, 9.9.9.9 } } }";
        let load = Load::new(text, &|_, _| None).expect("a load");
        let lines: Vec<String> = load.parts.iter().map(line_of).collect();
        assert_eq!(
            lines.last().map(String::as_str),
            Some("add element ip t s { 1.1.1.0-1.1.2.255, 9.9.9.9 }")
        );
    }
}
