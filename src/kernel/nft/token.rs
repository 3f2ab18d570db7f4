//! The text of nft cut into tokens, each with its place.
//!
//! After nft's scanner.l: what begins with a letter runs on through digits, `-`, `_`, `.` and `/`; addresses are tokens of
//! their own; a star may end a name.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::fault::Fault;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Letters first, or digits and letters.
    Word,
    /// Digits, or `0x` and digits.
    Number,
    /// Four numbers with dots between.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A hardware address.
    Mac,
    /// A text in quotes.
    Text,
    /// A mark of punctuation.
    Sign,
    /// A line end.
    Line,
    /// Nothing more.
    End,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands, in bytes.
    pub at: Range<usize>,
}

const LONG_SIGNS: [&str; 7] = ["==", "!=", "<=", ">=", "<<", ">>", "&&"];
const SIGNS: &str = "{}()[],.:;<>&|^!/-*@=+$";

/// Cuts a text into tokens, an end at the last.
pub fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or("");
        if c == '\n' {
            found.push(Token {
                kind: Kind::Line,
                at: at..at + 1,
            });
            at += 1;
            continue;
        }
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        if rest.starts_with("\\\n") {
            at += 2;
            continue;
        }
        if c == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (kind, length) = token(rest).ok_or_else(|| {
            let words = match c {
                '"' => "a text without its closing quote".to_string(),
                c => format!("{c:?} has no place in a rule"),
            };
            let length = if c == '"' { rest.len() } else { c.len_utf8() };
            Fault::new(words, at..at + length)
        })?;
        found.push(Token {
            kind,
            at: at..at + length,
        });
        at += length;
    }
    found.push(Token {
        kind: Kind::End,
        at: text.len()..text.len(),
    });
    Ok(found)
}

/// A text in one line: its tokens as they stand there, one space in the place of what is between them.
pub fn in_one_line(text: &str) -> String {
    let Ok(found) = tokens(text) else {
        return text.to_string();
    };
    let mut line = String::new();
    let mut end = 0;
    for one in found {
        if matches!(one.kind, Kind::Line | Kind::End) {
            continue;
        }
        if one.at.start > end && !line.is_empty() {
            line.push(' ');
        }
        end = one.at.end;
        line += text.get(one.at).unwrap_or("");
    }
    line
}

/// The token at the beginning of a text, and how long it is.
fn token(rest: &str) -> Option<(Kind, usize)> {
    let first = rest.chars().next()?;
    if first == '"' {
        let inside = rest.get(1..)?;
        return inside.find('"').map(|end| (Kind::Text, end + 2));
    }
    if let Some(found) = address(rest) {
        return Some(found);
    }
    if first.is_ascii_digit() {
        return Some(number(rest));
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let inside = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        let mut length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        // A rate: `10 mbytes/second`.
        let unit = ["bytes/", "kbytes/", "mbytes/"]
            .iter()
            .find(|unit| rest.starts_with(**unit));
        if let Some(unit) = unit {
            length = unit.len() - 1;
        }
        let star = usize::from(rest.get(length..)?.starts_with('*'));
        return Some((Kind::Word, length + star));
    }
    if LONG_SIGNS.iter().any(|sign| rest.starts_with(sign)) {
        return Some((Kind::Sign, 2));
    }
    SIGNS.contains(first).then_some((Kind::Sign, 1))
}

/// An address of any family.
fn address(rest: &str) -> Option<(Kind, usize)> {
    let run = rest
        .find(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.')
        .unwrap_or(rest.len());
    // `::1:accept` has letters that could belong to the address.
    let runs_on = rest
        .get(run..)?
        .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let run = rest.get(..run)?;
    let groups: Vec<&str> = run.split(':').collect();
    let is_pair = |group: &&str| matches!(group.len(), 1 | 2) && !group.contains('.');
    if groups.len() == 6 && groups.iter().all(is_pair) {
        return Some((Kind::Mac, run.len()));
    }
    if groups.len() > 2 {
        // What follows a colon may belong to the next thing: `{ ::1:accept }`.
        let ends = run.match_indices([':', '.']).map(|(at, _)| at);
        let whole = Some(run.len()).filter(|_| !runs_on);
        let mut ends: Vec<usize> = ends.chain(whole).collect();
        ends.reverse();
        let is_address = |end: &usize| {
            let text = run.get(..*end).unwrap_or("");
            text.parse::<Ipv6Addr>().is_ok()
        };
        if let Some(end) = ends.into_iter().find(is_address) {
            return Some((Kind::Ipv6, end));
        }
        if run.contains("::") {
            return Some((Kind::Ipv6, run.len()));
        }
    }
    let digits = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let digits = rest.get(..digits)?.trim_end_matches('.');
    let numbers: Vec<&str> = digits.split('.').collect();
    let is_number = |number: &&&str| matches!(number.len(), 1..=3);
    let is_ipv4 = numbers.len() == 4 && numbers.iter().filter(is_number).count() == 4;
    is_ipv4.then_some((Kind::Ipv4, digits.len()))
}

/// Digits, and with letters a word: `10s`, `8021q`.
fn number(rest: &str) -> (Kind, usize) {
    let length = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let text = rest.get(..length).unwrap_or("");
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let is_number = match hex {
        Some(digits) => !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit()),
        None => text.chars().all(|c| c.is_ascii_digit()),
    };
    match is_number {
        true => (Kind::Number, length),
        false => (Kind::Word, length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<&str> {
        let found = tokens(text).expect("tokens");
        let shown = found.into_iter().filter(|one| one.kind != Kind::End);
        shown.map(|one| &text[one.at]).collect()
    }

    #[test]
    fn text_is_cut_as_nft_cuts_it() {
        for (text, wanted) in [
            (
                "ip saddr 10.0.0.1-10.0.0.9",
                vec!["ip", "saddr", "10.0.0.1", "-", "10.0.0.9"],
            ),
            ("fe80::/10", vec!["fe80::", "/", "10"]),
            (
                "{ 00:11:22:33:44:55 . 1 }",
                vec!["{", "00:11:22:33:44:55", ".", "1", "}"],
            ),
            ("[::1]:80", vec!["[", "::1", "]", ":", "80"]),
            ("1.2.3.4:80", vec!["1.2.3.4", ":", "80"]),
            ("{ ::1:accept }", vec!["{", "::1", ":", "accept", "}"]),
            (
                "iifname veth* oif eth0.10",
                vec!["iifname", "veth*", "oif", "eth0.10"],
            ),
            (
                "5/second 1h30m 0x1f 8021q",
                vec!["5", "/", "second", "1h30m", "0x1f", "8021q"],
            ),
            (
                "log prefix \"a b\" # rest",
                vec!["log", "prefix", "\"a b\""],
            ),
        ] {
            assert_eq!(words(text), wanted, "{text}");
        }
        assert_eq!(
            in_one_line("log prefix \"a  b\"  # c\n\ttcp dport  {22,80}\n"),
            "log prefix \"a  b\" tcp dport {22,80}"
        );
        assert!(tokens("log prefix \"a").is_err());
        assert!(tokens("tcp dport ?").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_cut_or_refused(text in ".*") {
            if let Ok(found) = tokens(&text) {
                for one in found {
                    prop_assert!(text.get(one.at).is_some());
                }
            }
        }
    }
}
