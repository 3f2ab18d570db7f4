//! Capture filters: netsh's programs and tcpdump's decide alike about packets of all kinds, and the kernel takes netsh's and decides
//! as netsh's own interpreter does.
//!
//! A load past the end of a packet rejects it, and libpcap's optimizer changes which loads there are and their order. Where its
//! program and the same unoptimized differ about a packet, either is right.

mod expressions;
mod packets;

use std::io::Read as _;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};

use libtest_mimic::Failed;
use netsh::kernel::netns::Namespace;
use netsh::packet::filter::{Beside, Instruction, Listing, Source, compile, parse, run};
use netsh::packet::layers::Link;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use socket2::{SockFilter, SockRef};

use crate::support::{Test, Verdict, path, same, test, test_with_tcpdump};
use packets::{Packet, ethernets, ips};

/// The tests of this file.
pub fn tests() -> Vec<Test> {
    vec![
        test_with_tcpdump(
            "filter: as tcpdump, for files of Ethernet",
            as_tcpdump_ethernet,
        ),
        test_with_tcpdump("filter: as tcpdump, for files of IP", as_tcpdump_ip),
        test_with_tcpdump("filter: as tcpdump, for sockets", as_tcpdump_live),
        test_with_tcpdump("filter: as tcpdump, for random filters", as_tcpdump_random),
        test_with_tcpdump(
            "filter: programs shown as tcpdump shows them",
            shown_as_tcpdump,
        ),
        test_with_tcpdump("filter: refused as by tcpdump", refused_as_tcpdump),
        test(
            "filter: the kernel takes the programs and decides alike",
            kernel_decides,
        ),
    ]
}

const SNAPLEN: u32 = 262_144;
/// What tcpdump is asked: for files of Ethernet, of IP, and on a socket.
const ETHERNET: &[&str] = &["-y", "EN10MB"];
const IP: &[&str] = &["-y", "RAW"];
const LIVE: &[&str] = &["-i", "lo"];

/// NETSH_ODD_EVERY=N: only every Nth of the filters. A compiler does the same on each kernel: an emulator need not try them all.
fn every() -> usize {
    let given = std::env::var("NETSH_ODD_EVERY").ok();
    given.map_or(1, |given| match given.parse() {
        Ok(number) if number > 0 => number,
        _ => panic!("NETSH_ODD_EVERY={given}: it is a number from 1 on"),
    })
}

