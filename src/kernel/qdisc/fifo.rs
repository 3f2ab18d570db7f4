//! Queues whose options are a single struct: pfifo, bfifo, prio and sfq (linux/pkt_sched.h).

use super::bytes::{Fields, words};
use super::kinds::{TIME, flag, of};
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

/// Of sfq, as far as it is no red.
pub const SFQ: &[Row] = &[
    of("limit", "limit", Form::up_to(U32)),
    of("perturb", "perturb", TIME),
    of("quantum", "quantum", Form::Size),
    of("divisor", "divisor", Form::up_to(65536)),
    of("flows", "flows", Form::up_to(65535)),
    of("depth", "depth", Form::up_to(65535)),
    flag("headdrop"),
];

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
    Ok(settings)
}
