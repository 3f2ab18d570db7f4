//! Which tests took longest: `NETSH_DURATIONS=20 cargo test --test suite` tells it at the end, as pytest's `--durations=20` does.
//! They run side by side, so that a duration is also what the others left of the machine.

use std::sync::Mutex;
use std::time::{Duration, Instant};

static ALL: Mutex<Vec<(Duration, String)>> = Mutex::new(Vec::new());

/// Runs a test and remembers how long it took.
pub fn measured<T>(name: &str, test: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let verdict = test();
    let mut all = ALL.lock().expect("nobody panics with it");
    all.push((start.elapsed(), name.to_string()));
    verdict
}

/// Tells those that took longest, as many as NETSH_DURATIONS wants.
pub fn tell() {
    let Ok(wanted) = std::env::var("NETSH_DURATIONS") else {
        return;
    };
    let Ok(number) = wanted.parse() else {
        panic!("NETSH_DURATIONS={wanted}: it is a number");
    };
    let mut all = std::mem::take(&mut *ALL.lock().expect("nobody panics with it"));
    all.sort();
    let sum: Duration = all.iter().map(|(duration, _)| *duration).sum();
    println!(
        "{} tests took {:.0} s, one after the other",
        all.len(),
        sum.as_secs_f64()
    );
    for (duration, name) in all.iter().rev().take(number) {
        println!("{:8.2} s  {name}", duration.as_secs_f64());
    }
}
