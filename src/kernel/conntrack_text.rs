//! Tracked connections in the words of conntrack(8): what `conntrack -L` prints, without the number of users.

use std::fmt;

use super::conntrack::{Entry, PROTOCOLS, Tuple};

/// `IPS_*` of linux/netfilter/nf_conntrack_common.h that show in brackets.
const SEEN_REPLY: u32 = 1 << 1;
const ASSURED: u32 = 1 << 2;
const OFFLOAD: u32 = 1 << 14;
const HW_OFFLOAD: u32 = 1 << 15;

/// `IPPROTO_GRE` of linux/in.h.
const GRE: u8 = 47;

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.original.protocol;
        let name = PROTOCOLS.iter().find(|known| known.0 == number);
        write!(f, "{:<8} {number}", name.map_or("unknown", |known| known.1))?;
        // An offloaded connection is no business of timers and states.
        if let (Some(timeout), 0) = (self.timeout, self.status & OFFLOAD) {
            write!(f, " {timeout}")?;
        }
        if let (Some(state), 0) = (self.state, self.status & OFFLOAD) {
            write!(f, " {state}")?;
        }
        write_tuple(f, &self.original, "zone-orig")?;
        // What ends tells no status.
        if self.status != 0 && self.status & SEEN_REPLY == 0 {
            f.write_str(" [UNREPLIED]")?;
        }
        write_tuple(f, &self.reply, "zone-reply")?;
        if self.status & HW_OFFLOAD != 0 {
            f.write_str(" [HW_OFFLOAD]")?;
        } else if self.status & OFFLOAD != 0 {
            f.write_str(" [OFFLOAD]")?;
        } else if self.status & ASSURED != 0 {
            f.write_str(" [ASSURED]")?;
        }
        if let Some(mark) = self.mark {
            write!(f, " mark={mark}")?;
        }
        if self.zone != 0 {
            write!(f, " zone={}", self.zone)?;
        }
        if let Some(helper) = &self.helper {
            write!(f, " helper={helper}")?;
        }
        Ok(())
    }
}

/// One direction, and how the zone of this direction is called.
fn write_tuple(f: &mut fmt::Formatter<'_>, tuple: &Tuple, zone: &str) -> fmt::Result {
    for (key, address) in [("src", tuple.src), ("dst", tuple.dst)] {
        if let Some(address) = address {
            write!(f, " {key}={address}")?;
        }
    }
    if tuple.protocol == GRE {
        // The keys of a tunnel are told where others have ports.
        for (key, value) in [("srckey", tuple.sport), ("dstkey", tuple.dport)] {
            write!(f, " {key}={:#x}", value.unwrap_or_default())?;
        }
    } else {
        for (key, value) in [("sport", tuple.sport), ("dport", tuple.dport)] {
            write_value(f, key, value)?;
        }
    }
    let icmp = &tuple.icmp;
    write_value(f, "type", icmp.kind.map(u16::from))?;
    write_value(f, "code", icmp.code.map(u16::from))?;
    write_value(f, "id", icmp.id)?;
    write_value(f, zone, tuple.zone)?;
    match tuple.counters {
        Some(counted) => write!(f, " packets={} bytes={}", counted.packets, counted.bytes),
        None => Ok(()),
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, key: &str, value: Option<u16>) -> fmt::Result {
    match value {
        Some(value) => write!(f, " {key}={value}"),
        None => Ok(()),
    }
}
