//! The inverses of changes of traffic control, as tc sees them; and golden bytes: for each command of tests/tc/messages what netsh sends is what tc sends, whether or not this
//! kernel takes it. The way leads over all of netsh: the command is translated into a verb, the verb runs, and the command
//! that it shows, translated again, sends the same.

use std::cell::RefCell;
use std::rc::Rc;

use libtest_mimic::Failed;
use netsh::catalog::Catalog;
use netsh::catalog::translate::translate;
use netsh::kernel::change::Change;
use netsh::kernel::filter::change::{FilterAdd, FilterDel};
use netsh::kernel::filter::{Place, Rule};
use netsh::kernel::netlink::{Direction, set_tap};
use netsh::kernel::netns::Namespace;
use netsh::kernel::options::Settings;
use netsh::kernel::options::amount::Amount;
use netsh::kernel::qdisc::class::{ClassAdd, ClassDel};
use netsh::kernel::qdisc::handle::Handle;
use netsh::kernel::qdisc::kinds::{self, CLASSES, QDISCS};
use netsh::kernel::qdisc::message::Mode;
use netsh::kernel::qdisc::{QdiscAdd, QdiscDel};
use netsh::lab::Lab;
use netsh::script;

use crate::support::{Test, Verdict, ip, known, lab, same, test_with_ip, words};

/// RTM_NEWQDISC to RTM_GETTFILTER: NEW, DEL and GET in turn (linux/rtnetlink.h).
const TRAFFIC: std::ops::Range<u16> = 36..47;

/// `struct nlmsghdr` is 16 bytes.
const HEADER: usize = 16;

/// The tests of this file.
pub fn tests() -> Vec<Test> {
    vec![
        test_with_ip("traffic control: the bytes are tc's", are_those_of_tc),
        test_with_ip("inverses: of traffic control", inverses),
    ]
}

/// A message: type, flags, body.
pub type Sent = (u16, u16, Vec<u8>);

/// A command and the message of tc.
pub struct Recorded {
    /// The command.
    pub command: String,
    /// What was sent for it.
    pub message: Sent,
}

