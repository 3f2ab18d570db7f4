//! One value as text for people: numbers, strings made harmless, short forms of nested values.
//!
//! Where the text goes is left to `table` (a terminal) and `plain` (a pipe).

use serde_json::{Map, Number, Value};
use unicode_width::UnicodeWidthStr;

use super::columns;

/// Whom a text is written for.
#[derive(Debug, Clone, Copy)]
pub enum Reader {
    /// A person at a terminal: nested values wider than `room` columns are summarised.
    Terminal {
        /// The columns that a nested value may take.
        room: usize,
        /// Whether only ASCII can be shown.
        ascii: bool,
    },
    /// A program such as awk: nothing is shortened, and what has no spaces of its own gets none.
    Pipe,
}

/// How many scalars of an array a cell on a terminal names before it counts the rest.
const NAMED_ITEMS: usize = 100;

/// Beyond this depth nested values are no longer spelled out. A guard for the stack, not a matter of taste.
const DEEPEST: usize = 64;

impl Reader {
    fn ascii(self) -> bool {
        matches!(self, Reader::Terminal { ascii: true, .. })
    }

    fn comma(self) -> &'static str {
        match self {
            Reader::Terminal { .. } => ", ",
            Reader::Pipe => ",",
        }
    }

    fn colon(self) -> &'static str {
        match self {
            Reader::Terminal { .. } => ": ",
            Reader::Pipe => ":",
        }
    }
}

/// The text of a cell, or of a value beside its key. It may have several lines on a terminal. What is empty gives an empty text.
pub fn text(value: &Value, reader: Reader) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => match reader {
            Reader::Terminal { ascii, .. } => lines(text, ascii).join("\n"),
            Reader::Pipe => escape(text, false),
        },
        Value::Array(items) if items.is_empty() => String::new(),
        Value::Object(map) if map.is_empty() => String::new(),
        Value::Array(items) if items.iter().all(is_word) => listed(items, reader),
        value => inline(value, reader),
    }
}

/// The text of a value on one line, nested values in brackets.
pub fn inline(value: &Value, reader: Reader) -> String {
    let text = nested(value, reader, 0);
    match reader {
        Reader::Terminal { room, .. } if !is_word(value) && text.width() > room => summary(value),
        _ => text,
    }
}

/// Whether a value is written as one word, not as something with parts.
fn is_word(value: &Value) -> bool {
    match value {
        Value::Object(map) => address(map).is_some() || is_tuple(map),
        Value::Array(_) => false,
        _ => true,
    }
}

/// Whether a map is shown as an address such as `192.168.4.2/24`, or as one direction of a connection.
pub fn is_address(value: &Value) -> bool {
    value.is_object() && is_word(value)
}

/// The lines of a text that is shown as it is, each made harmless.
pub fn lines(text: &str, ascii: bool) -> Vec<String> {
    text.lines()
        .map(|line| escape(&expand_tabs(line), ascii))
        .collect()
}

/// Makes a text harmless for a terminal and keeps it on one line: control characters, escape sequences and characters
/// that nobody sees (an alias could carry bidirectional overrides) appear as Rust writes them: `\n`, `\u{1b}`.
pub fn escape(text: &str, ascii: bool) -> String {
    // Quotes and backslashes are harmless, but `escape_debug` would escape them.
    const HARMLESS: [char; 3] = ['"', '\'', '\\'];
    let mut escaped = String::with_capacity(text.len());
    for piece in text.split_inclusive(HARMLESS) {
        match piece.strip_suffix(HARMLESS) {
            Some(body) => {
                escaped.extend(body.escape_debug());
                escaped.extend(piece.chars().next_back());
            }
            None => escaped.extend(piece.escape_debug()),
        }
    }
    if !ascii || escaped.is_ascii() {
        return escaped;
    }
    let mut plain = String::with_capacity(escaped.len());
    for character in escaped.chars() {
        if character.is_ascii() {
            plain.push(character);
        } else {
            plain.extend(character.escape_unicode());
        }
    }
    plain
}

