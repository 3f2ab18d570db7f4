//! Amounts as a script gives them: rates, sizes, times, chances, most of which may have a unit.

use crate::kernel::units;

use super::Row;
use super::form::Form;
use super::setting::{Setting, Wrong, span};

/// An amount as a script gave it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount<'a> {
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Text(&'a str),
}

impl Amount<'_> {
    fn float(self) -> Option<f64> {
        match self {
            Amount::Int(number) => Some(number as f64),
            Amount::Float(number) => Some(number),
            Amount::Text(_) => None,
        }
    }
}

impl Row {
    /// An amount, if the option takes it.
    pub fn of_amount(&self, amount: Amount<'_>) -> Result<Setting, Wrong> {
        let read: Result<Setting, String> = match (self.form, amount) {
            (Form::Minor, Amount::Int(number)) => minor(&number.to_string()),
            (Form::Minor, Amount::Text(text)) => minor(text),
            (Form::Rate, Amount::Text(text)) => units::rate(text).map(Setting::Rate),
            (Form::Size, Amount::Text(text)) => units::size(text).and_then(size),
            (Form::Size, Amount::Int(bytes)) => {
                let fits = u32::try_from(bytes).map(u64::from).map(Setting::Size);
                fits.map_err(|_| format!("{bytes} is not between 0 and {}", u32::MAX))
            }
            (Form::Period(_), Amount::Text(text)) => units::time(text).map(Setting::nanoseconds),
            (Form::Chance | Form::Chances(..), amount) => {
                let part = match (amount, amount.float()) {
                    (Amount::Text(text), _) => units::percent(text),
                    (_, percent) => units::percent_of(percent.unwrap_or_default()),
                };
                part.map(Setting::Chance)
            }
            (Form::OneOf(words), Amount::Text(text)) => one_of(words, text),
            (Form::Fraction, Amount::Text(text)) => match text.parse() {
                Ok(number) => fraction(number),
                Err(_) => return Err(Wrong::Type(self.wants())),
            },
            (form, amount) => match (form, amount.float()) {
                (Form::Rate, Some(bits)) => units::bits_to_rate(bits).map(Setting::Rate),
                (Form::Period(_), Some(seconds)) => of_seconds(seconds),
                (Form::Fraction, Some(number)) => fraction(number),
                _ => return Err(Wrong::Type(self.wants())),
            },
        };
        read.map_err(Wrong::Value)
    }

    /// Several values, if they are as many as they should be.
    pub fn of_list(&self, list: Vec<Setting>) -> Result<Setting, Wrong> {
        let (least, most) = match self.form {
            Form::Numbers(_, least, most) | Form::Chances(least, most) => (least, most),
            _ => return Err(Wrong::Type(self.wants())),
        };
        match (least..=most).contains(&list.len()) {
            true => Ok(Setting::List(list)),
            false => Err(Wrong::Value(format!(
                "it has {} values in place of {}",
                list.len(),
                span(least, most)
            ))),
        }
    }
}

fn size(bytes: u64) -> Result<Setting, String> {
    match u32::try_from(bytes) {
        Ok(_) => Ok(Setting::Size(bytes)),
        Err(_) => Err(format!("{bytes} bytes are 4 GiB or more")),
    }
}

fn of_seconds(seconds: f64) -> Result<Setting, String> {
    let nanoseconds = (seconds * 1e9).round();
    match (0.0..9e15).contains(&nanoseconds) {
        true => Ok(Setting::nanoseconds(nanoseconds as u64)),
        false => Err(format!("{seconds} seconds are no time that netsh can set")),
    }
}

fn fraction(number: f64) -> Result<Setting, String> {
    match (0.0..=1.0).contains(&number) {
        true => Ok(Setting::Fraction((number * 4_294_967_296.0) as u32)),
        false => Err(format!("{number} is not between 0 and 1")),
    }
}

/// The shortest number that is this part of 2^32.
pub(super) fn fraction_words(part: u32) -> String {
    let number = f64::from(part) / 4_294_967_296.0;
    let written = (0..=11).map(|digits| format!("{number:.digits$}"));
    let exact = |text: &String| text.parse().map(fraction) == Ok(Ok(Setting::Fraction(part)));
    let mut written = written.skip_while(|text| !exact(text));
    written.next().unwrap_or_else(|| number.to_string())
}

fn minor(text: &str) -> Result<Setting, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let number = match digits.bytes().all(|c| c.is_ascii_hexdigit()) {
        true => u16::from_str_radix(digits, 16).ok(),
        false => None,
    };
    let number = number.ok_or_else(|| {
        format!("{text:?} is not the minor number of a class: one to four hexadecimal digits")
    })?;
    Ok(Setting::Text(format!("{number:x}")))
}

fn one_of(words: &[&str], text: &str) -> Result<Setting, String> {
    match words.contains(&text) {
        true => Ok(Setting::Text(text.into())),
        false => Err(format!("{text:?} is not one of {}", words.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Unit, Width, row};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_amount_is_a_panic(int: i64, float: f64, text in ".{0,8}") {
            for form in [
                Form::Minor, Form::Rate, Form::Size, Form::Period(Unit::Microseconds), Form::Chance, Form::Fraction,
                Form::OneOf(&["a"]), Form::Chances(1, 4), Form::Signed, Form::Logarithm(Width::U32, 9),
            ] {
                let row = row("key", 0, form, "");
                for amount in [Amount::Int(int), Amount::Float(float), Amount::Text(&text)] {
                    if let Ok(value) = row.of_amount(amount) {
                        let _ = (value.words(), value.number());
                    }
                }
                let _ = row.of_number(int.into()).map(|value| value.words());
            }
        }
    }
}
