//! The ioctls of interfaces (netdevice(7)): name to index and back.
//!
//! Any socket answers for the namespace in which it was opened, a netlink one too (net/socket.c, sock_do_ioctl).
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::os::fd::{AsRawFd, RawFd};

use nix::errno::Errno;
use nix::libc;

fn empty_request() -> libc::ifreq {
    // SAFETY: struct ifreq is plain old data; all-zero bytes are a valid value of it.
    unsafe { std::mem::zeroed() }
}

/// SIOCGIFINDEX. A name that is too long for a link is answered ENODEV: no link can have it.
pub fn link_index(socket: RawFd, name: &str) -> Result<u32, Errno> {
    let mut request = empty_request();
    if name.is_empty() || name.len() >= request.ifr_name.len() {
        return Err(Errno::ENODEV);
    }
    for (slot, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *slot = byte as libc::c_char;
    }
    // SAFETY: `request` is a valid ifreq that outlives the call, with a NUL-terminated name; the kernel writes only into it.
    Errno::result(unsafe { libc::ioctl(socket, libc::SIOCGIFINDEX, &mut request) })?;
    // SAFETY: after SIOCGIFINDEX the kernel has filled in ifr_ifindex.
    let index = unsafe { request.ifr_ifru.ifru_ifindex };
    u32::try_from(index).map_err(|_| Errno::ENODEV)
}

/// SIOCGIFNAME.
pub fn link_name(socket: RawFd, index: u32) -> Result<String, Errno> {
    let mut request = empty_request();
    request.ifr_ifru.ifru_ifindex = i32::try_from(index).map_err(|_| Errno::ENODEV)?;
    // SAFETY: `request` is a valid ifreq that outlives the call; the kernel writes only into it.
    Errno::result(unsafe { libc::ioctl(socket, libc::SIOCGIFNAME, &mut request) })?;
    let name: [u8; libc::IFNAMSIZ] = request.ifr_name.map(|byte| byte as u8);
    let name = CStr::from_bytes_until_nul(&name).map_err(|_| Errno::EINVAL)?;
    Ok(super::text::readable(name.to_bytes()))
}

/// Sets IFF_UP by SIOCSIFFLAGS in the calling thread's namespace. For the loopback link of a new sandbox, before there
/// is a netlink connection; everything later goes by netlink.
pub fn bring_up(name: &str) -> Result<(), Errno> {
    let socket = nix::sys::socket::socket(
        nix::sys::socket::AddressFamily::Inet,
        nix::sys::socket::SockType::Datagram,
        nix::sys::socket::SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    let mut request = empty_request();
    for (slot, byte) in request
        .ifr_name
        .iter_mut()
        .take(libc::IFNAMSIZ - 1)
        .zip(name.bytes())
    {
        *slot = byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: `request` is a valid ifreq that outlives the call, with a NUL-terminated name; the kernel only reads it.
    Errno::result(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &request) })?;
    Ok(())
}
