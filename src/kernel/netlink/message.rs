//! Netlink messages as bytes: `struct nlmsghdr`, requests, and the kernel's answers NLMSG_ERROR and NLMSG_DONE
//! (linux/netlink.h, RFC 3549).

use std::borrow::Cow;

use netlink_packet_core::{NetlinkDeserializable, NetlinkHeader, NetlinkSerializable};
use netlink_packet_route::RouteNetlinkMessage;
use nix::errno::Errno;

use super::attributes;
use crate::kernel::error::{Error, Result};
use crate::kernel::text::with_readable_label;

/// `NLM_F_CAPPED` and `NLM_F_ACK_TLVS` of linux/netlink.h, flags of an NLMSG_ERROR.
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;

/// `NLM_F_DUMP_INTR` of linux/netlink.h: the list is inconsistent.
const NLM_F_DUMP_INTR: u16 = 0x10;

/// `NLMSGERR_ATTR_MSG` of linux/netlink.h: the extended-ack text.
const NLMSGERR_ATTR_MSG: u16 = 1;

const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;

/// `struct nlmsghdr` is 16 bytes.
const HEADER: usize = 16;

/// The largest body of a message that is sent: no attribute in it can be longer than the 16 bits of its length say.
pub(super) const LARGEST: usize = u16::MAX as usize - HEADER;

/// What a message says, without its `struct nlmsghdr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// RTM_NEWLINK and the like; for netfilter the subsystem in the upper byte.
    pub kind: u16,
    /// The header of the family and the attributes.
    pub body: Vec<u8>,
}

impl From<RouteNetlinkMessage> for Message {
    fn from(message: RouteNetlinkMessage) -> Self {
        let mut body = vec![0; message.buffer_len()];
        // Attributes that are longer than their 16 bits of length can't be written; the socket refuses a body of this length.
        if body.len() <= LARGEST {
            message.serialize(&mut body);
        }
        Message {
            kind: message.message_type(),
            body,
        }
    }
}

/// A message that asks the kernel to change something, with the NLM_F_* flags beside REQUEST and ACK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The message, its names already resolved.
    pub message: Message,
    /// NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE ...
    pub flags: u16,
}

impl Request {
    /// A request from what it says and its flags.
    pub fn new(message: impl Into<Message>, flags: u16) -> Self {
        Request {
            message: message.into(),
            flags,
        }
    }
}

/// Adds a message to a datagram. Each begins on a boundary of 4 bytes (NLMSG_ALIGN).
pub(super) fn write(message: &Message, flags: u16, sequence: u32, datagram: &mut Vec<u8>) {
    let length = u32::try_from(HEADER + message.body.len()).unwrap_or(u32::MAX);
    datagram.extend(length.to_ne_bytes());
    datagram.extend(message.kind.to_ne_bytes());
    datagram.extend(flags.to_ne_bytes());
    datagram.extend(sequence.to_ne_bytes());
    // The kernel fills in the port.
    datagram.extend(0u32.to_ne_bytes());
    datagram.extend(&message.body);
    datagram.resize(datagram.len().next_multiple_of(4), 0);
}

/// A message of the kernel's, still in bytes.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// Its type.
    pub kind: u16,
    /// Its NLM_F_* flags.
    pub flags: u16,
    /// The number of the request that it answers; 0 of a notification.
    pub sequence: u32,
    /// What follows `struct nlmsghdr`. Those of a list stay in the buffer that they were received into.
    pub bytes: Cow<'a, [u8]>,
}

/// What an answer is.
#[derive(Debug)]
pub(super) enum Content<'a> {
    /// An object, or whatever else was asked for.
    Object(Answer<'a>),
    /// The end of what answers a request: an acknowledgement, the end of a list, or a refusal.
    End(Result<()>),
    /// Nothing.
    Nothing,
}

/// Takes the first message off a datagram, and leaves the rest. None at its end; a datagram whose rest is no message ends too.
pub fn first<'a>(datagram: &mut &'a [u8]) -> Option<(&'a [u8], Answer<'a>)> {
    let (&length, rest) = datagram.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_ne_bytes(length)).ok()?;
    let (&kind, rest) = rest.split_first_chunk::<2>()?;
    let (&flags, rest) = rest.split_first_chunk::<2>()?;
    let (&sequence, _) = rest.split_first_chunk::<4>()?;
    let whole = datagram.get(..length)?;
    let bytes = whole.get(HEADER..)?.into();
    *datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or(&[]);
    let answer = Answer {
        kind: u16::from_ne_bytes(kind),
        flags: u16::from_ne_bytes(flags),
        sequence: u32::from_ne_bytes(sequence),
        bytes,
    };
    Some((whole, answer))
}

