//! What the kernel knows of a TCP connection (TCP_INFO, tcp(7)).

// getsockopt(2) of a struct that no library has.
#![allow(unsafe_code)]

use std::io;
use std::mem;
use std::os::fd::AsRawFd;

use nix::libc;

/// How many segments a connection has sent again, since it began.
pub fn retransmits(socket: &impl AsRawFd) -> io::Result<u32> {
    // SAFETY: struct tcp_info is numbers only, for which all zeros are values.
    let mut info: libc::tcp_info = unsafe { mem::zeroed() };
    let mut length = mem::size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the descriptor is open for as long as `socket` is borrowed; `info` has `length` bytes, and the kernel writes no more.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &mut length,
        )
    };
    match result {
        0 => Ok(info.tcpi_total_retrans),
        _ => Err(io::Error::last_os_error()),
    }
}
