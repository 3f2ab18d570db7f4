//! Reads a whole text of nft's: tables with their chains, sets and rules, and commands.
//!
//! What a table has comes in the order in which the kernel can take it, whatever the order in the text: chains before the
//! rules that jump to them, sets before those that name them.

use super::chain::{ChainAdd, ChainDel};
use super::compile::compile;
use super::family::Family;
use super::fault::Fault;
use super::hook::{Hook, TYPES, hooks, read_priority};
use super::load::Part;
use super::name::{Inside, TableName};
use super::object::ObjectDel;
use super::parse_statement::NFT_DOES;
use super::parser::{Parser, Read};
use super::rule::{Place, RuleAdd, RuleDel};
use super::set::SetDel;
use super::sets::Shape;
use super::syntax::Object;
use super::table::{DORMANT, Flush, TableAdd, TableDel, What};
use super::token::{Kind, in_one_line};
use std::ops::Range;

/// What is known of the sets that are there.
pub type Shapes<'a> = &'a dyn Fn(&TableName, &str) -> Option<Shape>;

/// A text on its way.
pub(super) struct Loader<'a, 't> {
    pub(super) parser: Parser<'t>,
    shapes: Shapes<'a>,
    /// The sets that the text makes.
    pub(super) made: Vec<(Inside, Shape)>,
    pub(super) parts: Vec<Placed>,
    /// What comes when all chains and sets of a table are there.
    pub(super) later: Vec<Placed>,
}

/// A part, and where the text says it: the name of what it is about, or all of a rule.
pub(super) type Placed = (Part, Range<usize>);

/// Reads a text.
pub(super) fn read(text: &str, shapes: Shapes) -> Read<Vec<Placed>> {
    let mut loader = Loader {
        parser: Parser::new(text, Family::Ip)?,
        shapes,
        made: Vec::new(),
        parts: Vec::new(),
        later: Vec::new(),
    };
    loop {
        loader.separators();
        if loader.parser.next().kind == Kind::End {
            break;
        }
        loader.command()?;
        loader.parts.append(&mut loader.later);
        let parser = &loader.parser;
        if !matches!(parser.next().kind, Kind::End | Kind::Line) && !parser.is(";") {
            return Err(parser.fault(format!("{:?} has no place here", parser.here())));
        }
    }
    match loader.parts.is_empty() {
        true => Err(Fault::new("there is nothing in the text", 0..text.len())
            .hint("such as: table ip nat { chain postrouting { type nat hook postrouting priority srcnat; masquerade } }")),
        false => Ok(loader.parts),
    }
}

/// What nft can put into a table, and netsh not: the word, and what to do.
const ONLY_NFTS: [(&str, &str); 4] = [
    ("flowtable", NFT_DOES),
    ("ct", NFT_DOES),
    ("secmark", NFT_DOES),
    ("synproxy", NFT_DOES),
];

/// Commands that only nft has.
const ONLY_NFTS_COMMANDS: [(&str, &str); 13] = [
    (
        "define",
        "a variable of the script does it: let net = \"10.0.0.0/8\"; nft_load(`... ${net} ...`)",
    ),
    ("undefine", "variables are those of the script"),
    ("redefine", "variables are those of the script"),
    (
        "include",
        "nft_load() reads a text; read the file before, and load its text",
    ),
    (
        "rename",
        "make the chain anew, or exec(\"nft\", [\"rename\", ...])",
    ),
    (
        "replace",
        "nft_rule_add(chain, rule, #{ position: handle }), then nft_rule_del(chain, handle)",
    ),
    ("reset", "exec(\"nft\", [\"reset\", ...])"),
    ("list", "nft_text() and nft_list() list"),
    ("describe", "exec(\"nft\", [\"describe\", ...])"),
    ("monitor", "nft_trace() shows what rules do with packets"),
    ("destroy", "delete does it, of what is there"),
    ("export", "nft_text() gives the text"),
    ("import", "nft_load() takes text, not JSON"),
];

const COMMANDS: [&str; 6] = ["table", "add", "create", "insert", "delete", "flush"];

impl Loader<'_, '_> {
    /// Goes past line ends and semicolons.
    pub(super) fn separators(&mut self) {
        while self.parser.next().kind == Kind::Line || self.parser.is(";") {
            self.parser.skip();
        }
    }

    /// Refuses what nft has and netsh has not.
    fn only_nfts(&self, words: &[(&str, &str)]) -> Read<()> {
        match words.iter().find(|(word, _)| self.parser.is(word)) {
            Some((word, instead)) => Err(self
                .parser
                .fault(format!("nft has {word} here, netsh does not"))
                .hint(*instead)),
            None => Ok(()),
        }
    }

