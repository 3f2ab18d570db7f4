//! Counters, quotas and limits with a name, which rules share.

use crate::kernel::change::{Action, Change, Command, Names, Operation};
use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::reason::{Reason, Refusal};

use super::compile_statement::simple_expression;
use super::expression::write_list;
use super::list;
use super::message::{Transaction, flags, kind, user_text};
use super::name::Inside;
use super::refusal;
use super::step::{Step, nft, send};
use super::syntax::{Object, Statement};

/// A new object. It is no refusal if there is one like it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectAdd {
    /// Its table and name.
    pub object: Inside,
    /// The statement that it is: a counter, quota or limit.
    pub state: Statement,
    /// A comment.
    pub comment: Option<String>,
}

/// An object removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectDel {
    /// Its table and name.
    pub object: Inside,
    /// Its kind.
    pub kind: Object,
}

impl ObjectAdd {
    fn kind(&self) -> Object {
        Object::of(&self.state).unwrap_or(Object::Counter)
    }
}

impl Step for ObjectAdd {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let mut attributes = Attributes::new();
        // NFTA_OBJ_TABLE, NAME, TYPE, DATA
        let [table, name] = self.object.names();
        attributes
            .text(1, table)
            .text(2, name)
            .be32(3, self.kind().number());
        if let Ok(expression) = simple_expression(&self.state) {
            let list = write_list(&[expression], &mut |_| Ok(0))?;
            let data = attributes::find(list.as_bytes(), 1);
            let data = data.and_then(|one| attributes::find(one.value, 2));
            attributes.put(4 | 0x8000, data.map_or(&[], |data| data.value));
        }
        // NFTA_OBJ_USERDATA (NFTNL_UDATA_OBJ_COMMENT)
        if let Some(comment) = &self.comment {
            attributes.put(8, &user_text(0, comment));
        }
        to.add(
            kind::NEW_OBJECT,
            self.object.table.family,
            flags::CREATE,
            &attributes,
        );
        Ok(())
    }
}

impl Operation for ObjectAdd {
    fn object(&self) -> String {
        self.object.to_string()
    }

    fn words(&self) -> String {
        format!("add {} {}", self.kind().word(), self.object)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        send(self, names)
    }

    fn command(&self) -> Command {
        let word = self.kind().word();
        let text = self.state.to_string();
        let body = text.strip_prefix(word).unwrap_or("").trim();
        let comment = self.comment.as_ref();
        let comment = comment.map_or(String::new(), |text| format!("comment \"{text}\"; "));
        nft(
            &["add", word, &self.object.to_string()],
            &format!("{{ {comment}{body}; }}"),
        )
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let all = list::objects(names.namespace().netfilter()?, Some(&self.object.table))?;
        if all.iter().any(|(_, one)| one.name == self.object.name) {
            return Ok(None);
        }
        let object = self.object.clone();
        let kind = self.kind();
        Ok(Some(ObjectDel { object, kind }.into()))
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_table(refusal, names, &self.object.table)
    }
}

impl Step for ObjectDel {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let mut attributes = Attributes::new();
        let [table, name] = self.object.names();
        attributes
            .text(1, table)
            .text(2, name)
            .be32(3, self.kind.number());
        to.add(kind::DEL_OBJECT, self.object.table.family, 0, &attributes);
        Ok(())
    }
}

impl Operation for ObjectDel {
    fn object(&self) -> String {
        self.object.to_string()
    }

    fn words(&self) -> String {
        format!("delete {} {}", self.kind.word(), self.object)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        send(self, names)
    }

    fn command(&self) -> Command {
        nft(&["delete", self.kind.word(), &self.object.to_string()], "")
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        super::load::object_as_it_is(names, &self.object)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_table(refusal, names, &self.object.table)
    }
}
