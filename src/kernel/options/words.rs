//! The words of ip and tc for settings, said; and those of `ip link ... type KIND` understood.

use crate::kernel::change::Command;

use super::form::{Form, Says};
use super::setting::{Setting, Wrong, count_of, named, numbered, time_of};
use super::{Row, Settings};

impl Settings {
    /// Adds the words for these settings to a command.
    pub fn say(&self, command: &mut Command) {
        for (row, setting) in self.given() {
            if row.says == Says::Behind {
                self.say_before(row, command);
            }
            row.say(setting, command);
        }
    }

    /// Says 0 for what a value stands behind, where that is not given.
    fn say_before(&self, row: &Row, command: &mut Command) {
        let rows = self.rows();
        let at = rows.iter().position(|known| known.key == row.key);
        let before = &rows[..at.unwrap_or(0)];
        let first = before.iter().rposition(|row| row.says != Says::Behind);
        let is_given = |key| self.get(key).is_some();
        for (at, missing) in before.iter().enumerate().skip(first.unwrap_or(0)) {
            // One between the two that is given has said those before it.
            if !before[at..].iter().any(|row| is_given(row.key)) {
                say_all(missing.word, command);
                command.word("0");
            }
        }
    }
}

/// Adds the words, of which there may be several or none.
fn say_all(words: &str, command: &mut Command) {
    let words = words.split(' ').filter(|word| !word.is_empty());
    words.for_each(|word| command.word(word));
}

impl Row {
    fn say(&self, setting: &Setting, command: &mut Command) {
        if let Setting::Switch(on) = setting {
            match (self.says, on) {
                (Says::No | Says::Alone | Says::Or(_), true) => say_all(self.word, command),
                (Says::No, false) => command.word(format!("no{}", self.word)),
                (Says::Or(other), false) => say_all(other, command),
                (Says::Alone, false) => {}
                (Says::OnOff, _) => command.with(self.word, setting.words()),
                (Says::Digit | Says::Number | Says::Behind, on) => {
                    command.with(self.word, u8::from(*on));
                }
            }
            return;
        }
        if let (Setting::Text(name), Says::Or(none)) = (setting, self.says)
            && name.is_empty()
        {
            return say_all(none, command);
        }
        say_all(self.word, command);
        match setting {
            Setting::Ports(..) | Setting::Pairs(_) | Setting::Macs(_) | Setting::List(_) => {
                say_all(&setting.words(), command);
            }
            setting => command.word(self.value(setting)),
        }
    }

    fn value(&self, setting: &Setting) -> String {
        match (self.form, setting) {
            (Form::Hex(..) | Form::Flow(..), Setting::Number(number)) => format!("{number:#x}"),
            (Form::Word(_, names), Setting::Word(word)) if self.says == Says::Number => {
                numbered(names, word).unwrap_or_default().to_string()
            }
            (Form::Time(_, unit), Setting::Time(time)) => {
                count_of(*time, unit).unwrap_or_default().to_string()
            }
            _ => setting.words(),
        }
    }
}

/// What words of ip's say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The option.
    pub row: &'static Row,
    /// Its value; if it can't have it, what is wrong, and the place of the word.
    pub setting: Result<Setting, (usize, Wrong)>,
    /// How many words it took.
    pub words: usize,
}

/// Understands the first of these words; None if no option begins with them.
pub fn hear(rows: &'static [Row], words: &[&str]) -> Option<Heard> {
    let rows = rows.iter().filter(|row| row.is_set());
    rows.filter_map(|row| row.hear(words))
        .max_by_key(|heard| (heard.setting.is_ok(), heard.words))
}

