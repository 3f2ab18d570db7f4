//! Random and changed inputs for every decoder and reader of `packet`, as many as one likes: nothing may panic, and what was
//! decoded can be encoded, and stays the same from then on.
//!
//! `cargo test` runs a few. By hand:
//!
//! ```text
//! NETSH_FUZZ=10000000 cargo test --test fuzz              # so many inputs; NETSH_FUZZ_SEED=7 takes other ones
//! ```
//!
//! The corpus is that of tests/packets, and what was found once: each file in tests/fuzz/found is run first. An input that fails is
//! shown with its target in hexadecimal digits, and is written there, as TARGET-NUMBER: it is to be kept with what mends it.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};
use netsh::packet::answer::is_answer;
use netsh::packet::capture_file::{Format, Reader, Writer};
use netsh::packet::captured::Captured;
use netsh::packet::filter::{self, Source};
use netsh::packet::icmp::{self, Family};
use netsh::packet::layers::{Link, decode, encode, sums};
use netsh::packet::line::{Detail, label, line};
use netsh::packet::{dns, http, identity, netlink};

/// How many inputs an ordinary run of the tests takes.
const USUAL: u64 = 30_000;

/// What takes bytes: its name, and what it does with them.
type Target = (&'static str, fn(&[u8]));

const TARGETS: &[Target] = &[
    ("ethernet", |bytes| packet(bytes, Link::Ethernet)),
    ("ip", |bytes| packet(bytes, Link::Ip)),
    ("cooked", |bytes| packet(bytes, Link::Cooked)),
    ("cooked2", |bytes| packet(bytes, Link::Cooked2)),
    ("icmp", |bytes| {
        for family in [Family::V4, Family::V6] {
            let _ = icmp::parse(family, bytes);
            let _ = icmp::quoted_echo(family, bytes);
        }
        let _ = icmp::parse_ipv4(bytes);
        let _ = icmp::checksum_holds(bytes);
    }),
    ("dns", |bytes| {
        let _ = dns::line(bytes, bytes.len(), false);
        let _ = dns::line(bytes, bytes.len(), true);
    }),
    ("file", |bytes| {
        if let Ok(reader) = Reader::new(bytes) {
            // A packet takes at least 12 bytes of a file.
            assert!(reader.count() <= bytes.len() / 12 + 1);
        }
    }),
    ("filter", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        match filter::parse(&text) {
            Ok(expression) => drop(filter::compile(&expression, Source::AllLinks, 262_144)),
            // A fault is shown under the text.
            Err(fault) => assert!(
                fault.at.start <= fault.at.end
                    && fault.at.end <= text.len()
                    && !fault.words.is_empty()
            ),
        }
    }),
    ("http", |bytes| {
        if let Ok(Some((request, taken))) = http::read_request(bytes) {
            assert!(taken <= bytes.len());
            let _ = request.to_bytes();
        }
        for is_over in [false, true] {
            let _ = http::read_response(bytes, is_over);
        }
    }),
    ("answer", |bytes| {
        // Two packets, the one behind the other.
        for link in [Link::Ethernet, Link::Ip] {
            let at = usize::from(bytes.first().copied().unwrap_or(0)).min(bytes.len());
            for (question, answer) in [
                bytes.split_at(at),
                bytes.split_at(bytes.len() / 2),
                (bytes, bytes),
            ] {
                let _ = is_answer((question, link), (answer, link));
            }
        }
    }),
    ("identity", |bytes| {
        for link in [Link::Ethernet, Link::Ip, Link::Cooked, Link::Cooked2] {
            let (identity, look) = identity::read(bytes, link);
            let _ = identity.holds(&identity);
            assert!(look.differences(&look).is_empty());
        }
    }),
    ("netlink", |bytes| {
        const ROUTE: isize = 0;
        const NETFILTER: isize = 12;
        for protocol in [ROUTE, NETFILTER] {
            let _ = netlink::text(&netlink::decode(protocol, bytes));
        }
    }),
];