impl<'a> Answer<'a> {
    /// The same with bytes of its own.
    pub(super) fn into_owned(self) -> Answer<'static> {
        Answer {
            kind: self.kind,
            flags: self.flags,
            sequence: self.sequence,
            bytes: Cow::Owned(self.bytes.into_owned()),
        }
    }

    /// The message with all its attributes, if it is one of rtnetlink.
    pub fn decode(&self) -> Result<RouteNetlinkMessage> {
        let mut header = NetlinkHeader::default();
        header.message_type = self.kind;
        let decode = |bytes: &[u8]| RouteNetlinkMessage::deserialize(&header, bytes);
        let decoded = decode(&self.bytes).or_else(|error| {
            let readable = with_readable_label(self.kind, &self.bytes);
            decode(&readable.ok_or(error)?)
        });
        decoded.map_err(|error| Error::Unreadable(error.to_string()))
    }

    /// Whether the list that it is part of changed while the kernel told it.
    pub(super) fn is_of_a_changed_list(&self) -> bool {
        self.flags & NLM_F_DUMP_INTR != 0
    }

    /// What it is.
    pub(super) fn content(self) -> Content<'a> {
        match self.kind {
            NLMSG_NOOP => Content::Nothing,
            NLMSG_ERROR => Content::End(self.acknowledged()),
            NLMSG_DONE => Content::End(self.done()),
            NLMSG_OVERRUN => Content::End(Err(Errno::ENOBUFS.into())),
            _ => Content::Object(self),
        }
    }

    /// The code that begins an NLMSG_ERROR and an NLMSG_DONE, and what follows it.
    fn code(&self) -> Option<(i32, &[u8])> {
        let (&code, rest) = self.bytes.split_first_chunk::<4>()?;
        Some((i32::from_ne_bytes(code), rest))
    }

    /// Reads an NLMSG_ERROR: code 0 is the acknowledgement.
    fn acknowledged(&self) -> Result<()> {
        let (code, rest) = self
            .code()
            .ok_or_else(|| Error::Unreadable("an acknowledgement that is too short".into()))?;
        if code == 0 {
            return Ok(());
        }
        // The header of the request is echoed, or, unless it was capped, all of it.
        let echoed = match rest.first_chunk::<4>() {
            Some(&length) if self.flags & NLM_F_CAPPED == 0 => {
                usize::try_from(u32::from_ne_bytes(length)).unwrap_or(usize::MAX)
            }
            _ => HEADER,
        };
        let said = match self.flags & NLM_F_ACK_TLVS {
            0 => &[],
            _ => rest
                .get(echoed.saturating_add(3) / 4 * 4..)
                .unwrap_or_default(),
        };
        Err(refused(code, said))
    }

    /// Reads an NLMSG_DONE: a code, in older kernels missing, and from Linux 5.x on the extended ack.
    fn done(&self) -> Result<()> {
        match self.code() {
            Some((code, said)) if code < 0 => Err(refused(code, said)),
            _ => Ok(()),
        }
    }
}

/// An errno and the extended-ack attributes that came with it.
fn refused(code: i32, extended_ack: &[u8]) -> Error {
    let errno = Errno::from_raw(code.wrapping_neg());
    let said = attributes::find(extended_ack, NLMSGERR_ATTR_MSG).map(|attribute| {
        let text = String::from_utf8_lossy(attribute.value);
        text.trim_end_matches(['\0', '.', '\n']).to_string()
    });
    Error::Refused { errno, said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::netlink::attributes::Attributes;
    use proptest::prelude::*;

    fn text_attribute(text: &str) -> Vec<u8> {
        let mut attributes = Attributes::new();
        attributes.text(NLMSGERR_ATTR_MSG, text);
        attributes.into_bytes()
    }

    fn error(code: i32, flags: u16, rest: &[u8]) -> Answer<'static> {
        Answer {
            kind: NLMSG_ERROR,
            flags,
            sequence: 1,
            bytes: [&code.to_ne_bytes(), rest].concat().into(),
        }
    }

    #[test]
    fn the_extended_ack_text_is_found() {
        let wanted = Err(Error::Refused {
            errno: Errno::EINVAL,
            said: Some("Unknown device type".into()),
        });
        let said = text_attribute("Unknown device type.");
        let capped = [&[0; HEADER][..], &said].concat();
        let answer = error(
            -(Errno::EINVAL as i32),
            NLM_F_CAPPED | NLM_F_ACK_TLVS,
            &capped,
        );
        assert_eq!(answer.acknowledged(), wanted);
        // A request of 18 bytes, echoed whole and padded.
        let whole = [&18u32.to_ne_bytes()[..], &[0; 16], &said].concat();
        let answer = error(-(Errno::EINVAL as i32), NLM_F_ACK_TLVS, &whole);
        assert_eq!(answer.acknowledged(), wanted);
    }

    #[test]
    fn broken_attributes_are_no_panic() {
        for bytes in [&[3u8, 0, 1, 0][..], &[255, 255, 1, 0], &[1], &[0, 0, 0, 0]] {
            assert_eq!(refused(-1, bytes), Error::from_errno(Errno::EPERM));
        }
        assert_eq!(refused(i32::MIN, &[]).errno(), Some(Errno::UnknownErrno));
        let echo_without_end = error(-1, NLM_F_ACK_TLVS, &u32::MAX.to_ne_bytes());
        assert_eq!(
            echo_without_end.acknowledged(),
            Err(Error::from_errno(Errno::EPERM))
        );
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

    fn header(length: u32, kind: u16, flags: u16) -> Vec<u8> {
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend([7, 0, 0, 0, 9, 0, 0, 0]);
        bytes
    }

    proptest! {
        /// Each turn takes something from the datagram, so that whoever reads comes to an end.
        #[test]
        fn no_datagram_is_a_panic_or_without_end(
            messages in prop::collection::vec((0u32..80, kinds(), any::<u16>(), prop::collection::vec(any::<u8>(), 0..64)), 0..4)
        ) {
            let mut datagram = Vec::new();
            for (length, kind, flags, rest) in messages {
                datagram.extend(header(length, kind, flags));
                datagram.extend(rest);
            }
            let mut rest = datagram.as_slice();
            let mut left = rest.len();
            while let Some((_, answer)) = first(&mut rest) {
                prop_assert!(rest.len() < left);
                left = rest.len();
                let _ = answer.content();
            }
        }

        #[test]
        fn no_answer_is_a_panic(kind in kinds(), bytes: Vec<u8>) {
            let _ = Answer { kind, flags: 0, sequence: 0, bytes: bytes.into() }.decode();
        }
    }
}
