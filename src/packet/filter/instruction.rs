//! Instructions of the classic packet filter (BPF): linux/filter.h and linux/bpf_common.h, and how `tcpdump -d` prints them.

use std::fmt;

/// An instruction: `struct sock_filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// What it does.
    pub code: u16,
    /// How many instructions it skips if a comparison holds.
    pub jt: u8,
    /// ... and if not.
    pub jf: u8,
    /// Its number.
    pub k: u32,
}

impl Instruction {
    /// An instruction that does not compare.
    pub const fn new(code: u16, k: u32) -> Instruction {
        Instruction {
            code,
            jt: 0,
            jf: 0,
            k,
        }
    }
}

/// The parts that codes are put together from.
pub mod code {
    /// The bits of a code that say its class.
    pub const CLASS: u16 = 0x07;
    /// Loads into A.
    pub const LD: u16 = 0x00;
    /// Loads into X.
    pub const LDX: u16 = 0x01;
    /// Stores A into the scratch memory.
    pub const ST: u16 = 0x02;
    /// Stores X into the scratch memory.
    pub const STX: u16 = 0x03;
    /// Computes with A.
    pub const ALU: u16 = 0x04;
    /// Goes elsewhere.
    pub const JMP: u16 = 0x05;
    /// Ends.
    pub const RET: u16 = 0x06;
    /// Moves between A and X.
    pub const MISC: u16 = 0x07;

    /// Four bytes.
    pub const W: u16 = 0x00;
    /// Two bytes.
    pub const H: u16 = 0x08;
    /// A byte.
    pub const B: u16 = 0x10;

    /// The number itself.
    pub const IMM: u16 = 0x00;
    /// The packet, from its beginning.
    pub const ABS: u16 = 0x20;
    /// The packet, from where X says.
    pub const IND: u16 = 0x40;
    /// The scratch memory.
    pub const MEM: u16 = 0x60;
    /// The length of the packet.
    pub const LEN: u16 = 0x80;
    /// Four times the lower half of a byte of the packet: the length of an IPv4 header.
    pub const MSH: u16 = 0xa0;

    /// With the number of the instruction.
    pub const K: u16 = 0x00;
    /// With X.
    pub const X: u16 = 0x08;
    /// A, in place of the number of a RET.
    pub const A: u16 = 0x10;

    /// `+`.
    pub const ADD: u16 = 0x00;
    /// `-`.
    pub const SUB: u16 = 0x10;
    /// `*`.
    pub const MUL: u16 = 0x20;
    /// `/`.
    pub const DIV: u16 = 0x30;
    /// `|`.
    pub const OR: u16 = 0x40;
    /// `&`.
    pub const AND: u16 = 0x50;
    /// `<<`.
    pub const LSH: u16 = 0x60;
    /// `>>`.
    pub const RSH: u16 = 0x70;
    /// The negative.
    pub const NEG: u16 = 0x80;
    /// `%`.
    pub const MOD: u16 = 0x90;
    /// `^`.
    pub const XOR: u16 = 0xa0;

    /// Always.
    pub const JA: u16 = 0x00;
    /// If equal.
    pub const JEQ: u16 = 0x10;
    /// If greater.
    pub const JGT: u16 = 0x20;
    /// If greater or equal.
    pub const JGE: u16 = 0x30;
    /// If a bit of both is set.
    pub const JSET: u16 = 0x40;

    /// A to X.
    pub const TAX: u16 = 0x00;
    /// X to A.
    pub const TXA: u16 = 0x80;
}

/// What the kernel knows about a packet beside its bytes, to be loaded from these places: SKF_AD_OFF and SKF_AD_*.
pub mod beside {
    /// Where they begin.
    pub const FIRST: u32 = 0xffff_f000;
    /// The type of the link layer's payload.
    pub const PROTOCOL: u32 = FIRST;
    /// For whom it is, or that it goes out.
    pub const PACKET_TYPE: u32 = FIRST + 4;
    /// The index of its link.
    pub const INDEX: u32 = FIRST + 8;
    /// What its link is: ARPHRD_*.
    pub const HARDWARE: u32 = FIRST + 28;
    /// The VLAN tag that was taken off.
    pub const VLAN_TAG: u32 = FIRST + 44;
    /// Whether one was.
    pub const VLAN_TAG_PRESENT: u32 = FIRST + 48;

    /// The names that `tcpdump -d` has for these places and for others, by what is between them and the first.
    pub(super) const NAMES: &[(u32, &str)] = &[
        (0, "proto"),
        (4, "type"),
        (8, "ifidx"),
        (12, "nla"),
        (16, "nlan"),
        (20, "mark"),
        (24, "queue"),
        (28, "hatype"),
        (32, "rxhash"),
        (36, "cpu"),
        (40, "xor_x"),
        (44, "vlan_tci"),
        (48, "vlanp"),
        (52, "poff"),
        (56, "random"),
        (60, "vlan_tpid"),
    ];
}

