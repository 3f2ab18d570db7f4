//! What the probes measure, beside who is trusted with it: round trips beside iputils' ping, throughput beside iperf3. And how long
//! `why` takes to find a cause.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use netsh::kernel::netns::{Namespace, named_path};
use rhai::{Engine, Map};

use super::contest::{Contest, print_table, quartiles, time, verdict};
use super::{Outcome, lab, machine};

const ROUNDS: usize = 15;
const WHY_ROUNDS: usize = 10;

/// The longest that anybody should wait for the answer to "why?", in seconds.
const WHY_AIM: f64 = 1.5;

/// A cable to the namespace `far`.
const CABLE: &str = r#"
    let far = netns_add("far");
    veth_add("near0", "far0", #{ up: true, peer_netns: "far" });
    addr_add("near0", "10.0.0.1/24");
    far.link_up("far0");
    far.addr_add("far0", "10.0.0.2/24");
    ping("10.0.0.2", #{ count: 1, quiet: true });
"#;

/// Runs the section on round trips.
pub fn run_round_trips() -> Outcome<()> {
    let engine = lab::engine()?;
    lab::timed(&engine, CABLE)?;
    let mut contest =
        Contest::new(["A round trip through a cable, the median of 200, 10 ms apart"]);
    contest.enter("netsh, `ping`", &[], || {
        let code = r#"ping("10.0.0.2", #{ count: 200, interval: "10ms" })"#;
        round_trip(Command::new(lab::NETSH).args(["--host", "-e", code]))
    });
    match machine::has("ping", &["-V"]) {
        true => contest.enter("`ping` of iputils", &[Some(1.0)], || {
            round_trip(Command::new("ping").args(["-n", "-c200", "-i0.01", "10.0.0.2"]))
        }),
        false => contest.remark("Left out: ping is not there."),
    }
    contest.remark("Nearer to each other than 10 ms ping does not sleep, so that its processor is warm; netsh sleeps.");
    contest.run(ROUNDS)?;
    clear(&engine)
}

/// The median of the times that a program like ping prints.
fn round_trip(program: &mut Command) -> Outcome<Vec<Duration>> {
    let output = program.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let times = said.lines().filter_map(|line| {
        let (time, _) = line.split_once("time=")?.1.split_once(" ms")?;
        time.parse().ok()
    });
    let times: Vec<f64> = times.collect();
    match times.len() {
        200 => Ok(vec![Duration::from_secs_f64(quartiles(&times)[1] / 1e3)]),
        number => Err(format!("{number} of 200 answers came").into()),
    }
}

/// Runs the section on throughput.
pub fn run_throughput() -> Outcome<()> {
    let engine = lab::engine()?;
    lab::timed(&engine, CABLE)?;
    let mut contest = Contest::new(["A gigabyte through a cable, by TCP with one stream"]);
    contest.enter("netsh, `throughput`", &[], || {
        let code = r#"print(throughput("10.0.0.2", #{ time: "2s", server: netns_get("far") }).bits_per_second)"#;
        let mut program = Command::new(lab::NETSH);
        let output = program.args(["--host", "-e", code]).output()?;
        gigabyte(String::from_utf8_lossy(&output.stdout).trim().parse()?)
    });
    match machine::has("iperf3", &["-v"]) {
        true => contest.enter("iperf3, its server and its client", &[Some(1.05)], || {
            gigabyte(iperf3()?)
        }),
        false => contest.remark("Left out: iperf3 is not there."),
    }
    contest.remark("Measured for 2 s, and what has arrived divided.");
    contest.run(ROUNDS)?;
    clear(&engine)
}

fn gigabyte(bits_per_second: f64) -> Outcome<Vec<Duration>> {
    Ok(vec![Duration::try_from_secs_f64(8e9 / bits_per_second)?])
}

/// Bits per second, as the server of iperf3 counts them.
fn iperf3() -> Outcome<f64> {
    let far = Namespace::open(&named_path("far"))?;
    let mut server = far.enter(|| {
        Command::new("iperf3")
            .args(["-s", "-1", "--forceflush"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
    })??;
    let mut lines = BufReader::new(server.stdout.take().ok_or("no output")?);
    let mut line = String::new();
    while !line.contains("listening") {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Err("its server does not listen".into());
        }
    }
    let client = Command::new("iperf3")
        .args(["-c", "10.0.0.2", "-t", "2", "-J"])
        .output()?;
    lines.read_to_end(&mut Vec::new())?;
    server.wait()?;
    let said: serde_json::Value = serde_json::from_slice(&client.stdout)?;
    let rate = &said["end"]["sum_received"]["bits_per_second"];
    rate.as_f64()
        .ok_or_else(|| format!("it said {said}").into())
}

/// What is broken, in a lab of two hosts and a router, and how it is broken and mended.
const BROKEN: [(&str, &str, &str); 4] = [
    ("nothing is wrong", "", ""),
    (
        "the router does not forward",
        r#"r.sysctl_set("net.ipv4.ip_forward", 0)"#,
        r#"r.sysctl_set("net.ipv4.ip_forward", 1)"#,
    ),
    (
        "a rule drops it",
        r#"r.nft_table_add("ip t");
           r.nft_chain_add("ip t c", #{ type: "filter", hook: "forward" });
           r.nft_rule_add("ip t c", "ip daddr 10.0.2.2 drop")"#,
        r#"r.nft_table_del("ip t")"#,
    ),
    (
        "there is no way back",
        r#"h2.route_del("default")"#,
        r#"h2.route_add("default", #{ via: "10.0.2.1" })"#,
    ),
];

/// Runs the section on `why`.
pub fn run_why() -> Outcome<()> {
    let engine = lab::engine()?;
    let lab = r#"
        let h1 = netns_add("h1");
        let r = netns_add("r");
        let h2 = netns_add("h2");
        h1.veth_add("eth0", "eth0", #{ peer_netns: r, up: true });
        h2.veth_add("eth0", "eth1", #{ peer_netns: r, up: true });
        h1.addr_add("eth0", "10.0.1.2/24");
        r.addr_add("eth0", "10.0.1.1/24");
        r.addr_add("eth1", "10.0.2.1/24");
        h2.addr_add("eth0", "10.0.2.2/24");
        h1.route_add("default", #{ via: "10.0.1.1" });
        h2.route_add("default", #{ via: "10.0.2.1" });
        r.sysctl_set("net.ipv4.ip_forward", 1);
    "#;
    lab::timed(&engine, lab)?;
    println!("\n### `why`, from the question to the verdict\n");
    let rows = BROKEN.map(|case| row(&engine, case));
    print_table(rows.into_iter().collect::<Outcome<_>>()?);
    println!("\n{WHY_ROUNDS} rounds. A probe that gets no answer is waited for.");
    clear(&engine)
}

fn row(engine: &Engine, (name, breaks, mends): (&str, &str, &str)) -> Outcome<[String; 5]> {
    let hosts = r#"let h1 = netns_get("h1"); let r = netns_get("r"); let h2 = netns_get("h2");"#;
    let mut took = Vec::new();
    for _ in 0..WHY_ROUNDS {
        lab::timed(engine, &format!("{hosts}{breaks}"))?;
        let start = Instant::now();
        let verdict = engine.eval::<Map>(&format!(
            r#"{hosts} let v = why("10.0.2.2", #{{ from: h1 }}); #{{ works: v.works, cause: v.cause }}"#
        ));
        took.push(start.elapsed().as_secs_f64());
        let verdict = verdict.map_err(|error| error.to_string())?;
        let works = verdict
            .get("works")
            .is_some_and(|it| it.as_bool() == Ok(true));
        if works != breaks.is_empty() {
            return Err(format!("{name}: the verdict is {verdict:?}").into());
        }
        lab::timed(engine, &format!("{hosts}{mends}"))?;
    }
    let [low, middle, high] = quartiles(&took);
    Ok([
        name.into(),
        time(middle),
        format!("{} to {}", time(low), time(high)),
        String::new(),
        verdict(middle <= WHY_AIM, format!("at most {}", time(WHY_AIM))),
    ])
}

fn clear(engine: &Engine) -> Outcome<()> {
    // A cable goes with either of its ends; a namespace takes its links with it some time after it has gone.
    let code = r#"
        if link_exists("near0") { link_del("near0") }
        for it in netns_list() { netns_del(it.name) }
    "#;
    lab::timed(engine, code)?;
    lab::settle(engine)
}
