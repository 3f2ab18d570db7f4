//! Reads commands of traceroute, tracepath, nc, curl, tcpdump and iperf3.

use super::Fault;
use super::other_programs::{Letter, letters};
use super::reading::{Reading, Unread, program, span_of, value_of};
use super::words::Word;

/// The letters of traceroute's options that have values, and those of tracepath (traceroute(8), tracepath(8)).
const TRACEROUTE_VALUES: &str = "fgilmMNOpPqstwz";
const TRACEPATH_VALUES: &str = "lmp";

/// The long options of traceroute, and their letters.
const TRACEROUTE_LONG: [(&str, &str); 10] = [
    ("--first", "-f"),
    ("--max-hops", "-m"),
    ("--queries", "-q"),
    ("--wait", "-w"),
    ("--port", "-p"),
    ("--interface", "-i"),
    ("--source", "-s"),
    ("--dont-fragment", "-F"),
    ("--icmp", "-I"),
    ("--tcp", "-T"),
];

/// Reads a command of traceroute or tracepath.
pub fn traceroute(name: &str, words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let is_tracepath = name.starts_with("tracepath");
    let mut reading = Reading::of(["traceroute"], words);
    let values = match is_tracepath {
        true => TRACEPATH_VALUES,
        false => TRACEROUTE_VALUES,
    };
    let short: Vec<Word> = words
        .iter()
        .flat_map(|word| in_letters(word, &TRACEROUTE_LONG))
        .collect();
    let (options, operands) = letters(&short, values)?;
    if name.ends_with('6') {
        reading.family = words.first().map(|word| word.with("inet6"));
    }
    for Letter {
        letter,
        value,
        span,
    } in options
    {
        let word = |text: &str| Some(Word::in_place_of(&span, text));
        match letter {
            '4' => reading.family = word("inet"),
            '6' => reading.family = word("inet6"),
            'I' => reading.push("proto", word("icmp"), &span),
            'T' => reading.push("proto", word("tcp"), &span),
            'l' if is_tracepath => reading.push("size", value, &span),
            // How many at once, and how names are looked up.
            'n' | 'd' | 'A' | 'N' | 'b' => {
                reading.manner.extend(word(&format!("-{letter}")));
            }
            // Three numbers: the first is the longest wait.
            'w' => {
                let longest = value.map(|value| {
                    let first = value.text.split(',').next().unwrap_or("");
                    value.with(first)
                });
                reading.push("-w", longest, &span);
            }
            letter => reading.push(format!("-{letter}"), value, &span),
        }
    }
    let keys = ["", "size"].into_iter().chain(std::iter::repeat(""));
    for (operand, key) in operands.iter().zip(keys) {
        reading.push(key, Some(operand.clone()), &operand.span);
    }
    Ok(vec![reading])
}

/// `--first=2` as `-f 2`.
fn in_letters(word: &Word, long: &[(&str, &str)]) -> Vec<Word> {
    let (name, value) = match word.text.split_once('=') {
        Some((name, value)) if name.starts_with("--") => (name, Some(value)),
        _ => (word.text.as_str(), None),
    };
    match long.iter().find(|(known, _)| *known == name) {
        None => vec![word.clone()],
        Some((_, letter)) => {
            let value = value.map(|value| word.with(value));
            std::iter::once(word.with(*letter)).chain(value).collect()
        }
    }
}

/// The letters of nc's options that have values (nc(1) of OpenBSD).
const NC_VALUES: &str = "IiMmOPpqsTVWwXx";

/// Reads a command of nc. What it does goes to the head: each is another verb.
pub fn nc(words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let (options, operands) = letters(words, NC_VALUES)?;
    let has = |letter: char| options.iter().any(|option| option.letter == letter);
    let (listens, checks, udp) = (has('l'), has('z'), has('u'));
    let mut reading = match (listens, checks, udp) {
        (true, _, true) => Reading::of(["nc", "-u", "-l"], words),
        (true, _, false) => Reading::of(["nc", "-l"], words),
        (_, true, _) => Reading::of(["nc", "-z"], words),
        (_, _, false) => Reading::of(["nc"], words),
        (_, _, true) => {
            let why = "what it sends comes from its input; udp_send(ADDRESS, PORT, \"text\") sends a text";
            return Err(program(words, span_of(words), why));
        }
    };
    for option in options {
        let span = &option.span;
        match option.letter {
            'u' if checks && !listens => {
                reading.push("proto", Some(Word::in_place_of(span, "udp")), span);
            }
            'u' | 'l' | 'z' => {}
            'p' if listens => reading.push("", option.value, span),
            'v' | 'n' | 'k' | 'N' | 'q' | 'd' | '4' | '6' => {
                let text = format!("-{}", option.letter);
                reading.manner.push(Word::in_place_of(span, text));
            }
            letter => reading.push(format!("-{letter}"), option.value, span),
        }
    }
    // `nc -l 10.0.0.1 80` has an address.
    let operands = match operands.split_first() {
        Some((address, rest)) if listens && !rest.is_empty() => {
            reading.push("address", Some(address.clone()), &address.span);
            rest.to_vec()
        }
        _ => operands,
    };
    for operand in operands {
        reading.push("", Some(operand.clone()), &operand.span);
    }
    Ok(vec![reading])
}

/// The letters of tcpdump's options that have values (tcpdump(1)).
const TCPDUMP_VALUES: &str = "BcCEFGijmMQrsTVwWyz";

/// The long options of tcpdump, and their letters.
const TCPDUMP_LONG: [(&str, &str); 8] = [
    ("--interface", "-i"),
    ("--count", "-c"),
    ("--snapshot-length", "-s"),
    ("--no-promiscuous-mode", "-p"),
    ("--packet-buffered", "-U"),
    ("--absolute-tcp-sequence-numbers", "-S"),
    ("--dont-verify-checksums", "-K"),
    ("--number", "-#"),
];