impl Row {
    fn hear(&'static self, words: &[&str]) -> Option<Heard> {
        let heard = |setting, words| {
            Some(Heard {
                row: self,
                setting: Ok(setting),
                words,
            })
        };
        if self.form.is_switch() {
            if let Some(rest) = after(words, self.word) {
                return match (self.says, rest.first()) {
                    (Says::Digit | Says::OnOff, Some(&value)) => match value {
                        "1" | "on" => heard(Setting::Switch(true), 2),
                        "0" | "off" => heard(Setting::Switch(false), 2),
                        _ => self.wrong(1, 2, Wrong::Type("on or off".into())),
                    },
                    (Says::Digit | Says::OnOff, None) => None,
                    _ => heard(Setting::Switch(true), words.len() - rest.len()),
                };
            }
            let off = match self.says {
                Says::No => format!("no{}", self.word),
                Says::Or(off) => off.into(),
                _ => return None,
            };
            let rest = after(words, &off)?;
            return heard(Setting::Switch(false), words.len() - rest.len());
        }
        if let Says::Or(none) = self.says
            && let Some(rest) = after(words, none)
        {
            return heard(Setting::Text(String::new()), words.len() - rest.len());
        }
        let rest = after(words, self.word)?;
        let before = words.len() - rest.len();
        let (&first, more) = rest.split_first()?;
        if self.word.is_empty() && !self.words().contains(&first) {
            return None;
        }
        let (setting, used) = match self.form {
            Form::Ports => (ports(first, more.first()), 2),
            Form::Pairs => several(rest, pair, Setting::Pairs),
            Form::Macs(..) => several(rest, |word| word.parse().ok(), Setting::Macs),
            _ => (self.of_ip_word(first), 1),
        };
        match setting {
            Ok(setting) => heard(setting, before + used),
            Err(wrong) => self.wrong(before, before + 1, wrong),
        }
    }

    fn wrong(&'static self, place: usize, words: usize, wrong: Wrong) -> Option<Heard> {
        Some(Heard {
            row: self,
            setting: Err((place, wrong)),
            words,
        })
    }

    /// A value in ip's words.
    fn of_ip_word(&self, word: &str) -> Result<Setting, Wrong> {
        let wants = || Wrong::Type(self.wants());
        match self.form {
            Form::Time(_, unit) => {
                let units: u64 = word.parse().map_err(|_| wants())?;
                self.of_time(time_of(units, unit))
            }
            Form::Mac => word.parse().map(Setting::Mac).map_err(Wrong::Value),
            Form::Ip(..) | Form::Ip4 | Form::Ip6 => self.of_ip(word.parse().map_err(|_| wants())?),
            Form::Ip4s | Form::Ip6s => {
                let ips = word.split(',').map(|ip| ip.parse().map_err(|_| wants()));
                ips.collect::<Result<_, _>>().map(Setting::Ips)
            }
            Form::Link | Form::Text | Form::Peer => Ok(Setting::Text(word.into())),
            Form::Word(_, names) if self.says == Says::Number => {
                let named = word.parse().ok().and_then(|number| named(names, number));
                named.map_or_else(|| self.of_word(word), |name| Ok(Setting::Word(name)))
            }
            _ => match self.ip_number(word) {
                Some(number) => self.of_number(number.into()),
                None => self.of_word(word),
            },
        }
    }

    /// A number as strtoul(3) reads it.
    fn ip_number(&self, word: &str) -> Option<u64> {
        let base = match self.form {
            Form::Hex(..) => 16,
            Form::Word(..) => return None,
            _ => 10,
        };
        match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => u64::from_str_radix(word, base).ok(),
        }
    }
}

/// What follows these words, which may be several or none.
fn after<'a, 'b>(words: &'a [&'b str], wanted: &str) -> Option<&'a [&'b str]> {
    let mut rest = words;
    for word in wanted.split(' ').filter(|word| !word.is_empty()) {
        let (first, more) = rest.split_first()?;
        rest = (*first == word).then_some(more)?;
    }
    Some(rest)
}

fn ports(low: &str, high: Option<&&str>) -> Result<Setting, Wrong> {
    let port = |word: &str| word.parse::<u16>();
    match (port(low), high.map(|high| port(high))) {
        (Ok(low), Some(Ok(high))) => Ok(Setting::Ports(low, high)),
        _ => Err(Wrong::Type("two ports".into())),
    }
}

/// `FROM:TO`.
pub fn pair(word: &str) -> Option<(u32, u32)> {
    let (from, to) = word.split_once(':')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

/// As many words as have the form.
fn several<T>(
    words: &[&str],
    read: impl Fn(&str) -> Option<T>,
    setting: impl Fn(Vec<T>) -> Setting,
) -> (Result<Setting, Wrong>, usize) {
    let items: Vec<T> = words.iter().map_while(|word| read(word)).collect();
    let count = items.len();
    match count {
        0 => (Err(Wrong::Type("one value or more".into())), 1),
        _ => (Ok(setting(items)), count),
    }
}
