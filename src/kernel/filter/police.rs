//! The action police: what comes faster than it may, read from and written in tc's words (tc-police(8), linux/pkt_cls.h).

use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::qdisc::bytes::{Fields, words};
use crate::kernel::qdisc::psched::{Below, bytes_of_ticks, rate_table, ticks_of_bytes};
use crate::kernel::units;

use super::action::{verdict, verdict_words};

const TCA_POLICE_TBF: u16 = 1;
const TCA_POLICE_RATE: u16 = 2;
const TCA_POLICE_PEAKRATE: u16 = 3;
const TCA_POLICE_RESULT: u16 = 5;
const TCA_POLICE_PKTRATE64: u16 = 10;
const TCA_POLICE_PKTBURST64: u16 = 11;

/// How fast packets may come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Police {
    /// Bytes per second, and at once.
    pub bytes: Option<(u64, u64)>,
    /// Bytes per second at most while the bucket is emptied.
    pub peakrate: Option<u64>,
    /// Packets per second, and at once.
    pub packets: Option<(u64, u64)>,
    /// The largest packet.
    pub mtu: u32,
    /// What becomes of what is too fast.
    pub exceed: i32,
    /// What becomes of the rest, if it is said.
    pub conform: Option<i32>,
}

impl Police {
    /// Reads what stands behind `police`.
    pub(super) fn parse(words: &[&str]) -> std::result::Result<Police, String> {
        let mut police = Police {
            exceed: 1,
            ..Police::default()
        };
        let (mut rate, mut burst, mut packets, mut at_once) = (None, None, None, None);
        let of = |text: &str| verdict(&[text]).ok_or_else(|| format!("police has no {text:?}"));
        let number = |text: &str| {
            let number = text.parse::<u64>();
            number.map_err(|_| format!("police wants a number of packets, not {text:?}"))
        };
        let mut rest = words;
        loop {
            rest = match rest {
                [] => break,
                ["rate", text, rest @ ..] => {
                    rate = Some(units::rate(text)?);
                    rest
                }
                ["burst" | "buffer" | "maxburst", text, rest @ ..] => {
                    burst = Some(units::size(text)?);
                    rest
                }
                ["mtu" | "minburst", text, rest @ ..] => {
                    police.mtu = u32::try_from(units::size(text)?).unwrap_or(u32::MAX);
                    rest
                }
                ["peakrate", text, rest @ ..] => {
                    police.peakrate = Some(units::rate(text)?);
                    rest
                }
                ["pkts_rate", text, rest @ ..] => {
                    packets = Some(number(text)?);
                    rest
                }
                ["pkts_burst", text, rest @ ..] => {
                    at_once = Some(number(text)?);
                    rest
                }
                [
                    word @ ("avrate" | "mpu" | "overhead" | "linklayer" | "index"),
                    ..,
                ] => {
                    return Err(format!("the {word} of police is not among what netsh sets"));
                }
                ["conform-exceed", word, rest @ ..] | [word, rest @ ..] => {
                    // tc says what is too fast first.
                    let (exceed, conform) = match word.split_once('/') {
                        Some((exceed, conform)) => (exceed, Some(conform)),
                        None => (*word, None),
                    };
                    police.exceed = of(exceed)?;
                    police.conform = conform.map(of).transpose()?;
                    rest
                }
            };
        }
        police.bytes = rate.zip(burst);
        police.packets = packets.zip(at_once);
        let is_half = rate.is_some() != burst.is_some() || packets.is_some() != at_once.is_some();
        if is_half || police.bytes.is_some() == police.packets.is_some() {
            return Err("police wants a rate and a burst: \"police rate 1mbit burst 10k drop\", or \"pkts_rate 100 pkts_burst 10\"".into());
        }
        if police.peakrate.is_some() && (police.bytes.is_none() || police.mtu == 0) {
            return Err("a peakrate wants a rate, a burst and an mtu".into());
        }
        Ok(police)
    }

