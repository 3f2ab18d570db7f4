//! Settings between a script and the kernel: what a script gives for an option is read by the form of its row, and what the
//! kernel tells becomes a map.

use std::net::IpAddr;
use std::time::Duration;

use rhai::{Array, Dynamic, ImmutableString, Map};

use crate::kernel::link::name_fault;
use crate::kernel::mac::Mac;
use crate::kernel::options::amount::Amount;
use crate::kernel::options::{Form, Row, Setting, Settings, Way, Wrong, words};
use crate::kernel::units;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::suggest::nearest;

use super::options::{Fault, OptionValue, Options};
use super::rows::{Rows, text};
use super::value::{array, counter};

/// Takes all options of these rows out that were given.
pub fn take(options: &mut Options, rows: &'static [Row], settings: &mut Settings) -> Outcome<()> {
    for row in rows.iter().filter(|row| row.is_an_option()) {
        if let Some(setting) = take_one(options, row)? {
            settings.set(row.key, setting);
        }
    }
    Ok(())
}

/// Takes those options of these rows out that the kind's own verb has as parameters, such as a vlan's id.
pub fn take_parameters(
    options: &mut Options,
    rows: &'static [Row],
) -> Outcome<Vec<(&'static Row, Setting)>> {
    let mut given = Vec::new();
    for row in rows.iter().filter(|row| row.way == Way::Parameter) {
        given.extend(take_one(options, row)?.map(|setting| (row, setting)));
    }
    Ok(given)
}

fn take_one(options: &mut Options, row: &Row) -> Outcome<Option<Setting>> {
    let Some(value) = options.take_value(row.key) else {
        return Ok(None);
    };
    let setting = read(row, &value);
    setting
        .map(Some)
        .map_err(|wrong| failure(row, &value, wrong))
}

/// Takes all options of these rows out that were given.
pub fn take_all(options: &mut Options, rows: &'static [Row]) -> Outcome<Settings> {
    let mut settings = Settings::of(rows);
    take(options, rows, &mut settings)?;
    Ok(settings)
}

/// Reads a number that is a parameter of a verb, such as a vlan's id.
pub fn parameter(row: &Row, number: i64) -> Outcome<Setting> {
    row.of_number(number.into()).map_err(|wrong| {
        let words = match wrong {
            Wrong::Value(words) => words,
            wrong => format!("{wrong:?}"),
        };
        Failure::new(format!("{} is wrong: {number} {words}", row.text))
            .about(number.to_string())
            .blame(row.key)
            .hint(row.note)
    })
}

/// Why the value of an option does not do.
fn failure(row: &Row, value: &Dynamic, wrong: Wrong) -> Box<Failure> {
    let key = row.key;
    match wrong {
        Wrong::Type(wanted) => Fault::Wants(wanted).into_failure(key, value),
        Wrong::Value(words) => Fault::Value(words).into_failure(key, value).hint(row.note),
        Wrong::Word(word, words) => {
            let hint = match nearest(&word, words.iter().copied()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("it can be: {}", words.join(", ")),
            };
            Fault::Value(format!("it can't be {word:?}"))
                .into_failure(key, value)
                .hint(hint)
        }
    }
}

