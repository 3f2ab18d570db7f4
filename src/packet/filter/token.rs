//! The text of a filter cut into tokens, each with its place.
//!
//! After libpcap's scanner.l, where the longest token wins: `1000-2000` and `tcp-syn` are one token each, `ip[6:2]` are six, and a
//! hardware address may be written with colons, hyphens or dots.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::words::constant;
use crate::packet::fault::Fault;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word: of the language, or a name.
    Word,
    /// A backslash and a name, which is then no word of the language: `\tcp`.
    Name,
    /// A number, or a word for one: `0x1f`, `tcp-syn`.
    Number(u32),
    /// Two to four numbers with dots between.
    Ipv4,
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// A hardware address.
    Mac([u8; 6]),
    /// A mark of punctuation.
    Sign,
    /// Nothing more.
    End,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands, in bytes.
    pub at: Range<usize>,
}

const LONG_SIGNS: [&str; 8] = [">=", "<=", "!=", "==", "<<", ">>", "&&", "||"];
const SIGNS: &str = "+-*/%:[]!<>()&|^=";

/// Cuts a text into tokens, an end at the last.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.find(|c| !" \r\n\t".contains(c)).unwrap_or(rest.len());
        if blank > 0 {
            at += blank;
            continue;
        }
        let (kind, length) = token(rest).map_err(|(words, length)| {
            let fault = Fault::new(words, at..at + length);
            match rest.starts_with(',') {
                true => fault.hint("\"or\" stands between alternatives: \"port 80 or 443\""),
                false => fault,
            }
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

/// The token at the beginning of a text and how long it is, or what is wrong with how much of it.
fn token(rest: &str) -> Result<(Kind, usize), (String, usize)> {
    let first = rest.chars().next().unwrap_or(' ');
    if let Some(name) = rest.strip_prefix('\\') {
        let length = length_of(name, |c| !" !()\r\n\t".contains(c));
        return match length {
            0 => Err(("a name has to stand behind a backslash".into(), 1)),
            length => Ok((Kind::Name, length + 1)),
        };
    }
    if (first.is_ascii_alphanumeric() || first == ':')
        && let Some(address) = with_colons(rest)
    {
        return address;
    }
    if LONG_SIGNS.iter().any(|sign| rest.starts_with(sign)) {
        return Ok((Kind::Sign, 2));
    }
    if SIGNS.contains(first) {
        return Ok((Kind::Sign, 1));
    }
    if !first.is_ascii_alphanumeric() {
        let words = format!("{first:?} has no place in a filter");
        return Err((words, first.len_utf8()));
    }
    let length = length_of(rest, |c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let word = rest.get(..length).unwrap_or("");
    // A hyphen at the end is a minus.
    let word = word.trim_end_matches(['-', '_']);
    match word_kind(word) {
        Ok(kind) => Ok((kind, word.len())),
        Err(words) => Err((words, word.len())),
    }
}

fn length_of(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// An address with colons: IPv6 has two of them side by side or seven, a hardware address five. One colon alone stands between
/// the offset and the size of what is loaded.
fn with_colons(rest: &str) -> Option<Result<(Kind, usize), (String, usize)>> {
    let length = length_of(rest, |c| c.is_ascii_alphanumeric() || ":._-".contains(c));
    let text = rest.get(..length)?;
    if text.matches(':').count() < 2 {
        return None;
    }
    let kind = match text.parse() {
        Ok(address) => Some(Kind::Ipv6(address)),
        Err(_) => mac(text).map(Kind::Mac),
    };
    Some(match kind {
        Some(kind) => Ok((kind, length)),
        None => {
            let words = format!("{text:?} is neither an IPv6 address nor a hardware address");
            Err((words, length))
        }
    })
}

/// Six bytes with `:`, `-` or `.` between, three pairs of them with `.` between, or twelve digits.
fn mac(text: &str) -> Option<[u8; 6]> {
    let separator = [':', '-', '.']
        .into_iter()
        .find(|sign| text.contains(*sign));
    let groups: Vec<&str> = match separator {
        Some(sign) => text.split(sign).collect(),
        None => vec![text],
    };
    let widths = match (groups.len(), separator) {
        (6, Some(_)) => 1..=2,
        (3, Some('.')) => 4..=4,
        (1, None) => 12..=12,
        _ => return None,
    };
    let is_group = |group: &&str| {
        widths.contains(&group.len()) && group.chars().all(|c| c.is_ascii_hexdigit())
    };
    if !groups.iter().all(is_group) {
        return None;
    }
    let width = 12 / groups.len();
    let mut all = 0u64;
    for group in groups {
        all = all << (4 * width) | u64::from_str_radix(group, 16).ok()?;
    }
    let [_, _, mac @ ..] = all.to_be_bytes();
    Some(mac)
}

/// What a word without colons is.
fn word_kind(word: &str) -> Result<Kind, String> {
    if let Some(mac) = mac(word) {
        return Ok(Kind::Mac(mac));
    }
    if is_number(word) {
        return number(word).map(Kind::Number);
    }
    let parts: Vec<&str> = word.split('.').collect();
    if (2..=4).contains(&parts.len()) && parts.iter().all(|part| is_number(part)) {
        return Ok(Kind::Ipv4);
    }
    Ok(constant(word).map_or(Kind::Word, Kind::Number))
}

fn hex(word: &str) -> Option<&str> {
    word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))
}

fn is_number(word: &str) -> bool {
    let (digits, radix) = match hex(word) {
        Some(digits) => (digits, 16),
        None => (word, 10),
    };
    !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))
}

