//! Which packets are wanted, as a program of the classic packet filter: the kernel runs it for each packet, and it returns how many
//! bytes of it to keep; 0 is none (Documentation/networking/filter.rst).

use nix::errno::Errno;

use crate::kernel::error::Result;
use crate::packet::filter::Instruction;

/// Which packets are wanted, and how much of each.
#[derive(Debug, Clone, Copy, Default)]
pub struct Program<'a> {
    /// Those of these links; of all, if there are none.
    pub links: &'a [u32],
    /// Those for which this program, that of a filter, returns how many bytes of them are wanted.
    pub filter: Option<&'a [Instruction]>,
    /// Without a filter: so many bytes of each; all of it, if nothing is said.
    pub snaplen: Option<u32>,
}

/// Codes of linux/bpf_common.h: load a word, compare with a number, jump, end.
const LOAD: u16 = 0x20;
const IS: u16 = 0x15;
const JUMP: u16 = 0x05;
const RETURN: u16 = 0x06;

/// Where the number of the link is loaded from: SKF_AD_OFF + SKF_AD_IFINDEX of linux/filter.h.
const INDEX: u32 = 0xffff_f000 + 8;

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
            Some(filter) => all.extend_from_slice(filter),
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
