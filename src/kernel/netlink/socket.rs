//! A netlink socket of one network namespace: changes, questions, lists.
//!
//! The kernel answers while it takes a request in: when send(2) is back, the answer lies there. So the socket is read at
//! once, and only where nothing lies there netsh waits, for a bounded time.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST};
use netlink_sys::SocketAddr;
use netlink_sys::protocols::{NETLINK_NETFILTER, NETLINK_ROUTE};
use nix::errno::Errno;
use nix::libc::{IFNAMSIZ, MSG_DONTWAIT, MSG_TRUNC};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt;

use super::attributes::Attributes;
use super::message::{self, Answer, Content, Message, Request};
use super::tap::{self, Direction};
use crate::kernel::error::{Error, Result};
use crate::kernel::link::IFLA_ALT_IFNAME;
use crate::kernel::link_altname::ALTNAME_MAX;

/// How long any single answer may take. Removing a link waits for every user of it in the kernel, which can take seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many requests go in one datagram. The kernel queues all refusals while it takes the datagram in; a few hundred would
/// overflow the socket's buffer (net.core.rmem_default) and be lost.
const DATAGRAM: usize = 64;

/// How many bytes a netfilter transaction may have where the kernel allows it.
const TRANSACTION: usize = 16 << 20;

/// How often a dump is repeated when the kernel says that the list changed under it.
const DUMP_TRIES: usize = 10;

/// The largest datagram that is read. The kernel makes those of a list no larger than 32 KiB, but a single object may take
/// more.
const LARGEST: usize = 256 << 10;

/// `NFNL_MSG_BATCH_BEGIN`, `NFNL_MSG_BATCH_END` and `NFNL_SUBSYS_NFTABLES` of linux/netfilter/nfnetlink.h.
const NFNL_MSG_BATCH_BEGIN: u16 = 0x10;
const NFNL_MSG_BATCH_END: u16 = 0x11;
const NFNL_SUBSYS_NFTABLES: u8 = 10;

/// What RTM_GETLINK is asked with (linux/rtnetlink.h, linux/if_link.h).
const RTM_GETLINK: u16 = 18;
const IFLA_EXT_MASK: u16 = 29;
const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;

/// `struct ifinfomsg` is 16 bytes.
const IFINFOMSG: usize = 16;

/// What came of requests that were sent together.
#[derive(Debug, Default)]
pub struct Tried {
    /// How many were sent.
    pub sent: usize,
    /// Which of them the kernel refused, counted from 0, and why.
    pub refused: Vec<(usize, Error)>,
}