fn packet(bytes: &[u8], link: Link) {
    for detail in [Detail::Usual, Detail::Link] {
        let line = line(bytes, link, bytes.len(), detail);
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    let label = label(bytes, link);
    assert!(
        !label.is_empty() && !label.contains(char::is_control),
        "{label:?}"
    );
    let _ = sums(bytes, link);
    let decoded = decode(bytes, link);
    let encoded = encode(&decoded).expect("what was decoded can be encoded");
    let again = encode(&decode(&encoded, link)).expect("and once more");
    assert_eq!(encoded, again, "{decoded:?}");
}

fn main() {
    let trials = vec![
        Trial::test("fuzz: what was found once", found),
        Trial::test("fuzz: what is found is kept", found_again),
        Trial::test("fuzz: changed packets and files", changed),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn changed() -> Result<(), Failed> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let count = number("NETSH_FUZZ").unwrap_or(USUAL);
    let mut chance = Chance(number("NETSH_FUZZ_SEED").unwrap_or(1).max(1));
    let corpus = corpus();
    let started = Instant::now();
    for _ in 0..count {
        let (name, target) = *chance.one_of(TARGETS);
        let bytes = input(&mut chance, &corpus, name);
        run(name, target, &bytes).inspect_err(|_| keep(&kept(), name, &bytes))?;
    }
    let took = started.elapsed().as_secs_f64();
    let rate = count as f64 / took.max(0.001);
    eprintln!("{count} inputs in {took:.1} s, {rate:.0} a second");
    Ok(())
}

/// Where inputs are kept that failed once.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found")
}

/// Runs a target, and shows the input if it fails.
fn run(name: &str, target: fn(&[u8]), bytes: &[u8]) -> Result<(), Failed> {
    let ran = catch_unwind(AssertUnwindSafe(|| target(bytes)));
    ran.map_err(|_| {
        let mut digits = String::new();
        for byte in bytes {
            let _ = write!(digits, "{byte:02x}");
        }
        format!("{name} failed with: {digits}").into()
    })
}

/// Keeps an input that failed, under its target and a number of its own. Where the folder can't be written, it was shown at least.
fn keep(folder: &Path, name: &str, bytes: &[u8]) {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let file = folder.join(format!("{name}-{:016x}", hasher.finish()));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, bytes));
    match written {
        Ok(()) => eprintln!("kept as {}", file.display()),
        Err(error) => eprintln!("cannot keep it as {}: {error}", file.display()),
    }
}

/// What fails is kept, and fails the next time again.
fn found_again() -> Result<(), Failed> {
    let folder = std::env::temp_dir().join(format!("netsh-fuzz-{}", std::process::id()));
    keep(&folder, "dns", &[1, 2, 3]);
    let failing: &[Target] = &[("dns", |bytes| {
        assert!(bytes != [1, 2, 3], "as it should fail")
    })];
    let sound: &[Target] = &[("dns", |_| {})];
    let failed = run_all(&folder, failing);
    let passed = run_all(&folder, sound);
    std::fs::remove_dir_all(&folder)?;
    passed?;
    match failed {
        Err(_) => Ok(()),
        Ok(()) => Err("what was kept was not run".into()),
    }
}

/// What failed once.
fn found() -> Result<(), Failed> {
    run_all(&kept(), TARGETS)
}

fn run_all(folder: &Path, targets: &[Target]) -> Result<(), Failed> {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let known = targets
            .iter()
            .find(|(target, _)| name.split('-').next() == Some(target));
        let (name, target) = known.expect("a file begins with the name of its target");
        run(name, *target, &std::fs::read(entry.path())?)?;
    }
    Ok(())
}

/// Filters that people write, as far as they lead to every part of the parser.
const FILTERS: &[&str] = &[
    "tcp port 80 and not (src host 10.0.0.1 or dst net 10.0.0.0/8)",
    "ether host 02:00:00:00:00:01 and vlan 7 and ip6 proto 58",
    "ip[0] & 0xf != 5 and tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "udp portrange 1-1024 || icmp[icmptype] == icmp-echo && len <= 1500",
    "src or dst net 2001:db8::/32 and greater 60 and less 1500",
    "ether[6:4] + 2 * 3 >> 1 = 0x01020304 or arp or multicast",
];

/// Messages of HTTP.
const MESSAGES: &[&str] = &[
    "GET /a?b=c HTTP/1.1\r\nHost: h1\r\nAccept: */*\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.0 404 Not Found\r\n\r\nuntil the end",
];

/// Packets, and files of them.
struct Corpus {
    packets: Vec<Vec<u8>>,
    files: Vec<Vec<u8>>,
}