    fn command(&mut self) -> Read<()> {
        self.only_nfts(&ONLY_NFTS_COMMANDS)?;
        match self.parser.one_of("a command of nft", &COMMANDS)? {
            "table" => self.table(),
            "add" | "create" => self.add(),
            "insert" => {
                self.parser.expect("rule")?;
                self.rule_command(false)
            }
            "delete" => self.delete(),
            _ => self.flush(),
        }
    }

    /// The family, if one is written.
    fn family(&mut self) -> Family {
        let family = Family::named(self.parser.here());
        let named = matches!(self.parser.ahead(1).kind, Kind::Word | Kind::Text);
        let family = match family.filter(|_| named) {
            Some(family) => {
                self.parser.skip();
                family
            }
            None => Family::Ip,
        };
        self.parser.family = family;
        family
    }

    fn table_name(&mut self) -> Read<TableName> {
        let family = self.family();
        let table = self.parser.name("table")?;
        Ok(TableName { family, table })
    }

    fn inside(&mut self, what: &str) -> Read<Inside> {
        let table = self.table_name()?;
        let name = self.parser.name(what)?;
        Ok(Inside { table, name })
    }

    fn table(&mut self) -> Read<()> {
        let table = self.table_name()?;
        let at = self.parts.len();
        let place = self.parser.last();
        let mut add = TableAdd::new(table.clone());
        self.parts.push((add.clone().into(), place));
        if !self.parser.take("{") {
            return Ok(());
        }
        loop {
            self.separators();
            if self.parser.take("}") {
                if let Some((part, _)) = self.parts.get_mut(at) {
                    *part = add.into();
                }
                return Ok(());
            }
            let words = [
                "chain", "set", "map", "counter", "quota", "limit", "comment", "flags",
            ];
            self.only_nfts(&ONLY_NFTS)?;
            let word = self.parser.one_of("a part of a table", &words)?;
            if word == "comment" {
                add.comment = Some(self.parser.comment()?);
                continue;
            }
            if word == "flags" {
                // "owner" ties the table to the life of a process, and netsh's socket lives no longer than a verb's.
                self.parser.one_of("a flag of a table", &["dormant"])?;
                add.flags |= DORMANT;
                continue;
            }
            let name = self.parser.name(word)?;
            let inside = Inside {
                table: table.clone(),
                name,
            };
            match word {
                "chain" => self.chain(inside)?,
                "set" | "map" => self.set(inside)?,
                word => self.object(inside, word)?,
            }
        }
    }

    fn add(&mut self) -> Read<()> {
        let words = [
            "table", "chain", "rule", "set", "map", "element", "counter", "quota", "limit",
        ];
        self.only_nfts(&ONLY_NFTS)?;
        match self.parser.one_of("something to add", &words)? {
            "table" => self.table(),
            "chain" => {
                let inside = self.inside("chain")?;
                self.chain(inside)
            }
            "rule" => self.rule_command(true),
            word @ ("set" | "map") => {
                let inside = self.inside(word)?;
                self.set(inside)
            }
            "element" => {
                let inside = self.inside("set")?;
                self.elements(inside, false)
            }
            word => {
                let inside = self.inside(word)?;
                self.object(inside, word)
            }
        }
    }

    fn delete(&mut self) -> Read<()> {
        let words = [
            "table", "chain", "rule", "set", "map", "element", "counter", "quota", "limit",
        ];
        self.only_nfts(&ONLY_NFTS)?;
        let part = match self.parser.one_of("something to delete", &words)? {
            "table" => {
                let table = self.table_name()?;
                TableDel { table }.into()
            }
            "chain" => {
                let chain = self.inside("chain")?;
                ChainDel { chain }.into()
            }
            "rule" => {
                let chain = self.inside("chain")?;
                self.parser.expect("handle")?;
                let handle = self.parser.number("a handle", u64::MAX)?;
                RuleDel { chain, handle }.into()
            }
            "element" => {
                let inside = self.inside("set")?;
                return self.elements(inside, true);
            }
            word @ ("set" | "map") => {
                let set = self.inside(word)?;
                let is_map = word == "map";
                SetDel { set, is_map }.into()
            }
            word => {
                let object = self.inside(word)?;
                match Object::named(word) {
                    Some(kind) => ObjectDel { object, kind }.into(),
                    None => return Err(self.parser.fault(format!("{word} is no object"))),
                }
            }
        };
        self.parts.push((part, self.parser.last()));
        Ok(())
    }

    fn flush(&mut self) -> Read<()> {
        let words = ["ruleset", "table", "chain", "set", "map"];
        let what = match self.parser.one_of("something to flush", &words)? {
            "ruleset" => {
                let family = Family::named(self.parser.here());
                if family.is_some() {
                    self.parser.skip();
                }
                What::Ruleset(family)
            }
            "table" => What::Table(self.table_name()?),
            "chain" => What::Chain(self.inside("chain")?),
            word => What::Set(self.inside(word)?),
        };
        self.parts.push((Flush { what }.into(), self.parser.last()));
        Ok(())
    }

