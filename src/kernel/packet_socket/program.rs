//! Which packets are wanted, as a program of the classic packet filter: the kernel runs it for each packet, and it returns how many
//! bytes of it to keep; 0 is none (Documentation/networking/filter.rst).

use nix::errno::Errno;

use crate::kernel::error::Result;

/// An instruction: `struct sock_filter` of linux/filter.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// A filter: one program for packets that begin with an Ethernet header, and one for those that begin with that of IP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// For Ethernet.
    pub ethernet: Vec<Instruction>,
    /// For IP.
    pub ip: Vec<Instruction>,
}

/// Which packets are wanted, and how much of each.
#[derive(Debug, Clone, Copy, Default)]
pub struct Program<'a> {
    /// Those of these links; of all, if there are none.
    pub links: &'a [u32],
    /// Those that it lets pass.
    pub filter: Option<&'a Filter>,
    /// So many bytes of each; all of it, if nothing is said.
    pub snaplen: Option<u32>,
}

/// Codes of linux/bpf_common.h: load a word, compare with a number, jump, end.
const LOAD: u16 = 0x20;
const IS: u16 = 0x15;
const JUMP: u16 = 0x05;
const RETURN: u16 = 0x06;

/// What is loaded from beside the packet: SKF_AD_OFF and SKF_AD_* of linux/filter.h.
const INDEX: u32 = 0xffff_f000 + 8;
const HARDWARE: u32 = 0xffff_f000 + 28;

/// linux/if_arp.h: links whose packets begin with an Ethernet header.
const ETHERNET: u32 = 1;
const LOOPBACK: u32 = 772;

/// BPF_MAXINSNS of linux/bpf_common.h.
const LONGEST: usize = 4096;

fn is(code: u16, jt: u8, jf: u8, k: u32) -> Instruction {
    Instruction { code, jt, jf, k }
}

impl Program<'_> {
    /// The instructions; None if every packet is wanted, and all of it.
    pub fn instructions(&self) -> Result<Option<Vec<Instruction>>> {
        let mut all = self.of_links()?;
        match self.filter {
            Some(Filter { ethernet, ip }) => {
                let length = u32::try_from(ethernet.len()).map_err(|_| Errno::EINVAL)?;
                all.extend([
                    is(LOAD, 0, 0, HARDWARE),
                    is(IS, 2, 0, ETHERNET),
                    is(IS, 1, 0, LOOPBACK),
                    is(JUMP, 0, 0, length),
                ]);
                all.extend_from_slice(ethernet);
                all.extend_from_slice(ip);
            }
            None if all.is_empty() && self.snaplen.is_none() => return Ok(None),
            None => all.push(is(RETURN, 0, 0, self.snaplen.unwrap_or(u32::MAX))),
        }
        match all.len() <= LONGEST {
            true => Ok(Some(all)),
            false => Err(Errno::E2BIG.into()),
        }
    }

    /// Goes on with what follows for the packets of these links, and ends for all others.
    fn of_links(&self) -> Result<Vec<Instruction>> {
        let mut all = Vec::new();
        if self.links.is_empty() {
            return Ok(all);
        }
        all.push(is(LOAD, 0, 0, INDEX));
        let count = u32::try_from(self.links.len()).map_err(|_| Errno::E2BIG)?;
        for (before, index) in (0..count).zip(self.links) {
            // Behind each jump are two instructions for each link that is left, and the end.
            let rest = 2 * (count - before - 1) + 1;
            all.extend([is(IS, 0, 1, *index), is(JUMP, 0, 0, rest)]);
        }
        all.push(is(RETURN, 0, 0, 0));
        Ok(all)
    }
}
