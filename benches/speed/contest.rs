//! Contestants that take turns, and the table of how long they took.
//!
//! What disturbs a machine (another build, the kernel clearing away) lasts longer than one turn: so everybody has a turn
//! in every round, beginning with another one each time, and the ratio is taken within the round. Given are the medians
//! over all rounds, and between which values half of them lie. One round at the start is run and thrown away.

use std::time::Duration;

use netsh::lab::interrupt;

use super::Outcome;

/// One turn: the time that each step took.
type Turn<'a> = Box<dyn FnMut() -> Outcome<Vec<Duration>> + 'a>;

/// Somebody who does the work.
struct Contestant<'a> {
    name: String,
    /// The most that netsh may take of this one's time, by step; None where nothing is aimed at.
    aims: Vec<Option<f64>>,
    turn: Turn<'a>,
    /// By round, then by step, in seconds.
    took: Vec<Vec<f64>>,
}

/// A comparison. The first contestant is the one that the others are compared with: netsh.
pub struct Contest<'a> {
    steps: Vec<String>,
    contestants: Vec<Contestant<'a>>,
    remarks: Vec<String>,
}

impl<'a> Contest<'a> {
    /// A comparison in these steps; a turn gives a time for each.
    pub fn new<S: Into<String>>(steps: impl IntoIterator<Item = S>) -> Self {
        Contest {
            steps: steps.into_iter().map(Into::into).collect(),
            contestants: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// A contestant, and the most that netsh should take of its time in each step.
    pub fn enter(
        &mut self,
        name: impl Into<String>,
        aims: &[Option<f64>],
        turn: impl FnMut() -> Outcome<Vec<Duration>> + 'a,
    ) {
        self.contestants.push(Contestant {
            name: name.into(),
            aims: aims.to_vec(),
            turn: Box::new(turn),
            took: Vec::new(),
        });
    }

    /// A line below the table: who is missing, what a figure contains.
    pub fn remark(&mut self, words: impl Into<String>) {
        self.remarks.push(words.into());
    }

    /// Runs one round to warm up and `rounds` that count, and prints the table.
    pub fn run(mut self, rounds: usize) -> Outcome<()> {
        let count = self.contestants.len();
        for round in 0..=rounds {
            for turn in 0..count {
                if interrupt::requested() {
                    return Err("stopped".into());
                }
                let contestant = &mut self.contestants[(round + turn) % count];
                let took =
                    (contestant.turn)().map_err(|error| format!("{}: {error}", contestant.name))?;
                if round > 0 {
                    let seconds = took.iter().map(Duration::as_secs_f64).collect();
                    contestant.took.push(seconds);
                }
            }
        }
        self.print(rounds);
        Ok(())
    }

    fn print(&self, rounds: usize) {
        for (step, title) in self.steps.iter().enumerate() {
            println!("\n### {title}\n");
            let rows = self.contestants.iter().map(|it| self.row(it, step));
            print_table(rows.collect());
        }
        println!("\n{rounds} rounds.");
        for remark in &self.remarks {
            println!("{remark}");
        }
    }

    fn row(&self, contestant: &Contestant, step: usize) -> [String; 5] {
        let times: Vec<f64> = contestant.took.iter().map(|took| took[step]).collect();
        let [low, middle, high] = quartiles(&times);
        let netsh = self.contestants[0].took.iter().map(|took| took[step]);
        let ratios: Vec<f64> = netsh.zip(&times).map(|(netsh, it)| netsh / it).collect();
        let [low_ratio, ratio, high_ratio] = quartiles(&ratios);
        let aim = contestant.aims.get(step).copied().flatten();
        let first = std::ptr::eq(contestant, &self.contestants[0]);
        [
            contestant.name.clone(),
            time(middle),
            format!("{} to {}", time(low), time(high)),
            match first {
                true => String::new(),
                false => format!("{ratio:.2} ({low_ratio:.2} to {high_ratio:.2})"),
            },
            aim.map_or(String::new(), |aim| verdict(ratio <= aim, format!("{aim}"))),
        ]
    }
}

/// An aim, and whether it was reached.
pub fn verdict(reached: bool, aim: String) -> String {
    format!("{aim}: {}", if reached { "met" } else { "MISSED" })
}

/// The values below which a quarter, a half and three quarters of all lie.
pub fn quartiles(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |part: usize| match sorted.len() {
        0 => f64::NAN,
        length => sorted[((length - 1) * part + 2) / 4],
    };
    [at(1), at(2), at(3)]
}

/// A time with three digits.
pub fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 1e-6 => (s * 1e9, "ns"),
        s if s < 1e-3 => (s * 1e6, "us"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let digits = match value {
        v if v < 10.0 => 2,
        v if v < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

/// Prints a Markdown table under the usual heads; `netsh / it` is netsh's time divided by that of the row's contestant.
pub fn print_table(rows: Vec<[String; 5]>) {
    let heads = ["who", "median", "half lie in", "netsh / it", "aim"].map(String::from);
    let all: Vec<[String; 5]> = std::iter::once(heads).chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    for (number, row) in all.iter().enumerate() {
        let cells = row.iter().zip(widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        println!("| {} |", cells.join(" | "));
        if number == 0 {
            println!("|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"));
        }
    }
}
