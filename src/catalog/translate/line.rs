//! Writes Rhai: strings, numbers and calls.

use std::net::IpAddr;

use crate::catalog::expects::Expects;
use crate::catalog::manual::OptionManual;
use crate::catalog::signature::Parameter;
use crate::kernel::cidr::Cidr;
use crate::kernel::mac::Mac;
use crate::kernel::netns_change::HOME;
use crate::kernel::options::Setting;

use super::words::{Word, WorkedOut};

/// Why a value does not do, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// To stand below the word.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Unfit {
    fn new(label: impl Into<String>) -> Unfit {
        Unfit {
            label: label.into(),
            help: None,
        }
    }
}

/// A call: `netns_get("h1").addr_add("eth0", "10.0.0.1/24", #{ scope: "link" })`.
pub fn call(
    netns: Option<&Word>,
    verb: &str,
    arguments: &[String],
    options: &[(String, String)],
) -> String {
    let mut arguments = arguments.to_vec();
    if !options.is_empty() {
        let pairs = options.iter().map(|(key, value)| format!("{key}: {value}"));
        arguments.push(format!("#{{ {} }}", pairs.collect::<Vec<_>>().join(", ")));
    }
    let receiver = netns.map(|name| format!("netns_get({}).", netns_name(name)));
    format!(
        "{}{verb}({})",
        receiver.unwrap_or_default(),
        arguments.join(", ")
    )
}

/// A text in double quotes, as Rhai reads it. What drives terminals or turns text around is spelled out.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\u{200e}'
            | '\u{200f}'
            | '\u{61c}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A setting of a link.
pub fn setting(setting: &Setting) -> String {
    let texts = |texts: Vec<String>| {
        let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
        format!("[{}]", quoted.join(", "))
    };
    match setting {
        Setting::Switch(on) => on.to_string(),
        Setting::Number(number) | Setting::Size(number) => number.to_string(),
        Setting::Signed(number) => number.to_string(),
        Setting::Fraction(_) => setting.words(),
        Setting::Word(word) => quoted(word),
        Setting::Time(time) if time.subsec_nanos() == 0 => time.as_secs().to_string(),
        Setting::Time(time) => quoted(&format!("{}ms", time.as_millis())),
        Setting::Mac(mac) => quoted(&mac.to_string()),
        Setting::Ip(ip) => quoted(&ip.to_string()),
        Setting::Text(text) => quoted(text),
        Setting::Ports(low, high) => format!("[{low}, {high}]"),
        Setting::Pairs(_) | Setting::Rate(_) | Setting::Chance(_) => quoted(&setting.words()),
        Setting::Ips(ips) => texts(ips.iter().map(ToString::to_string).collect()),
        Setting::Macs(macs) => texts(macs.iter().map(ToString::to_string).collect()),
        Setting::List(settings) => {
            let all: Vec<String> = settings.iter().map(self::setting).collect();
            format!("[{}]", all.join(", "))
        }
    }
}

/// A namespace; that of the shell is home.
fn netns_name(word: &Word) -> String {
    match word.worked_out {
        Some(WorkedOut::OwnPid) => quoted(HOME),
        _ => quoted(&word.text),
    }
}

/// The value of an option; none where the command says all by its key.
pub fn option_value(option: &OptionManual, value: Option<&Word>) -> Result<String, Unfit> {
    let kind = option.kind.split([',', ' ']).next().unwrap_or("");
    let Some(word) = value else {
        return match kind {
            "bool" => Ok("true".into()),
            _ => Err(Unfit::new(format!("{} wants a value", option.key))),
        };
    };
    let text = word.text.as_str();
    let after_family = ["inet ", "inet6 "]
        .iter()
        .find_map(|family| text.strip_prefix(family));
    let is_address = after_family.unwrap_or(text).parse::<IpAddr>().is_ok();
    match kind {
        "bool" => match text {
            "on" | "yes" | "true" | "enabled" | "1" => Ok("true".into()),
            "off" | "no" | "false" | "disabled" | "0" => Ok("false".into()),
            _ => Err(Unfit::new("neither on nor off")),
        },
        "int" => match whole_number(text)? {
            Some(number) => Ok(number),
            // A size may have a unit.
            None if option.kind.contains("bytes")
                && text.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                Ok(quoted(text))
            }
            // Some numbers have names.
            None if option.kind.contains("string") => Ok(quoted(text)),
            None => Err(Unfit::new("not a number")),
        },
        // Written as Rhai by whoever read it.
        "array" if text.starts_with('[') => Ok(text.to_owned()),
        "array" => {
            let items = text
                .split(' ')
                .map(|item| Ok(number(item)?.unwrap_or_else(|| quoted(item))));
            let items: Vec<String> = items.collect::<Result<_, Unfit>>()?;
            Ok(format!("[{}]", items.join(", ")))
        }
        // Several of a kind, one a line.
        "string" | "word" if option.kind.contains("array") && text.contains('\n') => {
            let items: Vec<String> = text.lines().map(quoted).collect();
            Ok(format!("[{}]", items.join(", ")))
        }
        "duration" | "float" => Ok(number(text)?.unwrap_or_else(|| quoted(text))),
        "netns" => Ok(netns_name(word)),
        "link" if is_address => Err(Unfit::new("an address, not the name of a link")),
        "address" if !is_address && !is_named(option, text) && text.parse::<Cidr>().is_err() => {
            Err(Unfit::new("not an IP address"))
        }
        "mac" => match text.parse::<Mac>() {
            Ok(_) => Ok(quoted(text)),
            Err(words) => Err(Unfit::new(words)),
        },
        _ => Ok(quoted(text)),
    }
}

