//! Durations and sizes as text, with the units that iproute2 and tc know (tc(8), PARAMETERS).

use std::time::Duration;

/// No duration of a lab is longer: a hundred years.
const LONGEST: f64 = 100.0 * 365.0 * 86400.0;

/// Reads `200ms`, `1.5s`, `2m`, `1h`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration such as 2, \"200ms\" or \"1.5s\"");
    let (number, unit) = split(text).ok_or_else(wrong)?;
    let seconds = match unit {
        "" | "s" | "sec" | "secs" => number,
        "ms" | "msec" | "msecs" => number / 1e3,
        "us" | "usec" | "usecs" => number / 1e6,
        "ns" | "nsec" | "nsecs" => number / 1e9,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        _ => return Err(wrong()),
    };
    seconds_to_duration(seconds).ok_or_else(|| format!("{text:?} is longer than netsh can wait"))
}

/// A number of seconds; None if it is negative, not a number, or too long.
pub fn seconds_to_duration(seconds: f64) -> Option<Duration> {
    let fits = (0.0..=LONGEST).contains(&seconds);
    fits.then(|| Duration::try_from_secs_f64(seconds).ok())?
}

/// Reads a size in bytes: `1500`, `64k`, `1.5mb`; k, m and g count in 1024, and `kbit` and the like in bits of 1000,
/// as tc does.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a size such as 1500 or \"64k\"");
    let (number, unit) = split(text).ok_or_else(wrong)?;
    let unit = unit.to_ascii_lowercase();
    let factor = match unit.as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1024.0,
        "m" | "mb" => 1024.0 * 1024.0,
        "g" | "gb" => 1024.0 * 1024.0 * 1024.0,
        "kbit" => 1e3 / 8.0,
        "mbit" => 1e6 / 8.0,
        "gbit" => 1e9 / 8.0,
        _ => return Err(wrong()),
    };
    let bytes = number * factor;
    // Beyond 2^53 a float can't tell one byte from the next.
    if bytes < 9_007_199_254_740_992.0 {
        Ok(bytes.round() as u64)
    } else {
        Err(format!("{text:?} is larger than anything here"))
    }
}

/// A number that is not negative, and the letters after it.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let unit = text[end..].trim_start();
    let letters = unit.chars().all(|c| c.is_ascii_alphabetic());
    (number.is_finite() && letters).then_some((number, unit))
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
            assert_eq!(
                duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
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
    fn sizes() {
        for (text, bytes) in [
            ("1500", 1500),
            ("64k", 65536),
            ("1.5mb", 1_572_864),
            ("8kbit", 1000),
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
        fn no_text_is_a_panic(text in "[0-9.]{0,25}[a-z ]{0,5}|.*") {
            let _ = duration(&text);
            let _ = size(&text);
        }

        #[test]
        fn whole_milliseconds_come_back(milliseconds in 0u64..100_000_000) {
            prop_assert_eq!(
                duration(&format!("{milliseconds}ms")).map(|time| time.as_micros() / 1000 + u128::from(time.subsec_micros() % 1000 > 500)),
                Ok(u128::from(milliseconds))
            );
        }
    }
}
