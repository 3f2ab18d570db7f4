//! How a command is matched with the patterns of the catalog.
//!
//! Whatever a pattern does not have is looked for among the verb's options, which are called what the other program calls
//! them; and, where a verb gives a list, among the fields of what it lists.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Range;

use crate::catalog::manual::OptionManual;
use crate::catalog::signature::Signatures;
use crate::catalog::{Catalog, Entry};
use crate::lab::suggest::nearest;

use super::Fault;
use super::line::{self, Unfit};
use super::pattern::{Pattern, Slot, slot, spelling, tail_slots, texts};
use super::reading::{self, Argument, Reading, SETTING};
use super::words::Word;

/// A command in netsh's words.
pub struct Found<'a> {
    /// The verb.
    pub entry: &'a Entry,
    /// The namespace whose method it is.
    pub netns: Option<Word>,
    /// The arguments, as Rhai.
    pub arguments: Vec<String>,
    /// The options, as Rhai.
    pub options: Vec<(String, String)>,
    /// Of a list: what has to hold of each, as Rhai.
    pub filters: Vec<String>,
    /// What the verb does not take, and a second one may.
    pub left: Vec<Argument>,
    /// How to print, beyond what the pattern says.
    pub manner: Vec<Word>,
    /// A family that the verb does not tell apart.
    pub family: Option<Word>,
    rank: Rank,
}

/// The higher one is the closer match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    hears_the_family: bool,
    left: Reverse<usize>,
    literals: usize,
    placeholders: usize,
    filters: Reverse<usize>,
    manner: Reverse<usize>,
}

/// How far a command was understood; the higher one knows better what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Understood {
    until: usize,
    missing: Reverse<usize>,
    /// How much of what is missing can be anything: `type KIND`, not `type bridge`.
    anything: usize,
    options: usize,
}

/// The closest match. Nothing if no verb does what the command does; a fault if a part of it is not understood.
pub fn closest<'a>(
    patterns: &[Pattern<'a>],
    catalog: &'a Catalog,
    reading: &Reading,
) -> Option<Result<Found<'a>, Fault>> {
    let same_head = patterns.iter().filter(|pattern| {
        let needs_netns = pattern.netns_parameter().is_some();
        // A veth is two links; what makes one of any kind refuses it.
        let is_one_of_two = pattern.entry.signature.name == "link_add"
            && reading
                .value("type")
                .is_some_and(|kind| kind.text == "veth");
        pattern.reading.head == reading.head
            && (reading.netns.is_some() || !needs_netns)
            && !is_one_of_two
    });
    let mut best: Option<Found> = None;
    let mut fault: Option<(Understood, Fault)> = None;
    for pattern in same_head {
        match Matching::new(pattern, catalog).run(reading) {
            Ok(found) => {
                // Of two that are equally close the first in the catalog stays.
                if best.as_ref().is_none_or(|best| found.rank > best.rank) {
                    best = Some(found);
                }
            }
            // Whoever understands the most of it is asked what is wrong.
            Err((understood, new)) => {
                if fault.as_ref().is_none_or(|(known, _)| understood > *known) {
                    fault = Some((understood, new));
                }
            }
        }
    }
    match (best, fault) {
        (Some(found), _) => Some(Ok(found)),
        (None, Some((_, fault))) => Some(Err(fault)),
        (None, None) => None,
    }
}

/// Words by which `ip addr show` chooses, each a flag of an address or of what it has not.
const FLAGS: [&str; 8] = [
    "permanent",
    "dynamic",
    "secondary",
    "temporary",
    "primary",
    "tentative",
    "deprecated",
    "dadfailed",
];

struct Matching<'p, 'a> {
    pattern: &'p Pattern<'a>,
    catalog: &'a Catalog,
    open: Vec<Slot>,
    open_tail: Vec<Slot>,
    bound: BTreeMap<String, Word>,
    options: Vec<(String, String)>,
    filters: Vec<String>,
    left: Vec<Argument>,
    literals: usize,
    placeholders: usize,
}

impl<'p, 'a> Matching<'p, 'a> {
    fn new(pattern: &'p Pattern<'a>, catalog: &'a Catalog) -> Self {
        Matching {
            pattern,
            catalog,
            open: pattern.reading.arguments.iter().map(slot).collect(),
            open_tail: tail_slots(&pattern.reading.tail),
            bound: BTreeMap::new(),
            options: Vec::new(),
            filters: Vec::new(),
            left: Vec::new(),
            literals: 0,
            placeholders: 0,
        }
    }

