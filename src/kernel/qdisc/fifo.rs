//! Queues whose options are a single struct: pfifo, bfifo, prio and sfq (linux/pkt_sched.h).

use super::bytes::{Fields, words};
use super::kinds::{TIME, flag, of};
use super::red;
use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::Attributes;
use crate::kernel::options::{Form, Row, Setting, Settings};
use crate::kernel::reason::Reason;

const U32: u64 = u32::MAX as u64;

/// linux/rtnetlink.h.
const TCA_OPTIONS: u16 = 2;

/// Of pfifo.
pub const PACKETS: &[Row] = &[of("limit", "limit", Form::up_to(U32))];

/// Of bfifo.
pub const BYTES: &[Row] = &[of("limit", "limit", Form::Size)];

/// Of prio.
pub const PRIO: &[Row] = &[
    of("bands", "bands", Form::up_to(16)),
    of("priomap", "priomap", Form::Numbers(15, 1, 16)),
];

/// Of sfq; each of its flows can be a red.
pub const SFQ: &[Row] = &[
    of("limit", "limit", Form::up_to(U32)),
    of("perturb", "perturb", TIME),
    of("quantum", "quantum", Form::Size),
    of("divisor", "divisor", Form::up_to(65536)),
    of("flows", "flows", Form::up_to(65535)),
    of("depth", "depth", Form::up_to(65535)),
    flag("headdrop"),
    of("redflowlimit", "redflowlimit", Form::Size),
    of("min", "min", Form::Size),
    of("max", "max", Form::Size),
    of("avpkt", "avpkt", Form::Size),
    of("burst", "burst", Form::up_to(U32)),
    of("probability", "probability", Form::Fraction),
    flag("ecn"),
    flag("harddrop"),
];

/// TC_RED_ECN and TC_RED_HARDDROP, by their options.
const RED_FLAGS: [(&str, u8); 2] = [("ecn", 1), ("harddrop", 2)];

/// What a red in each flow of sfq works by.
struct FlowRed {
    limit: u32,
    min: u32,
    max: u32,
    weight: u8,
    slope: u8,
}

/// Works it out as q_sfq.c of iproute2 does; None without a limit, or if it does not add up.
fn flow_red(settings: &Settings) -> Option<FlowRed> {
    let number = |key| settings.u32(key).filter(|number| *number > 0);
    let limit = number("redflowlimit")?;
    let max = number("max").unwrap_or(limit / 4);
    let min = number("min").unwrap_or(max / 3);
    let average = number("avpkt").unwrap_or(1000);
    let burst = number("burst").unwrap_or_else(|| {
        let all = 2 * u64::from(min) + u64::from(max);
        u32::try_from(all / (3 * u64::from(average))).unwrap_or(u32::MAX)
    });
    if max > limit || min >= max {
        return None;
    }
    Some(FlowRed {
        limit,
        min,
        max,
        weight: red::weight(min, burst, average)?,
        slope: red::slope(min, max, red::chance(settings))?,
    })
}

/// What belongs to red wants its limit, and numbers that add up.
pub fn check_sfq(settings: &Settings) -> Option<Reason> {
    let of_red = [
        "min",
        "max",
        "avpkt",
        "burst",
        "probability",
        "ecn",
        "harddrop",
    ];
    let has = |key: &str| settings.get(key).is_some();
    if !has("redflowlimit") {
        let key = of_red.into_iter().find(|key| has(key))?;
        let words = format!("{key} is of the red in each flow, which wants a limit");
        let reason = Reason::new(words).blame(key);
        return Some(reason.hint("give the option redflowlimit, in bytes"));
    }
    match flow_red(settings) {
        Some(_) => None,
        None => Some(
            Reason::new("redflowlimit, min, max, avpkt and burst don't add up")
                .blame("redflowlimit")
                .hint("min is less than max, which is no more than redflowlimit; burst, in packets, is more than min / avpkt"),
        ),
    }
}

/// The band of each of the 16 priorities, unless told otherwise (prio2band of net/sched/sch_generic.c).
const BANDS: [u8; 16] = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];

/// `struct tc_fifo_qopt`.
pub fn write(settings: &Settings) -> Option<Vec<u8>> {
    settings.u32("limit").map(|limit| words([limit]))
}

/// `struct tc_fifo_qopt` of pfifo.
pub fn read_packets(bytes: &[u8]) -> Result<Settings> {
    let limit = Fields::of("tc_fifo_qopt", bytes).u32()?;
    let mut settings = Settings::of(PACKETS);
    settings.set("limit", Setting::Number(u64::from(limit)));
    Ok(settings)
}

