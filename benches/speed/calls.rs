//! What a call costs that asks nothing of the kernel: Rhai finds the function, the verb finds its lab, and comes back.
//!
//! The verbs here are made as netsh's own are, in a module of their own, and do nothing. A loop that calls one is
//! measured beside the same loop without the call; the difference is the call.

use std::time::Duration;

use netsh::script::call::{RhaiResultOf, verb};
use netsh::script::methods;
use rhai::plugin::*;
use rhai::{AST, Dynamic, Engine, Map};

use super::contest::{print_table, quartiles, time, verdict};
use super::{Outcome, lab};

const CALLS: u32 = 200_000;
const ROUNDS: usize = 20;

/// The most that a call of a verb should cost, in seconds.
const AIM: f64 = 250e-9;

/// Verbs that do nothing.
#[export_module]
pub mod api {
    /// Does nothing.
    #[rhai_fn(return_raw)]
    pub fn bench_verb(ctx: NativeCallContext, name: &str) -> RhaiResultOf<bool> {
        verb(&ctx, |_| Ok(!name.is_empty()))
    }

    /// Does nothing, and takes options.
    #[rhai_fn(return_raw)]
    pub fn bench_options(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<bool> {
        verb(&ctx, |_| Ok(!name.is_empty() && options.is_empty()))
    }
}

const CASES: [(&str, &str, Option<f64>); 6] = [
    (
        "a verb: `verb(\"veth0\")`",
        r#"bench_verb("veth0");"#,
        Some(AIM),
    ),
    (
        "with options: `verb(\"veth0\", #{})`",
        r#"bench_options("veth0", #{});"#,
        None,
    ),
    (
        "its form without options: `verb(\"veth0\")`",
        r#"bench_options("veth0");"#,
        None,
    ),
    (
        "as a method of a namespace: `h1.verb(\"veth0\")`",
        r#"h1.bench_verb("veth0");"#,
        None,
    ),
    (
        "for comparison, Rhai's own `\"veth0\".len()`",
        r#""veth0".len();"#,
        None,
    ),
    (
        "for comparison, `link_exists(\"lo\")`: one ioctl",
        r#"link_exists("lo");"#,
        None,
    ),
];

/// Runs the section.
pub fn run() -> Outcome<()> {
    let mut engine = lab::engine()?;
    engine.register_global_module(exported_module!(api).into());
    methods::register(&mut engine);
    let empty = looped(&engine, "")?;
    let mut cases = Vec::new();
    for (name, call, aim) in CASES {
        cases.push((name, looped(&engine, call)?, aim, Vec::new()));
    }
    let mut nothing = Vec::new();
    for round in 0..=ROUNDS {
        let without = seconds_per_turn(&engine, &empty)?;
        for (_, ast, _, costs) in &mut cases {
            let with = seconds_per_turn(&engine, ast)?;
            if round > 0 {
                costs.push(with - without);
            }
        }
        if round > 0 {
            nothing.push(without);
        }
    }
    println!("\n### A call from a script, without the kernel\n");
    let mut rows = vec![row("a turn of the loop, no call", &nothing, None)];
    rows.extend(
        cases
            .iter()
            .map(|(name, _, aim, costs)| row(name, costs, *aim)),
    );
    print_table(rows);
    println!(
        "\n{ROUNDS} rounds of {CALLS} calls each; the loop without a call, of the same round, is taken off."
    );
    Ok(())
}

fn row(name: &str, seconds: &[f64], aim: Option<f64>) -> [String; 5] {
    let [low, middle, high] = quartiles(seconds);
    [
        name.to_string(),
        time(middle),
        format!("{} to {}", time(low), time(high)),
        String::new(),
        aim.map_or(String::new(), |aim| verdict(middle <= aim, time(aim))),
    ]
}

/// A script that makes a namespace, warms up, and gives the nanoseconds that its loop took.
fn looped(engine: &Engine, body: &str) -> Outcome<AST> {
    let code = format!(
        r#"
            let h1 = netns_add("h1");
            let start = timestamp();
            let x = 0;
            // Rhai would leave out a loop with nothing in it.
            for i in 0..{CALLS} {{ x = i; {body} }}
            let took = start.elapsed;
            netns_del(h1);
            took
        "#
    );
    Ok(engine.compile(code)?)
}

fn seconds_per_turn(engine: &Engine, ast: &AST) -> Outcome<f64> {
    let took = engine
        .eval_ast::<Dynamic>(ast)
        .map_err(|error| error.to_string())?;
    let took = took
        .as_float()
        .map_err(|kind| format!("a time, not a {kind}"))?;
    Ok(Duration::from_secs_f64(took).as_secs_f64() / f64::from(CALLS))
}