/// Reads a command of tcpdump.
pub fn tcpdump(words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let short: Vec<Word> = words
        .iter()
        .flat_map(|word| in_letters(word, &TCPDUMP_LONG))
        .collect();
    let (options, operands) = letters(&short, TCPDUMP_VALUES)?;
    let given = |letter: char| options.iter().find(|option| option.letter == letter);
    let is_none = |letter: char| {
        let file = given(letter).and_then(|file| file.value.as_ref());
        file.is_some_and(|file| file.text == "-")
    };
    if is_none('w') || is_none('r') {
        let why = "netsh captures to files, or for the script";
        return Err(program(words, span_of(words), why));
    }
    let mut reading = match given('r').is_some() {
        true => Reading::of(["tcpdump", "-r"], words),
        false => Reading::of(["tcpdump"], words),
    };
    for option in options {
        let span = &option.span;
        match option.letter {
            'r' => reading.push("", option.value, span),
            // All links are taken when none is named, and all of a packet when no length is.
            'i' if option.value.as_ref().is_some_and(|link| link.text == "any") => {}
            's' if option
                .value
                .as_ref()
                .is_some_and(|length| length.text == "0") => {}
            'p' => reading.push("promisc", Some(Word::in_place_of(span, "false")), span),
            // A packet's line has no names anyhow.
            'n' => {}
            // What is printed, and how.
            'e' | 'v' | 'q' | 't' | 'l' | 'U' | 'K' | 'S' | 'A' | 'x' | 'X' | '#' => {
                let text = format!("-{}", option.letter);
                reading.manner.push(Word::in_place_of(span, text));
            }
            letter => reading.push(format!("-{letter}"), option.value, span),
        }
    }
    if let Some(first) = operands.first() {
        let all: Vec<&str> = operands.iter().map(|word| word.text.as_str()).collect();
        let span = span_of(&operands);
        let mut filter = first.with(all.join(" "));
        filter.span = span.clone();
        reading.push("filter", Some(filter), &span);
    }
    Ok(vec![reading])
}

/// The long options of iperf3, and their letters.
const IPERF_LONG: [(&str, &str); 7] = [
    ("--client", "-c"),
    ("--time", "-t"),
    ("--parallel", "-P"),
    ("--udp", "-u"),
    ("--bitrate", "-b"),
    ("--port", "-p"),
    ("--length", "-l"),
];

/// Reads a command of iperf or iperf3.
pub fn iperf(words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let short: Vec<Word> = words
        .iter()
        .flat_map(|word| in_letters(word, &IPERF_LONG))
        .collect();
    let (options, _) = letters(&short, "ABcCfFiklLmMnpPStTwOb")?;
    let mut reading = Reading::of(["iperf3", "-c"], words);
    if options.iter().any(|option| option.letter == 's') {
        let why = "throughput(ADDRESS) has both ends: the receiver is where the address is";
        return Err(program(words, span_of(words), why));
    }
    for option in options {
        let span = &option.span;
        match option.letter {
            'c' => reading.push("", option.value, span),
            'u' => reading.push("udp", Some(Word::in_place_of(span, "true")), span),
            // iperf3 counts by thousands too, and says bits by saying nothing.
            'b' => {
                let rate = option.value.map(|rate| {
                    let unit = match rate.text.chars().last() {
                        Some('K' | 'k' | 'M' | 'm' | 'G' | 'g') => "bit",
                        _ => "",
                    };
                    rate.with(format!("{}{unit}", rate.text.to_lowercase()))
                });
                reading.push("rate", rate, span);
            }
            'J' | 'V' | 'i' | 'f' | '4' | '6' => {
                let text = format!("-{}", option.letter);
                reading.manner.push(Word::in_place_of(span, text));
            }
            letter => reading.push(format!("-{letter}"), option.value, span),
        }
    }
    Ok(vec![reading])
}

/// The long options of curl that netsh has, or that only change what it prints.
const CURL_LONG: [(&str, &str); 5] = [
    ("--max-time", "-m"),
    ("--silent", "-s"),
    ("--show-error", "-S"),
    ("--include", "-i"),
    ("--verbose", "-v"),
];

/// Reads a command of curl.
pub fn curl(words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let mut reading = Reading::of(["curl"], words);
    let mut rest = Vec::new();
    let mut all = words.iter();
    while let Some(word) = all.next() {
        match word.text.as_str() {
            "--interface" => {
                let link = value_of(word, all.next())?;
                reading.push("--interface", Some(link.clone()), &word.span);
            }
            text if text.starts_with("--") && !CURL_LONG.iter().any(|(long, _)| *long == text) => {
                let title = format!("netsh has no equivalent of {text:?} of curl");
                let fault = Fault::new(title).at(word.span.clone(), "not known to http_get");
                return Err(fault.into());
            }
            _ => rest.extend(in_letters(word, &CURL_LONG)),
        }
    }
    let (options, operands) = letters(&rest, "AbcCdDeEFHKmoPQrTuUwxXyYz")?;
    for option in options {
        match option.letter {
            's' | 'S' | 'i' | 'v' | 'g' | '4' | '6' => {
                let text = format!("-{}", option.letter);
                reading.manner.push(Word::in_place_of(&option.span, text));
            }
            letter => reading.push(format!("-{letter}"), option.value, &option.span),
        }
    }
    for operand in operands {
        // Without a scheme curl takes HTTP.
        let url =
            match operand.text.contains("://") || super::pattern::placeholder(&operand).is_some() {
                true => operand.clone(),
                false => operand.with(format!("http://{}", operand.text)),
            };
        reading.push("", Some(url), &operand.span);
    }
    Ok(vec![reading])
}