/// `struct tc_fifo_qopt` of bfifo.
pub fn read_bytes(bytes: &[u8]) -> Result<Settings> {
    let limit = Fields::of("tc_fifo_qopt", bytes).u32()?;
    let mut settings = Settings::of(BYTES);
    settings.set("limit", Setting::Size(u64::from(limit)));
    Ok(settings)
}

/// No priority may lead to a band that is not there.
pub fn check_bands(settings: &Settings) -> Option<Reason> {
    let bands = settings.number("bands").unwrap_or(3);
    if bands < 2 {
        return Some(Reason::new("prio has at least 2 bands").blame("bands"));
    }
    let map = settings.list("priomap").unwrap_or_default();
    let beyond = map.iter().map(Setting::number).find(|band| *band >= bands);
    beyond.map(|band| {
        Reason::new(format!("there is no band {band} among {bands}"))
            .blame("priomap")
            .hint("bands are counted from 0")
    })
}

/// `struct tc_prio_qopt`, and behind it an empty TCA_OPTIONS, as tc adds it.
pub fn write_prio(settings: &Settings) -> Option<Vec<u8>> {
    let mut bytes = words([settings.u32("bands").unwrap_or(3)]);
    let mut map = BANDS;
    let given = settings.list("priomap").unwrap_or_default();
    for (band, given) in map.iter_mut().zip(given) {
        *band = u8::try_from(given.number()).unwrap_or(u8::MAX);
    }
    bytes.extend(map);
    bytes.extend(Attributes::new().flag(TCA_OPTIONS).as_bytes());
    Some(bytes)
}

/// `struct tc_prio_qopt`.
pub fn read_prio(bytes: &[u8]) -> Result<Settings> {
    let mut fields = Fields::of("tc_prio_qopt", bytes);
    let bands = fields.u32()?;
    let map: [u8; 16] = fields.bytes()?;
    let map = map.iter().map(|band| Setting::Number(u64::from(*band)));
    let mut settings = Settings::of(PRIO);
    settings.set("bands", Setting::Number(u64::from(bands)));
    settings.set("priomap", Setting::List(map.collect()));
    Ok(settings)
}

/// `struct tc_sfq_qopt_v1`: its first five fields are tc_sfq_qopt, what follows flags is for red and for counting.
pub fn write_sfq(settings: &Settings) -> Option<Vec<u8>> {
    if settings.is_empty() {
        return None;
    }
    let number = |key| settings.u32(key).unwrap_or(0);
    // In seconds.
    let perturb = settings.number("perturb").unwrap_or(0) / 1_000_000_000;
    let mut bytes = words([
        number("quantum"),
        u32::try_from(perturb).unwrap_or(u32::MAX),
        number("limit"),
        number("divisor"),
        number("flows"),
        number("depth"),
        u32::from(settings.is_on("headdrop")),
    ]);
    if let Some(red) = flow_red(settings) {
        let on = RED_FLAGS.iter().filter(|(key, _)| settings.is_on(key));
        let flags = on.fold(0, |flags, (_, bit)| flags | bit);
        bytes.extend(words([red.limit, red.min, red.max]));
        bytes.extend([red.weight, red.slope, 0, flags]);
        let chance = (red::chance(settings) * 4_294_967_296.0) as u32;
        bytes.extend(chance.to_ne_bytes());
    }
    bytes.resize(SFQ_V1, 0);
    Some(bytes)
}

/// The size of `struct tc_sfq_qopt_v1`.
const SFQ_V1: usize = 72;

/// `struct tc_sfq_qopt_v1`.
pub fn read_sfq(bytes: &[u8]) -> Result<Settings> {
    let mut fields = Fields::of("tc_sfq_qopt_v1", bytes);
    let mut settings = Settings::of(SFQ);
    let quantum = fields.u32()?;
    settings.set("quantum", Setting::Size(u64::from(quantum)));
    let perturb = u64::from(fields.u32()?);
    if perturb > 0 {
        settings.set("perturb", Setting::nanoseconds(perturb * 1_000_000_000));
    }
    for key in ["limit", "divisor", "flows", "depth"] {
        let number = fields.u32()?;
        settings.set(key, Setting::Number(u64::from(number)));
    }
    if fields.u32()? != 0 {
        settings.set("headdrop", Setting::Switch(true));
    }
    let limit = fields.u32()?;
    if limit == 0 {
        return Ok(settings);
    }
    settings.set("redflowlimit", Setting::Size(u64::from(limit)));
    for key in ["min", "max"] {
        settings.set(key, Setting::Size(u64::from(fields.u32()?)));
    }
    let [_weight, _slope, _cell, flags] = fields.bytes()?;
    settings.set("probability", Setting::Fraction(fields.u32()?));
    for (key, bit) in RED_FLAGS {
        if flags & bit != 0 {
            settings.set(key, Setting::Switch(true));
        }
    }
    Ok(settings)
}
