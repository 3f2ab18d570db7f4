//! Values of the types: from words to numbers and back, and as bytes in a register.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::syntax::{Kind, Value};
use super::types::{Form, Order, Type};

/// The largest number of so many bits.
pub fn largest(bits: u32) -> u128 {
    match bits {
        128.. => u128::MAX,
        bits => (1 << bits) - 1,
    }
}

/// The bits of a prefix set, those behind it not.
pub fn prefix_mask(length: u32, bits: u32) -> u128 {
    largest(bits) ^ largest(bits.saturating_sub(length))
}

/// The first and the last of the values that a value stands for.
pub fn bounds(value: &Value, bits: u32) -> Option<(u128, u128)> {
    match value {
        Value::One(one) => Some((*one, *one)),
        Value::Range(from, to) => Some((*from, *to)),
        Value::Prefix(base, length) => {
            let rest = largest(bits.saturating_sub(*length));
            Some((base & !rest, base | rest))
        }
        Value::Link(_) => None,
    }
}

/// A number as it stands in a register. Texts are numbers too: their first byte is the highest.
pub fn to_bytes(number: u128, kind: Kind) -> Vec<u8> {
    let length = kind.bytes();
    let bytes = number.to_be_bytes();
    let mut bytes = bytes.get(16 - length.min(16)..).unwrap_or(&[]).to_vec();
    if kind.of.order == Order::Host && kind.of.form != Form::Text && cfg!(target_endian = "little")
    {
        bytes.reverse();
    }
    bytes
}

/// A number as it stands in a register that was turned to the network's order.
pub fn to_network_bytes(number: u128, bits: u32) -> Vec<u8> {
    let length = bits.div_ceil(8).min(16) as usize;
    number
        .to_be_bytes()
        .get(16 - length..)
        .unwrap_or(&[])
        .to_vec()
}

/// The number that stands in a register.
pub fn from_bytes(bytes: &[u8], kind: Kind, turned: bool) -> u128 {
    let mut bytes = bytes.to_vec();
    bytes.truncate(kind.bytes().max(1));
    // The kernel may tell less: a text without the zeros behind it.
    if kind.of.form == Form::Text {
        bytes.resize(kind.bytes(), 0);
    } else if kind.of.order == Order::Host && !turned && cfg!(target_endian = "little") {
        bytes.reverse();
    }
    bytes
        .iter()
        .take(16)
        .fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// A text as a number.
pub fn text_number(text: &str) -> Option<u128> {
    let mut bytes = [0; 16];
    bytes
        .get_mut(..text.len())
        .filter(|_| text.len() < 16)?
        .copy_from_slice(text.as_bytes());
    Some(u128::from_be_bytes(bytes))
}

/// A number as the text that it is.
pub fn number_text(number: u128) -> String {
    let bytes = number.to_be_bytes();
    let end = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    String::from_utf8_lossy(bytes.get(..end).unwrap_or(&[])).into_owned()
}

/// Reads a word or a number. The error is what is wrong with it.
pub fn read(text: &str, kind: Kind) -> Result<u128, String> {
    let of = kind.of;
    let by_name = of.words.iter().find(|(word, _)| *word == text);
    if let Some((_, number)) = by_name {
        return Ok(u128::from(*number));
    }
    match of.form {
        Form::Ipv4 => {
            let address: Result<Ipv4Addr, _> = text.parse();
            if let Ok(address) = address {
                return Ok(u128::from(address.to_bits()));
            }
            if text == "localhost" {
                return Ok(u128::from(Ipv4Addr::LOCALHOST.to_bits()));
            }
        }
        Form::Ipv6 => {
            let address: Result<Ipv6Addr, _> = text.parse();
            if let Ok(address) = address {
                return Ok(address.to_bits());
            }
        }
        Form::Mac => {
            let pairs: Option<Vec<u8>> = text
                .split(':')
                .map(|pair| u8::from_str_radix(pair, 16).ok())
                .collect();
            if let Some(bytes) = pairs.filter(|bytes| bytes.len() == 6) {
                return Ok(bytes
                    .iter()
                    .fold(0, |all, byte| all << 8 | u128::from(*byte)));
            }
        }
        Form::Text => {
            return text_number(text).ok_or_else(|| format!("{text:?} is longer than 15 bytes"));
        }
        Form::Time => {
            if let Some(milliseconds) = read_time(text) {
                return Ok(u128::from(milliseconds));
            }
        }
        Form::Hour => {
            if let Some(seconds) = read_hour(text) {
                return Ok(u128::from(seconds));
            }
        }
        Form::Date => {
            if let Some(nanoseconds) = read_date(text) {
                return Ok(nanoseconds);
            }
        }
        Form::Class => {
            if let Some((major, minor)) = text.split_once(':') {
                let part = |text: &str| u16::from_str_radix(text, 16).ok();
                if let (Some(major), Some(minor)) = (part(major), part(minor)) {
                    return Ok(u128::from(major) << 16 | u128::from(minor));
                }
            }
        }
        _ => {}
    }
    if matches!(of.name, "uid" | "gid") && text == "root" {
        return Ok(0);
    }
    let mut number = read_number(text).filter(|_| takes_numbers(of));
    if of.form == Form::Date {
        // A number is seconds.
        number = number.and_then(|seconds| seconds.checked_mul(1_000_000_000));
    }
    let Some(number) = number else {
        return Err(not_a(text, of));
    };
    if of.form == Form::Bit {
        return match number {
            0..128 => Ok(1 << number),
            _ => Err("labels have numbers from 0 to 127".into()),
        };
    }
    let largest = largest(kind.bits);
    if number > largest {
        let what = described(of);
        return Err(format!("{text} is no {what}: the largest is {largest}"));
    }
    Ok(number)
}

fn takes_numbers(of: &Type) -> bool {
    !matches!(
        of.form,
        Form::Ipv4 | Form::Ipv6 | Form::Mac | Form::Text | Form::Verdict
    )
}

fn not_a(text: &str, of: &Type) -> String {
    format!("{text:?} is not {}", one(of))
}

/// A type in the words of people, with its article.
pub fn one(of: &Type) -> String {
    let what = described(of);
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'I']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {what}")
}

