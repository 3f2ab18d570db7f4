//! Durations, rates, sizes and percentages as text, with the units of tc, which reads and writes them so (tc(8), PARAMETERS;
//! get_rate64, get_size64, get_time64 and parse_percent of iproute2).

use std::time::Duration;

/// The suffixes of a rate and how many bits per second one of them is.
const RATES: [(&str, f64); 19] = [
    ("", 1.0),
    ("bit", 1.0),
    ("kbit", 1e3),
    ("mbit", 1e6),
    ("gbit", 1e9),
    ("tbit", 1e12),
    ("kibit", 1024.0),
    ("mibit", 1_048_576.0),
    ("gibit", 1_073_741_824.0),
    ("tibit", 1_099_511_627_776.0),
    ("bps", 8.0),
    ("kbps", 8e3),
    ("mbps", 8e6),
    ("gbps", 8e9),
    ("tbps", 8e12),
    ("kibps", 8.0 * 1024.0),
    ("mibps", 8.0 * 1_048_576.0),
    ("gibps", 8.0 * 1_073_741_824.0),
    ("tibps", 8.0 * 1_099_511_627_776.0),
];

/// The suffixes of a size and how many bytes one of them is.
const SIZES: [(&str, f64); 11] = [
    ("", 1.0),
    ("b", 1.0),
    ("k", 1024.0),
    ("kb", 1024.0),
    ("m", 1_048_576.0),
    ("mb", 1_048_576.0),
    ("g", 1_073_741_824.0),
    ("gb", 1_073_741_824.0),
    ("kbit", 128.0),
    ("mbit", 131_072.0),
    ("gbit", 134_217_728.0),
];

/// The suffixes of a time and how many nanoseconds one of them is. tc takes a bare number for microseconds and knows neither
/// minutes nor hours; netsh takes it for seconds, here as everywhere.
const TIMES: [(&str, f64); 16] = [
    ("", 1e9),
    ("s", 1e9),
    ("sec", 1e9),
    ("secs", 1e9),
    ("ms", 1e6),
    ("msec", 1e6),
    ("msecs", 1e6),
    ("us", 1e3),
    ("usec", 1e3),
    ("usecs", 1e3),
    ("ns", 1.0),
    ("nsec", 1.0),
    ("nsecs", 1.0),
    ("m", 60e9),
    ("min", 60e9),
    ("h", 3600e9),
];

/// No duration of a lab is longer: a hundred years.
const LONGEST: f64 = 100.0 * 365.0 * 86400.0;

/// Beyond 2^53 a float can't tell one from the next.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// A rate in bytes per second from `10mbit`, `1.5gbit`, `100kbps` (bytes); a bare number is bits per second.
pub fn rate(text: &str) -> Result<u64, String> {
    let bits = read(text, &RATES)
        .ok_or_else(|| format!("{text:?} is not a rate such as \"10mbit\" or \"100kbps\""))?;
    bits_to_rate(bits)
}

/// A rate in bytes per second from one in bits per second.
pub fn bits_to_rate(bits: f64) -> Result<u64, String> {
    match bits / 8.0 {
        rate if (1.0..LARGEST).contains(&rate) => Ok(rate as u64),
        rate if rate.is_nan() => Err("NaN is no rate".into()),
        rate if rate < 1.0 => Err("a rate is at least 8 bits per second".into()),
        _ => Err("the rate is larger than anything here".into()),
    }
}

/// A rate in the largest unit that is exact: `10mbit`.
pub fn rate_words(rate: u64) -> String {
    let bits = u128::from(rate) * 8;
    let units: [(u128, &str); 3] = [(1_000_000_000, "g"), (1_000_000, "m"), (1000, "k")];
    let unit = units
        .iter()
        .find(|(unit, _)| bits != 0 && bits.is_multiple_of(*unit));
    match unit {
        Some((unit, letter)) => format!("{}{letter}bit", bits / unit),
        None => format!("{bits}bit"),
    }
}

/// A size in bytes from `1500`, `64kb`, `1.5m`; k, m and g count in 1024.
pub fn size(text: &str) -> Result<u64, String> {
    let bytes = read(text, &SIZES)
        .ok_or_else(|| format!("{text:?} is not a size such as 1500 or \"64k\""))?;
    match bytes < LARGEST {
        true => Ok(bytes.round() as u64),
        false => Err(format!("{text:?} is larger than anything here")),
    }
}

/// How long to wait, from `200ms`, `1.5s`, `2m`, `1h`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let nanoseconds = read(text, &TIMES)
        .ok_or_else(|| format!("{text:?} is not a duration such as 2, \"200ms\" or \"1.5s\""))?;
    seconds(nanoseconds / 1e9).ok_or_else(|| format!("{text:?} is longer than netsh can wait"))
}

/// A number of seconds; None if it is negative, not a number, or too long.
pub fn seconds(number: f64) -> Option<Duration> {
    let fits = (0.0..=LONGEST).contains(&number);
    fits.then(|| Duration::try_from_secs_f64(number).ok())?
}

/// A time in nanoseconds from `200ms`, `1.5s`, `10us`; a bare number is seconds.
pub fn time(text: &str) -> Result<u64, String> {
    let nanoseconds = read(text, &TIMES)
        .ok_or_else(|| format!("{text:?} is not a time such as \"100ms\" or \"1.5s\""))?;
    match nanoseconds < LARGEST {
        true => Ok(nanoseconds.round() as u64),
        false => Err(format!("{text:?} is longer than anything here")),
    }
}

