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
use super::message::SetOptions;
use super::name::{Inside, TableName};
use super::object::{ObjectAdd, ObjectDel};
use super::parser::{Parser, Read};
use super::rule::{Place, RuleAdd, RuleDel};
use super::set::{Elements, FLAGS, SetAdd, SetDel};
use super::sets::{CONCAT, INTERVAL, MAP, Mapped, Shape, TIMEOUT};
use super::syntax::Statement;
use super::table::{DORMANT, Flush, TableAdd, TableDel, What};
use super::token::{Kind, in_one_line};
use super::type_of;

/// What is known of the sets that are there.
pub type Shapes<'a> = &'a dyn Fn(&TableName, &str) -> Option<Shape>;

/// A text on its way.
struct Loader<'a, 't> {
    parser: Parser<'t>,
    shapes: Shapes<'a>,
    /// The sets that the text makes.
    made: Vec<(Inside, Shape)>,
    parts: Vec<Part>,
    /// What comes when all chains and sets of a table are there.
    later: Vec<Part>,
}

/// Reads a text.
pub fn read(text: &str, shapes: Shapes) -> Read<Vec<Part>> {
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
const NFT_DOES: &str = "exec(\"nft\", [...]) has nft do it";

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
    fn separators(&mut self) {
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
        let mut add = TableAdd::new(table.clone());
        self.parts.push(add.clone().into());
        if !self.parser.take("{") {
            return Ok(());
        }
        loop {
            self.separators();
            if self.parser.take("}") {
                if let Some(part) = self.parts.get_mut(at) {
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
                ObjectDel { object, word }.into()
            }
        };
        self.parts.push(part);
        Ok(())
    }

    fn flush(&mut self) -> Read<()> {
        let words = ["ruleset", "table", "chain", "set", "map"];
        let what = match self.parser.one_of("something to flush", &words)? {
            "ruleset" => What::Ruleset,
            "table" => What::Table(self.table_name()?),
            "chain" => What::Chain(self.inside("chain")?),
            word => What::Set(self.inside(word)?),
        };
        self.parts.push(Flush { what }.into());
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
    fn rule(&mut self, chain: Inside, place: Place) -> Read<Part> {
        let start = self.parser.start();
        let family = chain.table.family;
        self.parser.family = family;
        let rule = self.parser.rule()?;
        if rule.statements.is_empty() {
            return Err(self.parser.fault("a rule has to stand here"));
        }
        let text = in_one_line(self.parser.text_at(self.parser.since(start)));
        let shapes = |set: &str| self.shape(&chain.table, set);
        let compiled = compile(&rule, family, &shapes, &mut 0)?;
        Ok(RuleAdd {
            chain,
            place,
            text,
            compiled,
        }
        .into())
    }

    fn shape(&self, table: &TableName, set: &str) -> Option<Shape> {
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
        self.parts.push(add.into());
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

    fn set(&mut self, set: Inside) -> Read<()> {
        self.parser.expect("{")?;
        self.parser.family = set.table.family;
        let mut shape: Option<(Vec<super::syntax::Kind>, Mapped)> = None;
        let (mut flags, mut options) = (0, SetOptions::default());
        let mut merges = None;
        let mut elements = None;
        loop {
            self.separators();
            if self.parser.take("}") {
                break;
            }
            let words = [
                "type",
                "typeof",
                "flags",
                "timeout",
                "gc-interval",
                "size",
                "policy",
                "auto-merge",
                "elements",
                "comment",
                "counter",
                "quota",
                "limit",
                "ct",
            ];
            let at = self.parser.next().at.clone();
            match self.parser.one_of("a part of a set", &words)? {
                "type" => {
                    shape = Some(self.parser.set_type()?);
                    (options.key_of, options.data_of) = (Vec::new(), Vec::new());
                }
                "typeof" => shape = Some(self.type_of(&mut options)?),
                word @ ("counter" | "quota" | "limit" | "ct") => {
                    let each = self.parser.each(word)?;
                    options.each.push(each);
                }
                "flags" => {
                    let names = FLAGS.map(|(name, _)| name);
                    loop {
                        let name = self.parser.one_of("a flag of a set", &names)?;
                        flags |= FLAGS
                            .iter()
                            .find(|(one, _)| *one == name)
                            .map_or(0, |(_, flag)| *flag);
                        if !self.parser.take(",") {
                            break;
                        }
                    }
                }
                "timeout" => options.timeout = Some(self.parser.time()?),
                "gc-interval" => {
                    let time = self.parser.time()?;
                    options.gc_interval = Some(
                        u32::try_from(time)
                            .map_err(|_| Fault::new("the interval is longer than 49 days", at))?,
                    );
                }
                "size" => {
                    let size = self.parser.number("a size", u32::MAX.into())?;
                    options.size = u32::try_from(size).ok();
                }
                "policy" => {
                    let words = ["performance", "memory"];
                    options.memory = self.parser.one_of("a policy of a set", &words)? == "memory";
                }
                "auto-merge" => merges = Some(at),
                "comment" => options.comment = Some(self.parser.comment()?),
                _ => {
                    self.parser.expect("=")?;
                    // Read when the type is known, which may stand below.
                    let mark = self.parser.mark();
                    self.skip_braces()?;
                    elements = Some(mark);
                }
            }
        }
        let Some((key, data)) = shape else {
            let words = format!("the set {} does not say its type", set.name);
            return Err(self.parser.fault(words).hint("type ipv4_addr;"));
        };
        let mut shape = full_shape(key, data, flags, &options);
        if let Some(at) = merges {
            if shape.flags & INTERVAL == 0 || shape.data != Mapped::Nothing {
                return Err(
                    Fault::new("only elements of a set with intervals can be joined", at)
                        .hint("flags interval;"),
                );
            }
            shape.merges = true;
        }
        self.made.push((set.clone(), shape.clone()));
        self.parts.push(
            SetAdd {
                set: set.clone(),
                shape,
                options,
            }
            .into(),
        );
        if let Some(mark) = elements {
            let end = self.parser.mark();
            self.parser.back_to(mark);
            self.elements(set, false)?;
            self.parser.back_to(end);
        }
        Ok(())
    }

    fn type_of(&mut self, options: &mut SetOptions) -> Read<(Vec<super::syntax::Kind>, Mapped)> {
        options.key_of = self.typed_things()?;
        options.data_of = Vec::new();
        let key = type_of::kinds(&options.key_of);
        if !self.parser.take(":") {
            return Ok((key, Mapped::Nothing));
        }
        if self.parser.take("verdict") {
            return Ok((key, Mapped::Verdicts));
        }
        options.data_of = self.typed_things()?;
        Ok((key, Mapped::Values(type_of::kinds(&options.data_of))))
    }

    /// What stands behind typeof: things that can be written down for nft to read them again.
    fn typed_things(&mut self) -> Read<Vec<super::syntax::Selector>> {
        let start = self.parser.start();
        let parts = self.parser.expression()?.parts;
        if parts.iter().all(type_of::is_known) {
            return Ok(parts);
        }
        let at = self.parser.since(start);
        let words = format!(
            "netsh can't write down what {} is",
            self.parser.text_at(at.clone())
        );
        Err(Fault::new(words, at).hint("give the type itself: type inet_service"))
    }

    fn skip_braces(&mut self) -> Read<()> {
        self.parser.expect("{")?;
        let mut depth = 1;
        while depth > 0 {
            if self.parser.next().kind == Kind::End {
                return Err(self.parser.fault("a closing brace is missing"));
            }
            depth += usize::from(self.parser.is("{"));
            depth -= usize::from(self.parser.is("}"));
            self.parser.skip();
        }
        Ok(())
    }

    fn elements(&mut self, set: Inside, gone: bool) -> Read<()> {
        use super::parse_value::DataKind;
        let Some(shape) = self.shape(&set.table, &set.name) else {
            return Err(self.parser.fault(format!("there is no set {}", set)));
        };
        let data = match &shape.data {
            _ if gone => DataKind::None,
            Mapped::Nothing => DataKind::None,
            Mapped::Verdicts => DataKind::Verdict,
            Mapped::Values(kinds) => DataKind::Values(kinds.clone()),
        };
        let start = self.parser.start();
        let elements = self.parser.elements(&shape.key, &data)?;
        let at = self.parser.since(start);
        let elements =
            Elements::of(set, shape, elements, gone).map_err(|fault| Fault { at, ..fault })?;
        self.later.push(elements.into());
        Ok(())
    }

    /// A counter, quota or limit with a name.
    fn object(&mut self, object: Inside, word: &str) -> Read<()> {
        let (mut state, mut comment) = (None, None);
        if self.parser.take("{") {
            loop {
                self.separators();
                if self.parser.take("}") {
                    break;
                }
                if self.parser.take("comment") {
                    comment = Some(self.parser.comment()?);
                    continue;
                }
                let mark = self.parser.mark();
                state = Some(self.parser.state(word)?);
                if self.parser.mark() == mark {
                    let words = format!("{:?} is no part of a {word}", self.parser.here());
                    return Err(self.parser.fault(words));
                }
            }
        }
        let state = match (state, word) {
            (Some(state), _) => state,
            (None, "counter") => Statement::Counter {
                packets: 0,
                bytes: 0,
            },
            (None, word) => {
                return Err(self
                    .parser
                    .fault(format!("what the {word} is has to stand here, in braces")));
            }
        };
        self.parts.push(
            ObjectAdd {
                object,
                state,
                comment,
            }
            .into(),
        );
        Ok(())
    }
}

/// What a set holds, with the flags that follow from it.
pub fn full_shape(
    key: Vec<super::syntax::Kind>,
    data: Mapped,
    mut flags: u32,
    options: &SetOptions,
) -> Shape {
    if data != Mapped::Nothing {
        flags |= MAP;
    }
    if options.timeout.is_some() {
        flags |= TIMEOUT;
    }
    if flags & INTERVAL != 0 && key.len() > 1 {
        flags |= CONCAT;
    }
    Shape {
        key,
        data,
        flags,
        merges: false,
    }
}
