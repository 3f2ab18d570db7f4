//! Commands of `ip`, `sysctl`, `ping` and others, translated into lines of netsh.
//!
//! ```text
//! "ip l a veth0 type veth peer name veth1"
//!   words.rs         the words of the shell, each with its place; script.rs: the commands that they make
//!   reading.rs       what program it is: iproute2.rs, traffic.rs, conntrack.rs, nft.rs, probing.rs, other_programs.rs
//!                    -> ip link add, dev: veth0, type: veth, peer name: veth1
//!   differences.rs   what the one says by saying nothing and the other does not
//!   matching.rs      the verb whose `Equivalent to:` (pattern.rs) matches best, its parameters and options
//!   line.rs          veth_add("veth0", "veth1")
//! ```
//!
//! The verbs say themselves what they are equivalent to, and what their options are called elsewhere: a new verb is known
//! here by its doc comment. Pure: nothing is run and nothing is looked up.

mod conntrack;
mod differences;
mod iproute2;
mod iproute2_addresses;
mod iproute2_arguments;
mod iproute2_bridge;
mod iproute2_route;
mod iproute2_routing_words;
mod iproute2_words;
pub mod line;
mod matching;
mod monitor;
mod nft;
mod nft_block;
mod nft_text;
mod other_programs;
mod pattern;
mod probing;
mod reading;
mod script;
#[cfg(test)]
mod tests;
mod traffic;
mod words;

use std::ops::Range;

use super::Catalog;
use matching::Found;
use pattern::Pattern;
use reading::{Program, Reading, Unread};
use script::{Command, End, Part, Pipeline, Redirection};
use words::Word;

/// Commands in netsh's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Translation {
    /// Lines of Rhai, comments and empty lines among them.
    pub lines: Vec<String>,
    /// What a person may want to know of them.
    pub notes: Vec<String>,
    /// What was not understood.
    pub faults: Vec<Fault>,
}

/// A part of a command that is wrong or not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is the matter.
    pub title: String,
    /// The part of the text.
    pub span: Range<usize>,
    /// To stand below it.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
}

impl Fault {
    fn new(title: impl Into<String>) -> Fault {
        Fault {
            title: title.into(),
            span: 0..0,
            label: String::new(),
            help: None,
        }
    }

    fn at(mut self, span: Range<usize>, label: impl Into<String>) -> Fault {
        self.span = span;
        self.label = label.into();
        self
    }

    fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }
}

/// Translates a command, or a script of them.
pub fn translate(text: &str, catalog: &Catalog) -> Translation {
    let parts = match script::read(text) {
        Ok(parts) => parts,
        Err(fault) => {
            return Translation {
                faults: vec![fault],
                ..Translation::default()
            };
        }
    };
    let mut translator = Translator {
        text,
        catalog,
        patterns: pattern::patterns(catalog),
        done: Translation::default(),
    };
    let mut steps = steps(&parts);
    translator.settle(&mut steps);
    for step in steps {
        translator.take(step);
    }
    translator.done
}

/// A part of the script on its way.
enum Step<'a> {
    /// Several readings become a line each. A command that comes along with another has none left.
    Commands {
        readings: Vec<Reading>,
        /// It may fail: `|| true`.
        may_fail: bool,
        /// Where all of it stands.
        span: Range<usize>,
    },
    Program(Program),
    Fault(Fault, Range<usize>),
    Comment(&'a str, bool),
    Blank,
    Nothing(&'static str),
}

fn steps(parts: &[Part]) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut parts = parts.iter().peekable();
    while let Some(part) = parts.next() {
        if let Some((word, mut span)) = block(part, &BEGINNINGS) {
            // All of a loop is one thing that is not understood.
            let mut depth = 1;
            while let Some(inner) = parts.next_if(|_| depth > 0) {
                depth += usize::from(block(inner, &BEGINNINGS).is_some());
                if let Some((_, end)) = block(inner, &ENDINGS) {
                    depth -= 1;
                    span.end = end.end;
                }
            }
            steps.push(Step::Fault(reading::language(&word), span));
            continue;
        }
        steps.push(match part {
            Part::Blank => Step::Blank,
            Part::Comment { text, .. } if text.starts_with('!') && steps.is_empty() => continue,
            Part::Comment { text, beside } => Step::Comment(text, *beside),
            Part::Pipeline(pipeline) if pipeline.end == End::Or => match parts.peek() {
                Some(Part::Pipeline(next)) => {
                    let step = step(pipeline, next);
                    parts.next();
                    step
                }
                _ => step(pipeline, pipeline),
            },
            Part::Pipeline(pipeline) => step(pipeline, pipeline),
        });
    }
    steps
}