/// Whether the manual names this very value, in double quotes.
fn is_named(option: &OptionManual, text: &str) -> bool {
    option.text.contains(&format!("\"{text}\""))
}

/// The value of a parameter.
pub fn argument(verb: &str, parameter: &Parameter, word: &Word) -> Result<String, Unfit> {
    let text = word.text.as_str();
    if parameter.name == "cidr" {
        let cidr = text.parse::<Cidr>().map_err(|fault| Unfit {
            label: fault.message,
            help: Some(fault.hint),
        })?;
        if verb == "addr_add" && cidr.has_no_host_part() {
            return Err(Unfit::new("a network, not an address in it"));
        }
    }
    if Expects::of_parameter(verb, parameter) == Expects::Netns {
        return Ok(netns_name(word));
    }
    let as_number = match parameter.kind.as_str() {
        "int" => whole_number(text)?,
        "any" if parameter.name == "time" => number(text)?,
        // Only if it is the number's own spelling: what is written to a file keeps its zeros.
        "any" => text
            .parse::<i64>()
            .ok()
            .map(|number| number.to_string())
            .filter(|number| number == text),
        _ => None,
    };
    let is_of_lines = parameter.name == "text" && text.contains('\n');
    Ok(as_number.unwrap_or_else(|| match is_of_lines {
        true => in_lines(text),
        false => quoted(text),
    }))
}

/// A text of several lines between backticks, where nothing has a meaning but those and `${`.
fn in_lines(text: &str) -> String {
    let plain = |c: char| !c.is_control() || c == '\n' || c == '\t';
    match text.contains(['`', '\r']) || text.contains("${") || !text.chars().all(plain) {
        true => quoted(text),
        false => format!("`\n{text}`"),
    }
}

/// A whole number as Rhai writes it. `ip` takes numbers that begin with 0 as octal ones, which nobody means.
fn whole_number(text: &str) -> Result<Option<String>, Unfit> {
    let hexadecimal = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    if let Some(digits) = hexadecimal {
        let number = i64::from_str_radix(digits, 16).ok();
        return Ok(number.map(|number| number.to_string()));
    }
    let digits = text.trim_start_matches(['-', '+']);
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|c| c.is_ascii_digit()) {
        return Err(Unfit {
            label: "some programs take this as octal, others as decimal".into(),
            help: Some("write it without the zero".into()),
        });
    }
    Ok(text.parse::<i64>().ok().map(|number| number.to_string()))
}

/// A number with or without a fraction.
fn number(text: &str) -> Result<Option<String>, Unfit> {
    if let Some(whole) = whole_number(text)? {
        return Ok(Some(whole));
    }
    let plain = text.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    let float = text.parse::<f64>().ok().filter(|_| plain);
    // With the point that makes it a float for Rhai.
    Ok(float
        .map(|float| format!("{float:?}"))
        .filter(|text| !text.contains('e')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn word(text: &str) -> Word {
        Word::in_place_of(&(0..text.len()), text)
    }

    fn option(kind: &str, text: &str) -> OptionManual {
        OptionManual {
            key: "key".into(),
            kind: kind.into(),
            spelling: None,
            text: text.into(),
        }
    }

    #[test]
    fn values_are_written_by_their_kind() {
        for (kind, text, wanted) in [
            ("int, bytes", "1400", Some("1400")),
            ("int, bytes", "64k", Some("\"64k\"")),
            ("int", "0x10", Some("16")),
            ("int", "many", None),
            ("int", "010", None),
            ("duration", "0.2", Some("0.2")),
            ("duration", ".5", Some("0.5")),
            ("duration", "2", Some("2")),
            ("duration or \"forever\"", "forever", Some("\"forever\"")),
            ("bool", "off", Some("false")),
            ("bool", "maybe", None),
            ("link", "veth0", Some("\"veth0\"")),
            ("link", "10.0.0.1", None),
            ("address", "10.0.0.1", Some("\"10.0.0.1\"")),
            ("address", "+", Some("\"+\"")),
            ("address", "veth0", None),
            ("mac", "02:00:00:00:00:01", Some("\"02:00:00:00:00:01\"")),
            ("mac", "02", None),
            ("string", "ff00", Some("\"ff00\"")),
        ] {
            let option = option(kind, "what it is, or \"+\"");
            let found = option_value(&option, Some(&word(text))).ok();
            assert_eq!(found.as_deref(), wanted, "{kind} {text}");
        }
    }

    #[test]
    fn numbers_of_any_kind_keep_their_zeros() {
        let any = |name: &str| Parameter {
            name: name.into(),
            kind: "any".into(),
        };
        let write = |name: &str, text: &str| argument("verb", &any(name), &word(text));
        assert_eq!(write("value", "1"), Ok("1".into()));
        assert_eq!(write("value", "007"), Ok("\"007\"".into()));
        assert_eq!(write("value", "1.5"), Ok("\"1.5\"".into()));
        assert_eq!(write("time", "1.5"), Ok("1.5".into()));
        assert_eq!(write("time", "1m"), Ok("\"1m\"".into()));
        let netns = argument("netns_del", &any("name"), &word("5"));
        assert_eq!(netns, Ok("\"5\"".into()));
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_rhai(text in ".*") {
            let back = rhai::Engine::new_raw().eval_expression::<String>(&quoted(&text));
            prop_assert_eq!(back.ok(), Some(text));
        }
    }
}