    fn rule_command(&mut self, behind: bool) -> Read<()> {
        let chain = self.inside("chain")?;
        let mut place = if behind { Place::End } else { Place::Start };
        if self.parser.take("position") || self.parser.take("handle") {
            let handle = self.parser.number("a handle", u64::MAX)?;
            place = if behind {
                Place::After(handle)
            } else {
                Place::Before(handle)
            };
        }
        let rule = self.rule(chain, place)?;
        self.parts.push(rule);
        Ok(())
    }

    /// Reads a rule.
    fn rule(&mut self, chain: Inside, place: Place) -> Read<Placed> {
        let start = self.parser.start();
        let family = chain.table.family;
        self.parser.family = family;
        let rule = self.parser.rule()?;
        if rule.statements.is_empty() {
            return Err(self.parser.fault("a rule has to stand here"));
        }
        let at = self.parser.since(start);
        let text = in_one_line(self.parser.text_at(at.clone()));
        let shapes = |set: &str| self.shape(&chain.table, set);
        let compiled = compile(&rule, family, &shapes, &mut 0)?;
        let add = RuleAdd {
            chain,
            place,
            text,
            compiled,
        };
        Ok((add.into(), at))
    }

    pub(super) fn shape(&self, table: &TableName, set: &str) -> Option<Shape> {
        let made = self
            .made
            .iter()
            .find(|(one, _)| one.table == *table && one.name == set);
        match made {
            Some((_, shape)) => Some(shape.clone()),
            None => (self.shapes)(table, set),
        }
    }

    fn chain(&mut self, chain: Inside) -> Read<()> {
        let place = self.parser.last();
        let mut add = ChainAdd {
            chain,
            hook: None,
            says_policy: false,
            comment: None,
        };
        if self.parser.take("{") {
            loop {
                self.separators();
                if self.parser.take("}") {
                    break;
                }
                if self.parser.take("type") {
                    add.hook = Some(self.hook(add.chain.table.family)?);
                } else if self.parser.take("policy") {
                    let at = self.parser.next().at.clone();
                    let drops = self.parser.one_of("a policy", &["accept", "drop"])? == "drop";
                    let Some(hook) = &mut add.hook else {
                        return Err(Fault::new("only a base chain has a policy", at)
                            .hint("its type, hook and priority stand before: type filter hook input priority 0; policy drop;"));
                    };
                    hook.drops = drops;
                    add.says_policy = true;
                } else if self.parser.is("comment") && self.parser.ahead(1).kind == Kind::Text {
                    self.parser.skip();
                    add.comment = Some(self.parser.comment()?);
                } else {
                    let rule = self.rule(add.chain.clone(), Place::End)?;
                    self.later.push(rule);
                }
            }
        }
        self.parts.push((add.into(), place));
        Ok(())
    }

    /// `type nat hook postrouting [device "eth0"] priority srcnat`
    fn hook(&mut self, family: Family) -> Read<Hook> {
        let kinds = TYPES.map(|(name, _)| name);
        let kind = self.parser.one_of("a type of chain", &kinds)?;
        self.parser.expect("hook")?;
        let names: Vec<&'static str> = hooks(family).iter().map(|(name, _)| *name).collect();
        let at = self.parser.next().at.clone();
        let hook = self.parser.one_of("a hook", &names)?;
        let fitting = TYPES
            .iter()
            .find(|(name, _)| *name == kind)
            .map_or(&[][..], |(_, hooks)| hooks);
        if !fitting.contains(&hook) {
            return Err(
                Fault::new(format!("a chain of type {kind} has no hook {hook}"), at)
                    .hint(format!("its hooks are {}", fitting.join(", "))),
            );
        }
        let mut devices = Vec::new();
        if self.parser.take("device") {
            devices.push(self.parser.name("link")?);
        } else if self.parser.take("devices") {
            let _ = self.parser.take("=");
            self.parser.expect("{")?;
            while !self.parser.take("}") {
                devices.push(self.parser.name("link")?);
                let _ = self.parser.take(",");
            }
        }
        self.parser.expect("priority")?;
        let start = self.parser.start();
        while !self.parser.is_end() {
            self.parser.skip();
        }
        let at = self.parser.since(start);
        let priority = read_priority(self.parser.text_at(at.clone()), family).map_err(|words| {
            let names: Vec<&str> = super::hook::priorities(family)
                .iter()
                .map(|(name, ..)| *name)
                .collect();
            Fault::new(words, at.clone())
                .hint(format!("a number, or one of {}", names.join(", ")))
                .among(self.parser.text_at(at), names)
        })?;
        let number = hooks(family)
            .iter()
            .find(|(name, _)| *name == hook)
            .map_or(0, |(_, number)| *number);
        Ok(Hook {
            kind: kind.into(),
            number,
            priority,
            drops: false,
            devices,
        })
    }
}
