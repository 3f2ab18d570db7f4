//! One netlink message: `struct nlmsghdr`, the fixed header of each family, and the kernel's answers NLMSG_ERROR and
//! NLMSG_DONE (RFC 3549, linux/netlink.h, linux/rtnetlink.h). Attributes are left to `tree.rs`.

use super::tables::{
    ANSWER_FLAGS, COMMON_FLAGS, DELETE_FLAGS, EXTENDED_ACKNOWLEDGEMENT, GET_FLAGS, NEW_FLAGS,
    Names, OBJECTS, Object, RTGENMSG,
};
use super::{Node, tree, values};
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

/// The first message, and its length where that can be believed.
pub fn first(bytes: &[u8]) -> (Node, Option<usize>) {
    let Some((header, after)) = header(bytes) else {
        let fault = format!("{} where struct nlmsghdr has 16", values::dump(bytes));
        return (Node::malformed(fault), None);
    };
    let mut node = Node::with_value("nlmsghdr", describe(&header));
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
        .extend(content(&header, payload.unwrap_or(after)));
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

fn describe(header: &MessageHeader) -> String {
    format!(
        "length {}, type {}, flags {}, sequence {}, port {}",
        header.length,
        type_name(header.kind),
        values::flags(flag_names(header.kind), header.flags.into()),
        header.sequence,
        header.port
    )
}

fn type_name(kind: u16) -> String {
    let name = match kind {
        NLMSG_NOOP => "NLMSG_NOOP",
        NLMSG_ERROR => "NLMSG_ERROR",
        NLMSG_DONE => "NLMSG_DONE",
        NLMSG_OVERRUN => "NLMSG_OVERRUN",
        _ => match object(kind) {
            Some(object) => {
                let verb = ["NEW", "DEL", "GET", "SET"]
                    .get(usize::from(kind - object.first))
                    .unwrap_or(&"");
                return format!("RTM_{verb}{} ({kind})", object.name);
            }
            None => return kind.to_string(),
        },
    };
    format!("{name} ({kind})")
}

fn object(kind: u16) -> Option<&'static Object> {
    OBJECTS
        .iter()
        .find(|object| (object.first..object.first + 4).contains(&kind))
}

/// From bit 8 up, a flag's meaning depends on what is done. The lowest two bits of a type say what that is.
fn flag_names(kind: u16) -> Names {
    match (kind, kind % 4) {
        (NLMSG_ERROR | NLMSG_DONE, _) => ANSWER_FLAGS,
        _ if object(kind).is_none() => COMMON_FLAGS,
        (_, 1) => DELETE_FLAGS,
        (_, 2) => GET_FLAGS,
        _ => NEW_FLAGS,
    }
}

/// What follows the header.
fn content(header: &MessageHeader, payload: &[u8]) -> Vec<Node> {
    match (header.kind, object(header.kind)) {
        (NLMSG_ERROR, _) => answer(header, payload),
        (NLMSG_DONE, _) => done(header, payload),
        (_, Some(object)) => about(object, header, payload),
        _ if payload.is_empty() => Vec::new(),
        _ => vec![Node::with_value("payload", values::dump(payload))],
    }
}

fn about(object: &'static Object, header: &MessageHeader, payload: &[u8]) -> Vec<Node> {
    let is_get = header.kind % 4 == 2;
    if payload.is_empty() {
        return Vec::new();
    }
    // A dump may be asked for with nothing but the family; libnetlink's oldest form did.
    if is_get && payload.len() <= 4 && payload.len() < object.header.width() {
        return tree::headed(payload, &RTGENMSG, &[]);
    }
    let is_change = header.flags & NLM_F_REQUEST != 0 && !is_get;
    let attributes = if is_change {
        object.change
    } else {
        object.attributes
    };
    tree::headed(payload, object.header, attributes)
}

/// NLMSG_ERROR, `struct nlmsgerr`: an error (0 is the acknowledgement), the request's header, the rest of the request
/// unless NLM_F_CAPPED, and with NLM_F_ACK_TLVS the kernel's words.
fn answer(outer: &MessageHeader, payload: &[u8]) -> Vec<Node> {
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
    let mut asked = Node::with_value("nlmsghdr", format!("of the request: {}", describe(&inner)));
    let body = match inner.length.checked_sub(HEADER) {
        Some(length) if outer.flags & NLM_F_CAPPED == 0 => length.min(after.len()),
        _ => 0,
    };
    let (echoed, _) = after.split_at_checked(body).unwrap_or((after, &[]));
    // The kernel sends no errors about errors: one that is echoed is made up, and would let them nest without end.
    if object(inner.kind).is_some() {
        asked.children = content(&inner, echoed);
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