/// The words with which blocks of the shell begin, and end.
const BEGINNINGS: [&str; 6] = ["for", "while", "until", "if", "case", "select"];
const ENDINGS: [&str; 3] = ["done", "fi", "esac"];

/// The word of a block, where a pipeline begins with one or has one behind `do`, `then` and the like.
fn block(part: &Part, words: &[&str]) -> Option<(Word, Range<usize>)> {
    let Part::Pipeline(pipeline) = part else {
        return None;
    };
    let command = pipeline.commands.first()?;
    let leads = |word: &&Word| ["do", "then", "else"].contains(&word.text.as_str());
    let word = command.words.iter().find(|word| !leads(word))?;
    let is_one = !word.quoted && words.contains(&word.text.as_str());
    is_one.then(|| (word.clone(), pipeline.span.clone()))
}

/// What is to be done for a pipeline; `or` is the one that comes if it fails, and the same if there is none.
fn step<'a>(pipeline: &Pipeline, or: &Pipeline) -> Step<'a> {
    let span = pipeline.span.start..or.span.end;
    if let Some(grouped) = &pipeline.grouped {
        let fault = Fault::new("netsh reads commands, not the shell's own language");
        return Step::Fault(fault.at(grouped.clone(), "this belongs to the shell"), span);
    }
    let has_other = !std::ptr::eq(pipeline, or);
    let may_fail = has_other && does_nothing(or);
    let shells = |why: &str| {
        Step::Program(Program {
            netns: None,
            span: span.clone(),
            why: why.into(),
        })
    };
    if has_other && !may_fail {
        return shells("only the shell chooses by whether a command fails");
    }
    if pipeline.end == End::Beside {
        return shells("only the shell runs a command beside the next");
    }
    let command = match pipeline.commands.as_slice() {
        [command] => command.clone(),
        _ => match other_programs::without_tee(pipeline) {
            Some(command) => command,
            None => return shells("this is a pipeline"),
        },
    };
    if does_nothing(pipeline) {
        return Step::Nothing("");
    }
    if command.words.first().is_some_and(|word| word.text == "set") {
        return Step::Nothing(
            "a script of netsh ends with the first error by itself; --show-commands shows what it does",
        );
    }
    readings_of(&command, span, may_fail)
}

fn readings_of<'a>(command: &Command, span: Range<usize>, may_fail: bool) -> Step<'a> {
    match reading::read(command) {
        Ok(readings) => Step::Commands {
            readings,
            may_fail,
            span,
        },
        // A here-document is a part of the command that stands below it.
        Err(Unread::Program(program)) if command.redirections.iter().any(Redirection::is_text) => {
            Step::Program(Program { span, ..program })
        }
        Err(Unread::Program(program)) => Step::Program(program),
        Err(Unread::Fault(fault)) => Step::Fault(fault, span),
    }
}

/// `true` and `:`.
fn does_nothing(pipeline: &Pipeline) -> bool {
    match pipeline.commands.as_slice() {
        [command] => match command.words.as_slice() {
            [word] => [":", "true"].contains(&word.text.as_str()),
            _ => false,
        },
        _ => false,
    }
}

/// What the verbs end with whose result is what is asked for.
const QUESTIONS: [&str; 7] = [
    "_list",
    "_get",
    "_table",
    "_exists",
    "_read",
    "_count",
    "throughput",
];

