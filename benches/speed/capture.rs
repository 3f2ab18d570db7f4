//! A flood from one namespace to another, captured into a file: netsh beside tcpdump, one after the other, at the same rate; and
//! what pings take longer when all namespaces are watched.
//!
//! What counts is how many packets got lost on the way into the file. That the one who captures leaves the processors alone shows in
//! how fast the flood is that knows no rate.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use netsh::kernel::netns::{Namespace, named_path};
use netsh::lab::interrupt;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rhai::Dynamic;

use super::contest::{Contest, quartiles, verdict};
use super::{Outcome, lab, machine};

const ROUNDS: usize = 5;
const PING_ROUNDS: usize = 15;

/// How long a flood lasts.
const FLOOD: Duration = Duration::from_secs(2);

/// Payloads, in bytes, and packets per second; None is as fast as it goes.
const FLOODS: [(usize, Option<u32>); 5] = [
    (64, Some(50_000)),
    (64, Some(200_000)),
    (64, None),
    (1400, Some(100_000)),
    (1400, None),
];

/// How many packets are sent before the clock is looked at.
const BURST: u32 = 32;

/// How long tcpdump may take to read what is in its ring: the time after which it is handed over.
const READ: Duration = Duration::from_millis(1300);

/// What one of them made of a flood.
#[derive(Clone, Copy, Default)]
struct Taken {
    sent: u64,
    captured: u64,
    dropped: u64,
}

/// Who captures.
struct Contestant {
    name: &'static str,
    /// The words of tcpdump's command, if it is tcpdump.
    options: Option<&'static [&'static str]>,
}

const CONTESTANTS: [Contestant; 3] = [
    Contestant {
        name: "netsh, `capture(#{ file })`",
        options: None,
    },
    Contestant {
        name: "`tcpdump -w`",
        options: Some(&[]),
    },
    Contestant {
        name: "`tcpdump -w -B 16384`, with as large a ring",
        options: Some(&["-B", "16384"]),
    },
];

