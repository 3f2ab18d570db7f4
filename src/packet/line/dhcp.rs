//! DHCP (RFC 2131) and BOOTP (RFC 951).

use super::{Line, names};

/// What comes before the options.
const FIXED: usize = 236;
const COOKIE: [u8; 4] = [99, 130, 83, 99];

impl Line {
    /// Who asks, or that there is an answer, and with which addresses.
    pub(super) fn dhcp(&mut self, bytes: &[u8], length: usize) {
        self.put(format_args!("BOOTP/DHCP, "));
        let (Some([op, kind, size]), Some(_)) = (bytes.first_chunk::<3>(), bytes.get(..FIXED))
        else {
            self.cut("bootp");
            return;
        };
        let client = bytes.get(28..34).and_then(|mac| mac.first_chunk::<6>());
        match (op, kind, size, client) {
            (1, 1, 6, Some(mac)) => self.put(format_args!("Request from {}", names::mac(mac))),
            (1, ..) => self.put(format_args!("Request")),
            (2, ..) => self.put(format_args!("Reply")),
            (other, ..) => self.put(format_args!("unknown ({other})")),
        }
        self.put(format_args!(", length {length}"));
        if *kind != 1 {
            self.put(format_args!(", htype {kind}"));
        }
        if *size != 6 && *kind == 1 {
            self.put(format_args!(", hlen {size}"));
        }
    }
}

/// What kind of message it is.
pub(super) fn message(bytes: &[u8]) -> Option<&'static str> {
    const MESSAGE_TYPE: u8 = 53;
    let mut options = bytes.get(FIXED..)?.strip_prefix(&COOKIE)?;
    loop {
        let (&kind, rest) = options.split_first()?;
        match kind {
            0 => options = rest,
            255 => return None,
            _ => {
                let (&length, rest) = rest.split_first()?;
                let (value, rest) = rest.split_at_checked(length.into())?;
                if kind == MESSAGE_TYPE {
                    return word(*value.first()?);
                }
                options = rest;
            }
        }
    }
}

fn word(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "discover",
        2 => "offer",
        3 => "request",
        4 => "decline",
        5 => "ack",
        6 => "nak",
        7 => "release",
        8 => "inform",
        _ => return None,
    })
}
