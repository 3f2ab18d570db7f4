//! netem, the network emulator: `struct tc_netem_qopt` and TCA_NETEM_* of linux/pkt_sched.h, worked out as q_netem.c of
//! iproute2 does.

use super::bytes::{Fields, words};
use super::distribution;
use super::kinds::{TIME, flag, of};
use super::psched::{nanoseconds, ticks};
use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::options::{Form, Row, Setting, Settings};
use crate::kernel::reason::Reason;

const TCA_NETEM_CORR: u16 = 1;
const TCA_NETEM_DELAY_DIST: u16 = 2;
const TCA_NETEM_REORDER: u16 = 3;
const TCA_NETEM_CORRUPT: u16 = 4;
const TCA_NETEM_LOSS: u16 = 5;
const TCA_NETEM_RATE: u16 = 6;
const TCA_NETEM_ECN: u16 = 7;
const TCA_NETEM_RATE64: u16 = 8;
const TCA_NETEM_LATENCY64: u16 = 10;
const TCA_NETEM_JITTER64: u16 = 11;
const TCA_NETEM_SLOT: u16 = 12;
/// Since Linux 6.6.
const TCA_NETEM_PRNG_SEED: u16 = 14;

/// Inside of TCA_NETEM_LOSS.
const NETEM_LOSS_GI: u16 = 1;
const NETEM_LOSS_GE: u16 = 2;

/// How many packets netem holds back, unless told otherwise.
const LIMIT: u32 = 1000;

const U32: u64 = u32::MAX as u64;

/// The options.
pub const OPTIONS: &[Row] = &[
    of("limit", "limit", Form::up_to(U32)),
    of("delay", "delay", TIME),
    of("jitter", "", TIME),
    of("correlation", "", Form::Chance),
    of(
        "distribution",
        "distribution",
        Form::OneOf(distribution::NAMES),
    ),
    of("loss", "loss", Form::Chance),
    of("loss_correlation", "", Form::Chance),
    of("loss_state", "loss state", Form::Chances(1, 5)),
    of("loss_gemodel", "loss gemodel", Form::Chances(1, 4)),
    flag("ecn"),
    of("duplicate", "duplicate", Form::Chance),
    of("duplicate_correlation", "", Form::Chance),
    of("corrupt", "corrupt", Form::Chance),
    of("corrupt_correlation", "", Form::Chance),
    of("reorder", "reorder", Form::Chance),
    of("reorder_correlation", "", Form::Chance),
    of("gap", "gap", Form::up_to(U32)),
    of("rate", "rate", Form::Rate),
    of("packetoverhead", "", Form::Signed),
    of("cellsize", "", Form::up_to(U32)),
    of("celloverhead", "", Form::Signed),
    of("slot", "slot", TIME),
    of("slot_max", "", TIME),
    of("slot_packets", "packets", Form::up_to(i32::MAX as u64)),
    of("slot_bytes", "bytes", Form::up_to(i32::MAX as u64)),
    of("seed", "seed", Form::up_to(i64::MAX as u64)),
];

