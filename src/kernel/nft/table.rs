//! Tables made and removed, and what is in them flushed.

use crate::kernel::change::{Action, Change, Command, Names, Operation};
use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::Attributes;
use crate::kernel::reason::{Reason, Refusal};

use super::family::Family;
use super::list;
use super::message::{Transaction, flags, kind, user_text};
use super::name::{Inside, TableName};
use super::refusal;
use super::step::{Step, nft, send};

/// A new table. It is no refusal if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableAdd {
    /// Its family and name.
    pub table: TableName,
    /// `NFT_TABLE_F_*`.
    pub flags: u32,
    /// A comment.
    pub comment: Option<String>,
}

/// `NFT_TABLE_F_DORMANT`: its chains hang nowhere.
pub const DORMANT: u32 = 1;

impl TableAdd {
    /// A table and nothing more.
    pub fn new(table: TableName) -> Self {
        TableAdd {
            table,
            flags: 0,
            comment: None,
        }
    }

    /// What stands between its braces, one line after the other.
    fn body(&self) -> Vec<String> {
        let dormant = (self.flags & DORMANT != 0).then(|| "flags dormant;".to_string());
        let comment = self
            .comment
            .as_ref()
            .map(|text| format!("comment \"{text}\";"));
        dormant.into_iter().chain(comment).collect()
    }
}

impl Step for TableAdd {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let mut attributes = Attributes::new();
        // NFTA_TABLE_NAME, FLAGS, USERDATA (NFTNL_UDATA_TABLE_COMMENT)
        attributes.text(1, &self.table.table).be32(2, self.flags);
        if let Some(comment) = &self.comment {
            attributes.put(6, &user_text(0, comment));
        }
        to.add(
            kind::NEW_TABLE,
            self.table.family,
            flags::CREATE,
            &attributes,
        );
        Ok(())
    }
}

impl Operation for TableAdd {
    fn object(&self) -> String {
        self.table.to_string()
    }

    fn words(&self) -> String {
        format!("add table {}", self.table)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        send(self, names)
    }

    fn command(&self) -> Command {
        let body = match self.body().as_slice() {
            [] => String::new(),
            lines => format!("{{ {} }}", lines.join(" ")),
        };
        nft(&["add table", &self.table.to_string()], &body)
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        if list::has_table(names.namespace(), &self.table)? {
            return Ok(None);
        }
        let table = self.table.clone();
        Ok(Some(TableDel { table }.into()))
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_table(refusal, names, &self.table)
    }
}

/// A table removed, with all that is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDel {
    /// Its family and name.
    pub table: TableName,
}

impl Step for TableDel {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let mut attributes = Attributes::new();
        attributes.text(1, &self.table.table);
        to.add(kind::DEL_TABLE, self.table.family, 0, &attributes);
        Ok(())
    }
}

impl Operation for TableDel {
    fn object(&self) -> String {
        self.table.to_string()
    }

    fn words(&self) -> String {
        format!("delete table {}", self.table)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        send(self, names)
    }

    fn command(&self) -> Command {
        nft(&["delete table", &self.table.to_string()], "")
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        super::load::as_it_is(names, Some(&self.table))
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_table(refusal, names, &self.table)
    }
}

/// What is flushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// All tables, or those of a family: gone.
    Ruleset(Option<Family>),
    /// The rules of a table, not its chains.
    Table(TableName),
    /// The rules of a chain.
    Chain(Inside),
    /// The elements of a set.
    Set(Inside),
}

/// Rules or elements removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flush {
    /// Of what.
    pub what: What,
}

impl What {
    /// As nft says it.
    fn text(&self) -> String {
        match self {
            What::Ruleset(None) => "ruleset".into(),
            What::Ruleset(Some(family)) => format!("ruleset {family}"),
            What::Table(table) => format!("table {table}"),
            What::Chain(chain) => format!("chain {chain}"),
            What::Set(set) => format!("set {set}"),
        }
    }

    fn table(&self) -> Option<&TableName> {
        match self {
            What::Ruleset(_) => None,
            What::Table(table) => Some(table),
            What::Chain(inside) | What::Set(inside) => Some(&inside.table),
        }
    }
}

impl Step for Flush {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let mut attributes = Attributes::new();
        match &self.what {
            // NFT_MSG_DELTABLE of no name is all tables of the family, of no family all tables.
            What::Ruleset(None) => to.all(kind::DEL_TABLE),
            What::Ruleset(Some(family)) => to.add(kind::DEL_TABLE, *family, 0, &attributes),
            What::Table(table) => {
                attributes.text(1, &table.table);
                to.add(kind::DEL_RULE, table.family, 0, &attributes);
            }
            What::Chain(chain) => {
                attributes.text(1, &chain.table.table).text(2, &chain.name);
                to.add(kind::DEL_RULE, chain.table.family, 0, &attributes);
            }
            What::Set(set) => {
                attributes.text(1, &set.table.table).text(2, &set.name);
                to.add(kind::DEL_ELEMENTS, set.table.family, 0, &attributes);
            }
        }
        Ok(())
    }
}

impl Operation for Flush {
    fn object(&self) -> String {
        match &self.what {
            What::Ruleset(_) => "ruleset".into(),
            What::Table(table) => table.to_string(),
            What::Chain(inside) | What::Set(inside) => inside.to_string(),
        }
    }

    fn words(&self) -> String {
        format!("flush {}", self.what.text())
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        send(self, names)
    }

    fn command(&self) -> Command {
        nft(&["flush", &self.what.text()], "")
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        super::load::as_it_is(names, self.what.table())
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        match &self.what {
            What::Ruleset(_) => None,
            What::Table(table) => refusal::of_table(refusal, names, table),
            What::Chain(chain) => refusal::of_chain(refusal, names, chain),
            What::Set(set) => refusal::of_set(refusal, names, set),
        }
    }
}
