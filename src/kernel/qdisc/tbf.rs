//! tbf, the token bucket filter: `struct tc_tbf_qopt` and TCA_TBF_* of linux/pkt_sched.h, worked out as q_tbf.c of iproute2
//! does.

use super::bytes::Fields;
use super::kinds::{LINKLAYER, TIME, of};
use super::psched::{
    Below, bucket_fault, bytes_of_ticks, rate_table, read_rate_spec, ticks_of_bytes,
};
use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::options::{Form, Row, Setting, Settings};
use crate::kernel::reason::Reason;

const TCA_TBF_PARMS: u16 = 1;
const TCA_TBF_RTAB: u16 = 2;
const TCA_TBF_PTAB: u16 = 3;
const TCA_TBF_RATE64: u16 = 4;
const TCA_TBF_PRATE64: u16 = 5;
const TCA_TBF_BURST: u16 = 6;
const TCA_TBF_PBURST: u16 = 7;

/// The options.
pub const OPTIONS: &[Row] = &[
    of("rate", "rate", Form::Rate),
    of("burst", "burst", Form::Size),
    of("latency", "latency", TIME),
    of("limit", "limit", Form::Size),
    of("peakrate", "peakrate", Form::Rate),
    of("mtu", "mtu", Form::Size),
    of("mpu", "mpu", Form::up_to(u16::MAX as u64)),
    of("overhead", "overhead", Form::up_to(u16::MAX as u64)),
    of("linklayer", "linklayer", LINKLAYER),
];

/// What tbf can't be without.
pub fn check(settings: &Settings) -> Option<Reason> {
    let has = |key: &str| settings.number(key).is_some_and(|number| number > 0);
    if !has("rate") {
        let words = "tbf wants a rate";
        return Some(Reason::new(words).hint("give the option rate: \"10mbit\""));
    }
    if !has("burst") {
        return Some(Reason::new("tbf wants the size of its bucket").hint(
            "give the option burst, in bytes: no less than a packet, and than what passes between two ticks of a timer (rate / 250)",
        ));
    }
    match (has("limit"), has("latency")) {
        (true, true) => {
            return Some(
                Reason::new("limit and latency say the same in two ways").blame("latency"),
            );
        }
        (false, false) => {
            return Some(
                Reason::new("tbf has to know how much may wait")
                    .hint("give the option latency (\"50ms\"), or limit in bytes"),
            );
        }
        _ => {}
    }
    let number = |key: &str| settings.number(key).unwrap_or(0);
    // Above 4 GiB a second the struct can't say the bucket anyway, and TCA_TBF_BURST does.
    let fault = bucket_fault("burst", number("rate"), number("burst"));
    if fault.is_some() {
        return fault;
    }
    if has("latency") && u32::try_from(waiting(settings)).is_err() {
        let words = "more than 4 GiB would wait within this latency at this rate";
        return Some(Reason::new(words).blame("latency"));
    }
    if has("peakrate") && number("peakrate") <= number("rate") {
        let words = "the peakrate is no more than the rate";
        return Some(
            Reason::new(words)
                .blame("peakrate")
                .hint("it is how fast the bucket may be emptied: give more than the rate"),
        );
    }
    if has("peakrate") && !has("mtu") {
        let words = "a peakrate wants an mtu, the size of its bucket";
        return Some(
            Reason::new(words)
                .blame("peakrate")
                .hint("give the option mtu: no less than a packet with its header (1514)"),
        );
    }
    None
}

/// Writes TCA_OPTIONS.
pub fn write(settings: &Settings) -> Option<Vec<u8>> {
    let number = |key| settings.number(key).unwrap_or(0);
    let (rate, peakrate) = (number("rate"), number("peakrate"));
    let burst = settings.u32("burst").unwrap_or(0);
    let mtu = settings.u32("mtu").unwrap_or(0);
    let below = Below::of(settings);
    let slow = rate_table(rate, mtu, below);
    let fast = (peakrate > 0).then(|| rate_table(peakrate, mtu, below));
    let mut parameters = slow.spec;
    match &fast {
        Some(fast) => parameters.extend(&fast.spec),
        None => parameters.extend([0; 12]),
    }
    let peak_ticks = fast.as_ref().map_or(0, |_| {
        ticks_of_bytes(peakrate.min(u64::from(u32::MAX)), u64::from(mtu))
    });
    // Of what the 32 bits of the struct hold; TCA_TBF_BURST says what is meant.
    let low = rate.min(u64::from(u32::MAX));
    for word in [
        limit(settings),
        ticks_of_bytes(low, u64::from(burst)),
        peak_ticks,
    ] {
        parameters.extend(word.to_ne_bytes());
    }
    let is_wide = |rate: u64| u32::try_from(rate).is_err();
    let mut attributes = Attributes::new();
    attributes.put(TCA_TBF_PARMS, &parameters);
    attributes.u32(TCA_TBF_BURST, burst);
    if is_wide(rate) {
        attributes.u64(TCA_TBF_RATE64, rate);
    }
    attributes.put(TCA_TBF_RTAB, &slow.table);
    if let Some(fast) = fast {
        if is_wide(peakrate) {
            attributes.u64(TCA_TBF_PRATE64, peakrate);
        }
        attributes.u32(TCA_TBF_PBURST, mtu);
        attributes.put(TCA_TBF_PTAB, &fast.table);
    }
    Some(attributes.into_bytes())
}

/// How many bytes may wait: as given, or what goes out within the latency.
fn limit(settings: &Settings) -> u32 {
    if let Some(limit) = settings.u32("limit") {
        return limit;
    }
    u32::try_from(waiting(settings)).unwrap_or(u32::MAX)
}

/// How many bytes go out within the latency.
fn waiting(settings: &Settings) -> u128 {
    let number = |key| settings.number(key).unwrap_or(0);
    let within = |rate: u64, bucket: u64| {
        // tc counts latencies in microseconds.
        u128::from(rate) * u128::from(number("latency") / 1000) / 1_000_000 + u128::from(bucket)
    };
    let mut limit = within(number("rate"), number("burst"));
    if number("peakrate") > 0 {
        limit = limit.min(within(number("peakrate"), number("mtu")));
    }
    limit
}

/// Reads TCA_OPTIONS. The kernel keeps no latency, only the limit that came of it.
pub fn read(bytes: &[u8]) -> Result<Settings> {
    let mut settings = Settings::of(OPTIONS);
    let Some(parameters) = attributes::find(bytes, TCA_TBF_PARMS) else {
        return Ok(settings);
    };
    let mut fields = Fields::of("tc_tbf_qopt", parameters.value);
    let wide = |kind: u16, rate: u32| {
        let wide = attributes::find(bytes, kind).and_then(|wide| wide.u64().ok());
        wide.unwrap_or(u64::from(rate))
    };
    let (below, rate) = read_rate_spec(&mut fields)?;
    let rate = wide(TCA_TBF_RATE64, rate);
    let (_, peakrate) = read_rate_spec(&mut fields)?;
    let peakrate = wide(TCA_TBF_PRATE64, peakrate);
    let (limit, buffer, mtu) = (fields.u32()?, fields.u32()?, fields.u32()?);
    settings.set("rate", Setting::Rate(rate));
    settings.set("burst", Setting::Size(bytes_of_ticks(rate, buffer)));
    settings.set("limit", Setting::Size(u64::from(limit)));
    if peakrate > 0 {
        settings.set("peakrate", Setting::Rate(peakrate));
        settings.set("mtu", Setting::Size(bytes_of_ticks(peakrate, mtu)));
    }
    below.tell(&mut settings);
    Ok(settings)
}
