//! Runs a program over a packet, as the kernel does (net/core/filter.c): for packets of files, and to judge programs in tests.
//!
//! What the kernel would not take ends here with 0, which is "not wanted": a load past the end, a jump past the end, an unknown
//! code.

use super::instruction::{Instruction, beside, code};

/// What is known about a packet beside its bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Beside {
    /// How long it was on its link; None if all of it is there.
    pub length: Option<u32>,
    /// The EtherType.
    pub protocol: u16,
    /// For whom it is: PACKET_HOST 0, PACKET_BROADCAST 1, ... PACKET_OUTGOING 4 (linux/if_packet.h).
    pub packet_type: u8,
    /// The index of its link.
    pub index: u32,
    /// What its link is: ARPHRD_ETHER 1, ARPHRD_LOOPBACK 772, ... (linux/if_arp.h).
    pub hardware: u16,
    /// The VLAN tag that the kernel has taken off it: priority and number.
    pub vlan_tag: Option<u16>,
}

/// The words of scratch memory (BPF_MEMWORDS).
const MEMORY: usize = 16;

/// A program on its way through a packet.
struct Run<'a> {
    packet: &'a [u8],
    beside: &'a Beside,
    a: u32,
    x: u32,
    memory: [u32; MEMORY],
}

/// What an instruction leads to.
enum Next {
    /// The instruction so many after the next one.
    Skip(u32),
    /// The end, with that number.
    End(u32),
}

/// What a program returns for a packet: how many bytes of it are wanted, 0 for none.
pub fn run(program: &[Instruction], packet: &[u8], beside: &Beside) -> u32 {
    let mut run = Run {
        packet,
        beside,
        a: 0,
        x: 0,
        memory: [0; MEMORY],
    };
    let mut at: usize = 0;
    // All jumps go forward, so this ends.
    while let Some(one) = program.get(at) {
        let skipped = match run.step(*one) {
            Some(Next::Skip(skipped)) => skipped as usize,
            Some(Next::End(wanted)) => return wanted,
            None => return 0,
        };
        let Some(next) = at.checked_add(1).and_then(|next| next.checked_add(skipped)) else {
            return 0;
        };
        at = next;
    }
    0
}

impl Run<'_> {
    fn step(&mut self, one: Instruction) -> Option<Next> {
        match one.code & code::CLASS {
            code::LD => self.a = self.load(one)?,
            code::LDX => self.x = self.load_x(one)?,
            code::ST => *self.word(one.k)? = self.a,
            code::STX => *self.word(one.k)? = self.x,
            code::ALU => self.a = self.computed(one)?,
            code::JMP => return self.jump(one).map(Next::Skip),
            code::RET => {
                return match one.code & !code::CLASS {
                    code::K => Some(Next::End(one.k)),
                    code::A => Some(Next::End(self.a)),
                    _ => None,
                };
            }
            _ => match one.code & !code::CLASS {
                code::TAX => self.x = self.a,
                code::TXA => self.a = self.x,
                _ => return None,
            },
        }
        Some(Next::Skip(0))
    }

    fn word(&mut self, number: u32) -> Option<&mut u32> {
        self.memory.get_mut(usize::try_from(number).ok()?)
    }

    fn length(&self) -> u32 {
        let all = u32::try_from(self.packet.len()).unwrap_or(u32::MAX);
        self.beside.length.unwrap_or(all)
    }

    fn load(&mut self, one: Instruction) -> Option<u32> {
        match one.code & 0xe0 {
            code::ABS if one.k >= beside::FIRST => self.load_beside(one.k),
            code::ABS => self.bytes(one.k, one.code),
            code::IND => self.bytes(self.x.checked_add(one.k)?, one.code),
            code::IMM => Some(one.k),
            code::MEM => self.word(one.k).copied(),
            code::LEN => Some(self.length()),
            _ => None,
        }
    }

    /// The kernel gives all of the value, whatever the size of the load.
    fn load_beside(&self, place: u32) -> Option<u32> {
        match place {
            beside::PROTOCOL => Some(self.beside.protocol.into()),
            beside::PACKET_TYPE => Some(self.beside.packet_type.into()),
            beside::INDEX => Some(self.beside.index),
            beside::HARDWARE => Some(self.beside.hardware.into()),
            beside::VLAN_TAG => Some(self.beside.vlan_tag.unwrap_or(0).into()),
            beside::VLAN_TAG_PRESENT => Some(self.beside.vlan_tag.is_some().into()),
            _ => None,
        }
    }

    fn bytes(&self, at: u32, code: u16) -> Option<u32> {
        let size = match code & 0x18 {
            code::W => 4,
            code::H => 2,
            code::B => 1,
            _ => return None,
        };
        let at = usize::try_from(at).ok()?;
        let bytes = self.packet.get(at..at.checked_add(size)?)?;
        Some(
            bytes
                .iter()
                .fold(0, |all, byte| all << 8 | u32::from(*byte)),
        )
    }

    fn load_x(&mut self, one: Instruction) -> Option<u32> {
        match one.code & !code::CLASS {
            code::IMM => Some(one.k),
            code::MEM => self.word(one.k).copied(),
            code::LEN => Some(self.length()),
            // BPF_MSH|BPF_B.
            0xb0 => Some(4 * (self.bytes(one.k, code::B)? & 0xf)),
            _ => None,
        }
    }

    fn operand(&self, one: Instruction) -> u32 {
        match one.code & code::X {
            code::X => self.x,
            _ => one.k,
        }
    }

    fn computed(&self, one: Instruction) -> Option<u32> {
        let (a, by) = (self.a, self.operand(one));
        Some(match one.code & 0xf0 {
            code::ADD => a.wrapping_add(by),
            code::SUB => a.wrapping_sub(by),
            code::MUL => a.wrapping_mul(by),
            code::DIV => a.checked_div(by)?,
            code::MOD => a.checked_rem(by)?,
            code::AND => a & by,
            code::OR => a | by,
            code::XOR => a ^ by,
            // Of the number of bits the kernel takes the lower five bits.
            code::LSH => a.wrapping_shl(by),
            code::RSH => a.wrapping_shr(by),
            code::NEG => a.wrapping_neg(),
            _ => return None,
        })
    }

    fn jump(&self, one: Instruction) -> Option<u32> {
        let (a, with) = (self.a, self.operand(one));
        let holds = match one.code & 0xf0 {
            code::JA => return Some(one.k),
            code::JEQ => a == with,
            code::JGT => a > with,
            code::JGE => a >= with,
            code::JSET => a & with != 0,
            _ => return None,
        };
        Some(u32::from(if holds { one.jt } else { one.jf }))
    }
}