/// The filters of the table with that word before them, or all without "live".
fn table<'a>(word: Option<&str>) -> impl Iterator<Item = &'a str> {
    let lines = include_str!("expressions.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines = lines.step_by(every());
    lines.filter_map(move |line| match (line.split_once(' '), word) {
        (Some((first, text)), Some(word)) if first == word => Some(text),
        (Some(("live", _)), None) => None,
        (Some(("raw", text)), None) => Some(text),
        (_, None) => Some(line),
        _ => None,
    })
}

/// A running tcpdump, which prints a program.
fn tcpdump(arguments: &[&str], form: &str, text: &str) -> Result<Child, Failed> {
    let child = Command::new("tcpdump")
        .env("PATH", path())
        .args(arguments)
        .args([form, "-s", &SNAPLEN.to_string(), "--", text])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    Ok(child)
}

/// What it printed, or why not.
fn printed(mut child: Child) -> Result<Result<String, String>, Failed> {
    let mut said = [String::new(), String::new()];
    let [out, err] = &mut said;
    child
        .stdout
        .take()
        .ok_or("no output")?
        .read_to_string(out)?;
    child
        .stderr
        .take()
        .ok_or("no errors")?
        .read_to_string(err)?;
    let is_done = child.wait()?.success();
    let [out, err] = said;
    Ok(if is_done { Ok(out) } else { Err(err) })
}

/// What tcpdump prints for each of several filters; some run at the same time.
fn all_printed(
    arguments: &[&str],
    form: &str,
    texts: &[&str],
) -> Result<Vec<Result<String, String>>, Failed> {
    let mut all = Vec::new();
    for texts in texts.chunks(8) {
        let children: Result<Vec<Child>, Failed> = texts
            .iter()
            .map(|text| tcpdump(arguments, form, text))
            .collect();
        for child in children? {
            all.push(printed(child)?);
        }
    }
    Ok(all)
}

/// The program that `tcpdump -ddd` printed. It does not print one that wants nothing.
fn read_program(printed: &Result<String, String>) -> Result<Vec<Instruction>, String> {
    let numbers = match printed {
        Ok(printed) => printed,
        Err(refusal) if refusal.contains("expression rejects all packets") => "1\n6 0 0 0",
        Err(refusal) => return Err(refusal.clone()),
    };
    let lines = numbers.lines().skip(1);
    let all = lines.map(|line| {
        let numbers: Vec<u32> = line
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let [code, jt, jf, k] = numbers[..] else {
            return Err(format!("{line:?} is no instruction"));
        };
        Ok(Instruction {
            code: code as u16,
            jt: jt as u8,
            jf: jf as u8,
            k,
        })
    });
    all.collect()
}

fn ours(text: &str, source: Source) -> Result<Vec<Instruction>, Failed> {
    let program = parse(text).and_then(|expression| compile(&expression, source, SNAPLEN));
    program.map_err(|fault| format!("{}: {fault:?}", short(text)).into())
}

/// What to apply programs to: packets, and what is known beside them.
struct Corpus {
    packets: Vec<Packet>,
    beside: Vec<Beside>,
    /// Whether anything is right about packets that are too short for a load of tcpdump's unoptimized program.
    with_cut_short: bool,
}

impl Corpus {
    /// Packets of a file.
    fn file(packets: Vec<Packet>) -> Corpus {
        let beside = vec![Beside::default()];
        Corpus {
            packets,
            beside,
            with_cut_short: false,
        }
    }

    /// The same from a socket of a link of that type.
    fn live(packets: Vec<Packet>, hardware: u16) -> Corpus {
        let mut beside = Vec::new();
        for vlan_tag in [None, Some(5), Some(0x2006)] {
            for (packet_type, index) in [(0, 1), (4, 3)] {
                beside.push(Beside {
                    packet_type,
                    index,
                    hardware,
                    vlan_tag,
                    ..Beside::default()
                });
            }
        }
        Corpus {
            packets,
            beside,
            with_cut_short: false,
        }
    }

    /// The first packet about which programs differ, and how the first decides.
    fn differing(
        &self,
        one: &[Instruction],
        other: &[Instruction],
    ) -> Option<(&Packet, Beside, u32)> {
        let all = self.packets.iter();
        let all = all.flat_map(|packet| self.beside.iter().map(move |beside| (packet, *beside)));
        let mut all = all.map(|(packet, beside)| {
            let [one, other] = [one, other].map(|program| run(program, &packet.bytes, &beside));
            (packet, beside, one, other)
        });
        let found = all.find(|(_, _, one, other)| one != other);
        found.map(|(packet, beside, one, _)| (packet, beside, one))
    }
}

/// Compares a program with tcpdump's; how long both are.
fn compare(
    corpus: &Corpus,
    arguments: &[&str],
    text: &str,
    ours: &[Instruction],
    theirs: &Result<String, String>,
) -> Result<(usize, usize), Failed> {
    let theirs = read_program(theirs).map_err(|refusal| format!("{}: {refusal}", short(text)))?;
    if corpus.differing(ours, &theirs).is_some() {
        // Packet by packet: which of tcpdump's two programs is meant.
        let mut arguments = arguments.to_vec();
        arguments.push("-O");
        let plain = read_program(&printed(tcpdump(&arguments, "-ddd", text)?)?)?;
        for packet in &corpus.packets {
            for beside in &corpus.beside {
                let decide = |program: &[Instruction]| run(program, &packet.bytes, beside);
                let [ours, theirs] = [ours, &theirs].map(decide);
                let is_right = [theirs, decide(&plain)].contains(&ours)
                    || corpus.with_cut_short && decide(&rejecting_with_one(&plain)) == 0;
                if !is_right {
                    return Err(told(text, packet, beside, (ours, theirs)).into());
                }
            }
        }
    }
    Ok((ours.len(), theirs.len()))
}

/// The same program, but that it returns 0 only for a packet that is too short for a load.
fn rejecting_with_one(program: &[Instruction]) -> Vec<Instruction> {
    let mut program = program.to_vec();
    for one in &mut program {
        if (one.code, one.k) == (6, 0) {
            one.k = 1;
        }
    }
    program
}

/// So much of a filter as is read.
fn short(text: &str) -> &str {
    text.get(..100).unwrap_or(text)
}

fn told(text: &str, packet: &Packet, beside: &Beside, (ours, theirs): (u32, u32)) -> String {
    let Packet { name, bytes } = packet;
    let text = short(text);
    format!("{text:?}: netsh {ours}, tcpdump {theirs} for {name}: {bytes:02x?}, {beside:?}")
}

/// Compares the programs of several filters, and their lengths.
fn compare_all(corpus: &Corpus, arguments: &[&str], source: Source, texts: &[&str]) -> Verdict {
    let all = all_printed(arguments, "-ddd", texts)?;
    let (mut sum, mut theirs_sum) = (0, 0);
    let mut faults = Vec::new();
    for (text, theirs) in texts.iter().zip(&all) {
        let found =
            ours(text, source).and_then(|ours| compare(corpus, arguments, text, &ours, theirs));
        match found {
            Ok((ours, theirs)) => {
                sum += ours;
                theirs_sum += theirs;
                if ours > theirs + theirs / 5 + 1 {
                    let text = short(text);
                    faults.push(format!("{text}: {ours} instructions, tcpdump has {theirs}"));
                }
            }
            Err(failed) => faults.push(failed.message().unwrap_or("").to_string()),
        }
    }
    eprintln!(
        "{} packets, {} filters: {sum} instructions, tcpdump has {theirs_sum}",
        corpus.packets.len(),
        texts.len()
    );
    if sum > theirs_sum {
        faults.push(format!("{sum} instructions, tcpdump has {theirs_sum}"));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.join("\n").into()),
    }
}

