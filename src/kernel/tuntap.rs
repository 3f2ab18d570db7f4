//! tun and tap devices: links whose other end is a file descriptor. What the kernel sends out of the link is read there, and
//! what is written there comes in (drivers/net/tun.c, Documentation/networking/tuntap.rst). A tun carries IP packets, a tap
//! Ethernet frames.
//!
//! /dev/net/tun is opened inside the namespace of the device, and TUNSETIFF names the device: there is no netlink message
//! for it. A device goes with its last descriptor unless it is persistent.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::errno::Errno;
use nix::libc::O_NONBLOCK;

use super::change::{Action, Change, Command, Names, Operation};
use super::error::{Error, Result};
use super::ioctl::{TunProperty, tun_attach, tun_flags, tun_name, tun_set};
use super::link::{LinkDel, exists};
use super::netlink::attributes::{Attribute, find, read};
use super::netns::Namespace;
use super::reason::{Reason, Refusal};
use super::text;

/// The device that all are made with.
pub const DEVICE: &str = "/dev/net/tun";

/// The longest packet, and what may stand before it: `struct tun_pi` and `struct virtio_net_hdr` with its extension.
const LONGEST: usize = 65_535 + 14 + 4 + 12;

/// What passes through a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// IP packets.
    Tun,
    /// Ethernet frames.
    Tap,
}

impl Mode {
    /// Its word in `ip tuntap`.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Tun => "tun",
            Mode::Tap => "tap",
        }
    }

    fn flag(self) -> u16 {
        match self {
            Mode::Tun => tun_flags::TUN,
            Mode::Tap => tun_flags::TAP,
        }
    }
}

/// A tun or tap device as the kernel tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuntap {
    /// The name of the link.
    pub name: String,
    /// What passes through it.
    pub mode: Mode,
    /// Whether a `struct tun_pi` stands before each packet.
    pub pi: bool,
    /// Whether a `struct virtio_net_hdr` stands before each packet.
    pub vnet_hdr: bool,
    /// Whether several descriptors may share it.
    pub multi_queue: bool,
    /// Whether it stays when the last descriptor is closed.
    pub persistent: bool,
    /// The user who may attach to it.
    pub owner: Option<u32>,
    /// The group that may.
    pub group: Option<u32>,
    /// How many descriptors share it, where the kernel says so.
    pub queues: Option<u32>,
}

/// `struct ifinfomsg` of linux/rtnetlink.h is 16 bytes; the attributes are those of linux/if_link.h.
const IFINFOMSG: usize = 16;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;

/// The tun and tap devices of a namespace, in the order of their indexes.
pub fn list(namespace: &Namespace) -> Result<Vec<Tuntap>> {
    use netlink_packet_route::RouteNetlinkMessage::GetLink;
    let question = GetLink(netlink_packet_route::link::LinkMessage::default());
    let route = namespace.route()?;
    route.dump(question, |answer| read_link(&answer.bytes))
}

/// The tun or tap device of this name; none if the link is of another kind.
pub fn get(namespace: &Namespace, name: &str) -> Result<Option<Tuntap>> {
    use netlink_packet_route::RouteNetlinkMessage::GetLink;
    let route = namespace.route()?;
    let mut question = netlink_packet_route::link::LinkMessage::default();
    question.header.index = route.index_of(name)?;
    read_link(&route.get(GetLink(question))?.bytes)
}

fn read_link(bytes: &[u8]) -> Result<Option<Tuntap>> {
    let attributes = bytes.get(IFINFOMSG..).unwrap_or_default();
    let info = find(attributes, IFLA_LINKINFO).map_or(&[][..], |info| info.value);
    let is_tun = find(info, IFLA_INFO_KIND).is_some_and(|kind| kind.text() == "tun");
    let (Some(name), true) = (find(attributes, IFLA_IFNAME), is_tun) else {
        return Ok(None);
    };
    let mut found = Tuntap {
        name: text::of_attribute(name.value),
        mode: Mode::Tun,
        pi: false,
        vnet_hdr: false,
        multi_queue: false,
        persistent: false,
        owner: None,
        group: None,
        queues: None,
    };
    let settings = find(info, IFLA_INFO_DATA).map_or(&[][..], |data| data.value);
    for setting in read(settings) {
        read_setting(&mut found, &setting?)?;
    }
    Ok(Some(found))
}

/// IFLA_TUN_* of linux/if_link.h, as tun_fill_info of drivers/net/tun.c fills them in.
fn read_setting(found: &mut Tuntap, setting: &Attribute<'_>) -> Result<()> {
    let flag = || Ok::<bool, Error>(setting.u8()? != 0);
    match setting.kind {
        1 => found.owner = Some(setting.u32()?),
        2 => found.group = Some(setting.u32()?),
        3 if u16::from(setting.u8()?) == tun_flags::TAP => found.mode = Mode::Tap,
        4 => found.pi = flag()?,
        5 => found.vnet_hdr = flag()?,
        6 => found.persistent = flag()?,
        7 => found.multi_queue = flag()?,
        8 => found.queues = Some(setting.u32()?),
        _ => {}
    }
    Ok(())
}

