//! 500 veth pairs, 500 addresses, 500 links brought up: the cost of a verb beside that of its message.
//!
//! netsh is measured inside this process, from a script's text to its end, so no start of a process is in its figures.
//! The raw socket sends byte for byte what netsh sent, prepared beforehand: it knows every link's index, reads no
//! arguments and makes no messages. `ip` is a process for each step; `ip -batch` is one process for all 500.

use std::process::Command;
use std::time::{Duration, Instant};

use netsh::kernel::netns::Namespace;
use rhai::Engine;

use super::contest::Contest;
use super::raw::{RawSocket, for_link};
use super::{Outcome, lab, machine, raw};

const COUNT: usize = 500;
const ROUNDS: usize = 12;

const SCRIPTS: [&str; 3] = [
    r#"for i in 0..500 { veth_add(`a${i}`, `b${i}`); }"#,
    r#"for i in 0..500 { addr_add(`a${i}`, `10.${i / 250}.${i % 250}.1/24`); }"#,
    r#"for i in 0..500 { link_up(`a${i}`); }"#,
];

fn steps(i: usize) -> [String; 3] {
    [
        format!("link add a{i} type veth peer name b{i}"),
        format!("addr add 10.{}.{}.1/24 dev a{i}", i / 250, i % 250),
        format!("link set a{i} up"),
    ]
}

/// Runs the section.
pub fn run() -> Outcome<()> {
    let engine = lab::engine()?;
    let bench = Bench {
        socket: RawSocket::open()?,
        home: Namespace::home()?,
    };
    let recorded = bench.record(&engine)?;
    let mut contest = Contest::new(["500 veth pairs", "500 addresses", "500 links brought up"]);
    contest.enter("netsh, one script", &[], || bench.netsh(&engine));
    let aims = [Some(1.1), Some(1.8), Some(1.3)];
    contest.enter("raw socket, the same bytes", &aims, || bench.raw(&recorded));
    if machine::has_ip() {
        contest.enter("`ip -batch`, one process", &[], || bench.ip_batch());
        contest.enter("`ip`, a process for each", &[], || bench.ip());
    } else {
        contest.remark("Left out: iproute2 is not there.");
    }
    contest.remark("Process start is in the figures of `ip` and `ip -batch` only.");
    contest.run(ROUNDS)
}

struct Bench {
    socket: RawSocket,
    home: Namespace,
}

impl Bench {
    fn netsh(&self, engine: &Engine) -> Outcome<Vec<Duration>> {
        let took = SCRIPTS.iter().map(|code| lab::timed(engine, code));
        let took = took.collect::<Outcome<Vec<_>>>()?;
        self.clear()?;
        Ok(took)
    }

    /// The messages that netsh sends, by step.
    fn record(&self, engine: &Engine) -> Outcome<[Vec<Vec<u8>>; 3]> {
        let mut recorded = [const { Vec::new() }; 3];
        for (code, slot) in SCRIPTS.iter().zip(&mut recorded) {
            let (result, sent) = raw::recorded(|| lab::timed(engine, code));
            result?;
            *slot = sent;
        }
        self.clear()?;
        let counts = recorded.each_ref().map(Vec::len);
        match counts {
            [COUNT, COUNT, COUNT] => Ok(recorded),
            _ => Err(format!("netsh sent {counts:?} messages, not one for each change").into()),
        }
    }

    fn raw(&self, [pairs, addresses, ups]: &[Vec<Vec<u8>>; 3]) -> Outcome<Vec<Duration>> {
        let first = self.send(pairs)?;
        let indexes = self.indexes()?;
        let aimed = |messages: &[Vec<u8>]| -> Vec<Vec<u8>> {
            let both = messages.iter().zip(&indexes);
            both.map(|(message, index)| for_link(message, *index))
                .collect()
        };
        let (addresses, ups) = (aimed(addresses), aimed(ups));
        let took = vec![first, self.send(&addresses)?, self.send(&ups)?];
        self.clear()?;
        Ok(took)
    }

    fn send(&self, messages: &[Vec<u8>]) -> Outcome<Duration> {
        let start = Instant::now();
        for message in messages {
            self.socket.exchange(message)?;
        }
        Ok(start.elapsed())
    }

    fn ip(&self) -> Outcome<Vec<Duration>> {
        let mut took = vec![Duration::ZERO; 3];
        for (step, took) in took.iter_mut().enumerate() {
            for i in 0..COUNT {
                let words = &steps(i)[step];
                *took += lab::timed_program(Command::new("ip").args(words.split(' ')))?;
            }
        }
        self.clear()?;
        Ok(took)
    }

    fn ip_batch(&self) -> Outcome<Vec<Duration>> {
        let mut took = Vec::new();
        for step in 0..3 {
            let lines: Vec<String> = (0..COUNT).map(|i| steps(i)[step].clone() + "\n").collect();
            let mut command = Command::new("ip");
            command.args(["-batch", "-"]);
            took.push(lab::timed_with_input(&mut command, &lines.concat())?);
        }
        self.clear()?;
        Ok(took)
    }

    fn indexes(&self) -> Outcome<Vec<u32>> {
        let route = self.home.route()?;
        let indexes = (0..COUNT).map(|i| route.index_of(&format!("a{i}")));
        Ok(indexes.collect::<Result<_, _>>()?)
    }

    /// Everybody finds an empty namespace.
    fn clear(&self) -> Outcome<()> {
        self.socket.delete(&self.indexes()?)
    }
}