/// What belongs together.
pub fn check(settings: &Settings) -> Option<Reason> {
    let has = |key: &str| settings.get(key).is_some();
    let positive = |key: &str| settings.number(key).is_some_and(|number| number > 0);
    let models = ["loss", "loss_state", "loss_gemodel"];
    let mut models = models.into_iter().filter(|model| has(model));
    if let (Some(first), Some(second)) = (models.next(), models.next()) {
        let words = format!("{first} and {second} are two models of loss");
        return Some(Reason::new(words).blame(second).hint("give one of them"));
    }
    for (key, wants) in [
        ("correlation", "jitter"),
        ("loss_correlation", "loss"),
        ("duplicate_correlation", "duplicate"),
        ("corrupt_correlation", "corrupt"),
        ("reorder_correlation", "reorder"),
        ("packetoverhead", "rate"),
        ("cellsize", "rate"),
        ("celloverhead", "rate"),
        ("gap", "reorder"),
        ("slot_max", "slot"),
        ("slot_packets", "slot"),
        ("slot_bytes", "slot"),
    ] {
        if has(key) && !has(wants) {
            return Some(Reason::new(format!("{key} says nothing without {wants}")).blame(key));
        }
    }
    let is_drawn = settings
        .text("distribution")
        .is_some_and(|name| name != "uniform");
    if is_drawn && !(positive("delay") && positive("jitter")) {
        let words = "a distribution is one of the jitter around a delay";
        return Some(
            Reason::new(words)
                .blame("distribution")
                .hint("give delay and jitter too"),
        );
    }
    if positive("reorder") && !positive("delay") {
        let words = "without a delay no packet can overtake another";
        return Some(
            Reason::new(words)
                .blame("reorder")
                .hint("give the option delay: \"10ms\""),
        );
    }
    if has("ecn") && !has("loss") && !has("loss_state") && !has("loss_gemodel") {
        let words = "ecn marks what would be lost, and nothing is";
        return Some(
            Reason::new(words)
                .blame("ecn")
                .hint("give the option loss: \"1%\""),
        );
    }
    for key in ["delay", "jitter"] {
        if settings
            .number(key)
            .is_some_and(|time| i64::try_from(time).is_err())
        {
            return Some(Reason::new(format!("the {key} is too long")).blame(key));
        }
    }
    None
}

/// Writes TCA_OPTIONS: the struct, then attributes.
pub fn write(settings: &Settings) -> Option<Vec<u8>> {
    let number = |key| settings.u32(key).unwrap_or(0);
    let time = |key| settings.number(key).unwrap_or(0);
    let in_ticks = |key| u32::try_from(ticks(time(key))).unwrap_or(u32::MAX);
    let gap = match (settings.u32("gap"), number("reorder")) {
        (None, chance) if chance > 0 => 1,
        (gap, _) => gap.unwrap_or(0),
    };
    let mut bytes = words([
        in_ticks("delay"),
        settings.u32("limit").unwrap_or(LIMIT),
        number("loss"),
        gap,
        number("duplicate"),
        in_ticks("jitter"),
    ]);
    let mut attributes = Attributes::new();
    let correlations = ["correlation", "loss_correlation", "duplicate_correlation"];
    // With those of reordering and damage, which have a place of their own, tc sends these too.
    let others = ["reorder_correlation", "corrupt_correlation"];
    let mut all = correlations.iter().chain(&others);
    if all.any(|key| settings.get(key).is_some()) {
        attributes.put(TCA_NETEM_CORR, &words(correlations.map(number)));
    }
    if settings.get("reorder").is_some() {
        let chance = words([number("reorder"), number("reorder_correlation")]);
        attributes.put(TCA_NETEM_REORDER, &chance);
    }
    if settings.is_on("ecn") {
        attributes.u32(TCA_NETEM_ECN, 1);
    }
    if settings.get("corrupt").is_some() {
        let chance = words([number("corrupt"), number("corrupt_correlation")]);
        attributes.put(TCA_NETEM_CORRUPT, &chance);
    }
    write_loss(settings, &mut attributes);
    write_rate(settings, &mut attributes);
    for (key, kind) in [
        ("delay", TCA_NETEM_LATENCY64),
        ("jitter", TCA_NETEM_JITTER64),
    ] {
        // tc has nothing but the struct, whose ticks are 64 ns and whose 32 bits end at 274 s. A time that is no number of
        // ticks would come out shorter than it was said.
        if u64::from(in_ticks(key)) * 64 != time(key) {
            attributes.u64(kind, time(key));
        }
    }
    write_slot(settings, &mut attributes);
    if let Some(seed) = settings.number("seed") {
        attributes.u64(TCA_NETEM_PRNG_SEED, seed);
    }
    if let Some(table) = settings.text("distribution").and_then(distribution::table) {
        attributes.put(TCA_NETEM_DELAY_DIST, &table);
    }
    bytes.extend(attributes.into_bytes());
    Some(bytes)
}

