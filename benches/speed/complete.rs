//! Completion at the prompt where there are 1000 links: what a person waits for after Tab.
//!
//! Measured is the whole answer of the prompt's own completion, with what it asks of the kernel and of the session.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use netsh::script::session::Session;
use netsh::shell::prompt::around::Around;
use netsh::shell::prompt::complete::complete;

use super::contest::{print_table, quartiles, time, verdict};
use super::{Outcome, lab};

const ROUNDS: usize = 100;

/// The longest that anybody should wait, in seconds.
const AIM: f64 = 5e-3;

/// 500 pairs, each with an address; what they are in the session's own words.
const LINKS: &str = "
    for i in 0..500 {
        veth_add(`a${i}`, `b${i}`);
        addr_add(`a${i}`, `10.1.${i / 250}.${i % 250 + 1}/16`);
    }
    fn plug(link, other) { }
    let sent = 1400;
    let rows = link_list();";

const UNDO: &str = "for i in 0..500 { link_del(`a${i}`); }";

/// What is typed, what it is called in the table, and how many candidates there are at least.
const CASES: [(&str, &str, usize); 7] = [
    (
        "a link of 1001",
        r#"let sent = 1400; addr_add("a17", "10.0.0.1/24", #{ dad: true }); link_set("b"#,
        500,
    ),
    ("a link, one that fits", r#"link_up("a499"#, 1),
    ("an address of 501", r#"ping("10.1."#, 500),
    ("an address of a link", r#"addr_del("a17", "10"#, 1),
    (
        "a sysctl in a folder of 1003",
        r#"sysctl_get("net.ipv4.conf.a"#,
        500,
    ),
    ("a verb", "link_", 5),
    ("a field of the first of 1001 rows", "rows[0].m", 1),
];

/// Runs the section.
pub fn run() -> Outcome<()> {
    let lab = lab::open()?;
    let session = Rc::new(RefCell::new(Session::new(lab.clone())));
    say(&session, LINKS)?;
    let around = Around::new(lab, session.clone());
    println!("\n### Completion with 1001 links\n");
    let rows = CASES.map(|case| row(case, &around));
    print_table(rows.into_iter().collect::<Outcome<_>>()?);
    println!("\n{ROUNDS} rounds.");
    say(&session, UNDO)
}

fn say(session: &RefCell<Session>, code: &str) -> Outcome<()> {
    let said = session.borrow_mut().run(code);
    said.map(drop).map_err(|error| error.to_string().into())
}

fn row((name, typed, fewest): (&str, &str, usize), around: &Around) -> Outcome<[String; 5]> {
    let catalog = netsh::script::catalog();
    let mut took = Vec::new();
    for _ in 0..=ROUNDS {
        let start = Instant::now();
        let completion = complete(typed, typed.len(), catalog, around);
        took.push(start.elapsed().as_secs_f64());
        let count = completion.candidates.len();
        if count < fewest {
            return Err(format!("{name}: {count} candidates, not {fewest}").into());
        }
    }
    // The first one is for warming up.
    let [low, middle, high] = quartiles(took.get(1..).unwrap_or_default());
    Ok([
        name.into(),
        time(middle),
        format!("{} to {}", time(low), time(high)),
        String::new(),
        verdict(middle <= AIM, format!("at most {}", time(AIM))),
    ])
}