/// A time in the largest unit that is exact: `20ms`.
pub fn time_words(nanoseconds: u64) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1000, "us")];
    let unit = units
        .iter()
        .find(|(unit, _)| nanoseconds.is_multiple_of(*unit));
    match unit {
        Some((unit, name)) => format!("{}{name}", nanoseconds / unit),
        None => format!("{nanoseconds}ns"),
    }
}

/// A percentage as a part of 2^32-1, from `1%` or `1`.
pub fn percent(text: &str) -> Result<u32, String> {
    let wrong = || format!("{text:?} is not a percentage such as \"1%\" or 0.1");
    let number = text.trim();
    let number = number.strip_suffix('%').unwrap_or(number);
    let plain = !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    let percent = number.parse().ok().filter(|_| plain);
    percent_of(percent.ok_or_else(wrong)?)
}

/// A percentage as a part of 2^32-1.
pub fn percent_of(percent: f64) -> Result<u32, String> {
    match (0.0..=100.0).contains(&percent) {
        true => Ok((percent / 100.0 * f64::from(u32::MAX)).round_ties_even() as u32),
        false => Err(format!("{percent} is not between 0 and 100 percent")),
    }
}

/// The shortest number of percent that is this part of 2^32-1.
pub fn percent_words(part: u32) -> String {
    let percent = f64::from(part) / f64::from(u32::MAX) * 100.0;
    let written = (0..=9).map(|digits| format!("{percent:.digits$}"));
    let exact = |text: &String| {
        let back = text.parse().map(percent_of);
        back == Ok(Ok(part))
    };
    let mut written = written.skip_while(|text| !exact(text));
    written.next().unwrap_or_else(|| percent.to_string())
}

/// A number that is not negative, and the letters after it, in either case.
fn read(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let unit = unit.trim_start().to_ascii_lowercase();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    Some(number * factor).filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        for (text, milliseconds) in [
            ("200ms", 200),
            ("1.5s", 1500),
            ("2", 2000),
            ("2 s", 2000),
            ("1m", 60_000),
            ("1h", 3_600_000),
            ("1000us", 1),
            ("0", 0),
        ] {
            let wanted = Duration::from_millis(milliseconds);
            assert_eq!(duration(text), Ok(wanted), "{text}");
        }
        for text in [
            "",
            "ms",
            "-1s",
            "1e9",
            "1.2.3",
            "5 parsecs",
            "1s2",
            "inf",
            "nan",
            "999999999h",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_those_of_tc() {
        for (text, bytes) in [
            ("10mbit", 1_250_000),
            ("1Gbit", 125_000_000),
            ("100kbps", 100_000),
            ("1.5mbit", 187_500),
            ("8", 1),
            ("1kibit", 128),
            ("2MiBps", 2_097_152),
        ] {
            assert_eq!(rate(text), Ok(bytes), "{text}");
        }
        for text in ["", "mbit", "-1mbit", "1 parsec", "0", "1e9", "99999999tbit"] {
            assert!(rate(text).is_err(), "{text}");
        }
        assert_eq!(rate_words(1_250_000), "10mbit");
        assert_eq!(rate_words(1), "8bit");
        assert_eq!(rate_words(187_500), "1500kbit");
    }

    #[test]
    fn percentages_are_those_of_tc() {
        for (text, part, words) in [
            ("1%", 0x028f_5c29, "1"),
            ("25", 0x4000_0000, "25"),
            ("0.1%", 0x0041_8937, "0.1"),
            ("100%", u32::MAX, "100"),
            ("33.333", 0x5555_1d68, "33.333"),
        ] {
            assert_eq!(percent(text), Ok(part), "{text}");
            assert_eq!(percent_words(part), words);
        }
        for text in ["", "%", "101%", "-1%", "one", "1%%", "inf"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_and_sizes() {
        for (text, nanoseconds, words) in [
            ("100ms", 100_000_000, "100ms"),
            ("2", 2_000_000_000, "2s"),
            ("1.5ms", 1_500_000, "1500us"),
            ("7ns", 7, "7ns"),
            ("0", 0, "0s"),
        ] {
            assert_eq!(time(text), Ok(nanoseconds), "{text}");
            assert_eq!(time_words(nanoseconds), words);
        }
        assert!(time("abc").is_err());
        for (text, bytes) in [
            ("1500", 1500),
            ("64k", 65536),
            ("1.5mb", 1_572_864),
            ("32kbit", 4096),
            ("1G", 1 << 30),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "k", "-1", "1 elephant", "99999999999999999999"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in "[0-9.]{0,25}[a-zA-Z% ]{0,5}|.*") {
            let _ = (rate(&text), size(&text), time(&text), percent(&text), duration(&text));
        }

        #[test]
        fn whole_milliseconds_come_back(milliseconds in 0u64..100_000_000) {
            let time = duration(&format!("{milliseconds}ms"));
            let rounded = time.map(|time| (time.as_secs_f64() * 1000.0).round() as u64);
            prop_assert_eq!(rounded, Ok(milliseconds));
        }

        #[test]
        fn words_are_read_as_what_they_are_of(bytes in 1u64..1 << 45, nanoseconds in 0u64..1 << 50, part: u32) {
            prop_assert_eq!(rate(&rate_words(bytes)), Ok(bytes));
            prop_assert_eq!(time(&time_words(nanoseconds)), Ok(nanoseconds));
            prop_assert_eq!(percent(&percent_words(part)), Ok(part));
        }
    }
}