/// As in C: `0x` begins a hexadecimal number, and `0` an octal one.
fn number(word: &str) -> Result<u32, String> {
    let (digits, radix) = match hex(word) {
        Some(digits) => (digits, 16),
        None if word.starts_with('0') => (word, 8),
        None => (word, 10),
    };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(format!(
            "{word} begins with 0 and so is octal, which has no 8 and no 9"
        ));
    }
    u32::from_str_radix(digits, radix).map_err(|_| format!("{word} does not fit into 32 bits"))
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

    fn kind(text: &str) -> Kind {
        tokens(text).expect("tokens").remove(0).kind
    }

    #[test]
    fn text_is_cut_as_libpcap_cuts_it() {
        for (text, wanted) in [
            ("ip[6:2]&0x1fff=0", "ip [ 6 : 2 ] & 0x1fff = 0"),
            ("portrange 1000-2000", "portrange 1000-2000"),
            (
                "tcp[tcpflags]&(tcp-syn|tcp-ack)!=0",
                "tcp [ tcpflags ] & ( tcp-syn | tcp-ack ) != 0",
            ),
            ("net 10.0.0.0/8", "net 10.0.0.0 / 8"),
            ("net fd00::/64||!ip", "net fd00:: / 64 || ! ip"),
            ("ether host 0:1:2:3:4:5", "ether host 0:1:2:3:4:5"),
            (r"ip proto \tcp&&ip", r"ip proto \tcp&&ip"),
            ("len- 5", "len - 5"),
        ] {
            assert_eq!(words(text).join(" "), wanted, "{text}");
        }
    }

    #[test]
    fn what_a_token_is() {
        let bytes = [0, 0x11, 0x22, 0x33, 0x44, 0x55];
        for text in [
            "0:11:22:33:44:55",
            "00-11-22-33-44-55",
            "00.11.22.33.44.55",
            "0011.2233.4455",
            "001122334455",
        ] {
            assert_eq!(kind(text), Kind::Mac(bytes), "{text}");
        }
        assert_eq!(kind("017"), Kind::Number(15));
        assert_eq!(kind("0xFf"), Kind::Number(255));
        assert_eq!(kind("tcp-ack"), Kind::Number(16));
        assert_eq!(kind("10.1"), Kind::Ipv4);
        assert_eq!(kind("::1"), Kind::Ipv6(Ipv6Addr::LOCALHOST));
        assert_eq!(kind("80x"), Kind::Word);
        assert_eq!(kind("10.0.0.1.2"), Kind::Word);
        assert_eq!(kind(r"\tcp"), Kind::Name);
        for text in ["08", "4294967296", "1:2:3", "fe80::12345", "\\", "a;b", "ä"] {
            assert!(tokens(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut_or_refused(text in ".*") {
            match tokens(&text) {
                Ok(found) => for one in found {
                    prop_assert!(text.get(one.at).is_some());
                },
                Err(fault) => prop_assert!(text.get(fault.at).is_some()),
            }
        }
    }
}
