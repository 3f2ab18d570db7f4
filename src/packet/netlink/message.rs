//! One netlink message: `struct nlmsghdr`, the fixed header of each family, and the kernel's answers NLMSG_ERROR and
//! NLMSG_DONE (RFC 3549, linux/netlink.h, linux/rtnetlink.h, linux/netfilter/nfnetlink.h). Attributes are left to `tree.rs`.

use super::tables::{
    ANSWER_FLAGS, COMMON_FLAGS, DELETE_FLAGS, EXTENDED_ACKNOWLEDGEMENT, GET_FLAGS, Header,
    NEW_FLAGS, NFGENMSG, Names, OBJECTS, Purpose, RTGENMSG, SUBSYSTEM_NAMES, SUBSYSTEMS, Table,
};
use super::{Node, Protocol, tree, values};
use nix::errno::Errno;

const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;

const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;

/// The length of `struct nlmsghdr`.
const HEADER: usize = 16;

/// `struct nlmsghdr`, linux/netlink.h.
struct MessageHeader {
    length: usize,
    kind: u16,
    flags: u16,
    sequence: u32,
    port: u32,
}

/// What a type of message means in its protocol.
struct Meaning {
    name: String,
    purpose: Purpose,
    /// The fixed header that its attributes stand after.
    header: &'static Header,
    attributes: Table,
    /// The attributes of a request to make a change.
    change: Table,
}

/// Types below this one are netlink's own (NLMSG_MIN_TYPE of linux/netlink.h).
const NLMSG_MIN_TYPE: u16 = 0x10;

impl Protocol {
    fn meaning(self, kind: u16) -> Option<Meaning> {
        match self {
            _ if kind < NLMSG_MIN_TYPE => None,
            Protocol::Route => route_meaning(kind),
            Protocol::Netfilter => netfilter_meaning(kind),
        }
    }
}

/// Four types in a row for each object.
fn route_meaning(kind: u16) -> Option<Meaning> {
    let mut objects = OBJECTS.iter();
    let object = objects.find(|object| (object.first..object.first + 4).contains(&kind))?;
    let (verb, purpose) = match kind - object.first {
        0 => ("NEW", Purpose::New),
        1 => ("DEL", Purpose::Delete),
        2 => ("GET", Purpose::Get),
        _ => ("SET", Purpose::New),
    };
    Some(Meaning {
        name: format!("RTM_{verb}{}", object.name),
        purpose,
        header: object.header,
        attributes: object.attributes,
        change: object.change,
    })
}

/// The subsystem and its message. Attributes that have no table are shown by their numbers.
fn netfilter_meaning(kind: u16) -> Option<Meaning> {
    let [number, message] = kind.to_be_bytes();
    let subsystem = SUBSYSTEMS.iter().find(|it| it.number == number);
    let messages = subsystem.map_or(&[][..], |subsystem| subsystem.messages);
    let found = messages.iter().find(|it| it.0 == message);
    let meaning = |name: String, purpose, attributes: Table| Meaning {
        name,
        purpose,
        header: &NFGENMSG,
        attributes,
        change: attributes,
    };
    if let Some((_, name, purpose, attributes)) = found {
        return Some(meaning((*name).into(), *purpose, attributes));
    }
    let known = SUBSYSTEM_NAMES.iter().find(|it| it.0 == u64::from(number));
    let (_, name) = known.filter(|_| number != 0)?;
    Some(meaning(
        format!("{name} message {message}"),
        Purpose::Other,
        &[],
    ))
}

