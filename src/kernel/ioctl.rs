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

/// What TUNSETIFF may be told beside the mode (linux/if_tun.h).
pub mod tun_flags {
    /// A tun device: IP packets.
    pub const TUN: u16 = 0x0001;
    /// A tap device: Ethernet frames.
    pub const TAP: u16 = 0x0002;
    /// Several descriptors share the packets.
    pub const MULTI_QUEUE: u16 = 0x0100;
    /// No `struct tun_pi` before each packet.
    pub const NO_PI: u16 = 0x1000;
    /// A `struct virtio_net_hdr` before each packet.
    pub const VNET_HDR: u16 = 0x4000;
    /// The device must not be there yet.
    pub const EXCLUSIVE: u16 = 0x8000;
}

/// TUNSETIFF and the like are _IOW('T', number, int) in linux/if_tun.h, whatever they really take.
const fn tun_request(number: u32) -> libc::Ioctl {
    nix::request_code_write!(b'T', number, size_of::<libc::c_int>()) as libc::Ioctl
}

/// TUNSETIFF: makes a tun or tap device, or attaches to the one of this name, in the namespace in which /dev/net/tun was
/// opened.
pub fn tun_attach(tun: RawFd, name: &str, flags: u16) -> Result<(), Errno> {
    let mut request = empty_request();
    if name.is_empty() || name.len() >= request.ifr_name.len() {
        return Err(Errno::EINVAL);
    }
    for (slot, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *slot = byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = flags as libc::c_short;
    // SAFETY: `request` is a valid ifreq that outlives the call, with a NUL-terminated name; the kernel copies it in and out.
    Errno::result(unsafe { libc::ioctl(tun, tun_request(202), &mut request) })?;
    Ok(())
}

/// TUNGETIFF: what the device is called now.
pub fn tun_name(tun: RawFd) -> Result<String, Errno> {
    const TUNGETIFF: libc::Ioctl =
        nix::request_code_read!(b'T', 210, size_of::<libc::c_uint>()) as libc::Ioctl;
    let mut request = empty_request();
    // SAFETY: `request` is a valid ifreq that outlives the call; the kernel writes no more than it (tun_get_iff).
    Errno::result(unsafe { libc::ioctl(tun, TUNGETIFF, &mut request) })?;
    let name: [u8; libc::IFNAMSIZ] = request.ifr_name.map(|byte| byte as u8);
    let name = CStr::from_bytes_until_nul(&name).map_err(|_| Errno::EINVAL)?;
    Ok(super::text::readable(name.to_bytes()))
}

/// A property of a tun or tap device that is set by a number.
#[derive(Debug, Clone, Copy)]
pub enum TunProperty {
    /// TUNSETPERSIST: it stays when its last descriptor is closed.
    Persistent = 203,
    /// TUNSETOWNER: the user who may attach to it.
    Owner = 204,
    /// TUNSETGROUP: the group that may.
    Group = 206,
}

/// Sets such a property.
pub fn tun_set(tun: RawFd, property: TunProperty, value: u32) -> Result<(), Errno> {
    let value = libc::c_ulong::from(value);
    // SAFETY: these take their argument as a number and touch no memory of ours (__tun_chr_ioctl in drivers/net/tun.c).
    Errno::result(unsafe { libc::ioctl(tun, tun_request(property as u32), value) })?;
    Ok(())
}