/// Replaces tabs by spaces up to the next multiple of eight columns, as a terminal would.
fn expand_tabs(line: &str) -> String {
    let mut parts = line.split('\t');
    let mut expanded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let spaces = 8 - expanded.width() % 8;
        expanded.extend(std::iter::repeat_n(' ', spaces));
        expanded.push_str(part);
    }
    expanded
}

fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => self::float(float),
        _ => number.to_string(),
    }
}

/// Six significant digits, but never fewer than three after the point: 0.067 ms, and a time in seconds keeps its milliseconds.
fn float(float: f64) -> String {
    if float == 0.0 {
        return "0".to_owned();
    }
    if !(1e-6..1e15).contains(&float.abs()) {
        return format!("{float:e}");
    }
    let rounded = if float.abs() < 1000.0 {
        format!("{float:.5e}")
    } else {
        format!("{float:.3}")
    };
    rounded.parse().unwrap_or(float).to_string()
}

/// The scalars and addresses of an array, without brackets.
fn listed(items: &[Value], reader: Reader) -> String {
    let named = match reader {
        Reader::Terminal { .. } => NAMED_ITEMS,
        Reader::Pipe => usize::MAX,
    };
    let mut words: Vec<String> = items
        .iter()
        .take(named)
        .map(|item| nested(item, reader, 0))
        .collect();
    if items.len() > named {
        words.push(format!("and {} more", items.len() - named));
    }
    words.join(reader.comma())
}

fn nested(value: &Value, reader: Reader, depth: usize) -> String {
    match value {
        Value::Null => "()".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => self::number(number),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => escape(text, reader.ascii()),
        Value::Array(_) | Value::Object(_) if depth >= DEEPEST => summary(value),
        Value::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| nested(item, reader, depth + 1))
                .collect();
            format!("[{}]", items.join(reader.comma()))
        }
        Value::Object(map) => match address(map) {
            Some(address) => escape(&address, reader.ascii()),
            None if is_tuple(map) => escape(&tuple(map, reader), reader.ascii()),
            None => {
                let pairs: Vec<String> = columns::entries(map)
                    .into_iter()
                    .map(|(key, value)| {
                        let key = escape(key, reader.ascii());
                        format!(
                            "{key}{}{}",
                            reader.colon(),
                            nested(value, reader, depth + 1)
                        )
                    })
                    .collect();
                format!("{{{}}}", pairs.join(reader.comma()))
            }
        },
    }
}