    fn run(mut self, reading: &Reading) -> Result<Found<'a>, (Understood, Fault)> {
        let options = self.pattern.entry.manual.options.len();
        let understood = |until: usize, missing: &[String]| Understood {
            until,
            missing: Reverse(missing.len()),
            anything: missing
                .iter()
                .filter(|what| what.contains(|c: char| c.is_ascii_uppercase()))
                .count(),
            options,
        };
        let all = self
            .arguments(reading)
            .and_then(|()| self.tail(&reading.tail, reading));
        all.map_err(|fault| (understood(fault.span.start, &[]), fault))?;
        let netns = self.pattern.netns_parameter().zip(reading.netns.clone());
        let receiver = match netns {
            Some((parameter, netns)) => {
                self.bind(parameter, &netns);
                None
            }
            None => reading.netns.clone(),
        };
        let missing = self.missing();
        if let Some(first) = missing.first() {
            let understood = understood(reading.span.end, &missing);
            return Err((understood, self::missing(first, reading)));
        }
        let family = self.family(reading);
        self.found(reading, family, receiver)
            .map_err(|fault| (understood(fault.span.start, &[]), fault))
    }

    fn arguments(&mut self, reading: &Reading) -> Result<(), Fault> {
        let mut taken = Vec::new();
        for argument in &reading.arguments {
            if taken.contains(&argument.key) {
                continue;
            }
            if self.is_said_of_both(&argument.key) {
                let other = format!("peer {}", argument.key);
                let text = argument.value.as_ref().map(|word| &word.text);
                let other = reading.arguments.iter().find(|one| one.key == other);
                let same = other.filter(|one| one.value.as_ref().map(|word| &word.text) == text);
                match same {
                    Some(other) => taken.push(other.key.clone()),
                    None => {
                        self.left.push(argument.clone());
                        continue;
                    }
                }
            }
            self.argument(argument)?;
        }
        Ok(())
    }

    fn found(
        self,
        reading: &Reading,
        family: Option<Word>,
        netns: Option<Word>,
    ) -> Result<Found<'a>, Fault> {
        let entry = self.pattern.entry;
        let name = &entry.signature.name;
        let mut arguments = Vec::new();
        for parameter in &entry.signature.parameters {
            match self.bound.get(parameter.name.as_str()) {
                Some(word) => {
                    let written = line::argument(name, parameter, word);
                    arguments.push(written.map_err(|unfit| unfit_at(word, unfit))?);
                }
                None if parameter.name.ends_with('?') => {}
                None => return Err(missing(&parameter.name.to_uppercase(), reading)),
            }
        }
        let theirs: Vec<&str> = texts(&self.pattern.reading.manner);
        let wanted: Vec<&str> = texts(&reading.manner);
        let manner: Vec<Word> = reading
            .manner
            .iter()
            .filter(|word| !theirs.contains(&word.text.as_str()))
            .cloned()
            .collect();
        let unsaid = theirs.iter().filter(|word| !wanted.contains(word)).count();
        let rank = Rank {
            hears_the_family: family.is_none(),
            left: Reverse(self.left.len()),
            literals: self.literals,
            placeholders: self.placeholders,
            filters: Reverse(self.filters.len()),
            manner: Reverse(manner.len() + unsaid),
        };
        Ok(Found {
            entry,
            netns,
            arguments,
            options: self.options,
            filters: self.filters,
            left: self.left,
            manner,
            family,
            rank,
        })
    }

    /// Whether an option goes for both ends of a pair: the pattern has another end, and the option no twin for it.
    fn is_said_of_both(&self, key: &str) -> bool {
        let options = &self.pattern.entry.manual.options;
        let Some(option) = options.iter().find(|option| spelling(option) == key) else {
            return false;
        };
        let twin = format!("peer_{}", option.key);
        let pattern = &self.pattern.reading.arguments;
        pattern
            .iter()
            .any(|argument| argument.key.starts_with("peer "))
            && !option.key.starts_with("peer_")
            && !options.iter().any(|option| option.key == twin)
    }

    fn argument(&mut self, argument: &Argument) -> Result<(), Fault> {
        let text = argument.value.as_ref().map(|word| word.text.as_str());
        let place = self.open.iter().position(|slot| match slot {
            Slot::Placeholder(key, _) => *key == argument.key && text.is_some(),
            Slot::Literal(key, value) => *key == argument.key && value.as_deref() == text,
        });
        match (place.map(|place| self.open.remove(place)), &argument.value) {
            (Some(Slot::Placeholder(_, parameter)), Some(value)) => {
                self.bind(parameter, value);
                Ok(())
            }
            (Some(_), _) => {
                self.literals += 1;
                Ok(())
            }
            (None, _) => self.beside(argument),
        }
    }

    fn bind(&mut self, parameter: String, value: &Word) {
        self.placeholders += 1;
        self.bound.insert(parameter, value.clone());
    }

    /// What the pattern does not have: an option, a field to choose by, or something that is left.
    fn beside(&mut self, argument: &Argument) -> Result<(), Fault> {
        if let (Some(key), Some(rhai)) = (argument.key.strip_prefix(SETTING), &argument.rhai) {
            return match self.takes_setting(key) {
                true => self.set(key.into(), rhai.clone(), &argument.span),
                false => Err(self.not_known(key, &argument.span)),
            };
        }
        if let Some(option) = self.option(&argument.key, argument.value.as_ref()) {
            let (key, value) = option.map_err(|unfit| {
                let span = argument
                    .value
                    .as_ref()
                    .map_or(&argument.span, |word| &word.span);
                unfit_at(&Word::in_place_of(span, ""), unfit)
            })?;
            self.set(key, value, &argument.span)?;
            return Ok(());
        }
        if let Some(filter) = self.filter(argument) {
            self.filters.push(filter);
            return Ok(());
        }
        let makes_a_link = self.pattern.reading.head == ["ip", "link", "add"];
        let contradicts = self.open.iter().any(|slot| slot.key() == argument.key);
        if makes_a_link && !contradicts {
            self.left.push(argument.clone());
            return Ok(());
        }
        Err(self.not_known(&argument.key, &argument.span))
    }

    /// Whether the verb takes this setting of a kind: it documents it, or it takes those of any kind.
    fn takes_setting(&self, key: &str) -> bool {
        let entry = self.pattern.entry;
        let takes_any = ["link_add", "link_set"].contains(&entry.signature.name.as_str());
        takes_any || entry.manual.options.iter().any(|option| option.key == key)
    }

    fn set(&mut self, key: String, value: String, span: &Range<usize>) -> Result<(), Fault> {
        if self.options.iter().any(|(known, _)| *known == key) {
            return Err(
                Fault::new(format!("{key} is given twice")).at(span.clone(), "the second time")
            );
        }
        self.options.push((key, value));
        Ok(())
    }

    /// The option that a key of a command is, with its value as Rhai. Of several that are spelled alike (`-I` of ping) the
    /// first that takes the value.
    fn option(&self, key: &str, value: Option<&Word>) -> Option<Result<(String, String), Unfit>> {
        let options = &self.pattern.entry.manual.options;
        let whole = value.map(|value| format!("{key} {}", value.text));
        let named = |option: &&OptionManual| Some(spelling(option)) == whole;
        if let Some(option) = options.iter().find(named) {
            return Some(Ok((option.key.clone(), "true".into())));
        }
        let mut unfit = None;
        for option in options.iter().filter(|option| spelling(option) == key) {
            match line::option_value(option, value) {
                Ok(value) => return Some(Ok((option.key.clone(), value))),
                Err(why) => unfit = unfit.or(Some(why)),
            }
        }
        unfit.map(Err)
    }

    /// The test by which `ip` chooses from a list.
    fn filter(&self, argument: &Argument) -> Option<String> {
        let key = argument.key.as_str();
        if FLAGS.contains(&key) {
            let known = self.field("flags")?;
            let (first, second) = (line::quoted("secondary"), line::quoted("temporary"));
            return Some(match key {
                "dynamic" => format!("!({} in {known})", line::quoted("permanent")),
                // One bit, called so in IPv4 and so in IPv6.
                "primary" => format!("!({first} in {known} || {second} in {known})"),
                "secondary" | "temporary" => format!("({first} in {known} || {second} in {known})"),
                key => format!("{} in {known}", line::quoted(key)),
            });
        }
        let candidates: &[&'static str] = match key {
            "dev" => &["link", "name"],
            "type" => &["kind"],
            "up" => &["state"],
            "master" => &["master"],
            "scope" => &["scope"],
            "label" => &["label"],
            "nud" => &["state"],
            "root" | "parent" => &["parent"],
            "handle" => &["handle"],
            _ => return None,
        };
        let field = candidates.iter().find_map(|field| self.field(field))?;
        let value = argument.value.as_ref();
        // The kind of a port is that of its master, and in no list.
        let value = value.filter(|value| !value.text.ends_with("_slave"));
        match (key, value) {
            ("up" | "root", _) => Some(format!("{field} == {}", line::quoted(key))),
            (_, Some(value)) => Some(format!("{field} == {}", line::quoted(&value.text))),
            (_, None) => None,
        }
    }

    /// A field of what the verb lists, as Rhai within a test.
    fn field(&self, field: &str) -> Option<String> {
        let name = &self.pattern.entry.signature.name;
        let noun = name.strip_suffix("_list")?;
        let fields = Signatures::fields(self.catalog, name);
        let is_one = fields.iter().any(|known| known == field);
        is_one.then(|| format!("{}.{field}", noun.split('_').next().unwrap_or(noun)))
    }

    /// Takes the family into account; gives it back if the verb does not tell families apart.
    fn family(&mut self, reading: &Reading) -> Option<Word> {
        let family = reading.family.as_ref()?;
        let entry = self.pattern.entry;
        if entry
            .manual
            .options
            .iter()
            .any(|option| option.key == "family")
        {
            self.options
                .push(("family".into(), line::quoted(&family.text)));
            return None;
        }
        if let Some(field) = self.field("family") {
            let test = format!("{field} == {}", line::quoted(&family.text));
            self.filters.push(test);
            return None;
        }
        Some(family.clone())
    }

    /// The words of which only pattern and options say what they are.
    fn tail(&mut self, words: &[Word], reading: &Reading) -> Result<(), Fault> {
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let text = word.text.as_str();
            let by_name = self.open_tail.iter().position(|slot| slot.key() == text);
            let by_place = || self.open_tail.iter().position(|slot| slot.key().is_empty());
            let options = &self.pattern.entry.manual.options;
            let option = options.iter().find(|option| spelling(option) == text);
            match (by_name, option) {
                (Some(place), _) => match self.open_tail.remove(place) {
                    Slot::Placeholder(_, parameter) => {
                        self.bind(parameter, reading::value_of(word, words.next())?);
                    }
                    Slot::Literal(..) => self.literals += 1,
                },
                (None, Some(option)) => self.tail_option(option, word, &mut words)?,
                (None, None) => match by_place().map(|place| self.open_tail.remove(place)) {
                    Some(Slot::Placeholder(_, parameter)) => self.bind(parameter, word),
                    _ => return Err(self.not_known_behind(reading, word)),
                },
            }
        }
        Ok(())
    }

    fn tail_option<'w>(
        &mut self,
        option: &OptionManual,
        word: &Word,
        rest: &mut Peekable<impl Iterator<Item = &'w Word>>,
    ) -> Result<(), Fault> {
        let value = match option.kind.starts_with("bool") {
            true => rest.next_if(|next| ["on", "off"].contains(&next.text.as_str())),
            false => Some(reading::value_of(word, rest.next())?),
        };
        let written = line::option_value(option, value);
        let written = written.map_err(|unfit| unfit_at(value.unwrap_or(word), unfit))?;
        self.set(option.key.clone(), written, &word.span)
    }

    fn not_known_behind(&self, reading: &Reading, word: &Word) -> Fault {
        let mut place = reading.head.join(" ");
        if let Some(kind) = reading.value("type") {
            place += &format!(" type {}", kind.text);
        }
        self.not_known_in(&place, &word.text, &word.span)
    }

    /// What the pattern has and the command does not.
    fn missing(&self) -> Vec<String> {
        let options = &self.pattern.entry.manual.options;
        // The pattern has a default where an option can say otherwise: `ping -c 4`.
        let is_default = |slot: &&Slot| {
            let mut options = options.iter();
            options.any(|option| spelling(option) == slot.key())
        };
        let open = self.open.iter().chain(&self.open_tail);
        let said = open.filter(|slot| !is_default(slot)).map(|slot| {
            let value = match slot {
                Slot::Placeholder(_, parameter) => parameter.to_uppercase(),
                Slot::Literal(_, value) => value.clone().unwrap_or_default(),
            };
            format!("{} {value}", slot.key()).trim().to_owned()
        });
        said.collect()
    }

    fn not_known(&self, key: &str, span: &Range<usize>) -> Fault {
        self.not_known_in(&self.pattern.reading.head.join(" "), key, span)
    }

    fn not_known_in(&self, place: &str, key: &str, span: &Range<usize>) -> Fault {
        let entry = self.pattern.entry;
        let title = match key {
            "" => format!("netsh has no equivalent of a part of this {place}"),
            key => format!("netsh has no equivalent of {key:?} of {place}"),
        };
        let verb = &entry.signature.name;
        let fault = Fault::new(title).at(span.clone(), format!("not known to {verb}"));
        let spelled: Vec<String> = entry.manual.options.iter().map(spelling).collect();
        // Of two letters any is near to any other.
        let near = nearest(key, spelled.iter().map(String::as_str));
        match near.filter(|_| key.len() > 2) {
            Some(near) => fault.help(format!("did you mean {near:?}?")),
            None if spelled.is_empty() => fault,
            None => fault.help(format!("{verb} knows: {}", spelled.join(", "))),
        }
    }
}

fn unfit_at(word: &Word, unfit: Unfit) -> Fault {
    let fault = Fault::new("netsh does not take this value").at(word.span.clone(), unfit.label);
    match unfit.help {
        Some(help) => fault.help(help),
        None => fault,
    }
}

fn missing(what: &str, reading: &Reading) -> Fault {
    let place = reading.head.join(" ");
    Fault::new(format!("{place} is not complete"))
        .at(reading.span.clone(), format!("{what} is missing"))
}
