//! red, random early detection: `struct tc_red_qopt` and TCA_RED_* of linux/pkt_sched.h, worked out as q_red.c and tc_red.c of
//! iproute2 do.

use super::bytes::{Fields, words};
use super::kinds::{flag, of};
use super::psched::ticks_of_bytes;
use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::options::{Form, Row, Setting, Settings};
use crate::kernel::reason::Reason;

const TCA_RED_PARMS: u16 = 1;
const TCA_RED_STAB: u16 = 2;
const TCA_RED_MAX_P: u16 = 3;
const TCA_RED_FLAGS: u16 = 4;

/// TC_RED_* of linux/pkt_sched.h, by their options.
const FLAGS: [(&str, u32); 4] = [("ecn", 1), ("harddrop", 2), ("adaptive", 4), ("nodrop", 8)];

/// What tc takes for the bandwidth (10 Mbit/s) and the chance of a drop (2 %) unless told otherwise.
const BANDWIDTH: u64 = 1_250_000;
const CHANCE: f64 = 0.02;

/// The options.
pub const OPTIONS: &[Row] = &[
    of("limit", "limit", Form::Size),
    of("min", "min", Form::Size),
    of("max", "max", Form::Size),
    of("avpkt", "avpkt", Form::Size),
    of("burst", "burst", Form::up_to(u32::MAX as u64)),
    flag("ecn"),
    flag("harddrop"),
    flag("adaptive"),
    flag("nodrop"),
    of("bandwidth", "bandwidth", Form::Rate),
    of("probability", "probability", Form::Fraction),
];

/// What is worked out from the options.
struct Worked {
    min: u32,
    max: u32,
    /// The logarithms of the weight of the average, and of the slope of the chance.
    weight: u8,
    slope: u8,
}

/// What red can't be without, and whether its numbers add up.
pub fn check(settings: &Settings) -> Option<Reason> {
    for key in ["limit", "avpkt"] {
        if settings.number(key).unwrap_or(0) == 0 {
            return Some(Reason::new(format!("red wants {key}, in bytes")).hint(
                "limit is how much may wait at most, avpkt the size of a packet on average (1000)",
            ));
        }
    }
    match work_out(settings) {
        Some(_) => None,
        None => Some(
            Reason::new("min, max, avpkt and burst don't add up")
                .hint("min is less than max, and burst, in packets, more than min / avpkt"),
        ),
    }
}

fn work_out(settings: &Settings) -> Option<Worked> {
    let number = |key| settings.u32(key).filter(|number| *number > 0);
    let average = number("avpkt")?;
    let max = number("max").unwrap_or(number("limit")? / 4);
    let min = number("min").unwrap_or(max / 3);
    let burst = number("burst").unwrap_or_else(|| {
        let all = 2 * u64::from(min) + u64::from(max);
        u32::try_from(all / (3 * u64::from(average))).unwrap_or(u32::MAX)
    });
    Some(Worked {
        min,
        max,
        weight: weight(min, burst, average)?,
        slope: slope(min, max, chance(settings))?,
    })
}

pub(super) fn chance(settings: &Settings) -> f64 {
    let given = settings.u32("probability");
    given.map_or(CHANCE, |part| f64::from(part) / 4_294_967_296.0)
}

/// The weight 2^-W with which the average follows the queue, so that a burst passes (tc_red_eval_ewma).
pub(super) fn weight(min: u32, burst: u32, average: u32) -> Option<u8> {
    let over = f64::from(burst) + 1.0 - f64::from(min) / f64::from(average);
    if over < 1.0 {
        return None;
    }
    (1u8..32).find(|log| {
        let weight = 0.5f64.powi(i32::from(*log));
        over <= (1.0 - (1.0 - weight).powf(f64::from(burst))) / weight
    })
}

/// The slope of the chance between min and max (tc_red_eval_P).
pub(super) fn slope(min: u32, max: u32, chance: f64) -> Option<u8> {
    let between = max.checked_sub(min)?;
    if between == 0 {
        return Some(0);
    }
    let step = chance / f64::from(between);
    (0u8..32).find(|log| step * 2f64.powi(i32::from(*log)) > 1.0)
}

/// How much the average falls while the queue is empty (tc_red_eval_idle_damping): the logarithm of the length of a cell, and
/// the table.
fn damping(weight: u8, average: u32, bandwidth: u64) -> (u8, [u8; 256]) {
    let time = f64::from(ticks_of_bytes(bandwidth, u64::from(average)).max(1));
    let fall = -(1.0 - 0.5f64.powi(i32::from(weight))).ln() / time;
    let longest = 31.0 / fall;
    let cell = (0u8..32).find(|log| longest / 2f64.powi(i32::from(*log)) < 512.0);
    let cell = cell.unwrap_or(31);
    let mut table = [0u8; 256];
    for (at, value) in (0u32..).zip(&mut table).skip(1) {
        let fallen = f64::from(at) * 2f64.powi(i32::from(cell)) * fall;
        *value = fallen.min(31.0) as u8;
    }
    table[255] = 31;
    (cell, table)
}

/// Writes TCA_OPTIONS. What does not add up was refused before.
pub fn write(settings: &Settings) -> Option<Vec<u8>> {
    let worked = work_out(settings)?;
    let average = settings.u32("avpkt")?;
    let bandwidth = settings.number("bandwidth").unwrap_or(BANDWIDTH);
    let (cell, table) = damping(worked.weight, average, bandwidth);
    let mut parameters = words([settings.u32("limit")?, worked.min, worked.max]);
    parameters.extend([worked.weight, worked.slope, cell, 0]);
    let mut attributes = Attributes::new();
    attributes.put(TCA_RED_PARMS, &parameters);
    attributes.put(TCA_RED_STAB, &table);
    attributes.u32(TCA_RED_MAX_P, (chance(settings) * 4_294_967_296.0) as u32);
    let given = FLAGS.iter().filter(|(key, _)| settings.is_on(key));
    let value = given.fold(0, |value, (_, flag)| value | flag);
    let all = FLAGS.iter().fold(0, |all, (_, flag)| all | flag);
    attributes.put(TCA_RED_FLAGS, &words([value, all]));
    Some(attributes.into_bytes())
}

/// Reads TCA_OPTIONS.
pub fn read(bytes: &[u8]) -> Result<Settings> {
    let mut settings = Settings::of(OPTIONS);
    let Some(parameters) = attributes::find(bytes, TCA_RED_PARMS) else {
        return Ok(settings);
    };
    let mut fields = Fields::of("tc_red_qopt", parameters.value);
    for key in ["limit", "min", "max"] {
        settings.set(key, Setting::Size(u64::from(fields.u32()?)));
    }
    let [_weight, _slope, _cell, flags] = fields.bytes()?;
    let later = attributes::find(bytes, TCA_RED_FLAGS);
    let later = later.and_then(|later| Fields::of("nla_bitfield32", later.value).u32().ok());
    let flags = later.unwrap_or(u32::from(flags));
    for (key, flag) in FLAGS {
        if flags & flag != 0 {
            settings.set(key, Setting::Switch(true));
        }
    }
    if let Some(chance) = attributes::find(bytes, TCA_RED_MAX_P) {
        settings.set("probability", Setting::Fraction(chance.u32()?));
    }
    Ok(settings)
}
