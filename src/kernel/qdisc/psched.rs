//! Time as the packet scheduler counts it, and the tables of how long packets of each size take (tc_core.c of iproute2;
//! PSCHED_TICKS2NS of net/pkt_sched.h).
//!
//! /proc/net/psched tells the length of a tick, but it is a constant of every kernel since 2.6.31: 64 ns (psched_show in
//! net/sched/sch_api.c). Times are rounded to microseconds first where tc does so, so that the bytes are tc's own.

use super::bytes::Fields;
use crate::kernel::error::Result;
use crate::kernel::options::{Setting, Settings};
use nix::time::{ClockId, clock_getres};

use crate::kernel::reason::Reason;
use crate::kernel::units::rate_words;

/// Nanoseconds of a tick.
const TICK: u64 = 64;

/// `TC_LINKLAYER_*` of linux/pkt_sched.h, by tc's words: what a packet is cut into below.
pub const LINKLAYERS: [(&str, u8); 2] = [("ethernet", 1), ("atm", ATM)];
const ATM: u8 = 2;

/// What goes out for a packet beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Below {
    /// The least that a packet counts.
    pub mpu: u16,
    /// What is added to each packet.
    pub overhead: u16,
    /// `TC_LINKLAYER_*`.
    pub linklayer: u8,
}

impl Below {
    /// Nothing.
    pub const NOTHING: Below = Below {
        mpu: 0,
        overhead: 0,
        linklayer: 1,
    };

    /// As the options `mpu`, `overhead` and `linklayer` say.
    pub fn of(settings: &Settings) -> Below {
        let short = |key| {
            let number = settings.number(key);
            number.and_then(|number| u16::try_from(number).ok())
        };
        let named = settings.text("linklayer");
        let found = LINKLAYERS.iter().find(|(name, _)| Some(*name) == named);
        Below {
            mpu: short("mpu").unwrap_or(0),
            overhead: short("overhead").unwrap_or(0),
            linklayer: found.map_or(1, |(_, number)| *number),
        }
    }

    /// Sets the options of what is not nothing.
    pub fn tell(&self, settings: &mut Settings) {
        for (key, number) in [("mpu", self.mpu), ("overhead", self.overhead)] {
            if number > 0 {
                settings.set(key, Setting::Number(u64::from(number)));
            }
        }
        if self.linklayer == ATM {
            settings.set("linklayer", Setting::Text("atm".into()));
        }
    }

    /// How many bytes go out for a packet of this size (tc_adjust_size).
    fn size(&self, size: u64) -> u64 {
        let size = size.max(u64::from(self.mpu));
        match self.linklayer {
            // Cells of 53 bytes, with 48 of the packet in each.
            ATM => size.div_ceil(48) * 53,
            _ => size,
        }
    }
}

/// Ticks of a time in nanoseconds.
pub fn ticks(nanoseconds: u64) -> u64 {
    nanoseconds / TICK
}

/// Nanoseconds of ticks.
pub fn nanoseconds(ticks: u32) -> u64 {
    u64::from(ticks) * TICK
}

/// How many ticks so many bytes take at a rate (tc_calc_xmittime).
pub fn ticks_of_bytes(rate: u64, bytes: u64) -> u32 {
    if rate == 0 {
        return 0;
    }
    // Whole microseconds of a float, as tc has them.
    let microseconds = (1e6 * (bytes as f64 / rate as f64)) as u64;
    u32::try_from(microseconds.saturating_mul(1000) / TICK).unwrap_or(u32::MAX)
}

/// Says so where a bucket takes longer to fill than the kernel can count: it has 32 bits of ticks, and tc lets them overflow.
pub fn bucket_fault(key: &'static str, rate: u64, bytes: u64) -> Option<Reason> {
    let most = bytes_of_ticks(rate, u32::MAX);
    (rate > 0 && bytes > most).then(|| {
        let longest = nanoseconds(u32::MAX) / 1_000_000_000;
        let words = format!(
            "a bucket of {bytes} bytes takes longer than {longest} s to fill at {}",
            rate_words(rate)
        );
        let hint = format!("{key} is at most {most} bytes at this rate");
        Reason::new(words).blame(key).hint(hint)
    })
}

