//! Completion of the name of a link where there are 1000 of them: what a person waits for after Tab.
//!
//! Measured are the answer with the kernel asked for the names, and the answer alone, with names that are at hand.

use std::rc::Rc;
use std::time::Instant;

use netsh::catalog::signature::Signature;
use netsh::kernel::link;
use netsh::lab::Lab;
use netsh::shell::prompt::complete::complete;
use netsh::shell::prompt::complete::surroundings::{Surroundings, Variable};

use super::contest::{print_table, quartiles, time, verdict};
use super::{Outcome, lab};

const ROUNDS: usize = 100;

/// The longest that anybody should wait, in seconds.
const AIM: f64 = 5e-3;

/// 500 pairs.
const LINKS: &str = "for i in 0..500 { veth_add(`a${i}`, `b${i}`); }";

/// A line of usual length, with the cursor at its end.
const TYPED: &str =
    r#"let sent = 1400; addr_add("a17", "10.0.0.1/24", #{ dad: true }); link_set("b"#;

/// Links alone, from the kernel or from a list.
struct Links {
    lab: Rc<Lab>,
    known: Option<Vec<String>>,
}

impl Surroundings for Links {
    fn links(&self, _netns: Option<&str>) -> Vec<String> {
        let asked = || {
            let namespace = self.lab.current().namespace().ok()?;
            link::names(&namespace).ok()
        };
        let known = self.known.clone().or_else(asked);
        known.unwrap_or_default()
    }

    fn namespaces(&self) -> Vec<String> {
        Vec::new()
    }

    fn addresses(&self, _netns: Option<&str>) -> Vec<String> {
        Vec::new()
    }

    fn sysctls(&self, _netns: Option<&str>, _prefix: &str) -> Vec<String> {
        Vec::new()
    }

    fn variables(&self) -> Vec<Variable> {
        Vec::new()
    }

    fn functions(&self) -> Vec<Signature> {
        Vec::new()
    }

    fn files(&self, _prefix: &str) -> Vec<String> {
        Vec::new()
    }

    fn programs(&self, _prefix: &str) -> Vec<String> {
        Vec::new()
    }
}

/// Runs the section.
pub fn run() -> Outcome<()> {
    let lab = lab::open()?;
    let engine = netsh::script::engine(lab.clone());
    lab::timed(&engine, LINKS)?;
    let asking = Links { lab, known: None };
    let listing = Links {
        lab: asking.lab.clone(),
        known: Some(asking.links(None)),
    };
    println!("\n### Completion of the name of a link, of 1001\n");
    print_table(vec![
        row("Tab, the kernel asked for the names", &asking)?,
        row("the answer alone, the names at hand", &listing)?,
    ]);
    println!("\n{ROUNDS} rounds.");
    lab::timed(&engine, "for i in 0..500 { link_del(`a${i}`); }")?;
    Ok(())
}

fn row(who: &str, links: &Links) -> Outcome<[String; 5]> {
    let catalog = netsh::script::catalog();
    let mut took = Vec::new();
    for _ in 0..=ROUNDS {
        let start = Instant::now();
        let completion = complete(TYPED, TYPED.len(), &catalog, links);
        took.push(start.elapsed().as_secs_f64());
        if completion.candidates.len() != 500 {
            return Err(format!("{} candidates, not 500", completion.candidates.len()).into());
        }
    }
    // The first one is for warming up.
    let [low, middle, high] = quartiles(took.get(1..).unwrap_or_default());
    Ok([
        who.into(),
        time(middle),
        format!("{} to {}", time(low), time(high)),
        String::new(),
        verdict(middle <= AIM, format!("at most {}", time(AIM))),
    ])
}