/// What stands for a nested value that is too large for its place.
fn summary(value: &Value) -> String {
    let (count, one, open, close) = match value {
        Value::Array(items) if items.iter().all(Value::is_object) => (items.len(), "row", '[', ']'),
        Value::Array(items) => (items.len(), "item", '[', ']'),
        Value::Object(map) => (map.len(), "key", '{', '}'),
        _ => return String::new(),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{open}{count} {one}{plural}{close}")
}

/// An address in the form of `ip -br addr`. Where it has a peer, the prefix is the peer's.
fn address(map: &Map<String, Value>) -> Option<String> {
    let address = map.get("address")?.as_str()?;
    let prefix = map.get("prefix")?.as_u64()?;
    match map.get("peer").and_then(Value::as_str) {
        Some(peer) if !peer.is_empty() && peer != address => {
            Some(format!("{address} peer {peer}/{prefix}"))
        }
        _ => Some(format!("{address}/{prefix}")),
    }
}

/// Whether a map is one direction of a tracked connection.
fn is_tuple(map: &Map<String, Value>) -> bool {
    let keys = ["src", "dst", "sport", "dport", "type", "code", "id"];
    keys.iter().all(|key| map.contains_key(*key))
}

/// One direction of a connection: `10.0.0.2:40000 > 10.0.0.1:80`, as tcpdump has it, and what of it was counted.
fn tuple(map: &Map<String, Value>, reader: Reader) -> String {
    let number = |key: &str| map.get(key).and_then(Value::as_u64);
    let end = |address: &str, port: &str| {
        let address = map.get(address).and_then(Value::as_str).unwrap_or("?");
        match number(port) {
            Some(port) if address.contains(':') => format!("[{address}]:{port}"),
            Some(port) => format!("{address}:{port}"),
            None => address.to_owned(),
        }
    };
    let mut words = vec![end("src", "sport"), ">".into(), end("dst", "dport")];
    for key in ["type", "code", "id", "packets", "bytes"] {
        words.extend(number(key).map(|value| format!("{key} {value}")));
    }
    match reader {
        Reader::Terminal { .. } => words.join(" "),
        Reader::Pipe => words.join(",").replacen(",>,", ">", 1).replace(' ', "="),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TERMINAL: Reader = Reader::Terminal {
        room: 30,
        ascii: false,
    };

    #[test]
    fn numbers_are_as_exact_as_a_person_wants() {
        for (float, expected) in [
            (0.067_000_000_01, "0.067"),
            (100.0, "100"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (1_732_312_345.678_901, "1732312345.679"),
            (123_456.789_4, "123456.789"),
            (-2.5, "-2.5"),
            (1e300, "1e300"),
            (2.5e-7, "2.5e-7"),
        ] {
            assert_eq!(text(&json!(float), TERMINAL), expected);
        }
        assert_eq!(text(&json!(u64::MAX), TERMINAL), "18446744073709551615");
        assert_eq!(text(&json!(i64::MIN), TERMINAL), "-9223372036854775808");
    }

    #[test]
    fn nested_values_are_short_or_summed_up() {
        let both = |value: Value| (text(&value, TERMINAL), text(&value, Reader::Pipe));
        let map = both(json!({"tx_bytes": 20, "rx_bytes": 10}));
        assert_eq!(map.0, "{rx_bytes: 10, tx_bytes: 20}");
        assert_eq!(map.1, "{rx_bytes:10,tx_bytes:20}");
        let large: Map<String, Value> = (0..24).map(|n| (n.to_string(), json!(n))).collect();
        assert_eq!(both(json!(large)).0, "{24 keys}");
        assert_eq!(both(json!([large, large])).0, "[2 rows]");
        let list = both(json!(["a", null, ""]));
        assert_eq!(
            (list.0.as_str(), list.1.as_str()),
            ("a, (), \"\"", "a,(),\"\"")
        );
        assert_eq!(both(json!([])), (String::new(), String::new()));
        let many = text(&json!(vec![7; 1000]), TERMINAL);
        assert!(many.ends_with("7, 7, and 900 more"), "{many}");
    }

    #[test]
    fn addresses_are_written_as_ip_does() {
        let value = json!([
            {"address": "192.168.4.2", "prefix": 24},
            {"address": "10.0.0.1", "prefix": 32, "peer": "10.0.0.2"},
        ]);
        assert_eq!(
            text(&value, TERMINAL),
            "192.168.4.2/24, 10.0.0.1 peer 10.0.0.2/32"
        );
    }

    #[test]
    fn a_direction_of_a_connection_is_written_as_tcpdump_does() {
        let mut value = json!({
            "src": "10.0.0.2", "dst": "10.0.0.1", "sport": 40000, "dport": 80,
            "type": null, "code": null, "id": null, "packets": 3, "bytes": 180,
        });
        let both = |value: &Value| (text(value, TERMINAL), text(value, Reader::Pipe));
        let (people, pipe) = both(&value);
        assert_eq!(people, "10.0.0.2:40000 > 10.0.0.1:80 packets 3 bytes 180");
        assert_eq!(pipe, "10.0.0.2:40000>10.0.0.1:80,packets=3,bytes=180");
        value["src"] = json!("fd00::2");
        value["packets"] = Value::Null;
        value["bytes"] = Value::Null;
        assert_eq!(both(&value).0, "[fd00::2]:40000 > 10.0.0.1:80");
    }

    #[test]
    fn lines_lose_their_control_characters_and_keep_their_shape() {
        assert_eq!(
            lines("a\tb\r\n\u{1b}[1mx\u{9b}y", false),
            ["a       b", "\\u{1b}[1mx\\u{9b}y"]
        );
        assert_eq!(
            escape("it's \"e\u{301}\" \\ \n", false),
            "it's \"e\u{301}\" \\ \\n"
        );
    }
}