/// Reads what a script gave.
fn read(row: &Row, value: &Dynamic) -> Result<Setting, Wrong> {
    let wants = || Wrong::Type(row.wants());
    let text = || value.clone().into_string().map_err(|_| wants());
    let items = || value.clone().into_array().map_err(|_| wants());
    if row.form.is_switch() {
        return value.as_bool().map(Setting::Switch).map_err(|_| wants());
    }
    match row.form {
        Form::Time(..) => {
            let time = Duration::read(value).map_err(|fault| match fault {
                Fault::Type(_) | Fault::Wants(_) => wants(),
                Fault::Value(words) => Wrong::Value(words),
            })?;
            row.of_time(time)
        }
        Form::Mac => text()?.parse().map(Setting::Mac).map_err(Wrong::Value),
        Form::Ip(..) | Form::Ip4 | Form::Ip6 => row.of_ip(ip(&text()?)?),
        Form::Link | Form::Text => Ok(Setting::Text(text()?)),
        Form::Peer => match text()? {
            name if name_fault(&name).is_none() => Ok(Setting::Text(name)),
            name => Err(Wrong::Value(format!("no link can be called {name:?}"))),
        },
        Form::Ports => match ports(&items()?).as_deref() {
            Some(&[low, high]) if low <= high => Ok(Setting::Ports(low, high)),
            Some(&[low, high]) => Err(Wrong::Value(format!(
                "the first port, {low}, is above the last, {high}"
            ))),
            _ => Err(wants()),
        },
        Form::Pairs => {
            let text = text()?;
            let pairs = text.split_whitespace().map(words::pair);
            let pairs: Option<Vec<_>> = pairs.collect();
            pairs.map(Setting::Pairs).ok_or_else(wants)
        }
        Form::Ip4s | Form::Ip6s => {
            let mut ips = Vec::new();
            for item in items()? {
                match row.of_ip(ip(&item.into_string().map_err(|_| wants())?)?)? {
                    Setting::Ip(ip) => ips.push(ip),
                    _ => return Err(wants()),
                }
            }
            Ok(Setting::Ips(ips))
        }
        Form::Macs(..) => {
            let macs = items()?.into_iter().map(|item| {
                let text = item.into_string().map_err(|_| wants())?;
                text.parse::<Mac>().map_err(Wrong::Value)
            });
            macs.collect::<Result<_, _>>().map(Setting::Macs)
        }
        Form::Minor
        | Form::Rate
        | Form::Size
        | Form::Period(_)
        | Form::Chance
        | Form::Fraction
        | Form::OneOf(_) => amount(row, value),
        Form::Chances(1, _) if !value.is_array() => row.of_list(vec![amount(row, value)?]),
        Form::Chances(..) => {
            let chances = items()?;
            let chances = chances.iter().map(|item| amount(row, item));
            row.of_list(chances.collect::<Result<_, _>>()?)
        }
        Form::Numbers(most, ..) => {
            let numbers = items()?.into_iter().map(|item| {
                let number = item.as_int().map_err(|_| wants())?;
                let fits = u64::try_from(number).ok().filter(|fits| *fits <= most);
                let words = || format!("{number} is not between 0 and {most}");
                fits.map(Setting::Number)
                    .ok_or_else(|| Wrong::Value(words()))
            });
            row.of_list(numbers.collect::<Result<_, _>>()?)
        }
        _ => match value.as_int() {
            Ok(number) => row.of_number(number.into()).map_err(|wrong| match wrong {
                Wrong::Value(words) => Wrong::Value(format!("{number} {words}")),
                wrong => wrong,
            }),
            Err(_) => row.of_word(&text()?),
        },
    }
}

fn amount(row: &Row, value: &Dynamic) -> Result<Setting, Wrong> {
    match (
        value.as_int(),
        value.as_float(),
        value.read_lock::<ImmutableString>(),
    ) {
        (Ok(number), ..) => row.of_amount(Amount::Int(number)),
        (_, Ok(number), _) => row.of_amount(Amount::Float(number)),
        (.., Some(text)) => row.of_amount(Amount::Text(&text)),
        _ => Err(Wrong::Type(row.wants())),
    }
}

fn ip(text: &str) -> Result<IpAddr, Wrong> {
    text.parse()
        .map_err(|_| Wrong::Value(format!("{text:?} is not an IP address")))
}

fn ports(items: &Array) -> Option<Vec<u16>> {
    let port = |item: &Dynamic| u16::try_from(item.as_int().ok()?).ok();
    items.iter().map(port).collect()
}

/// Settings as a script gets them; `()` where there are none.
pub(super) fn given(settings: Vec<(&'static Row, Setting)>, rows: &mut Rows) -> Dynamic {
    if settings.is_empty() {
        return Dynamic::UNIT;
    }
    let pairs = settings.iter();
    let pairs = pairs.map(|(row, setting)| (row.key, value(setting)));
    rows.map_of(pairs.collect()).into()
}

/// Settings as a script gets them, each in a form that can be given again: rates are bits per second, times seconds, chances
/// percent.
pub fn map_of(settings: &[(&'static Row, Setting)]) -> Map {
    let pairs = settings.iter();
    pairs
        .map(|(row, setting)| (row.key.into(), value(setting)))
        .collect()
}

fn value(setting: &Setting) -> Dynamic {
    match setting {
        Setting::Switch(on) => (*on).into(),
        Setting::Number(number) | Setting::Size(number) => counter(*number),
        Setting::Signed(number) => (*number).into(),
        Setting::Rate(rate) => counter(rate.saturating_mul(8)),
        Setting::Word(word) => (*word).into(),
        Setting::Time(time) => (time.as_nanos() as f64 / 1e9).into(),
        Setting::Chance(part) => {
            let percent: f64 = units::percent_words(*part).parse().unwrap_or(0.0);
            percent.into()
        }
        Setting::Fraction(_) => setting.words().parse::<f64>().unwrap_or(0.0).into(),
        Setting::Mac(mac) => text(mac),
        Setting::Ip(ip) => text(ip),
        Setting::Text(text) => text.clone().into(),
        Setting::Ports(low, high) => array([*low, *high].map(i64::from)).into(),
        Setting::Pairs(_) => setting.words().into(),
        Setting::Ips(ips) => array(ips.iter().map(ToString::to_string)).into(),
        Setting::Macs(macs) => array(macs.iter().map(ToString::to_string)).into(),
        Setting::List(settings) => array(settings.iter().map(value)).into(),
    }
}
