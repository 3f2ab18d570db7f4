//! htb, the hierarchical token bucket: the discipline (`struct tc_htb_glob`) and its classes (`struct tc_htb_opt`), TCA_HTB_*
//! of linux/pkt_sched.h, worked out as q_htb.c of iproute2 does.

use super::bytes::{Fields, words};
use super::kinds::{LINKLAYER, of};
use super::psched::{
    Below, bucket_fault, bytes_of_ticks, rate_table, read_rate_spec, ticks_of_bytes,
    timer_frequency,
};
use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::options::{Form, Row, Setting, Settings, Width};
use crate::kernel::reason::Reason;

const TCA_HTB_PARMS: u16 = 1;
const TCA_HTB_INIT: u16 = 2;
const TCA_HTB_CTAB: u16 = 3;
const TCA_HTB_RTAB: u16 = 4;
const TCA_HTB_DIRECT_QLEN: u16 = 5;
const TCA_HTB_RATE64: u16 = 6;
const TCA_HTB_CEIL64: u16 = 7;

/// The version of the struct that the kernel knows, and the divisor for quanta unless told otherwise.
const VERSION: u32 = 3;
const R2Q: u32 = 10;

/// The largest packet that a rate table is made for, unless told otherwise: an Ethernet frame and some.
const MTU: u32 = 1600;

const U32: u64 = u32::MAX as u64;
const U16: u64 = u16::MAX as u64;

/// Of the discipline.
pub const QDISC: &[Row] = &[
    of("default_class", "default", Form::Minor),
    // The kernel makes 1 of 0.
    of("r2q", "r2q", Form::Number(Width::U32, 1, U32, &[])),
    of("direct_qlen", "direct_qlen", Form::up_to(U32)),
];

/// Of a class.
pub const CLASS: &[Row] = &[
    of("rate", "rate", Form::Rate),
    of("ceil", "ceil", Form::Rate),
    of("burst", "burst", Form::Size),
    of("cburst", "cburst", Form::Size),
    of("prio", "prio", Form::up_to(7)),
    of("quantum", "quantum", Form::up_to(U32)),
    of("mtu", "mtu", Form::up_to(U32)),
    of("mpu", "mpu", Form::up_to(U16)),
    of("overhead", "overhead", Form::up_to(U16)),
    of("linklayer", "linklayer", LINKLAYER),
];

/// TCA_OPTIONS of the discipline.
pub fn write_qdisc(settings: &Settings) -> Option<Vec<u8>> {
    let default = settings.text("default_class");
    let default = default.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let global = words([
        VERSION,
        settings.u32("r2q").unwrap_or(R2Q),
        default.unwrap_or(0),
        0,
        0,
    ]);
    let mut attributes = Attributes::new();
    attributes.put(TCA_HTB_INIT, &global);
    if let Some(length) = settings.u32("direct_qlen") {
        attributes.u32(TCA_HTB_DIRECT_QLEN, length);
    }
    Some(attributes.into_bytes())
}

/// TCA_OPTIONS of the discipline.
pub fn read_qdisc(bytes: &[u8]) -> Result<Settings> {
    let mut settings = Settings::of(QDISC);
    if let Some(global) = attributes::find(bytes, TCA_HTB_INIT) {
        let mut fields = Fields::of("tc_htb_glob", global.value);
        let (_version, r2q, default) = (fields.u32()?, fields.u32()?, fields.u32()?);
        settings.set("default_class", Setting::Text(format!("{default:x}")));
        settings.set("r2q", Setting::Number(u64::from(r2q)));
    }
    if let Some(length) = attributes::find(bytes, TCA_HTB_DIRECT_QLEN) {
        settings.set("direct_qlen", Setting::Number(u64::from(length.u32()?)));
    }
    Ok(settings)
}

/// A class is about its rate.
pub fn check_class(settings: &Settings) -> Option<Reason> {
    match settings.number("rate") {
        Some(rate) if rate > 0 => ["burst", "cburst"].into_iter().find_map(|key| {
            let ceil = settings.number("ceil").unwrap_or(rate);
            let rate = if key == "burst" { rate } else { ceil };
            bucket_fault(key, rate, settings.number(key)?)
        }),
        _ => Some(Reason::new("a class of htb wants a rate")
            .hint("give the option rate: \"10mbit\", which the class may always send; ceil is what it may borrow up to")),
    }
}

/// TCA_OPTIONS of a class.
pub fn write_class(settings: &Settings) -> Option<Vec<u8>> {
    let rate = settings.number("rate").unwrap_or(0);
    let ceil = settings.number("ceil").unwrap_or(rate);
    let mtu = settings.u32("mtu").unwrap_or(MTU);
    let below = Below::of(settings);
    let bucket = |key, rate: u64| {
        let given = settings.number(key);
        given.unwrap_or_else(|| rate / timer_frequency() + u64::from(mtu))
    };
    let own = rate_table(rate, mtu, below);
    let most = rate_table(ceil, mtu, below);
    let mut parameters = own.spec;
    parameters.extend(most.spec);
    parameters.extend(words([
        ticks_of_bytes(rate, bucket("burst", rate)),
        ticks_of_bytes(ceil, bucket("cburst", ceil)),
        settings.u32("quantum").unwrap_or(0),
        0,
        settings.u32("prio").unwrap_or(0),
    ]));
    let mut attributes = Attributes::new();
    for (kind, rate) in [(TCA_HTB_RATE64, rate), (TCA_HTB_CEIL64, ceil)] {
        if u32::try_from(rate).is_err() {
            attributes.u64(kind, rate);
        }
    }
    attributes.put(TCA_HTB_PARMS, &parameters);
    attributes.put(TCA_HTB_RTAB, &own.table);
    attributes.put(TCA_HTB_CTAB, &most.table);
    Some(attributes.into_bytes())
}

/// TCA_OPTIONS of a class.
pub fn read_class(bytes: &[u8]) -> Result<Settings> {
    let mut settings = Settings::of(CLASS);
    let Some(parameters) = attributes::find(bytes, TCA_HTB_PARMS) else {
        return Ok(settings);
    };
    let wide = |kind: u16, rate: u32| {
        let wide = attributes::find(bytes, kind).and_then(|wide| wide.u64().ok());
        wide.unwrap_or(u64::from(rate))
    };
    let mut fields = Fields::of("tc_htb_opt", parameters.value);
    let (below, rate) = read_rate_spec(&mut fields)?;
    let (_, ceil) = read_rate_spec(&mut fields)?;
    let (rate, ceil) = (wide(TCA_HTB_RATE64, rate), wide(TCA_HTB_CEIL64, ceil));
    let (buffer, cbuffer) = (fields.u32()?, fields.u32()?);
    let (quantum, level, prio) = (fields.u32()?, fields.u32()?, fields.u32()?);
    settings.set("rate", Setting::Rate(rate));
    settings.set("ceil", Setting::Rate(ceil));
    settings.set("burst", Setting::Size(bytes_of_ticks(rate, buffer)));
    settings.set("cburst", Setting::Size(bytes_of_ticks(ceil, cbuffer)));
    // Only the leaves of the tree are served in turns.
    if level == 0 {
        settings.set("prio", Setting::Number(u64::from(prio)));
        settings.set("quantum", Setting::Number(u64::from(quantum)));
    }
    below.tell(&mut settings);
    Ok(settings)
}