/// Filters whose programs are longer than a comparison can jump.
fn long() -> Vec<String> {
    let many = |count: u32, joint: &str, one: &dyn Fn(u32) -> String| {
        let all: Vec<String> = (1..=count).map(one).collect();
        all.join(joint)
    };
    let host = |number| format!("host 10.0.{}.{}", number / 100, number % 100);
    let port = |number: u32| format!("port {}", 10 * number);
    vec![
        many(100, " or ", &host),
        many(100, " and not ", &host),
        many(100, " or ", &port),
        format!("not ({})", many(90, " or ", &port)),
        format!("tcp and ({}) and less 100", many(90, " or ", &port)),
        many(60, " or ", &|number| {
            format!("({} and tcp {})", host(number), port(number))
        }),
        many(60, " and ", &|number| {
            format!("({} or ip[{number}] != {number})", host(number))
        }),
        many(100, " or ", &|number| {
            format!("ip[{number}:2] = ip[{}:2]", number + 2)
        }),
        many(8, " or ", &|number| {
            format!("(vlan and {})", many(number * 5, " or ", &port))
        }),
    ]
}

fn as_tcpdump_ethernet(_: &Namespace) -> Verdict {
    let long = long();
    let texts: Vec<&str> = table(None).chain(long.iter().map(String::as_str)).collect();
    let corpus = Corpus::file(ethernets());
    compare_all(&corpus, ETHERNET, Source::File(Link::Ethernet), &texts)
}

fn as_tcpdump_ip(_: &Namespace) -> Verdict {
    let texts: Vec<&str> = table(Some("raw")).collect();
    let corpus = Corpus::file(ips());
    // What netsh refuses because there is no Ethernet header is not in the table; `ether proto` asks for the version of IP.
    compare_all(&corpus, IP, Source::File(Link::Ip), &texts)?;
    // On a socket of all links the same packets come from links without an Ethernet header.
    let corpus = Corpus::live(ips(), 778);
    for text in &texts {
        let [one, all] =
            [Source::Socket(Link::Ip), Source::AllLinks].map(|source| ours(text, source));
        if let Some((packet, beside, wanted)) = corpus.differing(&one?, &all?) {
            return Err(told(text, packet, &beside, (wanted, u32::from(wanted == 0))).into());
        }
    }
    Ok(())
}

/// What looks at more than the bytes of a packet; all else is the same for files.
fn as_tcpdump_live(_: &Namespace) -> Verdict {
    let live = table(Some("live"));
    let tagged = table(None).filter(|text| text.contains("vlan"));
    let others = table(None)
        .filter(|text| !text.contains("vlan"))
        .step_by(40);
    let texts: Vec<&str> = live.chain(tagged).chain(others).collect();
    let corpus = Corpus::live(ethernets(), 1);
    compare_all(&corpus, LIVE, Source::Socket(Link::Ethernet), &texts)?;
    for text in texts {
        let [one, all] =
            [Source::Socket(Link::Ethernet), Source::AllLinks].map(|source| ours(text, source));
        if let Some((packet, beside, wanted)) = corpus.differing(&one?, &all?) {
            return Err(told(text, packet, &beside, (wanted, u32::from(wanted == 0))).into());
        }
    }
    Ok(())
}

fn as_tcpdump_random(_: &Namespace) -> Verdict {
    random(
        300,
        Corpus::file(ethernets()),
        ETHERNET,
        Source::File(Link::Ethernet),
    )?;
    // tcpdump takes ten times as long to open a link.
    random(
        40,
        Corpus::live(ethernets(), 1),
        LIVE,
        Source::Socket(Link::Ethernet),
    )
}