struct Translator<'a> {
    text: &'a str,
    catalog: &'a Catalog,
    patterns: Vec<Pattern<'a>>,
    done: Translation,
}

impl<'a> Translator<'a> {
    /// Settles what the two sides say by saying nothing, over all commands.
    fn settle(&mut self, steps: &mut [Step<'_>]) {
        // One command that comes along with another takes the place of none.
        let mut readings: Vec<Option<Reading>> = steps.iter().map(single).collect();
        let notes = differences::loopback(&mut readings);
        notes.into_iter().for_each(|note| self.note(note));
        for (step, reading) in steps.iter_mut().zip(readings) {
            let was_single = single(step).is_some();
            if let (Step::Commands { readings, .. }, true) = (step, was_single) {
                *readings = reading.into_iter().collect();
            }
        }
    }

    fn take(&mut self, step: Step<'_>) {
        match step {
            Step::Blank => self.done.lines.push(String::new()),
            Step::Nothing("") => {}
            Step::Nothing(note) => self.note(note),
            Step::Comment(text, beside) => self.comment(text, beside),
            Step::Fault(fault, span) => self.fault(fault, &span),
            Step::Program(program) => self.program(&program),
            Step::Commands {
                readings,
                may_fail,
                span,
            } => {
                // All of a command, or nothing.
                let before = (self.done.lines.len(), self.done.notes.len());
                let mut readings = readings.into_iter();
                let all = readings.try_for_each(|reading| self.command(reading, may_fail));
                if let Err(fault) = all {
                    self.done.lines.truncate(before.0);
                    self.done.notes.truncate(before.1);
                    self.fault(fault, &span);
                }
            }
        }
    }

    fn comment(&mut self, text: &str, beside: bool) {
        let comment = format!("//{text}");
        match self.done.lines.last_mut().filter(|_| beside) {
            Some(line) => {
                line.push(' ');
                line.push_str(&comment);
            }
            None => self.done.lines.push(comment),
        }
    }

    fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.done.notes.contains(&note) {
            self.done.notes.push(note);
        }
    }

    fn fault(&mut self, fault: Fault, span: &Range<usize>) {
        // The rest of a script is of use without it; a place where something is missing has to be seen.
        for line in self.slice(span).lines() {
            self.done.lines.push(format!("// not translated: {line}"));
        }
        self.done.faults.push(fault);
    }