/// The first message, and its length where that can be believed.
pub fn first(protocol: Protocol, bytes: &[u8]) -> (Node, Option<usize>) {
    let Some((header, after)) = header(bytes) else {
        let fault = format!("{} where struct nlmsghdr has 16", values::dump(bytes));
        return (Node::malformed(fault), None);
    };
    let mut node = Node::with_value("nlmsghdr", describe(protocol, &header));
    let Some(length) = header.length.checked_sub(HEADER) else {
        let fault = format!("length {} is less than the header's 16", header.length);
        node.children.push(Node::malformed(fault));
        return (node, None);
    };
    let payload = after.get(..length);
    if payload.is_none() {
        let there = bytes.len();
        let fault = format!("length {}, but {there} bytes are there", header.length);
        node.children.push(Node::malformed(fault));
    }
    node.children
        .extend(content(protocol, &header, payload.unwrap_or(after)));
    (node, payload.map(|_| header.length))
}

fn header(bytes: &[u8]) -> Option<(MessageHeader, &[u8])> {
    let (&length, rest) = bytes.split_first_chunk::<4>()?;
    let (&kind, rest) = rest.split_first_chunk::<2>()?;
    let (&flags, rest) = rest.split_first_chunk::<2>()?;
    let (&sequence, rest) = rest.split_first_chunk::<4>()?;
    let (&port, rest) = rest.split_first_chunk::<4>()?;
    let header = MessageHeader {
        length: usize::try_from(u32::from_ne_bytes(length)).ok()?,
        kind: u16::from_ne_bytes(kind),
        flags: u16::from_ne_bytes(flags),
        sequence: u32::from_ne_bytes(sequence),
        port: u32::from_ne_bytes(port),
    };
    Some((header, rest))
}

fn describe(protocol: Protocol, header: &MessageHeader) -> String {
    let meaning = protocol.meaning(header.kind);
    format!(
        "length {}, type {}, flags {}, sequence {}, port {}",
        header.length,
        type_name(header.kind, meaning.as_ref()),
        values::flags(
            flag_names(header.kind, meaning.as_ref()),
            header.flags.into()
        ),
        header.sequence,
        header.port
    )
}

fn type_name(kind: u16, meaning: Option<&Meaning>) -> String {
    let name = match (kind, meaning) {
        (NLMSG_NOOP, _) => "NLMSG_NOOP",
        (NLMSG_ERROR, _) => "NLMSG_ERROR",
        (NLMSG_DONE, _) => "NLMSG_DONE",
        (NLMSG_OVERRUN, _) => "NLMSG_OVERRUN",
        (_, Some(meaning)) => &meaning.name,
        _ => return kind.to_string(),
    };
    format!("{name} ({kind})")
}

/// From bit 8 up, a flag's meaning depends on what is done.
fn flag_names(kind: u16, meaning: Option<&Meaning>) -> Names {
    match (kind, meaning.map(|meaning| meaning.purpose)) {
        (NLMSG_ERROR | NLMSG_DONE, _) => ANSWER_FLAGS,
        (_, Some(Purpose::New)) => NEW_FLAGS,
        (_, Some(Purpose::Delete)) => DELETE_FLAGS,
        (_, Some(Purpose::Get)) => GET_FLAGS,
        _ => COMMON_FLAGS,
    }
}

/// What follows the header.
fn content(protocol: Protocol, header: &MessageHeader, payload: &[u8]) -> Vec<Node> {
    match (header.kind, protocol.meaning(header.kind)) {
        (NLMSG_ERROR, _) => answer(protocol, header, payload),
        (NLMSG_DONE, _) => done(header, payload),
        (_, Some(meaning)) => about(&meaning, header, payload),
        _ if payload.is_empty() => Vec::new(),
        _ => vec![Node::with_value("payload", values::dump(payload))],
    }
}

fn about(meaning: &Meaning, header: &MessageHeader, payload: &[u8]) -> Vec<Node> {
    let is_get = meaning.purpose == Purpose::Get;
    if payload.is_empty() {
        return Vec::new();
    }
    // A dump may be asked for with nothing but the family; libnetlink's oldest form did.
    if is_get && payload.len() <= 4 && payload.len() < meaning.header.width() {
        return tree::headed(payload, &RTGENMSG, &[]);
    }
    let is_change = header.flags & NLM_F_REQUEST != 0 && !is_get;
    let attributes = if is_change {
        meaning.change
    } else {
        meaning.attributes
    };
    tree::headed(payload, meaning.header, attributes)
}

