//! Rules made and removed.

use crate::kernel::change::{Action, Change, Command, Names, Operation};
use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::Attributes;
use crate::kernel::reason::{Reason, Refusal};

use super::compile::{Compiled, Sets, compile};
use super::expression::Value;
use super::fault::Fault;
use super::list;
use super::message::{Transaction, flags, kind};
use super::name::Inside;
use super::parser;
use super::refusal;
use super::sets::Part;
use super::step::{Step, nft, send};

/// Where a new rule goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Behind all others.
    End,
    /// Before all others.
    Start,
    /// Behind the rule with this handle.
    After(u64),
    /// Before the rule with this handle.
    Before(u64),
}

/// A new rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleAdd {
    /// The chain that it goes into.
    pub chain: Inside,
    /// Where.
    pub place: Place,
    /// What it says.
    pub text: String,
    /// What that becomes in the kernel.
    pub compiled: Compiled,
}

impl RuleAdd {
    /// A rule from its text. `sets` tells what is known of the table's sets.
    pub fn new(
        chain: Inside,
        text: &str,
        place: Place,
        sets: Sets,
    ) -> std::result::Result<Self, Fault> {
        let family = chain.table.family;
        let rule = parser::rule(text, family)?;
        let compiled = compile(&rule, family, sets, &mut 0)?;
        Ok(RuleAdd {
            chain,
            place,
            text: super::token::in_one_line(text),
            compiled,
        })
    }

    /// The comment, as text.
    fn full_text(&self) -> String {
        match &self.compiled.comment {
            Some(comment) if !self.text.contains(" comment \"") => {
                format!("{} comment \"{comment}\"", self.text)
            }
            _ => self.text.clone(),
        }
    }
}

impl Step for RuleAdd {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let mut place = Attributes::new();
        // NFTA_RULE_POSITION
        if let Place::After(handle) | Place::Before(handle) = self.place {
            place.be64(6, handle);
        }
        let behind = matches!(self.place, Place::End | Place::After(_));
        let flags = flags::CREATE | if behind { flags::APPEND } else { 0 };
        to.rule(
            self.chain.table.family,
            self.chain.names(),
            &self.compiled,
            &place,
            flags,
        )
    }
}

impl Operation for RuleAdd {
    fn object(&self) -> String {
        self.chain.to_string()
    }

    fn words(&self) -> String {
        format!("add a rule to {}", self.chain)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let action = send(self, names)?;
        let Action::Netfilter(mut requests) = action else {
            return Ok(action);
        };
        // The kernel tells the handle.
        if let Some(rule) = requests.last_mut() {
            rule.flags |= flags::ECHO;
        }
        Ok(Action::Netfilter(requests))
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let mut names = Vec::new();
        for expression in &self.compiled.expressions {
            for (_, value) in &expression.values {
                if let Value::Link(name) = value {
                    names.push(("rule", name.as_str()));
                }
            }
        }
        for element in self.compiled.sets.iter().flat_map(|set| &set.elements) {
            for part in &element.key {
                if let Part::Link(name) = part {
                    names.push(("rule", name.as_str()));
                }
            }
        }
        names
    }

    fn command(&self) -> Command {
        let chain = self.chain.to_string();
        let text = self.full_text();
        match self.place {
            Place::End => nft(&["add rule", &chain], &text),
            Place::Start => nft(&["insert rule", &chain], &text),
            Place::After(handle) => {
                nft(&["add rule", &chain, &format!("position {handle}")], &text)
            }
            Place::Before(handle) => nft(
                &["insert rule", &chain, &format!("position {handle}")],
                &text,
            ),
        }
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        // Handles only grow: the rule will be the first one after all that are there now.
        let socket = names.namespace().netfilter()?;
        let rules = list::rules(socket, Some(&self.chain.table), None)?;
        let last = rules
            .iter()
            .map(|(_, (_, rule))| rule.handle)
            .max()
            .unwrap_or(0);
        let undo = RuleTakeBack {
            chain: self.chain.clone(),
            last,
        };
        Ok(Some(undo.into()))
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_new_rule(refusal, names, self)
    }
}

/// The first rule taken back that came into a chain after all with handles up to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTakeBack {
    /// The chain.
    pub chain: Inside,
    /// The last handle that there was before.
    pub last: u64,
}

impl Operation for RuleTakeBack {
    fn object(&self) -> String {
        self.chain.to_string()
    }

    fn words(&self) -> String {
        format!("take back the rule in {}", self.chain)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let socket = names.namespace().netfilter()?;
        let rules = list::rules(socket, Some(&self.chain.table), Some(&self.chain.name))?;
        let handles = rules.iter().map(|(_, (_, rule))| rule.handle);
        match handles.filter(|handle| *handle > self.last).min() {
            Some(handle) => send(
                &RuleDel {
                    chain: self.chain.clone(),
                    handle,
                },
                names,
            ),
            None => Ok(Action::Netfilter(Vec::new())),
        }
    }

    fn command(&self) -> Command {
        nft(
            &["delete rule", &self.chain.to_string(), "handle", "HANDLE"],
            "",
        )
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        Ok(None)
    }
}

/// A rule removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleDel {
    /// The chain that it is in.
    pub chain: Inside,
    /// Its handle.
    pub handle: u64,
}

impl Step for RuleDel {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let mut attributes = Attributes::new();
        // NFTA_RULE_TABLE, CHAIN, HANDLE
        attributes
            .text(1, &self.chain.table.table)
            .text(2, &self.chain.name)
            .be64(3, self.handle);
        to.add(kind::DEL_RULE, self.chain.table.family, 0, &attributes);
        Ok(())
    }
}

impl Operation for RuleDel {
    fn object(&self) -> String {
        self.chain.to_string()
    }

    fn words(&self) -> String {
        format!(
            "delete the rule with handle {} from {}",
            self.handle, self.chain
        )
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        send(self, names)
    }

    fn command(&self) -> Command {
        let handle = self.handle.to_string();
        nft(
            &["delete rule", &self.chain.to_string(), "handle", &handle],
            "",
        )
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        super::load::rule_as_it_is(names, &self.chain, self.handle)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_rule(refusal, names, self)
    }
}