/// `struct tc_netem_gimodel` (p13, p31, p32, p14, p23) and `struct tc_netem_gemodel` (p, r, h, k1).
fn write_loss(settings: &Settings, attributes: &mut Attributes) {
    let chances = |key| {
        let list = settings.list(key)?;
        let part = |value: &Setting| u32::try_from(value.number()).unwrap_or(u32::MAX);
        Some(list.iter().map(part).collect::<Vec<_>>())
    };
    let (kind, model) = if let Some(given) = chances("loss_state") {
        let nth = |at: usize| given.get(at).copied();
        let p13 = nth(0).unwrap_or(0);
        let p31 = nth(1).unwrap_or(u32::MAX - p13);
        let (p32, p23, p14) = (
            nth(2).unwrap_or(0),
            nth(3).unwrap_or(u32::MAX),
            nth(4).unwrap_or(0),
        );
        (NETEM_LOSS_GI, words([p13, p31, p32, p14, p23]))
    } else if let Some(given) = chances("loss_gemodel") {
        let nth = |at: usize| given.get(at).copied();
        let p = nth(0).unwrap_or(0);
        let r = nth(1).unwrap_or(u32::MAX - p);
        // tc asks for 1-h.
        let h = nth(2).map_or(0, |part| u32::MAX - part);
        (NETEM_LOSS_GE, words([p, r, h, nth(3).unwrap_or(0)]))
    } else {
        return;
    };
    attributes.nest(TCA_NETEM_LOSS, |inner| {
        inner.put(kind, &model);
    });
}

/// `struct tc_netem_rate`: rate, packet_overhead, cell_size, cell_overhead.
fn write_rate(settings: &Settings, attributes: &mut Attributes) {
    let Some(rate) = settings.number("rate") else {
        return;
    };
    let signed = |key| match settings.get(key) {
        Some(Setting::Signed(number)) => i32::try_from(*number).unwrap_or(0),
        _ => 0,
    };
    let low = u32::try_from(rate).unwrap_or_else(|_| {
        attributes.u64(TCA_NETEM_RATE64, rate);
        u32::MAX
    });
    let fields = words([
        low,
        signed("packetoverhead").cast_unsigned(),
        settings.u32("cellsize").unwrap_or(0),
        signed("celloverhead").cast_unsigned(),
    ]);
    attributes.put(TCA_NETEM_RATE, &fields);
}

/// `struct tc_netem_slot`: min_delay, max_delay, max_packets, max_bytes, dist_delay, dist_jitter.
fn write_slot(settings: &Settings, attributes: &mut Attributes) {
    let Some(least) = settings.number("slot") else {
        return;
    };
    let most = settings.number("slot_max").unwrap_or(least);
    let mut bytes = [least, most].map(u64::to_ne_bytes).concat();
    let number = |key| settings.u32(key).unwrap_or(0);
    bytes.extend(words([number("slot_packets"), number("slot_bytes")]));
    bytes.extend([0; 16]);
    attributes.put(TCA_NETEM_SLOT, &bytes);
}