fn corpus() -> Corpus {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packets");
    let mut corpus = Corpus {
        packets: Vec::new(),
        files: Vec::new(),
    };
    for name in ["common.pcap", "others.pcap"] {
        let path: PathBuf = folder.join(name);
        let bytes = std::fs::read(path).expect("the corpus");
        let packets: Vec<Captured> = Reader::new(bytes.as_slice())
            .expect("a capture file")
            .map(|packet| packet.expect("a packet"))
            .collect();
        // A file of many packets would be changed in the same ways all the time.
        for some in packets.chunks(4) {
            for format in [Format::Pcap, Format::Pcapng] {
                let mut writer = Writer::new(Vec::new(), format).expect("a vector");
                for packet in some {
                    let named = Captured {
                        link: "eth0".into(),
                        netns: Some("h1".into()),
                        comments: vec!["noted".into()],
                        ..packet.clone()
                    };
                    writer.packet(&named).expect("a vector");
                }
                corpus.files.push(writer.finish().expect("a vector"));
            }
        }
        corpus
            .packets
            .extend(packets.into_iter().map(|packet| packet.bytes));
    }
    corpus
}

/// An input: what there is, cut to where the target begins, changed in some places; or anything.
fn input(chance: &mut Chance, corpus: &Corpus, target: &str) -> Vec<u8> {
    let mut bytes = match target {
        "file" => chance.one_of(&corpus.files).clone(),
        "filter" => chance.one_of(FILTERS).as_bytes().to_vec(),
        "http" => chance.one_of(MESSAGES).as_bytes().to_vec(),
        "answer" => {
            let question = chance.one_of(&corpus.packets);
            let answer = chance.one_of(&corpus.packets);
            [question.as_slice(), answer].concat()
        }
        _ => chance.one_of(&corpus.packets).clone(),
    };
    let start = match target {
        "ip" => 14,
        "icmp" => 34,
        "dns" => 42,
        _ => 0,
    };
    bytes.drain(..start.min(bytes.len()));
    if chance.below(16) == 0 {
        let length = chance.below(200);
        bytes = (0..length).map(|_| chance.byte()).collect();
    }
    if target == "netlink" {
        // A message of any type, which is as long as it says.
        let length = u32::try_from(bytes.len() + 16).unwrap_or(0);
        let kind = u16::try_from(16 + chance.below(100)).unwrap_or(0);
        let mut message = length.to_ne_bytes().to_vec();
        message.extend(kind.to_ne_bytes());
        message.extend((0..10).map(|_| chance.byte()));
        message.extend(&bytes);
        bytes = message;
    }
    for _ in 0..chance.below(6) {
        change(chance, &mut bytes, corpus);
    }
    bytes
}

fn change(chance: &mut Chance, bytes: &mut Vec<u8>, corpus: &Corpus) {
    if bytes.is_empty() {
        return;
    }
    // Headers are in front.
    let reach = if chance.below(2) == 0 {
        bytes.len()
    } else {
        bytes.len().min(100)
    };
    let at = chance.below(reach);
    match chance.below(8) {
        0 => bytes[at] ^= 1 << chance.below(8),
        1 => bytes[at] = chance.byte(),
        2 => {
            bytes[at] = *chance.one_of(&[0, 1, 4, 6, 17, 41, 43, 44, 47, 58, 60, 0x7f, 0x80, 0xff])
        }
        3 => bytes.truncate(at),
        4 => {
            let byte = chance.byte();
            bytes.insert(at, byte);
        }
        5 => {
            let end = (at + chance.below(40)).min(bytes.len());
            bytes.drain(at..end);
        }
        6 if chance.below(2) == 0 => {
            // Words of one filter in another, and of one message.
            let others = if chance.below(2) == 0 {
                FILTERS
            } else {
                MESSAGES
            };
            let other = chance.one_of(others).as_bytes();
            let from = chance.below(other.len());
            let end = (from + chance.below(20)).min(other.len());
            bytes.splice(at..at, other[from..end].iter().copied());
        }
        6 => {
            // One packet within another.
            let other = chance.one_of(&corpus.packets);
            let from = chance.below(other.len());
            bytes.truncate(at);
            bytes.extend(&other[from..]);
        }
        _ => {
            let end = (at + chance.below(40)).min(bytes.len());
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
    }
}

/// Numbers without a pattern, the same ones for the same seed (xorshift64*).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % end.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn one_of<'a, T>(&mut self, these: &'a [T]) -> &'a T {
        &these[self.below(these.len())]
    }
}