/// How many bytes go out in so many ticks (tc_calc_xmitsize), to the nearest: the ticks were rounded down.
pub fn bytes_of_ticks(rate: u64, ticks: u32) -> u64 {
    let bytes = u128::from(rate) * u128::from(nanoseconds(ticks));
    u64::try_from(bytes.div_ceil(1_000_000_000)).unwrap_or(u64::MAX)
}

/// How often in a second a timer can fire at most: tc makes the bucket of a class no smaller than what goes out between two.
pub fn timer_frequency() -> u64 {
    let resolution = clock_getres(ClockId::CLOCK_MONOTONIC).ok();
    let nanoseconds = resolution.map_or(1, |time| time.tv_nsec().max(1));
    1_000_000_000 / nanoseconds.cast_unsigned().max(1)
}

/// `struct tc_ratespec` and its table, from a rate in bytes per second.
pub struct RateTable {
    /// The struct: cell_log, linklayer, overhead, cell_align, mpu, rate.
    pub spec: Vec<u8>,
    /// TCA_*_RTAB: the ticks of 256 sizes. Kernels since 3.8 work from the rate alone, but refuse to be without it.
    pub table: Vec<u8>,
}

/// Reads a `struct tc_ratespec`: what is below, and the rate as far as 32 bits hold it.
pub fn read_rate_spec(fields: &mut Fields<'_>) -> Result<(Below, u32)> {
    let [_cell_log, linklayer] = fields.bytes()?;
    let overhead = fields.u16()?;
    let _cell_align = fields.u16()?;
    let below = Below {
        mpu: fields.u16()?,
        overhead,
        // The bits above are the kernel's own (TC_LINKLAYER_MASK).
        linklayer: linklayer & 0x0f,
    };
    Ok((below, fields.u32()?))
}

/// Makes both (tc_calc_rtable). `mtu` 0 is 2047, as with tc.
pub fn rate_table(rate: u64, mtu: u32, below: Below) -> RateTable {
    let mtu = if mtu == 0 { 2047 } else { mtu };
    let cell_log = (0u8..32).find(|log| mtu >> log <= 255).unwrap_or(0);
    let rate = u32::try_from(rate).unwrap_or(u32::MAX);
    let mut spec = vec![cell_log, below.linklayer];
    spec.extend(below.overhead.to_ne_bytes());
    spec.extend((-1i16).to_ne_bytes());
    spec.extend(below.mpu.to_ne_bytes());
    spec.extend(rate.to_ne_bytes());
    let sizes = (1u64..=256).map(|cell| below.size(cell << cell_log));
    let table = sizes.flat_map(|size| ticks_of_bytes(u64::from(rate), size).to_ne_bytes());
    RateTable {
        spec,
        table: table.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_those_of_this_kernel() {
        let Ok(text) = std::fs::read_to_string("/proc/thread-self/net/psched") else {
            return;
        };
        let words: Vec<u64> = text
            .split_whitespace()
            .filter_map(|word| u64::from_str_radix(word, 16).ok())
            .collect();
        let [per_microsecond, tick, clock, frequency] = words.as_slice() else {
            panic!("{text}");
        };
        assert_eq!((*per_microsecond, *tick, *clock), (1000, TICK, 1_000_000));
        assert_eq!(*frequency, timer_frequency());
    }

    #[test]
    fn buckets_come_back() {
        for (rate, bytes) in [
            (125_000, 32_768),
            (97_125, 5001),
            (1, 7),
            (5_000_000_000, 1 << 20),
        ] {
            let back = bytes_of_ticks(rate, ticks_of_bytes(rate, bytes));
            // tc counts in whole microseconds.
            assert!(
                back.abs_diff(bytes) <= rate / 1_000_000 + 1,
                "{rate} {bytes} {back}"
            );
        }
        assert_eq!(bytes_of_ticks(u64::MAX, u32::MAX), u64::MAX);
    }
}
