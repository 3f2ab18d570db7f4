//! The least that can be done: a blocking netlink socket, one send and one receive for each message.

use std::cell::RefCell;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};

use netsh::kernel::netlink::{Direction, set_tap};

use super::Outcome;

/// `ifi_index` of struct ifinfomsg and `ifa_index` of struct ifaddrmsg stand at the same place: 4 bytes behind the
/// header's 16.
const INDEX: std::ops::Range<usize> = 20..24;

/// Numbers of linux/rtnetlink.h and linux/if_link.h.
const RTM_DELLINK: u16 = 17;
const RTM_SETLINK: u16 = 19;
const IFLA_GROUP: u16 = 27;

/// NLM_F_REQUEST | NLM_F_ACK.
const REQUEST_ACK: u16 = 5;

/// A NETLINK_ROUTE socket with nothing around it.
pub struct RawSocket(OwnedFd);

impl RawSocket {
    /// Opens one in the namespace of this thread.
    pub fn open() -> Outcome<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let route = SockProtocol::NetlinkRoute;
        Ok(RawSocket(socket(
            AddressFamily::Netlink,
            SockType::Raw,
            flags,
            route,
        )?))
    }

    /// Sends one message and waits for its acknowledgement.
    pub fn exchange(&self, message: &[u8]) -> Outcome<()> {
        let mut answer = [0; 4096];
        // Not bound and not connected: the kernel is who an address-less netlink message goes to.
        send(self.0.as_raw_fd(), message, MsgFlags::empty())?;
        let length = recv(self.0.as_raw_fd(), &mut answer, MsgFlags::empty())?;
        // struct nlmsgerr: the code follows the header.
        match answer.get(16..20).filter(|_| length >= 20) {
            Some([0, 0, 0, 0]) => Ok(()),
            other => Err(format!("the kernel refused a message: {other:?}").into()),
        }
    }

    /// Deletes links at one stroke: a group of links is deleted with one wait for all of them.
    pub fn delete(&self, indexes: &[u32]) -> Outcome<()> {
        const GROUP: u32 = 77;
        for index in indexes {
            self.exchange(&group_message(RTM_SETLINK, *index, GROUP))?;
        }
        self.exchange(&group_message(RTM_DELLINK, 0, GROUP))
    }
}

/// What `work` comes to, and the messages that netsh sent meanwhile.
pub fn recorded<T>(work: impl FnOnce() -> T) -> (T, Vec<Vec<u8>>) {
    let sent = Rc::new(RefCell::new(Vec::new()));
    let record = sent.clone();
    set_tap(Some(Box::new(move |_, direction, bytes| {
        if direction == Direction::Sent {
            record.borrow_mut().push(bytes.to_vec());
        }
    })));
    let result = work();
    set_tap(None);
    (result, sent.take())
}

/// A message with another link's index.
pub fn for_link(message: &[u8], index: u32) -> Vec<u8> {
    let mut message = message.to_vec();
    message[INDEX].copy_from_slice(&index.to_ne_bytes());
    message
}

/// struct nlmsghdr, struct ifinfomsg, and one attribute (rtnetlink(7)).
fn group_message(kind: u16, index: u32, group: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(40u32.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(REQUEST_ACK.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([0; 4]);
    bytes.extend(index.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend(8u16.to_ne_bytes());
    bytes.extend(IFLA_GROUP.to_ne_bytes());
    bytes.extend(group.to_ne_bytes());
    bytes
}
