//! Chains made and removed.

use crate::kernel::change::{Action, Change, Command, Names, Operation};
use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::Attributes;
use crate::kernel::reason::{Reason, Refusal};

use super::hook::Hook;
use super::list;
use super::message::{Transaction, flags, kind, user_text};
use super::name::Inside;
use super::refusal;
use super::step::{Step, nft, send};

/// A new chain. It is no refusal if there is one like it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainAdd {
    /// Its table and name.
    pub chain: Inside,
    /// Where it hangs, if it is a base chain.
    pub hook: Option<Hook>,
    /// Whether the policy was given: that of a chain that is there is changed only then.
    pub says_policy: bool,
    /// A comment.
    pub comment: Option<String>,
}

impl Step for ChainAdd {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let mut attributes = Attributes::new();
        // NFTA_CHAIN_TABLE, NAME, HOOK, POLICY, TYPE
        attributes
            .text(1, &self.chain.table.table)
            .text(3, &self.chain.name);
        if let Some(hook) = &self.hook {
            attributes.nest(4, |inside| {
                inside
                    .be32(1, hook.number)
                    .be32(2, hook.priority.cast_unsigned());
                match hook.devices.as_slice() {
                    [] => {}
                    [one] => {
                        inside.text(3, one);
                    }
                    several => {
                        inside.nest(4, |list| {
                            for name in several {
                                list.text(1, name);
                            }
                        });
                    }
                }
            });
            if self.says_policy {
                attributes.be32(5, u32::from(!hook.drops));
            }
            attributes.text(7, &hook.kind);
        }
        // NFTA_CHAIN_USERDATA (NFTNL_UDATA_CHAIN_COMMENT)
        if let Some(comment) = &self.comment {
            attributes.put(12, &user_text(0, comment));
        }
        to.add(
            kind::NEW_CHAIN,
            self.chain.table.family,
            flags::CREATE,
            &attributes,
        );
        Ok(())
    }
}

impl Operation for ChainAdd {
    fn object(&self) -> String {
        self.chain.to_string()
    }

    fn words(&self) -> String {
        format!("add chain {}", self.chain)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        for device in self.hook.iter().flat_map(|hook| &hook.devices) {
            names.link(device)?;
        }
        send(self, names)
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let devices = self.hook.iter().flat_map(|hook| &hook.devices);
        devices.map(|name| ("device", name.as_str())).collect()
    }

    fn command(&self) -> Command {
        let hook = self.hook.as_ref().map(|hook| {
            let text = hook.text(self.chain.table.family);
            match self.says_policy {
                true => text,
                false => {
                    let end = text.find(" policy").unwrap_or(text.len());
                    text.get(..end).unwrap_or(&text).to_string()
                }
            }
        });
        let comment = self
            .comment
            .as_ref()
            .map(|text| format!("comment \"{text}\";"));
        let lines: Vec<String> = hook.into_iter().chain(comment).collect();
        let body = match lines.as_slice() {
            [] => String::new(),
            lines => format!("{{ {} }}", lines.join(" ")),
        };
        nft(&["add chain", &self.chain.to_string()], &body)
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let chains = list::chains(names.namespace().netfilter()?, Some(&self.chain.table))?;
        let before = chains
            .into_iter()
            .find(|(_, chain)| chain.name == self.chain.name);
        let chain = self.chain.clone();
        Ok(match (before, &self.hook) {
            (None, _) => Some(ChainDel { chain }.into()),
            // All that it changes of a chain that is there is the policy.
            (Some((_, before)), Some(hook)) if self.says_policy => {
                let old = before.hook.filter(|old| old.drops != hook.drops);
                old.map(|old| {
                    let add = ChainAdd {
                        chain,
                        hook: Some(old),
                        says_policy: true,
                        comment: None,
                    };
                    add.into()
                })
            }
            _ => None,
        })
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_new_chain(refusal, names, self)
    }
}

/// A chain removed, with its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainDel {
    /// Its table and name.
    pub chain: Inside,
}

impl Step for ChainDel {
    fn write(&self, to: &mut Transaction) -> Result<()> {
        let mut attributes = Attributes::new();
        attributes
            .text(1, &self.chain.table.table)
            .text(3, &self.chain.name);
        to.add(kind::DEL_CHAIN, self.chain.table.family, 0, &attributes);
        Ok(())
    }
}

impl Operation for ChainDel {
    fn object(&self) -> String {
        self.chain.to_string()
    }

    fn words(&self) -> String {
        format!("delete chain {}", self.chain)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        send(self, names)
    }

    fn command(&self) -> Command {
        nft(&["delete chain", &self.chain.to_string()], "")
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        super::load::chain_as_it_is(names, &self.chain)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_chain(refusal, names, &self.chain)
    }
}