/// An open descriptor of a device: its other end, or one of several.
pub struct Queue(File);

impl Queue {
    /// The device's name of now.
    pub fn name(&self) -> Result<String> {
        Ok(tun_name(self.0.as_raw_fd())?)
    }

    /// What the kernel sent out of the link next: a packet, whole; none if nothing waits.
    pub fn read(&self) -> Result<Option<Vec<u8>>> {
        let mut buffer = vec![0; LONGEST];
        match (&self.0).read(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                buffer.shrink_to_fit();
                Ok(Some(buffer))
            }
            Err(error) if is_not_now(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets a packet come in by the link.
    pub fn write(&self, packet: &[u8]) -> Result<()> {
        let written = (&self.0).write(packet)?;
        if written < packet.len() {
            let words = format!("of {} bytes it took {written}", packet.len());
            return Err(Error::Unreadable(words));
        }
        Ok(())
    }
}

impl AsFd for Queue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn is_not_now(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

fn open() -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).custom_flags(O_NONBLOCK);
    options.open(DEVICE)
}

/// Attaches to a device that is there, of which this is known.
pub fn attach(namespace: &Namespace, device: &Tuntap) -> Result<Queue> {
    let flags = flags(device.mode, device.pi, device.vnet_hdr, device.multi_queue);
    namespace.enter(|| {
        let file = open()?;
        tun_attach(file.as_raw_fd(), &device.name, flags)?;
        Ok(Queue(file))
    })?
}

fn flags(mode: Mode, pi: bool, vnet_hdr: bool, multi_queue: bool) -> u16 {
    let when = |holds: bool, flag: u16| if holds { flag } else { 0 };
    mode.flag()
        | when(!pi, tun_flags::NO_PI)
        | when(vnet_hdr, tun_flags::VNET_HDR)
        | when(multi_queue, tun_flags::MULTI_QUEUE)
}

/// A new tun or tap device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TuntapAdd {
    /// The name of its link.
    pub name: String,
    /// What passes through it.
    pub mode: Mode,
    /// Have a `struct tun_pi` before each packet.
    pub pi: bool,
    /// Have a `struct virtio_net_hdr` before each packet.
    pub vnet_hdr: bool,
    /// Let several descriptors share it.
    pub multi_queue: bool,
    /// Let it stay when the last descriptor is closed.
    pub persistent: bool,
    /// The user who may attach to it without privilege.
    pub owner: Option<u32>,
    /// The group that may.
    pub group: Option<u32>,
}

impl TuntapAdd {
    /// Makes it, and gives its first descriptor.
    pub fn make(&self, namespace: &Namespace) -> Result<Queue> {
        let flags = flags(self.mode, self.pi, self.vnet_hdr, self.multi_queue);
        namespace.enter(|| {
            let file = open()?;
            let fd = file.as_raw_fd();
            tun_attach(fd, &self.name, flags | tun_flags::EXCLUSIVE)?;
            // Should one of these fail, the device goes with the descriptor.
            if let Some(user) = self.owner {
                tun_set(fd, TunProperty::Owner, user)?;
            }
            if let Some(group) = self.group {
                tun_set(fd, TunProperty::Group, group)?;
            }
            if self.persistent {
                tun_set(fd, TunProperty::Persistent, 1)?;
            }
            Ok(Queue(file))
        })?
    }
}

impl Operation for TuntapAdd {
    fn object(&self) -> String {
        self.name.clone()
    }

    fn words(&self) -> String {
        format!("make {} device {}", self.mode.word(), self.name)
    }

    fn action(&self, _names: &dyn Names) -> Result<Action> {
        Ok(Action::Tuntap(self.clone()))
    }

    fn command(&self) -> Command {
        let mut command = Command::ip(["tuntap", "add", "dev", &self.name]);
        command.with("mode", self.mode.word());
        if let Some(user) = self.owner {
            command.with("user", user);
        }
        if let Some(group) = self.group {
            command.with("group", group);
        }
        for (on, word) in [
            (self.pi, "pi"),
            (self.vnet_hdr, "vnet_hdr"),
            (self.multi_queue, "multi_queue"),
        ] {
            if on {
                command.word(word);
            }
        }
        command
    }

    fn refusal(&self, refusal: &Refusal, _names: &dyn Names) -> Option<Reason> {
        if let Some(reason) = no_device() {
            return Some(reason);
        }
        match refusal.errno {
            Errno::EBUSY => Some(exists(&self.name, "name")),
            Errno::EINVAL if self.owner.or(self.group).is_some() => Some(
                Reason::new("this user namespace does not know that user or group")
                    .blame(if self.owner.is_some() {
                        "owner"
                    } else {
                        "group"
                    })
                    .hint("in the sandbox there is only number 0, whoever runs netsh"),
            ),
            _ => None,
        }
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        Ok(Some(Change::TuntapDel(TuntapDel {
            name: self.name.clone(),
            mode: self.mode,
        })))
    }
}