/// A type in the words of people.
pub fn described(of: &Type) -> &'static str {
    match of.name {
        "ipv4_addr" => "IPv4 address",
        "ipv6_addr" => "IPv6 address",
        "ether_addr" => "hardware address",
        "ether_type" => "ethertype",
        "inet_proto" => "protocol",
        "inet_service" => "port",
        "tcp_flag" => "flag of TCP",
        "ct_state" => "state of a connection",
        "ct_status" => "status of a connection",
        "ct_dir" => "direction of a connection",
        "ct_event" => "event of a connection",
        "iface_index" | "ifname" => "name of a link",
        "iface_type" => "type of link",
        "icmp_type" => "type of ICMP message",
        "icmpv6_type" => "type of ICMPv6 message",
        "icmp_code" | "icmpv6_code" | "icmpx_code" => "code of an ICMP message",
        "pkt_type" => "type of packet",
        "nf_proto" => "family (ipv4, ipv6)",
        "fib_addrtype" => "type of address",
        "time" => "time",
        "classid" => "handle of a class (1:10)",
        "arp_op" => "operation of ARP",
        "dscp" => "class of service",
        "devgroup" => "group of links",
        "boolean" => "exists or missing",
        "mark" => "mark",
        _ => "number",
    }
}

/// A number in decimal or hexadecimal.
pub fn read_number(text: &str) -> Option<u128> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u128::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `1d2h3m4s`, or seconds; in milliseconds.
pub fn read_time(text: &str) -> Option<u64> {
    if let Ok(seconds) = text.parse::<u64>() {
        return seconds.checked_mul(1000);
    }
    let mut total = 0u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?;
        let length = unit
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(unit.len());
        let factor = match unit.get(..length)? {
            "w" => 604_800_000,
            "d" => 86_400_000,
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1000,
            "ms" => 1,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(factor)?)?;
        rest = unit.get(length..)?;
    }
    Some(total)
}

/// Milliseconds as nft writes them.
pub fn time_text(milliseconds: u64) -> String {
    if milliseconds == 0 {
        return "0s".into();
    }
    let mut rest = milliseconds;
    let mut text = String::new();
    for (unit, factor) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ] {
        if rest / factor > 0 {
            text += &format!("{}{unit}", rest / factor);
            rest %= factor;
        }
    }
    text
}

/// `10:00` or `10:00:30`, in seconds since midnight. nft and the kernel take it for the time in UTC after shifting it by the
/// machine's zone; netsh knows UTC only.
fn read_hour(text: &str) -> Option<u64> {
    let parts: Option<Vec<u64>> = text.split(':').map(|part| part.parse().ok()).collect();
    match parts?.as_slice() {
        [hours @ 0..24, minutes @ 0..60] => Some(hours * 3600 + minutes * 60),
        [hours @ 0..24, minutes @ 0..60, seconds @ 0..60] => {
            Some(hours * 3600 + minutes * 60 + seconds)
        }
        _ => None,
    }
}

fn hour_text(seconds: u128) -> String {
    let (hours, minutes, rest) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    match rest {
        0 => format!("{hours:02}:{minutes:02}"),
        rest => format!("{hours:02}:{minutes:02}:{rest:02}"),
    }
}