/// Runs the section on floods.
pub fn run() -> Outcome<()> {
    let engine = lab::engine()?;
    let made = r#"
        sysctl_set("net.ipv6.conf.default.disable_ipv6", 1);
        let far = netns_add("far");
        far.sysctl_set("net.ipv6.conf.default.disable_ipv6", 1);
        veth_add("near0", "far0", #{ up: true, peer_netns: "far" });
        addr_add("near0", "10.0.0.1/24");
        far.link_up("far0");
        far.addr_add("far0", "10.0.0.2/24");
        ping("10.0.0.2", #{ count: 1, quiet: true });
    "#;
    lab::timed(&engine, made)?;
    let folder = std::env::temp_dir().join(format!("netsh-bench-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let flooded = floods(&folder);
    fs::remove_dir_all(&folder)?;
    flooded?;
    lab::timed(&engine, r#"netns_del("far")"#)?;
    lab::settle(&engine)
}

fn floods(folder: &Path) -> Outcome<()> {
    let library = no_groups(folder)?;
    let is_there =
        |it: &&Contestant| it.options.is_none() || machine::has("tcpdump", &["--version"]);
    let contestants: Vec<&Contestant> = CONTESTANTS.iter().filter(is_there).collect();
    println!("\n### A flood captured into a file, {} s", FLOOD.as_secs());
    println!("\n| flood | who | sent per second | captured | dropped | aim |");
    println!("|---|---|---|---|---|---|");
    for (payload, rate) in FLOODS {
        let mut taken = vec![Vec::new(); contestants.len()];
        for round in 0..=ROUNDS {
            for turn in 0..contestants.len() {
                if interrupt::requested() {
                    return Err("stopped".into());
                }
                let number = (round + turn) % contestants.len();
                let contestant = contestants[number];
                let result = capture(contestant, folder, &library, payload, rate)
                    .map_err(|error| format!("{}: {error}", contestant.name))?;
                if round > 0 {
                    taken[number].push(result);
                }
            }
        }
        print(payload, rate, &contestants, &taken);
    }
    println!("\n{ROUNDS} rounds; medians per round.");
    if contestants.len() < CONTESTANTS.len() {
        println!("Left out: tcpdump is not there.");
    }
    Ok(())
}

fn print(payload: usize, rate: Option<u32>, contestants: &[&Contestant], taken: &[Vec<Taken>]) {
    let median = |taken: &[Taken], of: fn(&Taken) -> u64| {
        let values: Vec<f64> = taken.iter().map(|one| of(one) as f64).collect();
        quartiles(&values)[1]
    };
    let flood = match rate {
        Some(rate) => format!("{payload} bytes, {rate} per second"),
        None => format!("{payload} bytes, as fast as it goes"),
    };
    let others = taken.get(1).map(|other| median(other, |it| it.sent));
    for (contestant, taken) in contestants.iter().zip(taken) {
        let per_second = median(taken, |it| it.sent) / FLOOD.as_secs_f64();
        let dropped = median(taken, |it| it.dropped);
        let aim = match contestant.options {
            Some(_) => String::new(),
            None => {
                let as_fast = rate.is_some()
                    || others.is_none_or(|other| median(taken, |it| it.sent) >= 0.95 * other);
                verdict(dropped == 0.0 && as_fast, "no drops, no slower".into())
            }
        };
        println!(
            "| {flood} | {} | {per_second:.0} | {:.0} | {dropped:.0} | {aim} |",
            contestant.name,
            median(taken, |it| it.captured),
        );
    }
}

/// A library by which tcpdump keeps its groups: in a sandbox there is but one, and no changing it.
fn no_groups(folder: &Path) -> Outcome<PathBuf> {
    let source = folder.join("groups.c");
    let library = folder.join("groups.so");
    let text =
        "#include <sys/types.h>\nint initgroups(const char *user, gid_t group) { return 0; }\n";
    fs::write(&source, text)?;
    let mut compiler = Command::new("cc");
    let compiler = compiler
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source);
    // Without a compiler there is no tcpdump in a sandbox; its turn says so.
    let _ = compiler.status();
    Ok(library)
}

fn capture(
    contestant: &Contestant,
    folder: &Path,
    library: &Path,
    payload: usize,
    rate: Option<u32>,
) -> Outcome<Taken> {
    let file = folder.join("flood.pcapng");
    let taken = match contestant.options {
        None => by_netsh(&file, payload, rate),
        Some(options) => by_tcpdump(options, &file, library, payload, rate),
    };
    let _ = fs::remove_file(&file);
    taken
}

fn by_netsh(file: &Path, payload: usize, rate: Option<u32>) -> Outcome<Taken> {
    let code = format!(
        r#"let capture = capture(#{{ link: "near0", file: {file:?} }});
        print("ready");
        sh("cat >/dev/null");
        let it = capture.stop();
        print(`${{it.captured}} ${{it.dropped}}`);"#
    );
    let mut child = Command::new(lab::NETSH)
        .args(["--host", "-e", &code])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    if lines.next().transpose()?.as_deref() != Some("ready") {
        return Err("it did not begin".into());
    }
    let sent = flood(payload, rate)?;
    drop(child.stdin.take());
    let said = lines.next().transpose()?.unwrap_or_default();
    child.wait()?;
    let numbers: Vec<u64> = said.split(' ').filter_map(|it| it.parse().ok()).collect();
    match numbers[..] {
        [captured, dropped] => Ok(Taken {
            sent,
            captured,
            dropped,
        }),
        _ => Err(format!("it said {said:?}").into()),
    }
}

fn by_tcpdump(
    options: &[&str],
    file: &Path,
    library: &Path,
    payload: usize,
    rate: Option<u32>,
) -> Outcome<Taken> {
    let mut child: Child = Command::new("tcpdump")
        .args(["-i", "near0", "-n", "-Z", "root"])
        .args(options)
        .arg("-w")
        .arg(file)
        .env("LD_PRELOAD", library)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stderr.take().ok_or("no output")?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    if !first.contains("listening on") {
        return Err(first.into());
    }
    let sent = flood(payload, rate)?;
    sleep(READ);
    kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGINT)?;
    let mut taken = Taken {
        sent,
        ..Taken::default()
    };
    for line in lines {
        let line = line?;
        let number = line.split(' ').next().and_then(|it| it.parse().ok());
        match number {
            Some(number) if line.ends_with("captured") => taken.captured = number,
            Some(number) if line.ends_with("dropped by kernel") => taken.dropped = number,
            _ => {}
        }
    }
    child.wait()?;
    Ok(taken)
}

/// Sends datagrams to somebody who does not read them, and says how many.
fn flood(payload: usize, rate: Option<u32>) -> Outcome<u64> {
    let deaf = UdpSocket::bind("10.0.0.1:9999")?;
    let far = Namespace::open(&named_path("far"))?;
    let sender = far.enter(|| UdpSocket::bind("10.0.0.2:0"))??;
    sender.connect(deaf.local_addr()?)?;
    let bytes = vec![0; payload];
    let start = Instant::now();
    let mut sent: u64 = 0;
    loop {
        let took = start.elapsed();
        if took >= FLOOD {
            return Ok(sent);
        }
        let due = rate.map_or(u64::MAX, |rate| {
            (took.as_secs_f64() * f64::from(rate)) as u64
        });
        if sent > due {
            std::hint::spin_loop();
            continue;
        }
        for _ in 0..BURST {
            if sender.send(&bytes).is_ok() {
                sent += 1;
            }
        }
    }
}

/// Runs the section on round trips in a lab of three namespaces, in a trace and not.
pub fn run_watched() -> Outcome<()> {
    let engine = lab::engine()?;
    let made = r#"
        let router = netns_add("router");
        let far = netns_add("far");
        veth_add("near0", "router0", #{ up: true, peer_netns: "router" });
        veth_add("far0", "router1", #{ up: true, netns: "far", peer_netns: "router" });
        router.run(|| {
            link_up("router0");
            link_up("router1");
            addr_add("router0", "10.0.0.1/24");
            addr_add("router1", "10.0.1.1/24");
            sysctl_set("net.ipv4.ip_forward", 1);
        });
        addr_add("near0", "10.0.0.2/24");
        route_add("10.0.1.0/24", #{ via: "10.0.0.1" });
        far.link_up("far0");
        far.addr_add("far0", "10.0.1.2/24");
        far.route_add("default", #{ via: "10.0.1.1" });
        ping("10.0.1.2", #{ count: 2, interval: "10ms", quiet: true });
    "#;
    lab::timed(&engine, made)?;
    let median = |ping: &str| -> Outcome<Vec<Duration>> {
        let code = format!(
            r#"
                let times = {ping}.replies.map(|reply| reply.time);
                times.sort();
                times[times.len() / 2]
            "#
        );
        let found = engine.eval::<Dynamic>(&code);
        let found = found.map_err(|error| error.to_string())?;
        let milliseconds = found
            .as_float()
            .map_err(|kind| format!("the time is {kind}"))?;
        Ok(vec![Duration::from_secs_f64(milliseconds / 1e3)])
    };
    for (way, to) in [
        ("through a cable", "10.0.0.1"),
        ("over a router", "10.0.1.2"),
    ] {
        let ping = format!(r#"ping("{to}", #{{ count: 100, interval: "10ms", quiet: true }})"#);
        let traced = format!(
            r#"
                let watched = trace(|| {ping});
                assert(watched.complete, "not every packet was seen");
                watched.result
            "#
        );
        let traced = format!("{{ {traced} }}");
        let what = format!("A round trip {way}, the median of 100, 10 ms apart");
        let mut contest = Contest::new([what]);
        contest.enter("in a `trace`", &[], || median(&traced));
        contest.enter("nobody looks", &[Some(1.2)], || median(&ping));
        contest.run(PING_ROUNDS)?;
    }
    lab::timed(&engine, r#"netns_del("router"); netns_del("far")"#)?;
    lab::settle(&engine)
}