/// Compares random filters. A condition that can't hold is not asked at all, and what would be loaded for it not missed: `not (tcp
/// and udp)`.
fn random(cases: u32, corpus: Corpus, arguments: &[&str], source: Source) -> Verdict {
    let cases = cases / u32::try_from(every()).unwrap_or(1);
    let corpus = Corpus {
        with_cut_short: true,
        ..corpus
    };
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let failed = |failed: Failed| TestCaseError::fail(failed.message().unwrap_or("").to_string());
    let found = TestRunner::new(config).run(&expressions::expressions(), |text| {
        let ours = ours(&text, source).map_err(failed)?;
        // libpcap 1.10 keeps offsets behind a tag where a comparison before the tag has kept a number.
        if source != Source::File(Link::Ethernet)
            && text.contains("vlan")
            && text.contains(['=', '<', '>'])
        {
            return Ok(());
        }
        let theirs = tcpdump(arguments, "-ddd", &text).and_then(printed);
        let theirs = theirs.map_err(failed)?;
        compare(&corpus, arguments, &text, &ours, &theirs).map_err(failed)?;
        Ok(())
    });
    found.map_err(|fault| fault.to_string().into())
}

fn shown_as_tcpdump(_: &Namespace) -> Verdict {
    let texts: Vec<&str> = table(None).collect();
    let programs = all_printed(ETHERNET, "-ddd", &texts)?;
    let shown = all_printed(ETHERNET, "-d", &texts)?;
    for (program, shown) in programs.iter().zip(shown) {
        if let Ok(shown) = shown {
            same(Listing(&read_program(program)?).to_string(), shown)?;
        }
    }
    let texts: Vec<&str> = table(Some("live"))
        .chain(["vlan 5 and tcp port 80"])
        .collect();
    let programs = all_printed(LIVE, "-ddd", &texts)?;
    let shown = all_printed(LIVE, "-d", &texts)?;
    for (program, shown) in programs.iter().zip(shown) {
        same(Listing(&read_program(program)?).to_string(), shown?)?;
    }
    Ok(())
}

fn refused_as_tcpdump(_: &Namespace) -> Verdict {
    let texts: Vec<&str> = include_str!("refused.txt").lines().collect();
    let theirs = all_printed(ETHERNET, "-ddd", &texts)?;
    for (text, theirs) in texts.iter().zip(theirs) {
        same(
            (text, ours(text, Source::File(Link::Ethernet)).is_err()),
            (text, true),
        )?;
        same((text, theirs.is_err()), (text, true))?;
    }
    Ok(())
}

/// A socket takes a filter whatever its family. To those of the Unix family a datagram comes as it was sent, so it is the packet.
fn kernel_decides(_: &Namespace) -> Verdict {
    let packets: Vec<Packet> = ethernets().into_iter().step_by(5).collect();
    for text in table(None) {
        let program = ours(text, Source::File(Link::Ethernet))?;
        let (to, from) = UnixDatagram::pair()?;
        from.set_nonblocking(true)?;
        attach(&SockRef::from(&from), &program)
            .map_err(|error| format!("{}: {error}", short(text)))?;
        for packet in &packets {
            to.send(&packet.bytes)?;
            let came = from.recv(&mut [0; 2048]).is_ok();
            let wanted = run(&program, &packet.bytes, &Beside::default());
            if came != (wanted > 0) {
                let kernel = u32::from(came);
                return Err(format!(
                    "the kernel: {}",
                    told(text, packet, &Beside::default(), (wanted, kernel))
                )
                .into());
            }
        }
    }
    // The longest is no longer than all kernels have memory for, by default (net.core.optmem_max).
    let ports: Vec<String> = (0..100).map(|port| format!("port {port}")).collect();
    let ports = ports.join(" or ");
    for text in table(Some("live"))
        .chain(table(None))
        .chain([ports.as_str()])
    {
        for source in [Source::Socket(Link::Ethernet), Source::AllLinks] {
            let (_, socket) = UnixDatagram::pair()?;
            let program = ours(text, source)?;
            attach(&SockRef::from(&socket), &program)
                .map_err(|error| format!("{}: {error}", short(text)))?;
        }
    }
    Ok(())
}

fn attach(socket: &SockRef<'_>, program: &[Instruction]) -> std::io::Result<()> {
    let filter = program
        .iter()
        .map(|one| SockFilter::new(one.code, one.jt, one.jf, one.k));
    socket.attach_filter(&filter.collect::<Vec<_>>())
}
