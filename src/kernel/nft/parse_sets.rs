//! Reads what a text of nft's says of sets, maps and their elements, and of objects with a name.

use super::fault::Fault;
use super::message::SetOptions;
use super::name::Inside;
use super::object::ObjectAdd;
use super::parse_load::Loader;
use super::parse_value::DataKind;
use super::parser::Read;
use super::set::{Elements, FLAGS, SetAdd};
use super::sets::{INTERVAL, Mapped, full_shape};
use super::syntax::{Kind, Selector, Statement};
use super::{token, type_of};

impl Loader<'_, '_> {
    pub(super) fn set(&mut self, set: Inside) -> Read<()> {
        let place = self.parser.last();
        self.parser.expect("{")?;
        self.parser.family = set.table.family;
        let mut shape: Option<(Vec<Kind>, Mapped)> = None;
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
        let add = SetAdd {
            set: set.clone(),
            shape,
            options,
        };
        self.parts.push((add.into(), place));
        if let Some(mark) = elements {
            let end = self.parser.mark();
            self.parser.back_to(mark);
            self.elements(set, false)?;
            self.parser.back_to(end);
        }
        Ok(())
    }

    fn type_of(&mut self, options: &mut SetOptions) -> Read<(Vec<Kind>, Mapped)> {
        options.key_of = self.typed_things()?;
        options.data_of = Vec::new();
        let key = type_of::kinds(&options.key_of);
        if !self.parser.take(":") {
            return Ok((key, Mapped::Nothing));
        }
        if let Some(mapped) = self.parser.mapped() {
            return Ok((key, mapped));
        }
        options.data_of = self.typed_things()?;
        Ok((key, Mapped::Values(type_of::kinds(&options.data_of))))
    }

    /// What stands behind typeof: things that can be written down for nft to read them again.
    fn typed_things(&mut self) -> Read<Vec<Selector>> {
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
            if self.parser.next().kind == token::Kind::End {
                return Err(self.parser.fault("a closing brace is missing"));
            }
            depth += usize::from(self.parser.is("{"));
            depth -= usize::from(self.parser.is("}"));
            self.parser.skip();
        }
        Ok(())
    }

    pub(super) fn elements(&mut self, set: Inside, gone: bool) -> Read<()> {
        let Some(shape) = self.shape(&set.table, &set.name) else {
            return Err(self.parser.fault(format!("there is no set {}", set)));
        };
        let data = match &shape.data {
            _ if gone => DataKind::None,
            Mapped::Nothing => DataKind::None,
            Mapped::Verdicts => DataKind::Verdict,
            Mapped::Values(kinds) => DataKind::Values(kinds.clone()),
            Mapped::Objects(object) => DataKind::Object(*object),
        };
        let start = self.parser.start();
        let elements = self.parser.elements(&shape.key, &data)?;
        let at = self.parser.since(start);
        let elements = Elements::of(set, shape, elements, gone).map_err(|fault| Fault {
            at: at.clone(),
            ..fault
        })?;
        self.later.push((elements.into(), at));
        Ok(())
    }

    /// A counter, quota or limit with a name.
    pub(super) fn object(&mut self, object: Inside, word: &str) -> Read<()> {
        let place = self.parser.last();
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
        let add = ObjectAdd {
            object,
            state,
            comment,
        };
        self.parts.push((add.into(), place));
        Ok(())
    }
}