    fn slice(&self, span: &Range<usize>) -> &'a str {
        self.text.get(span.clone()).unwrap_or("").trim()
    }

    /// What the program itself has to do.
    fn program(&mut self, program: &Program) {
        let command = line::quoted(self.slice(&program.span));
        // `ip -n h1` goes there by itself.
        let within = |netns: &&Word| !program.span.contains(&netns.span.start);
        let netns = program.netns.as_ref().filter(within);
        let line = line::call(netns, "sh", &[command], &[]);
        self.done.lines.push(format!("{line};"));
        self.note(format!("sh() runs the program itself: {}", program.why));
    }

    fn command(&mut self, mut reading: Reading, may_fail: bool) -> Result<(), Fault> {
        let notes = differences::settle(&mut reading)?;
        let closest = matching::closest(&self.patterns, self.catalog, &reading);
        let Some(found) = closest.transpose()? else {
            self.program(&Program {
                netns: reading.netns.clone(),
                span: reading.span.clone(),
                why: why_no_verb(&reading),
            });
            return Ok(());
        };
        notes.into_iter().for_each(|note| self.note(note));
        self.line(&found, &reading, may_fail);
        let (near, far) = what_is_left(found, &reading);
        for rest in [near, far].into_iter().flatten() {
            self.command(rest, may_fail)?;
        }
        Ok(())
    }

    fn line(&mut self, found: &Found<'a>, reading: &Reading, may_fail: bool) {
        let verb = &found.entry.signature.name;
        let mut line = line::call(found.netns.as_ref(), verb, &found.arguments, &found.options);
        if !found.filters.is_empty() {
            let noun = verb.split('_').next().unwrap_or("one");
            let tests = found.filters.join(" && ");
            line = format!("{line}.filter(|{noun}| {tests})");
        }
        line = match verb.as_str() {
            "capture" => self.watching(&line, found, reading),
            "nft_text" => {
                self.note_manner(found, reading, "nft_text() is what it prints without");
                format!("print({line});")
            }
            verb if QUESTIONS.iter().any(|ending| verb.ends_with(ending)) => {
                self.note_manner(found, reading, "show() prints tables, netsh --json JSON");
                format!("show({line});")
            }
            _ => format!("{line};"),
        };
        if may_fail {
            line = format!("try {{ {line} }} catch {{ }}");
        }
        self.done.lines.extend(line.lines().map(str::to_owned));
    }

    /// tcpdump prints what passes, until it ends; a capture goes on beside the script, and prints nothing.
    fn watching(&mut self, capture: &str, found: &Found<'a>, reading: &Reading) -> String {
        if found.options.iter().any(|(key, _)| key == "file") {
            self.note("a capture goes on beside the script, to its end or to stop(); tcpdump has to end by itself");
            return format!("let packets = {capture};");
        }
        self.note_manner(found, reading, "a packet's line is that of tcpdump -n");
        format!(
            "let packets = {capture};\nloop {{\n    let packet = packets.read();\n    if packet == () {{ break; }}\n    print(packet.line);\n}}"
        )
    }

    fn note_manner(&mut self, found: &Found<'a>, reading: &Reading, instead: &str) {
        let program = reading.head.first().map_or("", String::as_str);
        let options: Vec<&str> = found.manner.iter().map(|word| word.text.as_str()).collect();
        if !options.is_empty() {
            let options = options.join(", ");
            self.note(format!("{options}: only how {program} prints; {instead}"));
        }
        if let Some(family) = &found.family {
            let verb = &found.entry.signature.name;
            self.note(format!(
                "{verb} shows all families, not only {}",
                family.text
            ));
        }
    }
}

/// The one reading of a command.
fn single(step: &Step<'_>) -> Option<Reading> {
    match step {
        Step::Commands { readings, .. } => match readings.as_slice() {
            [reading] => Some(reading.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn why_no_verb(reading: &Reading) -> String {
    let program = reading.head.first().map_or("", String::as_str);
    let instead = match program {
        "ifconfig" => "; iproute2 has ip link and ip addr for it",
        "route" => "; iproute2 has ip route for it",
        "brctl" => "; iproute2 has ip link and bridge for it",
        "netstat" => "; iproute2 has ss for it",
        _ => "",
    };
    format!("netsh has no verb for {}{instead}", reading.head.join(" "))
}

/// `ip link add` takes more than the verbs that make links. `ip link set` does the rest, at either end where that is.
fn what_is_left(found: Found<'_>, reading: &Reading) -> (Option<Reading>, Option<Reading>) {
    let (far, near): (Vec<_>, Vec<_>) = found
        .left
        .into_iter()
        .partition(|argument| argument.key.starts_with("peer "));
    let set = |arguments: Vec<reading::Argument>, section: &str| {
        let name: Option<Word> = match section {
            "" => reading.value("dev").cloned(),
            _ => reading.value("peer name").cloned(),
        };
        let mut set = Reading::of(["ip", "link", "set"], &[]);
        set.head_span = reading.head_span.clone();
        set.span = reading.span.clone();
        // It is there already, or goes there by this.
        let netns = reading.value(&format!("{section}netns"));
        let goes = format!("{section}netns");
        let netns = netns.filter(|_| !arguments.iter().any(|argument| argument.key == goes));
        set.netns = netns.or(reading.netns.as_ref()).cloned();
        set.push("dev", name, &reading.span);
        set.arguments
            .extend(arguments.into_iter().map(|mut argument| {
                argument.key = argument.key.trim_start_matches(section).into();
                argument
            }));
        (set.arguments.len() > 1).then_some(set)
    };
    (set(near, ""), set(far, "peer "))
}