/// What was recorded in a file below `tests`.
pub fn recorded(file: &str) -> Result<Vec<Recorded>, Failed> {
    let path = format!("{}/tests/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path)?;
    let mut lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut all = Vec::new();
    while let (Some(command), Some(message)) = (lines.next(), lines.next()) {
        let words: Vec<&str> = message.split_whitespace().collect();
        let [kind, flags, body] = words.as_slice() else {
            return Err(format!("no message: {message}").into());
        };
        let flags = u16::from_str_radix(flags.trim_start_matches("0x"), 16)?;
        let bytes = (0..body.len()).step_by(2);
        let bytes = bytes.map(|at| u8::from_str_radix(&body[at..at + 2], 16));
        all.push(Recorded {
            command: command.into(),
            message: (kind.parse()?, flags, bytes.collect::<Result<_, _>>()?),
        });
    }
    Ok(all)
}

fn are_those_of_tc(_: &Namespace) -> Verdict {
    // As where the messages were recorded: eth1 is 2, eth0 is 3.
    ip(&[
        "link", "add", "eth0", "type", "veth", "peer", "name", "eth1",
    ])?;
    let (lab, kept) = lab()?;
    let engine = script::engine(Rc::new(lab));
    let catalog = script::catalog();
    let mut faults = Vec::new();
    let all = recorded("tc/messages")?;
    for Recorded { command, message } in &all {
        // A class needs its discipline and its parent. Where they are there, or the kernel has none of the kind, that is as good.
        if command.starts_with("tc class ") {
            let mut words = command.split(' ');
            let kind = words.find(|word| ["htb", "drr"].contains(word));
            let _ = engine.run(&format!("let kind = {:?}; {PARENT}", kind.unwrap_or("htb")));
            kept.commands.take();
        }
        let sent = sent_by(&engine, catalog, command, is_traffic)?;
        let shown = kept.commands.take().into_iter().next();
        compare(command, &sent, message, &mut faults);
        let shown = shown.ok_or_else(|| format!("{command}: no command was shown"))?;
        let again = sent_by(&engine, catalog, &shown, is_traffic)?;
        kept.commands.take();
        compare(
            &format!("{command}, shown as {shown}"),
            &again,
            message,
            &mut faults,
        );
    }
    match (faults.is_empty(), all.len()) {
        (true, 80..) => Ok(()),
        (true, few) => Err(format!("only {few} commands").into()),
        (false, _) => Err(faults.join("\n").into()),
    }
}

/// The class that the recorded ones are below.
const PARENT: &str = r#"
    let is_there = qdisc_list("eth0").some(|qdisc| qdisc.kind == kind);
    if !is_there {
        try { qdisc_del("eth0"); } catch {}
        try { qdisc_add("eth0", kind, #{ handle: "1:", parent: "root" }); } catch {}
    }
    if kind == "htb" {
        try { class_add("eth0", "1:1", "htb", #{ parent: "1:", rate: "1gbit" }); } catch {}
    }
"#;

/// Whether a message is about traffic control, and asks for no answer but yes.
fn is_traffic(kind: u16, _: u16) -> bool {
    TRAFFIC.contains(&kind) && kind % 4 < 2
}

/// The first message of the wanted types and flags that is sent by what a command is translated to.
pub fn sent_by(
    engine: &rhai::Engine,
    catalog: &Catalog,
    command: &str,
    is_wanted: fn(u16, u16) -> bool,
) -> Result<Sent, Failed> {
    let translation = translate(command, catalog);
    let line = match (translation.lines.as_slice(), translation.faults.as_slice()) {
        ([line], []) => line.clone(),
        _ => return Err(format!("{command} is translated to {translation:?}").into()),
    };
    let messages = Rc::new(RefCell::new(Vec::new()));
    let keep = messages.clone();
    set_tap(Some(Box::new(move |_, direction, bytes: &[u8]| {
        let short = |at: usize| u16::from_ne_bytes([bytes[at], bytes[at + 1]]);
        if direction == Direction::Sent && is_wanted(short(4), short(6)) {
            let body = bytes[HEADER..].to_vec();
            keep.borrow_mut().push((short(4), short(6), body));
        }
    })));
    // This kernel may refuse it.
    let ran = engine.run(&line);
    set_tap(None);
    let first = messages.borrow().first().cloned();
    first.ok_or_else(|| format!("{command}: {line} sends nothing: {ran:?}").into())
}

/// Notes where a message is not the wanted one.
pub fn compare(what: &str, sent: &Sent, wanted: &Sent, faults: &mut Vec<String>) {
    if sent == wanted {
        return;
    }
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let at = sent
        .2
        .iter()
        .zip(&wanted.2)
        .take_while(|(a, b)| a == b)
        .count();
    let around = |bytes: &[u8]| {
        let end = bytes.len().min(at + 24);
        hex(&bytes[at.saturating_sub(8).min(end)..end])
    };
    faults.push(format!(
        "{what}:\n  from byte {at} of {} and {}: netsh {} {:#x} ..{}, iproute2 {} {:#x} ..{}",
        sent.2.len(),
        wanted.2.len(),
        sent.0,
        sent.1,
        around(&sent.2),
        wanted.0,
        wanted.1,
        around(&wanted.2),
    ));
}

/// The options of a kind, in tc's words.
fn settings(table: &'static [kinds::Kind], kind: &str, pairs: &[(&str, &str)]) -> Settings {
    let known = kinds::find(table, kind).expect("a kind");
    let mut settings = Settings::of(known.options);
    for (key, text) in pairs {
        let row = known.options.iter().find(|row| row.key == *key);
        let row = row.expect("an option");
        let setting = match text.parse::<i64>() {
            Ok(number) => row
                .of_number(number.into())
                .or_else(|_| row.of_amount(Amount::Int(number))),
            Err(_) => row.of_amount(Amount::Text(text)),
        };
        settings.set(key, setting.expect("a value"));
    }
    settings
}

fn qdisc(mode: Mode, kind: &str, handle: u32, pairs: &[(&str, &str)]) -> Change {
    Change::QdiscAdd(QdiscAdd {
        mode,
        link: "a".into(),
        kind: kind.into(),
        parent: Handle::ROOT,
        handle: Handle(handle),
        settings: settings(QDISCS, kind, pairs),
    })
}

fn class(mode: Mode, id: u32, pairs: &[(&str, &str)]) -> Change {
    Change::ClassAdd(ClassAdd {
        mode,
        link: "a".into(),
        kind: "htb".into(),
        id: Handle(id),
        parent: Handle(0x1_0000),
        settings: settings(CLASSES, "htb", pairs),
    })
}

/// What tc says of the link.
fn told() -> Result<String, Failed> {
    let line = "for what in qdisc class; do tc -d $what show dev a; done; tc filter show dev a parent 1: 2>/dev/null";
    let path = std::env::var("PATH").unwrap_or_default();
    let output = std::process::Command::new("sh")
        .env("PATH", format!("{path}:/usr/sbin:/sbin"))
        .args(["-c", line])
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Makes the change, and undoes it by its inverse.
fn there_and_back(here: &Namespace, lab: &Lab, change: &Change) -> Verdict {
    let before = told()?;
    let inverse = change.operation().inverse(&known(here)).map_err(words)?;
    let inverse = inverse.ok_or(format!("no inverse of {change:?}"))?;
    lab.apply(change.clone())
        .map_err(|failure| failure.message)?;
    if told()? == before {
        return Err(format!("{change:?} does nothing that is seen").into());
    }
    lab.apply(inverse).map_err(|failure| failure.message)?;
    same((change, told()?), (change, before))
}

fn inverses(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    ip(&[
        "link", "add", "dev", "a", "type", "veth", "peer", "name", "b",
    ])?;
    let make = |change: Change| {
        lab.apply(change)
            .map_err(|failure| Failed::from(failure.message))
    };
    there_and_back(here, &lab, &qdisc(Mode::Add, "pfifo", 0, &[("limit", "7")]))?;
    make(qdisc(Mode::Add, "pfifo", 0x1_0000, &[("limit", "7")]))?;
    let delete = Change::QdiscDel(QdiscDel {
        link: "a".into(),
        parent: Handle::ROOT,
        handle: Handle::NONE,
    });
    let bucket = [("rate", "1mbit"), ("burst", "16k"), ("limit", "20k")];
    for change in [
        qdisc(Mode::Change, "pfifo", 0x1_0000, &[("limit", "9")]),
        qdisc(Mode::Replace, "tbf", 0x2_0000, &bucket),
        delete.clone(),
    ] {
        there_and_back(here, &lab, &change)?;
    }
    make(delete.clone())?;
    make(qdisc(Mode::Add, "htb", 0x1_0000, &[]))?;
    there_and_back(
        here,
        &lab,
        &class(Mode::Add, 0x1_0010, &[("rate", "1mbit")]),
    )?;
    make(class(
        Mode::Add,
        0x1_0010,
        &[("rate", "1mbit"), ("prio", "2")],
    ))?;
    there_and_back(
        here,
        &lab,
        &class(
            Mode::Change,
            0x1_0010,
            &[("rate", "2mbit"), ("ceil", "3mbit")],
        ),
    )?;
    there_and_back(
        here,
        &lab,
        &class(Mode::Replace, 0x1_0010, &[("rate", "4mbit")]),
    )?;
    let gone = Change::ClassDel(ClassDel {
        link: "a".into(),
        id: Handle(0x1_0010),
    });
    there_and_back(here, &lab, &gone)?;
    let mut rule = Rule {
        class: Some(Handle(0x1_0010)),
        ..Rule::default()
    };
    rule.selector.add("ip dst 10.0.0.0/24")?;
    let place = Place {
        kind: "u32".into(),
        parent: Handle(0x1_0000),
        prio: 5,
        protocol: 0x0800,
        handle: 0x8000_0800,
        chain: None,
    };
    let filter = |mode: Mode, rule: Rule| {
        Change::FilterAdd(FilterAdd {
            mode,
            link: "a".into(),
            place: place.clone(),
            rule,
        })
    };
    there_and_back(here, &lab, &filter(Mode::Replace, rule.clone()))?;
    make(filter(Mode::Add, rule.clone()))?;
    let other = Rule {
        class: Some(Handle(0x1_0011)),
        ..rule
    };
    there_and_back(here, &lab, &filter(Mode::Replace, other))?;
    let removed = Change::FilterDel(FilterDel {
        link: "a".into(),
        place,
    });
    there_and_back(here, &lab, &removed)?;
    // Its classes and filters would not come back.
    let inverse = delete.operation().inverse(&known(here)).map_err(words)?;
    same(inverse, None)
}
