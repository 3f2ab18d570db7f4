//! The memory that the kernel writes packets into and we read them from: blocks, each of which belongs to one side at a time. Its
//! status says to whom (`struct tpacket_hdr_v1` of linux/if_packet.h).
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::libc;

use super::block::STATUS;
use crate::kernel::error::Result;

/// A mapped ring.
pub struct Ring {
    start: NonNull<u8>,
    block: usize,
    blocks: usize,
    /// The block that the kernel hands over next.
    next: usize,
}

// SAFETY: the memory belongs to the ring alone, wherever it is: nobody else has the pointer, and the methods that read or write
// through it take `&mut self`.
unsafe impl Send for Ring {}

impl Ring {
    /// Maps the ring of a packet socket, which has just been given one of so many blocks of so many bytes.
    pub(super) fn map(socket: BorrowedFd<'_>, block: u32, blocks: u32) -> Result<Self> {
        let (block, blocks) = (block as usize, blocks as usize);
        let length = block.checked_mul(blocks).ok_or(Errno::ENOMEM)?;
        if block < size_of::<libc::tpacket_block_desc>() {
            return Err(Errno::EINVAL.into());
        }
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let fd = socket.as_raw_fd();
        // SAFETY: a new mapping at a place of the kernel's choice touches no memory that is in use. The kernel refuses it unless
        // the length is the ring's own (packet_mmap in net/packet/af_packet.c).
        let start =
            unsafe { libc::mmap(ptr::null_mut(), length, protection, libc::MAP_SHARED, fd, 0) };
        if start == libc::MAP_FAILED {
            return Err(Errno::last().into());
        }
        let start = NonNull::new(start.cast::<u8>()).ok_or(Errno::ENOMEM)?;
        Ok(Ring {
            start,
            block,
            blocks,
            next: 0,
        })
    }

    /// How many blocks it has.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Shows the next block to `look`, if it was handed over, and gives it back. Whether it was.
    pub fn next(&mut self, look: impl FnOnce(&[u8])) -> bool {
        // SAFETY: `next` is less than the number of blocks, so that the block lies within the mapping.
        let block = unsafe { self.start.add(self.next * self.block) };
        // SAFETY: the status lies within the block, which is longer than a descriptor. Blocks are aligned to pages, and so the
        // status to 4 bytes. Both sides access it only as a whole, and the mapping outlives the reference.
        let status = unsafe { AtomicU32::from_ptr(block.add(STATUS).cast().as_ptr()) };
        // What the kernel wrote before it handed the block over is seen after this.
        if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            return false;
        }
        // SAFETY: the block lies within the mapping. As long as its status says that it is ours the kernel does not write into it
        // (prb_dispatch_next_block), and the slice does not outlive that.
        look(unsafe { slice::from_raw_parts(block.as_ptr(), self.block) });
        // What was read is read before the kernel has it again.
        status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.next = (self.next + 1) % self.blocks;
        true
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: it is the mapping that `map` made, of the same length, and nothing refers to it any more.
        let _ = unsafe { libc::munmap(self.start.as_ptr().cast(), self.block * self.blocks) };
    }
}