/// `2022-07-01 11:00:00` as nanoseconds since 1970.
fn read_date(text: &str) -> Option<u128> {
    let (date, time) = text.split_once(' ').unwrap_or((text, "00:00"));
    let parts: Option<Vec<i64>> = date.split('-').map(|part| part.parse().ok()).collect();
    let [year @ 1970..3000, month @ 1..13, day @ 1..32] = *parts?.as_slice() else {
        return None;
    };
    let seconds =
        days_since_1970(year, month, day) * 86_400 + i64::try_from(read_hour(time)?).ok()?;
    Some(u128::try_from(seconds).ok()? * 1_000_000_000)
}

/// Howard Hinnant's days_from_civil: the year begins in March, so that the leap day is its last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date_text(nanoseconds: u128) -> String {
    let seconds = i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX);
    let days = seconds.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let time = seconds.rem_euclid(86_400);
    let (hours, minutes, rest) = (time / 3600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{rest:02}")
}

/// A number as nft writes it; in ranges words are left out (`numeric`).
pub fn one_text(number: u128, kind: Kind, numeric: bool) -> String {
    let of = kind.of;
    // nft reads names of services and prints numbers.
    if !numeric
        && of.name != "inet_service"
        && of.form != Form::Flags
        && let Some(word) = of.word_of(number)
    {
        return match of.name {
            "day" | "devgroup" => format!("{word:?}"),
            _ => word.into(),
        };
    }
    match of.form {
        Form::Ipv4 => {
            Ipv4Addr::from_bits(u32::try_from(number & largest(32)).unwrap_or(0)).to_string()
        }
        Form::Ipv6 => Ipv6Addr::from_bits(number).to_string(),
        Form::Mac => {
            let bytes = to_network_bytes(number, 48);
            let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            pairs.join(":")
        }
        Form::Mark => format!("0x{number:08x}"),
        Form::Hex => format!("0x{number:x}"),
        Form::Flags => flags_text(number, of),
        Form::Text => format!("\"{}\"", number_text(number)),
        Form::Time if numeric => format!("{}s", number / 1000),
        Form::Time => time_text(u64::try_from(number).unwrap_or(u64::MAX)),
        Form::Hour => format!("\"{}\"", hour_text(number)),
        Form::Date => format!("\"{}\"", date_text(number)),
        Form::Class => format!("{:x}:{:x}", number >> 16 & 0xffff, number & 0xffff),
        Form::Bit => number.trailing_zeros().to_string(),
        Form::Decimal | Form::Link | Form::Verdict => number.to_string(),
    }
}

/// Flags as words with commas between them, the lowest first.
pub fn flags_text(number: u128, of: &Type) -> String {
    let mut words = Vec::new();
    let mut rest = number;
    for (word, bit) in of.words {
        let bit = u128::from(*bit);
        if rest & bit != 0 {
            words.push(*word);
            rest &= !bit;
        }
    }
    match (words.is_empty(), rest) {
        (false, 0) => words.join(","),
        _ => format!("0x{number:x}"),
    }
}

/// A value as nft writes it.
pub fn text(value: &Value, kind: Kind) -> String {
    match value {
        Value::One(one) => one_text(*one, kind, false),
        Value::Link(name) => format!("\"{name}\""),
        Value::Range(from, to) => {
            format!(
                "{}-{}",
                one_text(*from, kind, true),
                one_text(*to, kind, true)
            )
        }
        Value::Prefix(base, length) if kind.of.form == Form::Text => {
            let bits = prefix_mask(*length, kind.bits);
            format!("\"{}*\"", number_text(base & bits))
        }
        Value::Prefix(base, length) => format!("{}/{length}", one_text(*base, kind, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::types::{IPV4, MARK, SERVICE, TIME_DATE, TIME32};
    use super::*;

    #[test]
    fn values_are_read_and_written() {
        for (text, of, number) in [
            ("10.0.0.1", &IPV4, 0x0a00_0001),
            ("443", &SERVICE, 443),
            ("0x00000010", &MARK, 16),
            ("1h30m", &TIME32, 5_400_000),
        ] {
            let kind = Kind::new(of);
            assert_eq!(read(text, kind), Ok(number), "{text}");
            assert_eq!(one_text(number, kind, false), text);
        }
        assert!(read("70000", Kind::new(&SERVICE)).is_err());
        let date = read("2022-07-01 11:00:00", Kind::new(&TIME_DATE)).expect("a date");
        assert_eq!(date, 0x16fd_af7f_7ae8_e000);
        assert_eq!(date_text(date), "2022-07-01 11:00:00");
    }

    #[test]
    fn registers_have_an_order() {
        assert_eq!(to_bytes(443, Kind::new(&SERVICE)), [1, 187]);
        assert_eq!(to_bytes(1, Kind::new(&MARK)), 1u32.to_ne_bytes());
        assert_eq!(from_bytes(&1u32.to_ne_bytes(), Kind::new(&MARK), false), 1);
    }
}