thread_local! {
    /// What datagrams are read into; the sockets of a thousand namespaces share it.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A netlink socket. It belongs for ever to the namespace in which it was opened.
pub struct Socket {
    socket: netlink_sys::Socket,
    protocol: isize,
    sequence: Cell<u32>,
    refused: Cell<Option<usize>>,
}

impl Socket {
    /// Opens a socket of this protocol (NETLINK_* of linux/netlink.h) in the namespace that the calling thread is in at this
    /// moment.
    pub fn open(protocol: isize) -> Result<Self> {
        let mut socket = netlink_sys::Socket::new(protocol)?;
        socket.bind_auto()?;
        socket.set_ext_ack(true)?;
        socket.set_cap_ack(true)?;
        match protocol {
            // Only filters of dumps need it (Linux 4.20); without it the lists are filtered here all the same.
            NETLINK_ROUTE => drop(socket.set_netlink_get_strict_chk(true)),
            // A transaction goes out in one piece. Without privilege the kernel gives less than this, and says nothing.
            NETLINK_NETFILTER => drop(nix::sys::socket::setsockopt(
                &socket,
                sockopt::SndBuf,
                &TRANSACTION,
            )),
            _ => {}
        }
        Ok(Socket {
            socket,
            protocol,
            sequence: Cell::new(0),
            refused: Cell::new(None),
        })
    }

    /// Sends requests, many in one datagram, and returns the first refusal. The kernel goes on after a refusal with those that
    /// came in the same datagram; those of later ones are not sent.
    pub fn change_all(&self, requests: impl IntoIterator<Item = Request>) -> Result<()> {
        let mut refused = self.try_all(requests)?.refused.into_iter();
        refused.next().map_or(Ok(()), |(_, refusal)| Err(refusal))
    }

    /// The same, and tells which were refused.
    pub fn try_all(&self, requests: impl IntoIterator<Item = Request>) -> Result<Tried> {
        let mut left = requests.into_iter().peekable();
        let mut tried = Tried::default();
        while left.peek().is_some() && tried.refused.is_empty() {
            self.try_some(left.by_ref().take(DATAGRAM), &mut tried)?;
        }
        Ok(tried)
    }

    /// Only the last request asks for an acknowledgement. The kernel takes them in one after the other and tells of each refusal
    /// unasked (netlink_rcv_skb in net/netlink/af_netlink.c): with the last answer there are no others to come.
    fn try_some(&self, requests: impl Iterator<Item = Request>, tried: &mut Tried) -> Result<()> {
        let mut datagram = Datagram::after(self.sequence.get());
        let mut requests = requests.peekable();
        while let Some(request) = requests.next() {
            let ack = if requests.peek().is_none() {
                NLM_F_ACK
            } else {
                0
            };
            datagram.add(&request.message, NLM_F_REQUEST | ack | request.flags)?;
        }
        let (first, last) = (datagram.first(), datagram.last);
        let before = tried.sent;
        tried.sent += datagram.count as usize;
        self.exchange(datagram, |answer| {
            let sequence = answer.sequence;
            // With NLM_F_ECHO an object comes before the acknowledgement.
            let Content::End(verdict) = answer.content() else {
                return false;
            };
            if let Err(refusal) = verdict {
                let place = before + sequence.wrapping_sub(first) as usize;
                tried.refused.push((place, refusal));
            }
            sequence == last
        })
    }

    /// Sends netfilter messages as one transaction, and returns the first refusal; after one nothing of it is done.
    ///
    /// Only the last message asks for an acknowledgement: a thousand of them would overflow the socket's buffer. A refusal
    /// of any other comes before it; one of the transaction as a whole answers its beginning, and nothing follows
    /// (nfnetlink_rcv_batch in net/netfilter/nfnetlink.c).
    ///
    /// `heard` is given what the kernel tells of messages with NLM_F_ECHO.
    pub fn transact(&self, requests: Vec<Request>, heard: &mut dyn FnMut(Answer)) -> Result<()> {
        let Some(last) = requests.len().checked_sub(1) else {
            return Ok(());
        };
        let mut datagram = Datagram::after(self.sequence.get());
        datagram.add(&transaction(NFNL_MSG_BATCH_BEGIN), NLM_F_REQUEST)?;
        let begin = datagram.first();
        self.refused.set(None);
        for (number, request) in requests.iter().enumerate() {
            let ack = if number == last { NLM_F_ACK } else { 0 };
            datagram.add(&request.message, NLM_F_REQUEST | ack | request.flags)?;
        }
        let end = datagram.last;
        datagram.add(&transaction(NFNL_MSG_BATCH_END), NLM_F_REQUEST)?;
        let mut refusal = Ok(());
        self.exchange(datagram, |answer| {
            let is_final = answer.sequence == begin || answer.sequence == end;
            let place = answer.sequence.wrapping_sub(begin).wrapping_sub(1) as usize;
            let verdict = match answer.content() {
                Content::End(verdict) => verdict,
                Content::Object(answer) => {
                    heard(answer);
                    return false;
                }
                Content::Nothing => return false,
            };
            if verdict.is_err() && refusal.is_ok() && place <= last {
                self.refused.set(Some(place));
            }
            refusal = std::mem::replace(&mut refusal, Ok(())).and(verdict);
            is_final
        })?;
        refusal
    }

    /// Which message of the last transaction was refused first, counted from 0.
    pub fn refused(&self) -> Option<usize> {
        self.refused.get()
    }

    /// Asks for one object.
    pub fn get(&self, question: impl Into<Message>) -> Result<Answer<'static>> {
        let mut datagram = Datagram::after(self.sequence.get());
        datagram.add(&question.into(), NLM_F_REQUEST)?;
        let mut found = Err(Error::NoAnswer);
        self.exchange(datagram, |answer| {
            found = match answer.content() {
                Content::Object(answer) => Ok(answer.into_owned()),
                Content::End(verdict) => {
                    verdict.and(Err(Error::Unreadable("an answer of another kind".into())))
                }
                Content::Nothing => return false,
            };
            true
        })?;
        found
    }

    /// Asks for all objects of a kind; `each` is given every one. A list that changed while the kernel was telling it
    /// is asked for again, a bounded number of times.
    pub fn dump<T>(
        &self,
        question: impl Into<Message>,
        mut each: impl FnMut(Answer) -> Result<Option<T>>,
    ) -> Result<Vec<T>> {
        let question = question.into();
        let mut list = Vec::new();
        for _ in 0..DUMP_TRIES {
            list.clear();
            if self.dump_once(&question, &mut list, &mut each)? {
                return Ok(list);
            }
        }
        Err(Error::Refused {
            errno: Errno::EINTR,
            said: Some("the list changes faster than it can be read".into()),
        })
    }

    /// Returns whether the list is consistent.
    fn dump_once<T>(
        &self,
        question: &Message,
        list: &mut Vec<T>,
        each: &mut impl FnMut(Answer) -> Result<Option<T>>,
    ) -> Result<bool> {
        let mut datagram = Datagram::after(self.sequence.get());
        datagram.add(question, NLM_F_REQUEST | NLM_F_DUMP)?;
        let mut consistent = true;
        let mut end = Ok(());
        let mut unreadable = Ok(());
        self.exchange(datagram, |answer| {
            consistent &= !answer.is_of_a_changed_list();
            match answer.content() {
                Content::Object(answer) => {
                    match each(answer) {
                        Ok(object) => list.extend(object),
                        // The rest has to be taken in all the same, or the next question would get it.
                        Err(error) => unreadable = Err(error),
                    }
                    false
                }
                Content::End(verdict) => {
                    end = verdict;
                    true
                }
                Content::Nothing => false,
            }
        })?;
        end.and(unreadable).map(|()| consistent)
    }

    /// The index of a link, by any of its names, by SIOCGIFINDEX: about 1 us, where a GET by name costs 80. An altname that the
    /// ioctl has no room for is asked for by the GET.
    pub fn index_of(&self, name: &str) -> Result<u32> {
        if name.contains('\0') {
            // The kernel would look for what stands before it.
            return Err(Error::NoSuchLink(name.to_string()));
        }
        if name.len() >= IFNAMSIZ {
            return self.index_of_altname(name);
        }
        match crate::kernel::ioctl::link_index(self.as_raw_fd(), name) {
            Ok(index) => Ok(index),
            Err(Errno::ENODEV) => Err(Error::NoSuchLink(name.to_string())),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The index of a link by RTM_GETLINK with IFLA_ALT_IFNAME, as `ip` asks for it.
    fn index_of_altname(&self, name: &str) -> Result<u32> {
        let mut attributes = Attributes::new();
        attributes.u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        attributes.text(IFLA_ALT_IFNAME, name);
        let mut body = vec![0; IFINFOMSG];
        body.extend(attributes.as_bytes());
        let kind = RTM_GETLINK;
        let found = match name.len() {
            ..=ALTNAME_MAX => self.get(Message { kind, body }),
            _ => return Err(Error::NoSuchLink(name.to_string())),
        };
        match found {
            // ifi_index of struct ifinfomsg.
            Ok(answer) => match answer.bytes.get(4..8).map(<[u8; 4]>::try_from) {
                Some(Ok(index)) => Ok(u32::from_ne_bytes(index)),
                _ => Err(Error::Unreadable("a link without its index".into())),
            },
            // Before Linux 5.5, which had no altnames, the attribute was an error.
            Err(Error::Refused {
                errno: Errno::ENODEV | Errno::EINVAL,
                ..
            }) => Err(Error::NoSuchLink(name.to_string())),
            Err(error) => Err(error),
        }
    }

    /// The name of a link, by SIOCGIFNAME, or None if there is no such index here.
    pub fn name_of(&self, index: u32) -> Option<String> {
        crate::kernel::ioctl::link_name(self.as_raw_fd(), index).ok()
    }

    /// Sends a datagram and hands every answer to `take` until it returns true. What belongs to an earlier request, given up,
    /// is passed over.
    fn exchange(&self, datagram: Datagram, mut take: impl FnMut(Answer) -> bool) -> Result<()> {
        let before = self.sequence.replace(datagram.last);
        let mut rest = datagram.bytes.as_slice();
        while let Some((whole, _)) = message::first(&mut rest) {
            tap::show(self.protocol, Direction::Sent, whole);
        }
        self.socket
            .send_to(&datagram.bytes, &SocketAddr::new(0, 0), 0)?;
        let is_ours =
            |sequence: u32| sequence.wrapping_sub(before).wrapping_sub(1) < datagram.count;
        let until = Instant::now() + PATIENCE;
        loop {
            let ended = self.receive(until, |answer| is_ours(answer.sequence) && take(answer))?;
            if ended {
                return Ok(());
            }
        }
    }

    /// Takes one datagram in and hands its messages to `take` until it returns true; whether it did.
    fn receive(&self, until: Instant, mut take: impl FnMut(Answer) -> bool) -> Result<bool> {
        // Whoever takes an answer may ask something else, on another socket.
        let mut buffer = BUFFER.take();
        buffer.clear();
        buffer.reserve(LARGEST);
        let received = self.receive_into(&mut buffer, until);
        let ended = received.map(|()| {
            let mut rest = buffer.as_slice();
            let mut ended = false;
            while let Some((whole, answer)) = message::first(&mut rest) {
                tap::show(self.protocol, Direction::Received, whole);
                ended = ended || take(answer);
            }
            ended
        });
        BUFFER.replace(buffer);
        ended
    }

    fn receive_into(&self, buffer: &mut Vec<u8>, until: Instant) -> Result<()> {
        loop {
            match self.socket.recv_from(buffer, MSG_DONTWAIT | MSG_TRUNC) {
                Ok((length, from)) if from.port_number() == 0 => {
                    return match length > buffer.capacity() {
                        true => Err(Errno::EMSGSIZE.into()),
                        false => Ok(()),
                    };
                }
                // Other processes can send to a netlink socket too; only the kernel is listened to.
                Ok(_) => buffer.clear(),
                Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                    Some(Errno::EAGAIN) => self.wait(until)?,
                    Some(Errno::EINTR) => {}
                    _ => return Err(error.into()),
                },
            }
        }
    }

    /// Waits for something to read.
    fn wait(&self, until: Instant) -> Result<()> {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(self.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) => Err(Error::NoAnswer),
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// `struct nfgenmsg` of linux/netfilter/nfnetlink.h: family AF_UNSPEC, version 0, and the subsystem that the transaction is
/// of, NFNL_SUBSYS_NFTABLES, in the network's order.
fn transaction(kind: u16) -> Message {
    let body = vec![0, 0, 0, NFNL_SUBSYS_NFTABLES];
    Message { kind, body }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Messages that go out together, numbered one after another.
struct Datagram {
    bytes: Vec<u8>,
    /// The number of the last message.
    last: u32,
    count: u32,
}

impl Datagram {
    /// An empty one, whose first message gets the number after this one.
    fn after(sequence: u32) -> Self {
        Datagram {
            bytes: Vec::new(),
            last: sequence,
            count: 0,
        }
    }

    /// The number of the first message.
    fn first(&self) -> u32 {
        self.last.wrapping_sub(self.count).wrapping_add(1)
    }

    fn add(&mut self, message: &Message, flags: u16) -> Result<()> {
        if message.body.len() > message::LARGEST {
            return Err(Errno::EMSGSIZE.into());
        }
        self.last = self.last.wrapping_add(1);
        self.count += 1;
        message::write(message, flags, self.last, &mut self.bytes);
        Ok(())
    }
}
