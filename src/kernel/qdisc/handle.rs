//! Handles of queueing disciplines and classes: 16 bits of major and 16 of minor number, both hexadecimal
//! (TC_H_MAJ, TC_H_MIN, TC_H_ROOT, TC_H_INGRESS of linux/pkt_sched.h).

use std::fmt;

/// A handle, or a place where something is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Handle(pub u32);

impl Handle {
    /// None: the kernel chooses.
    pub const NONE: Handle = Handle(0);
    /// Where the one discipline of a link's outgoing side is.
    pub const ROOT: Handle = Handle(0xffff_ffff);
    /// Where `ingress` and `clsact` are.
    pub const INGRESS: Handle = Handle(0xffff_fff1);
    /// The handle that `ingress` and `clsact` have.
    pub const OF_INGRESS: Handle = Handle(0xffff_0000);

    /// The number before the colon, with nothing after it.
    pub fn major(self) -> Handle {
        Handle(self.0 & 0xffff_0000)
    }

    /// The number after the colon.
    pub fn minor(self) -> u32 {
        self.0 & 0xffff
    }

    /// Reads `1:` or `1:10`.
    pub fn parse(text: &str) -> Result<Handle, String> {
        let wrong = || format!("{text:?} is not a handle such as \"1:\" or \"1:10\"");
        let number = |digits: &str| match digits {
            "" => Ok(0),
            digits if digits.bytes().all(|c| c.is_ascii_hexdigit()) => {
                u16::from_str_radix(digits, 16).map_err(|_| wrong())
            }
            _ => Err(wrong()),
        };
        let (major, minor) = text.split_once(':').ok_or_else(wrong)?;
        if major.is_empty() && minor.is_empty() {
            return Err(wrong());
        }
        Ok(Handle(
            u32::from(number(major)?) << 16 | u32::from(number(minor)?),
        ))
    }

    /// Reads what may stand as a parent.
    pub fn parse_parent(text: &str) -> Result<Handle, String> {
        let named = PLACES.iter().find(|(name, _)| *name == text);
        match named {
            Some((_, handle)) => Ok(*handle),
            None => Handle::parse(text)
                .map_err(|_| format!("{text:?} is neither \"root\" nor a handle such as \"1:10\"")),
        }
    }
}

/// The places with names. The last two are where clsact has its filters (TC_H_MIN_INGRESS, TC_H_MIN_EGRESS).
const PLACES: [(&str, Handle); 3] = [
    ("root", Handle::ROOT),
    ("ingress", Handle(0xffff_fff2)),
    ("egress", Handle(0xffff_fff3)),
];

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Handle::INGRESS {
            return f.write_str("ingress");
        }
        match PLACES.iter().find(|(_, handle)| handle == self) {
            Some((name, _)) => f.write_str(name),
            None if self.minor() == 0 => write!(f, "{:x}:", self.0 >> 16),
            None => write!(f, "{:x}:{:x}", self.0 >> 16, self.minor()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn handles_are_hexadecimal() {
        for (text, number, written) in [
            ("1:", 0x1_0000, "1:"),
            ("1:10", 0x1_0010, "1:10"),
            ("ffff:", 0xffff_0000, "ffff:"),
            (":a", 0xa, "0:a"),
            ("1:0", 0x1_0000, "1:"),
        ] {
            let handle = Handle::parse(text).expect(text);
            assert_eq!((handle.0, handle.to_string().as_str()), (number, written));
        }
        for text in ["", ":", "1", "x:", "1:+2", "10000:", "1:2:3", "root"] {
            assert!(Handle::parse(text).is_err(), "{text}");
        }
        assert_eq!(Handle::parse_parent("root"), Ok(Handle::ROOT));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u32, text in ".{0,12}") {
            let handle = Handle(number);
            if handle != Handle::INGRESS {
                prop_assert_eq!(Handle::parse_parent(&handle.to_string()), Ok(handle));
            }
            let _ = Handle::parse_parent(&text);
        }
    }
}