/// NLMSG_ERROR, `struct nlmsgerr`: an error (0 is the acknowledgement), the request's header, the rest of the request
/// unless NLM_F_CAPPED, and with NLM_F_ACK_TLVS the kernel's words.
fn answer(protocol: Protocol, outer: &MessageHeader, payload: &[u8]) -> Vec<Node> {
    let Some((code, request)) = payload.split_first_chunk::<4>() else {
        return vec![short_answer(payload)];
    };
    let mut nodes = vec![Node::with_value(
        "error",
        error_words(i32::from_ne_bytes(*code)),
    )];
    let Some((inner, after)) = header(request) else {
        let fault = format!(
            "{} where the request's header has 16",
            values::dump(request)
        );
        nodes.push(Node::malformed(fault));
        return nodes;
    };
    let mut asked = Node::with_value(
        "nlmsghdr",
        format!("of the request: {}", describe(protocol, &inner)),
    );
    let body = match inner.length.checked_sub(HEADER) {
        Some(length) if outer.flags & NLM_F_CAPPED == 0 => length.min(after.len()),
        _ => 0,
    };
    let (echoed, _) = after.split_at_checked(body).unwrap_or((after, &[]));
    // The kernel sends no errors about errors: one that is echoed is made up, and would let them nest without end.
    if protocol.meaning(inner.kind).is_some() {
        asked.children = content(protocol, &inner, echoed);
    } else if !echoed.is_empty() {
        asked.children = vec![Node::with_value("payload", values::dump(echoed))];
    }
    nodes.push(asked);
    let more = after.get(body.next_multiple_of(4)..).unwrap_or_default();
    nodes.extend(extended(outer, more));
    nodes
}

/// NLMSG_DONE: 0 or the error that ended the dump, then perhaps the kernel's words.
fn done(header: &MessageHeader, payload: &[u8]) -> Vec<Node> {
    if payload.is_empty() {
        return Vec::new();
    }
    let Some((code, more)) = payload.split_first_chunk::<4>() else {
        return vec![short_answer(payload)];
    };
    let code = i32::from_ne_bytes(*code);
    let words = match code {
        0 => "0: the dump is complete".to_string(),
        _ => error_words(code),
    };
    let mut nodes = vec![Node::with_value("error", words)];
    nodes.extend(extended(header, more));
    nodes
}

fn extended(header: &MessageHeader, more: &[u8]) -> Vec<Node> {
    if header.flags & NLM_F_ACK_TLVS != 0 {
        tree::attributes(more, EXTENDED_ACKNOWLEDGEMENT, 0)
    } else if more.is_empty() {
        Vec::new()
    } else {
        vec![Node::with_value("payload", values::dump(more))]
    }
}

fn short_answer(payload: &[u8]) -> Node {
    Node::malformed(format!(
        "{} where an error code has 4",
        values::dump(payload)
    ))
}

/// The kernel sends errno negated. Its name is nix's, its words are the C library's, which every other tool prints.
fn error_words(code: i32) -> String {
    // The kernel's own errno.h, never exported.
    const ENOTSUPP: i32 = 524;
    let unknown = || format!("{code}: not an errno that is known");
    match code.checked_neg() {
        Some(0) => "0: acknowledged".to_string(),
        Some(ENOTSUPP) => format!("{code} ENOTSUPP: Operation is not supported"),
        Some(number) => match Errno::from_raw(number) {
            Errno::UnknownErrno => unknown(),
            errno => {
                let words = std::io::Error::from_raw_os_error(number).to_string();
                let words = words.split(" (os error").next().unwrap_or_default();
                format!("{code} {errno:?}: {words}")
            }
        },
        None => unknown(),
    }
}