/// A program as `tcpdump -d` prints it, a line for each instruction.
pub struct Listing<'a>(pub &'a [Instruction]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, one) in self.0.iter().enumerate() {
            let (name, operand) = one.words(at);
            write!(f, "({at:03}) {name:8} ")?;
            match one.is_comparison() {
                true => {
                    let [yes, no] = [one.jt, one.jf].map(|skipped| at + 1 + usize::from(skipped));
                    writeln!(f, "{operand:16} jt {yes}\tjf {no}")?;
                }
                false => writeln!(f, "{operand}")?,
            }
        }
        Ok(())
    }
}

/// Alone it is shown as if it were the first of its program.
impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listing = Listing(std::slice::from_ref(self)).to_string();
        f.write_str(listing.trim_start_matches("(000) ").trim_end())
    }
}

impl Instruction {
    /// Whether it goes on at one of two places.
    fn is_comparison(&self) -> bool {
        self.code & code::CLASS == code::JMP && self.code & 0xf0 != code::JA
    }

    /// Its name and its operand.
    fn words(&self, at: usize) -> (&'static str, String) {
        let words = match self.code & code::CLASS {
            code::LD => self.load_words(),
            code::LDX => self.load_x_words(),
            code::ST if self.code == code::ST => Some(("st", format!("M[{}]", self.k))),
            code::STX if self.code == code::STX => Some(("stx", format!("M[{}]", self.k))),
            code::ALU => self.compute_words(),
            code::JMP => self.jump_words(at),
            code::RET => self.end_words(),
            _ => match self.code & !code::CLASS {
                code::TAX => Some(("tax", String::new())),
                code::TXA => Some(("txa", String::new())),
                _ => None,
            },
        };
        words.unwrap_or_else(|| ("unimp", format!("{:#x}", self.code)))
    }

    fn load_words(&self) -> Option<(&'static str, String)> {
        let k = self.k.cast_signed();
        let name = match self.code & 0x18 {
            code::W => "ld",
            code::H => "ldh",
            code::B => "ldb",
            _ => return None,
        };
        let operand = match self.code & 0xe0 {
            code::ABS => match self.place_beside() {
                Some(place) => format!("[{place}]"),
                None => format!("[{k}]"),
            },
            code::IND => format!("[x + {k}]"),
            _ if name != "ld" => return None,
            code::IMM => format!("#{:#x}", self.k),
            code::MEM => format!("M[{k}]"),
            code::LEN => "#pktlen".into(),
            _ => return None,
        };
        Some((name, operand))
    }

    fn place_beside(&self) -> Option<&'static str> {
        let place = self.k.checked_sub(beside::FIRST)?;
        let mut names = beside::NAMES.iter();
        let found = names.find(|(known, _)| *known == place);
        found.map(|(_, name)| *name)
    }

    fn load_x_words(&self) -> Option<(&'static str, String)> {
        let k = self.k.cast_signed();
        match self.code & !code::CLASS {
            code::IMM => Some(("ldx", format!("#{:#x}", self.k))),
            code::MEM => Some(("ldx", format!("M[{k}]"))),
            // BPF_MSH|BPF_B.
            0xb0 => Some(("ldxb", format!("4*([{k}]&0xf)"))),
            _ => None,
        }
    }

    fn compute_words(&self) -> Option<(&'static str, String)> {
        let (name, is_hex) = match self.code & 0xf0 {
            code::ADD => ("add", false),
            code::SUB => ("sub", false),
            code::MUL => ("mul", false),
            code::DIV => ("div", false),
            code::MOD => ("mod", false),
            code::LSH => ("lsh", false),
            code::RSH => ("rsh", false),
            code::AND => ("and", true),
            code::OR => ("or", true),
            code::XOR => ("xor", true),
            code::NEG if self.code == code::ALU | code::NEG => {
                return Some(("neg", String::new()));
            }
            _ => return None,
        };
        let operand = match (self.code & code::X, is_hex) {
            (code::X, _) => "x".into(),
            (_, true) => format!("#{:#x}", self.k),
            (_, false) => format!("#{}", self.k.cast_signed()),
        };
        Some((name, operand))
    }

    fn jump_words(&self, at: usize) -> Option<(&'static str, String)> {
        let name = match self.code & 0xf0 {
            code::JA if self.code == code::JMP => {
                let target = at as u64 + 1 + u64::from(self.k);
                return Some(("ja", target.to_string()));
            }
            code::JEQ => "jeq",
            code::JGT => "jgt",
            code::JGE => "jge",
            code::JSET => "jset",
            _ => return None,
        };
        let operand = match self.code & code::X {
            code::X => "x".into(),
            _ => format!("#{:#x}", self.k),
        };
        Some((name, operand))
    }

    fn end_words(&self) -> Option<(&'static str, String)> {
        match self.code & !code::CLASS {
            code::K => Some(("ret", format!("#{}", self.k.cast_signed()))),
            code::A => Some(("ret", String::new())),
            _ => None,
        }
    }
}
