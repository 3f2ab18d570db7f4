//! A whole text of nft's, in one transaction: all of it or nothing.

use nix::errno::Errno;

use crate::kernel::change::{Action, Change, Command, Names, Operation};
use crate::kernel::error::{Result, errno_words};
use crate::kernel::ioctl;
use crate::kernel::reason::{Reason, Refusal};
use std::os::fd::AsRawFd;

use super::chain::{ChainAdd, ChainDel};
use super::decode::rule as decoded;
use super::fault::Fault;
use super::list;
use super::message::Transaction;
use super::name::{Inside, TableName};
use super::object::{ObjectAdd, ObjectDel};
use super::parse_load::{self, Shapes};
use super::refusal;
use super::rule::{Place, RuleAdd, RuleDel};
use super::set::{Elements, SetAdd, SetDel};
use super::step::{Step, nft};
use super::table::{Flush, TableAdd, TableDel};
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
    /// The text in one line.
    pub text: String,
    /// What it says, step by step.
    pub parts: Vec<Part>,
}

impl Load {
    /// Reads a text. `shapes` tells what is known of the sets that are there.
    pub fn new(text: &str, shapes: Shapes) -> std::result::Result<Load, Fault> {
        Ok(Load {
            text: in_one_line(text),
            parts: parse_load::read(text, shapes)?,
        })
    }

    /// The tables that it is about, each once.
    fn tables(&self) -> Option<Vec<TableName>> {
        let mut tables = Vec::new();
        for part in &self.parts {
            let table = match part {
                Part::TableAdd(step) => &step.table,
                Part::TableDel(step) => &step.table,
                Part::Flush(step) => match &step.what {
                    super::table::What::Ruleset => return None,
                    super::table::What::Table(table) => table,
                    super::table::What::Chain(inside) | super::table::What::Set(inside) => {
                        &inside.table
                    }
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

/// A text with `;` in the place of line ends, for a command line.
fn in_one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let mut joined = String::new();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        joined += line;
        joined += if line.ends_with(['{', ';', ',']) {
            " "
        } else {
            "; "
        };
    }
    joined.trim_end().trim_end_matches(';').to_string()
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
        for part in &self.parts {
            part.step().write(&mut transaction)?;
        }
        Ok(Action::Netfilter(transaction.requests))
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let all = self.parts.iter().flat_map(|part| part.operation().links());
        all.map(|(_, name)| ("text", name)).collect()
    }

    fn command(&self) -> Command {
        nft(&[], &self.text)
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
        Some(Reason::new(words).blame("text").hint(hint))
    }
}

impl Load {
    /// The part whose message the kernel refused.
    fn refused_part(&self, names: &dyn Names) -> Option<usize> {
        let message = names.namespace().netfilter().ok()?.refused()?;
        let mut link = |_: &str| Ok(0);
        let mut transaction = Transaction::new(&mut link);
        for (at, part) in self.parts.iter().enumerate() {
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
    if text.contains("# unknown expression") {
        return None;
    }
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

    #[test]
    fn a_text_fits_into_a_command_line() {
        let text = "# a table\ntable ip nat {\n  chain post {\n    type nat hook postrouting priority 100;\n    masquerade\n  }\n}\n";
        assert_eq!(
            in_one_line(text),
            "table ip nat { chain post { type nat hook postrouting priority 100; masquerade; }; }"
        );
    }
}
