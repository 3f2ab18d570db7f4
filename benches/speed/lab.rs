//! An engine as the binary makes it, in this process, and what the sections need around it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use netsh::kernel::netlink::Direction;
use netsh::lab::screen::Screen;
use netsh::lab::{Lab, Settings};
use netsh::picture::Drawing;
use rhai::{Dynamic, Engine};

use super::Outcome;

/// The binary that is measured.
pub const NETSH: &str = env!("CARGO_BIN_EXE_netsh");

/// Nobody looks.
struct Dark;

impl Screen for Dark {
    fn draw(&self, _: &dyn Drawing, _: &serde_json::Value) {}
    fn print(&self, _text: &str) {}
    fn live(&self, _text: &str) {}
    fn show(&self, _value: &serde_json::Value) {}
    fn manual(&self, _markdown: &str) {}
    fn command(&self, _line: &str) {}
    fn netlink(&self, _protocol: isize, _direction: Direction, _bytes: &[u8]) {}
    fn note(&self, _text: &str) {}
    fn is_closed(&self) -> bool {
        false
    }
}

/// A lab in the namespace that this process is in.
pub fn open() -> Outcome<Rc<Lab>> {
    let settings = Settings {
        sandboxed: true,
        ..Settings::default()
    };
    Ok(Rc::new(Lab::new(settings, Rc::new(Dark))?))
}

/// An engine on a new lab.
pub fn engine() -> Outcome<Engine> {
    Ok(netsh::script::engine(open()?))
}

/// Runs a script to its end, and says how long it took, its compilation included.
pub fn timed(engine: &Engine, code: &str) -> Outcome<Duration> {
    let start = Instant::now();
    let result = engine.eval::<Dynamic>(code);
    let took = start.elapsed();
    result
        .map(|_| took)
        .map_err(|error| error.to_string().into())
}

/// Runs a program to its end with its output thrown away, and says how long it took.
pub fn timed_program(command: &mut Command) -> Outcome<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let took = start.elapsed();
    match status.success() {
        true => Ok(took),
        false => Err(format!("{command:?} ended with {status}").into()),
    }
}

/// The same, with `input` on its standard input.
pub fn timed_with_input(command: &mut Command, input: &str) -> Outcome<Duration> {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(input.as_bytes())?;
    }
    let status = child.wait()?;
    let took = start.elapsed();
    match status.success() {
        true => Ok(took),
        false => Err(format!("{command:?} ended with {status}").into()),
    }
}

/// Waits until the kernel has cleared away all namespaces that ended: it does so behind everyone's back, one after the
/// other, and whoever comes next would pay for it. A link dies with the namespace of its other end: when that of the
/// newest namespace is gone, the older ones are done with.
///
/// A processor that slept meanwhile is slow to begin with, so it is given something to do at the end.
pub fn settle(engine: &Engine) -> Outcome<()> {
    timed(
        engine,
        r#"
            netns_add("witness");
            veth_add("witness0", "witness1", #{ peer_netns: "witness" });
            netns_del("witness");
            wait_until(|| !link_exists("witness0"), 60);
        "#,
    )?;
    for _ in 0..5 {
        timed_program(&mut Command::new("true"))?;
    }
    Ok(())
}