    /// In tc's words.
    pub(super) fn words(&self) -> String {
        let mut words = vec!["police".to_owned()];
        if let Some((rate, burst)) = self.bytes {
            let rate = units::rate_words(rate);
            words.push(format!("rate {rate} burst {burst}"));
        }
        if let Some((rate, burst)) = self.packets {
            words.push(format!("pkts_rate {rate} pkts_burst {burst}"));
        }
        if self.mtu != 0 {
            words.push(format!("mtu {}", self.mtu));
        }
        let peakrate = self.peakrate.map(units::rate_words);
        words.extend(peakrate.map(|rate| format!("peakrate {rate}")));
        let conform = self.conform.map(verdict_words);
        let conform = conform.map_or(String::new(), |word| format!("/{word}"));
        let exceed = verdict_words(self.exceed);
        words.push(format!("conform-exceed {exceed}{conform}"));
        words.join(" ")
    }

    /// `struct tc_police` (index, action, limit, burst, mtu, rate, peakrate, refcnt, bindcnt, capab) and its tables.
    pub(super) fn write(&self, inner: &mut Attributes) {
        let tables = self.bytes.map(|(rate, burst)| {
            let slow = rate_table(rate, self.mtu, Below::NOTHING);
            (slow, ticks_of_bytes(rate, burst))
        });
        let fast = self
            .peakrate
            .map(|rate| rate_table(rate, self.mtu, Below::NOTHING));
        let ticks = tables.as_ref().map_or(0, |(_, ticks)| *ticks);
        let mut parameters = words([0, self.exceed.cast_unsigned(), 0, ticks, self.mtu]);
        for table in [tables.as_ref().map(|(slow, _)| slow), fast.as_ref()] {
            match table {
                Some(table) => parameters.extend(&table.spec),
                None => parameters.extend([0; 12]),
            }
        }
        parameters.extend([0; 12]);
        inner.put(TCA_POLICE_TBF, &parameters);
        if let Some((slow, _)) = tables {
            inner.put(TCA_POLICE_RATE, &slow.table);
        }
        if let Some(fast) = fast {
            inner.put(TCA_POLICE_PEAKRATE, &fast.table);
        }
        if let Some((rate, burst)) = self.packets {
            inner.u64(TCA_POLICE_PKTRATE64, rate);
            inner.u64(
                TCA_POLICE_PKTBURST64,
                u64::from(ticks_of_bytes(rate, burst)),
            );
        }
        // tc does not say what goes without saying.
        if let Some(conform) = self.conform.filter(|verdict| *verdict != 0) {
            inner.u32(TCA_POLICE_RESULT, conform.cast_unsigned());
        }
    }

    /// Reads the attributes; None without the struct.
    pub(super) fn read(options: &[u8]) -> Result<Option<Police>> {
        let find = |kind| attributes::find(options, kind);
        let Some(parameters) = find(TCA_POLICE_TBF) else {
            return Ok(None);
        };
        let mut fields = Fields::of("tc_police", parameters.value);
        let (_index, exceed, _limit) = (fields.u32()?, fields.i32()?, fields.u32()?);
        let (burst, mtu) = (fields.u32()?, fields.u32()?);
        let mut rate = || -> Result<u64> {
            let _shape: [u8; 8] = fields.bytes()?;
            fields.u32().map(u64::from)
        };
        let (rate, peakrate) = (rate()?, rate()?);
        let wide = |kind| find(kind).map(|one| one.u64()).transpose();
        let packets = wide(TCA_POLICE_PKTRATE64)?.filter(|rate| *rate > 0);
        let at_once = wide(TCA_POLICE_PKTBURST64)?.unwrap_or(0);
        let at_once = u32::try_from(at_once).unwrap_or(u32::MAX);
        let conform = find(TCA_POLICE_RESULT).map(|one| one.u32()).transpose()?;
        Ok(Some(Police {
            bytes: (rate > 0).then(|| (rate, bytes_of_ticks(rate, burst))),
            peakrate: Some(peakrate).filter(|rate| *rate > 0),
            packets: packets.map(|rate| (rate, bytes_of_ticks(rate, at_once))),
            mtu,
            exceed,
            conform: conform.map(u32::cast_signed),
        }))
    }
}