/// Reads TCA_OPTIONS. The kernel does not tell the table of a distribution; a seed it tells whether or not one was given.
pub fn read(bytes: &[u8]) -> Result<Settings> {
    let mut settings = Settings::of(OPTIONS);
    let mut fields = Fields::of("tc_netem_qopt", bytes);
    let (latency, limit) = (fields.u32()?, fields.u32()?);
    let (loss, gap) = (fields.u32()?, fields.u32()?);
    let (duplicate, jitter) = (fields.u32()?, fields.u32()?);
    let rest = fields.rest();
    let exact = |kind: u16, ticks: u32| {
        let exact = attributes::find(rest, kind).and_then(|exact| exact.u64().ok());
        exact.unwrap_or_else(|| nanoseconds(ticks))
    };
    settings.set("limit", Setting::Number(u64::from(limit)));
    let mut chance = |key: &'static str, part: u32| {
        if part > 0 {
            settings.set(key, Setting::Chance(part));
        }
    };
    chance("loss", loss);
    chance("duplicate", duplicate);
    for (kind, keys) in [
        (
            TCA_NETEM_CORR,
            ["correlation", "loss_correlation", "duplicate_correlation"].as_slice(),
        ),
        (TCA_NETEM_REORDER, &["reorder", "reorder_correlation"]),
        (TCA_NETEM_CORRUPT, &["corrupt", "corrupt_correlation"]),
    ] {
        if let Some(attribute) = attributes::find(rest, kind) {
            let mut fields = Fields::of("tc_netem_corr", attribute.value);
            for key in keys {
                chance(key, fields.u32()?);
            }
        }
    }
    for (key, time) in [
        ("delay", exact(TCA_NETEM_LATENCY64, latency)),
        ("jitter", exact(TCA_NETEM_JITTER64, jitter)),
    ] {
        if time > 0 {
            settings.set(key, Setting::nanoseconds(time));
        }
    }
    if gap > 0 {
        settings.set("gap", Setting::Number(u64::from(gap)));
    }
    read_more(rest, &mut settings)?;
    Ok(settings)
}

fn read_more(bytes: &[u8], settings: &mut Settings) -> Result<()> {
    let find = |kind| attributes::find(bytes, kind);
    if let Some(loss) = find(TCA_NETEM_LOSS) {
        read_loss(loss.value, settings)?;
    }
    if find(TCA_NETEM_ECN).is_some_and(|ecn| ecn.u32().is_ok_and(|on| on != 0)) {
        settings.set("ecn", Setting::Switch(true));
    }
    if let Some(rate) = find(TCA_NETEM_RATE) {
        let mut fields = Fields::of("tc_netem_rate", rate.value);
        let low = u64::from(fields.u32()?);
        let wide = find(TCA_NETEM_RATE64).and_then(|wide| wide.u64().ok());
        let (overhead, cell, cell_overhead) = (fields.i32()?, fields.u32()?, fields.i32()?);
        let rate = wide.unwrap_or(low);
        if rate > 0 {
            settings.set("rate", Setting::Rate(rate));
            for (key, number) in [
                ("packetoverhead", overhead),
                ("celloverhead", cell_overhead),
            ] {
                if number != 0 {
                    settings.set(key, Setting::Signed(i64::from(number)));
                }
            }
            if cell > 0 {
                settings.set("cellsize", Setting::Number(u64::from(cell)));
            }
        }
    }
    if let Some(slot) = find(TCA_NETEM_SLOT) {
        let mut fields = Fields::of("tc_netem_slot", slot.value);
        let (least, most) = (fields.u64()?, fields.u64()?);
        if least > 0 || most > 0 {
            settings.set("slot", Setting::nanoseconds(least));
            settings.set("slot_max", Setting::nanoseconds(most));
            for key in ["slot_packets", "slot_bytes"] {
                let number = fields.u32()?;
                if number > 0 {
                    settings.set(key, Setting::Number(u64::from(number)));
                }
            }
        }
    }
    Ok(())
}

fn read_loss(bytes: &[u8], settings: &mut Settings) -> Result<()> {
    let list =
        |parts: &[u32]| Setting::List(parts.iter().map(|part| Setting::Chance(*part)).collect());
    if let Some(model) = attributes::find(bytes, NETEM_LOSS_GI) {
        let mut fields = Fields::of("tc_netem_gimodel", model.value);
        let (p13, p31, p32) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (p14, p23) = (fields.u32()?, fields.u32()?);
        settings.set("loss_state", list(&[p13, p31, p32, p23, p14]));
    }
    if let Some(model) = attributes::find(bytes, NETEM_LOSS_GE) {
        let mut fields = Fields::of("tc_netem_gemodel", model.value);
        let (p, r, h, k1) = (fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?);
        settings.set("loss_gemodel", list(&[p, r, u32::MAX - h, k1]));
    }
    Ok(())
}
