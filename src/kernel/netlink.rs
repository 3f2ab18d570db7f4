//! The rtnetlink connection of one network namespace: requests, dumps, extended acks, and a tap on the bytes.
//!
//! Built on netlink-proto (rtnetlink's own foundation) rather than on rtnetlink's `Handle`, which hides batches,
//! takes a dump that ended in an error for an empty list, and ignores NLM_F_DUMP_INTR. The connection is not spawned
//! anywhere: whoever waits for an answer drives it, so a request costs no switch of task or thread.
//!
//! What the messages mean is left to the files of the objects (`link`, `addr`, ...).

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::Stream;
use netlink_packet_core::{
    ErrorMessage, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkBuffer, NetlinkDeserializable,
    NetlinkHeader, NetlinkMessage, NetlinkPayload, NetlinkSerializable, NlaBuffer, NlasIterator,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_proto::{Connection, ConnectionHandle, NetlinkMessageCodec};
use netlink_sys::{AsyncSocket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::errno::Errno;

use super::error::{Error, Result};
use super::stepwise::StepwiseSocket;
use super::text::with_readable_label;

/// How long any single answer may take. Removing a link waits for every user of it in the kernel, which can take seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many requests go in one datagram. The kernel queues all their answers while it takes the datagram in; a few hundred
/// would overflow the socket's buffer (net.core.rmem_default) and be lost.
const DATAGRAM: usize = 64;

/// How often a dump is repeated when the kernel says that the list changed under it.
const DUMP_TRIES: usize = 10;

/// `NLM_F_DUMP_INTR` of linux/netlink.h: the dump is inconsistent.
const NLM_F_DUMP_INTR: u16 = 0x10;

/// `NLM_F_ACK_TLVS` and `NLM_F_CAPPED` of linux/netlink.h, flags of an NLMSG_ERROR.
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;

/// `NLMSGERR_ATTR_MSG` of linux/netlink.h: the extended-ack text.
const NLMSGERR_ATTR_MSG: u16 = 1;

/// `struct nlmsghdr` is 16 bytes.
const NLMSGHDR_LENGTH: usize = 16;

/// A message that asks the kernel to change something, with the NLM_F_* flags beside REQUEST and ACK.
#[derive(Debug, Clone)]
pub struct Request {
    /// The message, its header index already resolved.
    pub message: RouteNetlinkMessage,
    /// NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE ...
    pub flags: u16,
}

/// Which way a tapped datagram went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From netsh to the kernel.
    Sent,
    /// From the kernel to netsh.
    Received,
}

/// Who sees the messages that pass.
pub type Tap = Box<dyn FnMut(Direction, &[u8])>;

thread_local! {
    static TAPPED: Cell<bool> = const { Cell::new(false) };
    static TAP: RefCell<Option<Tap>> = const { RefCell::new(None) };
    static RUNTIME: RefCell<Option<tokio::runtime::Runtime>> = const { RefCell::new(None) };
}

/// Shows every netlink message of this thread, sent and received, to `tap`, byte for byte.
pub fn set_tap(tap: Option<Tap>) {
    TAPPED.with(|tapped| tapped.set(tap.is_some()));
    TAP.with(|slot| *slot.borrow_mut() = tap);
}

fn show_to_tap(direction: Direction, bytes: &[u8]) {
    if TAPPED.with(Cell::get) {
        TAP.with(|slot| {
            if let Some(tap) = slot.borrow_mut().as_mut() {
                tap(direction, bytes);
            }
        });
    }
}

/// Runs `work` inside this thread's tokio runtime, made on first use.
fn with_runtime<R>(work: impl FnOnce(&tokio::runtime::Runtime) -> R) -> io::Result<R> {
    RUNTIME.with(|slot| {
        let mut slot = slot.borrow_mut();
        let runtime = match slot.take() {
            Some(runtime) => runtime,
            None => tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
        };
        let runtime = slot.insert(runtime);
        Ok(work(runtime))
    })
}

/// What goes over the socket: typed messages out, and in the bytes that came. Who asked decodes them, and as much of
/// them as it needs: a link has sixty attributes, and decoding them all costs as much as the kernel takes to write them.
#[derive(Debug)]
enum Body {
    Question(RouteNetlinkMessage),
    Answer(Answer),
}

/// A message of the kernel's, still in bytes.
#[derive(Debug)]
pub struct Answer {
    header: NetlinkHeader,
    /// What follows `struct nlmsghdr`.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The message with all its attributes.
    pub fn decode(&self) -> Result<RouteNetlinkMessage> {
        let decode = |bytes: &[u8]| RouteNetlinkMessage::deserialize(&self.header, bytes);
        let decoded = decode(&self.bytes).or_else(|error| {
            let readable = with_readable_label(self.header.message_type, &self.bytes);
            decode(&readable.ok_or(error)?)
        });
        decoded.map_err(|error| Error::Unreadable(error.to_string()))
    }
}

impl NetlinkSerializable for Body {
    fn message_type(&self) -> u16 {
        match self {
            Body::Question(question) => question.message_type(),
            Body::Answer(answer) => answer.header.message_type,
        }
    }

    fn buffer_len(&self) -> usize {
        match self {
            Body::Question(question) => question.buffer_len(),
            Body::Answer(answer) => answer.bytes.len(),
        }
    }

    fn serialize(&self, buffer: &mut [u8]) {
        match self {
            Body::Question(question) => question.serialize(buffer),
            Body::Answer(answer) => buffer.copy_from_slice(&answer.bytes),
        }
    }
}

impl NetlinkDeserializable for Body {
    type Error = std::convert::Infallible;

    fn deserialize(
        header: &NetlinkHeader,
        payload: &[u8],
    ) -> std::result::Result<Self, Self::Error> {
        Ok(Body::Answer(Answer {
            header: *header,
            bytes: payload.to_vec(),
        }))
    }
}

/// The standard codec with two differences: the tap sees the bytes, and a reply that does not decode ends its request
/// with EBADMSG, where the standard one drops it and the request waits for ever.
struct TappedCodec;

impl NetlinkMessageCodec for TappedCodec {
    fn decode<T>(src: &mut BytesMut) -> io::Result<Option<NetlinkMessage<T>>>
    where
        T: NetlinkDeserializable + std::fmt::Debug,
    {
        if src.is_empty() {
            return Ok(None);
        }
        let (length, header) = match NetlinkBuffer::new_checked(src.as_ref()) {
            Ok(buffer) => {
                let mut header = NetlinkHeader::default();
                header.sequence_number = buffer.sequence_number();
                header.port_number = buffer.port_number();
                (buffer.length() as usize, header)
            }
            Err(_) => {
                // Nothing says where the next message would begin: the rest of the datagram is lost.
                src.clear();
                return Ok(None);
            }
        };
        // Messages of one datagram begin on 4-byte boundaries (NLMSG_ALIGN); a length beyond the datagram was refused above.
        let aligned = length.next_multiple_of(4).min(src.len());
        let bytes = src.split_to(aligned);
        let bytes = &bytes[..length.min(bytes.len())];
        show_to_tap(Direction::Received, bytes);
        Ok(Some(match NetlinkMessage::<T>::deserialize(bytes) {
            Ok(message) => message,
            Err(_) => {
                let mut unreadable = ErrorMessage::default();
                unreadable.code = std::num::NonZeroI32::new(-(Errno::EBADMSG as i32));
                NetlinkMessage::new(header, NetlinkPayload::Error(unreadable))
            }
        }))
    }

    fn encode<T>(message: NetlinkMessage<T>, buffer: &mut BytesMut) -> io::Result<()>
    where
        T: NetlinkSerializable + std::fmt::Debug,
    {
        let start = buffer.len();
        let length = message.buffer_len();
        // Several messages in one datagram: each begins on a 4-byte boundary.
        buffer.resize(start + length.next_multiple_of(4), 0);
        message.serialize(&mut buffer[start..start + length]);
        show_to_tap(Direction::Sent, &buffer[start..start + length]);
        Ok(())
    }
}

type RouteMessage = NetlinkMessage<Body>;

/// A NETLINK_ROUTE socket. It belongs for ever to the namespace in which it was opened.
pub struct RouteSocket {
    connection: RefCell<Connection<Body, StepwiseSocket, TappedCodec>>,
    handle: ConnectionHandle<Body>,
}

impl RouteSocket {
    /// Opens a socket in the namespace that the calling thread is in at this moment.
    pub fn open() -> Result<Self> {
        let (mut connection, handle, _unsolicited) = with_runtime(|runtime| {
            let _context = runtime.enter();
            netlink_proto::new_connection_with_codec::<Body, StepwiseSocket, TappedCodec>(
                NETLINK_ROUTE,
            )
        })??;
        let socket = connection.socket_mut().socket_mut();
        socket.bind_auto()?;
        socket.set_ext_ack(true)?;
        socket.set_cap_ack(true)?;
        // Only filters of dumps need it (Linux 4.20); without it the lists are filtered here all the same.
        let _ = socket.set_netlink_get_strict_chk(true);
        connection.set_forward_ack(true);
        connection.set_forward_done(true);
        Ok(RouteSocket {
            connection: RefCell::new(connection),
            handle,
        })
    }

    /// Sends requests, many in one datagram, waits for all answers, and returns the first refusal. The kernel goes on
    /// after a refusal with those that came in the same datagram; those of later ones are not sent.
    pub fn change_all(&self, requests: impl IntoIterator<Item = Request>) -> Result<()> {
        let messages: Vec<_> = requests
            .into_iter()
            .map(|request| message(request.message, NLM_F_REQUEST | NLM_F_ACK | request.flags))
            .collect();
        let mut left = messages.into_iter().peekable();
        while left.peek().is_some() {
            self.change_some(left.by_ref().take(DATAGRAM).collect())?;
        }
        Ok(())
    }

    fn change_some(&self, messages: Vec<RouteMessage>) -> Result<()> {
        // Lengths of attributes have 16 bits (struct nlattr in linux/netlink.h); what does not fit would be written wrong.
        if messages
            .iter()
            .any(|message| message.buffer_len() > usize::from(u16::MAX))
        {
            return Err(Errno::EMSGSIZE.into());
        }
        let mut outstanding = messages.len();
        let mut refusal = None;
        self.exchange(messages, |answer| {
            outstanding -= 1;
            if let Err(error) = acknowledged(&answer) {
                refusal.get_or_insert(error);
            }
            outstanding == 0
        })?;
        refusal.map_or(Ok(()), Err)
    }

    /// Asks for one object.
    pub fn get(&self, request: RouteNetlinkMessage) -> Result<Answer> {
        let mut found = Err(Error::NoAnswer);
        self.exchange([message(request, NLM_F_REQUEST)], |answer| {
            found = match answer.payload {
                NetlinkPayload::InnerMessage(Body::Answer(answer)) => Ok(answer),
                NetlinkPayload::Error(_) => {
                    Err(acknowledged(&answer).err().unwrap_or(Error::NoAnswer))
                }
                _ => Err(Error::Unreadable("an answer of another kind".into())),
            };
            true
        })?;
        found
    }

    /// Asks for all objects of a kind; `each` is given every one. A list that changed while the kernel was telling it
    /// is asked for again, a bounded number of times.
    pub fn dump<T>(
        &self,
        request: RouteNetlinkMessage,
        mut each: impl FnMut(Answer) -> Result<Option<T>>,
    ) -> Result<Vec<T>> {
        let mut list = Vec::new();
        for _ in 0..DUMP_TRIES {
            list.clear();
            if self.dump_once(request.clone(), &mut list, &mut each)? {
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
        request: RouteNetlinkMessage,
        list: &mut Vec<T>,
        each: &mut impl FnMut(Answer) -> Result<Option<T>>,
    ) -> Result<bool> {
        let mut consistent = true;
        let mut end = Ok(());
        let mut unreadable = Ok(());
        self.exchange([message(request, NLM_F_REQUEST | NLM_F_DUMP)], |answer| {
            consistent &= answer.header.flags & NLM_F_DUMP_INTR == 0;
            match answer.payload {
                NetlinkPayload::InnerMessage(Body::Answer(answer)) => {
                    match each(answer) {
                        Ok(object) => list.extend(object),
                        // The rest has to be taken in all the same, or the next question would get it.
                        Err(error) => unreadable = Err(error),
                    }
                    false
                }
                NetlinkPayload::Done(done) => {
                    if done.code != 0 {
                        end = Err(refused(done.code, &done.extended_ack));
                    }
                    true
                }
                _ => {
                    end = acknowledged(&answer);
                    true
                }
            }
        })?;
        end.and(unreadable).map(|()| consistent)
    }

    /// The index of a link, by SIOCGIFINDEX: about 1 us, where a GET by name costs 80.
    pub fn index_of(&self, name: &str) -> Result<u32> {
        let fd = self.connection.borrow_mut().socket_mut().as_raw_fd();
        match super::ioctl::link_index(fd, name) {
            Ok(index) => Ok(index),
            Err(Errno::ENODEV) => Err(Error::NoSuchLink(name.to_string())),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The name of a link, by SIOCGIFNAME, or None if there is no such index here.
    pub fn name_of(&self, index: u32) -> Option<String> {
        let fd = self.connection.borrow_mut().socket_mut().as_raw_fd();
        super::ioctl::link_name(fd, index).ok()
    }

    /// Sends `messages` as one datagram and hands every answer to `take` until it returns true.
    fn exchange(
        &self,
        messages: impl IntoIterator<Item = RouteMessage>,
        mut take: impl FnMut(RouteMessage) -> bool,
    ) -> Result<()> {
        let kernel = SocketAddr::new(0, 0);
        let mut answers = self
            .handle
            .request_batch(messages, kernel)
            .map_err(|error| Error::Unreadable(error.to_string()))?;
        let mut connection = self.connection.borrow_mut();
        // First the request goes out; then each turn takes one datagram in.
        connection.socket_mut().hold();
        let conversation = poll_fn(|context| {
            loop {
                // The connection moves bytes; it is only ever finished when the socket broke.
                let broken = Pin::new(&mut *connection).poll(context).is_ready();
                while let Poll::Ready(answer) = Pin::new(&mut answers).poll_next(context) {
                    match answer {
                        Some(NetlinkMessage {
                            payload: NetlinkPayload::Overrun(_),
                            ..
                        }) => return Poll::Ready(Err(Error::from_errno(Errno::ENOBUFS))),
                        Some(answer) => {
                            if take(answer) {
                                return Poll::Ready(Ok(()));
                            }
                        }
                        None => return Poll::Ready(Err(Error::NoAnswer)),
                    }
                }
                if broken {
                    return Poll::Ready(Err(Error::Unreadable("the netlink socket broke".into())));
                }
                if !connection.socket_mut().go_on() {
                    return Poll::Pending;
                }
            }
        });
        with_runtime(|runtime| {
            runtime.block_on(async { tokio::time::timeout(PATIENCE, conversation).await })
        })?
        .unwrap_or(Err(Error::NoAnswer))
    }
}

fn message(inner: RouteNetlinkMessage, flags: u16) -> RouteMessage {
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    NetlinkMessage::new(header, NetlinkPayload::InnerMessage(Body::Question(inner)))
}

/// Reads an NLMSG_ERROR: code 0 is the acknowledgement.
fn acknowledged(answer: &RouteMessage) -> Result<()> {
    match &answer.payload {
        NetlinkPayload::Error(error) => match error.code {
            None => Ok(()),
            Some(code) => {
                let mut rest = error.header.get(NLMSGHDR_LENGTH..).unwrap_or_default();
                if answer.header.flags & NLM_F_CAPPED == 0 {
                    // The whole request is echoed before the TLVs.
                    let echoed = NetlinkBuffer::new_checked(error.header.as_slice())
                        .map_or(0, |buffer| buffer.length() as usize);
                    rest = error
                        .header
                        .get(echoed.next_multiple_of(4)..)
                        .unwrap_or_default();
                }
                if answer.header.flags & NLM_F_ACK_TLVS == 0 {
                    rest = &[];
                }
                Err(refused(code.get(), rest))
            }
        },
        _ => Err(Error::Unreadable(
            "an answer where an acknowledgement was due".into(),
        )),
    }
}

/// An errno and the extended-ack attributes that came with it.
fn refused(code: i32, extended_ack: &[u8]) -> Error {
    let errno = Errno::from_raw(code.wrapping_neg());
    if errno == Errno::EBADMSG && extended_ack.is_empty() {
        return Error::Unreadable("a reply that netsh could not decode".into());
    }
    let said = NlasIterator::new(extended_ack)
        .flatten()
        .find(|attribute: &NlaBuffer<&[u8]>| attribute.kind() == NLMSGERR_ATTR_MSG)
        .map(|attribute| {
            let text = String::from_utf8_lossy(attribute.value());
            text.trim_end_matches(['\0', '.', '\n']).to_string()
        });
    Error::Refused { errno, said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// nla_len, nla_type, text, NUL, padding: linux/netlink.h.
    fn text_attribute(text: &str) -> Vec<u8> {
        let length = u16::try_from(4 + text.len() + 1).expect("a short text");
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(NLMSGERR_ATTR_MSG.to_ne_bytes());
        bytes.extend(text.as_bytes());
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn the_extended_ack_text_is_found() {
        let error = refused(
            -(Errno::EINVAL as i32),
            &text_attribute("Unknown device type."),
        );
        assert_eq!(
            error,
            Error::Refused {
                errno: Errno::EINVAL,
                said: Some("Unknown device type".into())
            }
        );
    }

    #[test]
    fn broken_attributes_are_no_panic() {
        for bytes in [&[3u8, 0, 1, 0][..], &[255, 255, 1, 0], &[1], &[0, 0, 0, 0]] {
            assert_eq!(refused(-1, bytes), Error::from_errno(Errno::EPERM));
        }
        assert_eq!(refused(i32::MIN, &[]).errno(), Some(Errno::UnknownErrno));
    }

    fn header(length: u32, kind: u16, flags: u16) -> Vec<u8> {
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend([7, 0, 0, 0, 9, 0, 0, 0]);
        bytes
    }

    /// Types that are read in different ways: NLMSG_ERROR, NLMSG_DONE, links, addresses, neighbours, and any.
    fn kinds() -> impl Strategy<Value = u16> {
        prop_oneof![
            Just(2),
            Just(3),
            Just(16),
            Just(20),
            Just(28),
            Just(88),
            any::<u16>()
        ]
    }

    proptest! {
        /// Each turn takes something from the datagram, so that whoever reads comes to an end.
        #[test]
        fn no_datagram_is_a_panic_or_without_end(
            messages in prop::collection::vec((0u32..80, kinds(), any::<u16>(), prop::collection::vec(any::<u8>(), 0..64)), 0..4)
        ) {
            let mut datagram = BytesMut::new();
            for (length, kind, flags, rest) in messages {
                datagram.extend(header(length, kind, flags));
                datagram.extend(rest);
            }
            let mut left = datagram.len();
            while let Some(message) = TappedCodec::decode::<Body>(&mut datagram).expect("no fault of the codec") {
                prop_assert!(datagram.len() < left);
                left = datagram.len();
                let _ = acknowledged(&message);
            }
        }

        #[test]
        fn no_answer_is_a_panic(kind in kinds(), bytes: Vec<u8>) {
            let mut header = NetlinkHeader::default();
            header.message_type = kind;
            let _ = Answer { header, bytes }.decode();
        }
    }

    /// A message that says nothing readable still ends the request that it answers.
    #[test]
    fn garbage_that_answers_a_request_is_an_answer() {
        let mut datagram = BytesMut::new();
        datagram.extend(header(18, 2, 0));
        datagram.extend([1, 2, 0, 0]);
        let message = TappedCodec::decode::<Body>(&mut datagram)
            .expect("no fault of the codec")
            .expect("a message");
        assert_eq!(
            (message.header.sequence_number, message.header.port_number),
            (7, 9)
        );
        assert!(matches!(acknowledged(&message), Err(Error::Unreadable(_))));
    }
}