/// A tun or tap device removed, whoever has it open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TuntapDel {
    /// The name of its link.
    pub name: String,
    /// What passes through it.
    pub mode: Mode,
}

impl TuntapDel {
    fn as_link(&self) -> LinkDel {
        LinkDel {
            name: self.name.clone(),
        }
    }
}

impl Operation for TuntapDel {
    fn object(&self) -> String {
        self.name.clone()
    }

    fn words(&self) -> String {
        format!("remove {} device {}", self.mode.word(), self.name)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        self.as_link().action(names)
    }

    fn command(&self) -> Command {
        let mut command = Command::ip(["tuntap", "del", "dev", &self.name]);
        command.with("mode", self.mode.word());
        command
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        // Its addresses and routes are gone with it, and nobody would hold the descriptor.
        Ok(None)
    }
}

/// Why this user can make no tun device at all, if so: nothing but opening it tells.
pub fn no_device() -> Option<Reason> {
    let error = open().err()?;
    let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
    let (words, hint) = match errno {
        Errno::ENOENT | Errno::ENOTDIR => (
            format!("there is no {DEVICE} here"),
            "the kernel makes it with its tun driver (CONFIG_TUN; on the host: modprobe tun); a container has to be given it: docker run --device /dev/net/tun",
        ),
        Errno::ENODEV | Errno::ENXIO => (
            "this kernel has no tun driver".into(),
            "it is CONFIG_TUN; on the host root may be able to load it: modprobe tun",
        ),
        Errno::EACCES => (
            format!("this user may not open {DEVICE}"),
            "on the host root can open it to all, as most distributions do: chmod 666 /dev/net/tun",
        ),
        Errno::EPERM => (
            format!("opening {DEVICE} is not permitted"),
            "a container has to be given the device: docker run --device /dev/net/tun",
        ),
        _ => (
            format!("{DEVICE} can't be opened"),
            "netsh makes tun and tap devices with it",
        ),
    };
    Some(Reason::new(words).hint(hint))
}

/// Why there is no attaching to a device.
pub fn attach_fault(device: &Tuntap, errno: Errno) -> Option<Reason> {
    if let Some(reason) = no_device() {
        return Some(reason);
    }
    match errno {
        Errno::EBUSY => Some(
            Reason::new(format!("{} is held by somebody else", device.name))
                .blame("name")
                .hint("only a device that was made with multi_queue can be held twice"),
        ),
        Errno::EPERM => Some(
            Reason::new(format!("{} belongs to another user", device.name))
                .blame("name")
                .hint("its owner is the option owner of tun_add"),
        ),
        _ => None,
    }
}

/// Why a packet did not come in, or could not be read.
pub fn packet_fault(mode: Mode, name: &str, errno: Errno) -> Option<Reason> {
    match errno {
        Errno::EIO => Some(
            Reason::new(format!("the link {name} is down"))
                .hint(format!("bring it up first: link_up({name:?})")),
        ),
        Errno::EINVAL => Some(match mode {
            Mode::Tun => Reason::new("it is no IP packet")
                .blame("packet")
                .hint("a tun takes IPv4 or IPv6 packets, from their first byte on; frames with Ethernet headers are for a tap"),
            Mode::Tap => Reason::new("it is no Ethernet frame")
                .blame("packet")
                .hint("a tap takes Ethernet frames: two hardware addresses of 6 bytes, the type in 2, and the packet"),
        }),
        Errno::EBADFD => Some(
            Reason::new("the device was deleted").hint("its handle is of no more use"),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::netlink::attributes::Attributes;
    use proptest::prelude::*;

    fn link(fill: impl FnOnce(&mut Attributes)) -> Vec<u8> {
        let mut attributes = Attributes::new();
        attributes.text(IFLA_IFNAME, "t0");
        attributes.nest(IFLA_LINKINFO, |info| {
            info.text(IFLA_INFO_KIND, "tun");
            info.nest(IFLA_INFO_DATA, fill);
        });
        let mut bytes = vec![0; IFINFOMSG];
        bytes.extend(attributes.into_bytes());
        bytes
    }

    #[test]
    fn the_settings_are_read() {
        let bytes = link(|data| {
            data.u8(3, 2)
                .u32(1, 1000)
                .u8(4, 0)
                .u8(6, 1)
                .u8(7, 1)
                .u32(8, 3);
        });
        let found = read_link(&bytes).expect("readable").expect("a tap");
        let wanted = Tuntap {
            name: "t0".into(),
            mode: Mode::Tap,
            pi: false,
            vnet_hdr: false,
            multi_queue: true,
            persistent: true,
            owner: Some(1000),
            group: None,
            queues: Some(3),
        };
        assert_eq!(found, wanted);
        assert_eq!(read_link(&[]), Ok(None));
    }

    proptest! {
        #[test]
        fn no_message_is_a_panic(bytes: Vec<u8>, kind in 0u16..12, value: Vec<u8>) {
            let _ = read_link(&bytes);
            let _ = read_link(&link(|data| { data.put(kind, &value); }));
        }
    }
}
