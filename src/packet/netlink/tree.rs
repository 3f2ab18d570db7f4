//! Attributes into nodes: the walk over `struct nlattr`, and the kinds of value that have more attributes below them.
//!
//! Layout: linux/netlink.h. An attribute is a length (its own 4 bytes included), a type, the value, and padding to a
//! multiple of four.

use super::Node;
use super::tables::{Header, Integer, Kind, ROUTE, ROUTE_FLAGS, Table};
use super::values;

/// The kernel nests a handful deep; past this a message is odd and its bytes are shown as they are.
const DEPTH: usize = 16;

/// The attribute that says of what kind its neighbour is stands among the first few. Looking no further keeps the
/// work proportional to the length of the message, whatever is in it.
const BESIDE: usize = 64;

const NLA_F_NESTED: u16 = 0x8000;
const NLA_F_NET_BYTEORDER: u16 = 0x4000;

struct Attribute<'a> {
    length: usize,
    number: u16,
    nested: bool,
    network_order: bool,
    value: &'a [u8],
}

/// What a value's meaning can depend on besides its own number.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The address family of the message, or of the header that the attributes stand after.
    family: u8,
    /// How many levels of attributes are above.
    depth: usize,
    /// All the attributes on this level.
    level: &'a [Attribute<'a>],
}

/// What a struct or a list of attributes comes to: something on the node's own line, something below it.
type Shown = (Option<String>, Vec<Node>);

/// Each attribute in `bytes`, which stand after a header of this address family, and a node for whatever is no attribute.
pub fn attributes(bytes: &[u8], table: Table, family: u8) -> Vec<Node> {
    level(bytes, table, family, 0)
}

/// A fixed header and the attributes after it.
pub fn headed(bytes: &[u8], header: &Header, table: Table) -> Vec<Node> {
    headed_below(bytes, header, table, 0)
}

fn headed_below(bytes: &[u8], header: &Header, table: Table, depth: usize) -> Vec<Node> {
    let width = header.width();
    let (head, _) = bytes.split_at_checked(width).unwrap_or((bytes, &[]));
    let mut nodes = vec![Node::with_value(header.name, values::record(header, head))];
    // Every rtnetlink header starts with the address family.
    let family = bytes.first().copied().unwrap_or_default();
    let rest = bytes.get(width.next_multiple_of(4)..).unwrap_or_default();
    nodes.extend(level(rest, table, family, depth));
    nodes
}

fn level(bytes: &[u8], table: Table, family: u8, depth: usize) -> Vec<Node> {
    if depth >= DEPTH && !bytes.is_empty() {
        let fault = format!("nested deeper than {DEPTH} levels: {}", values::dump(bytes));
        return vec![Node::malformed(fault)];
    }
    let (found, fault) = split(bytes);
    let place = Place {
        family,
        depth,
        level: &found,
    };
    found
        .iter()
        .map(|attribute| node(attribute, table, place))
        .chain(fault)
        .collect()
}

/// Cuts the bytes into attributes. The second part is what was wrong at the end, if anything.
fn split(bytes: &[u8]) -> (Vec<Attribute<'_>>, Option<Node>) {
    let mut found = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let Some((&[l0, l1, t0, t1], after)) = rest.split_first_chunk::<4>() else {
            let fault = format!("{} where an attribute's header has 4", values::dump(rest));
            return (found, Some(Node::malformed(fault)));
        };
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let kind = u16::from_ne_bytes([t0, t1]);
        let number = kind & !(NLA_F_NESTED | NLA_F_NET_BYTEORDER);
        let Some(value) = length.checked_sub(4).and_then(|value| after.get(..value)) else {
            return (found, Some(bad_length(number, length, rest.len(), after)));
        };
        found.push(Attribute {
            length,
            number,
            nested: kind & NLA_F_NESTED != 0,
            network_order: kind & NLA_F_NET_BYTEORDER != 0,
            value,
        });
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    (found, None)
}

fn bad_length(number: u16, length: usize, left: usize, after: &[u8]) -> Node {
    let fault = if length < 4 {
        format!("length {length} is less than the header's 4")
    } else {
        format!("length {length} goes past the {left} bytes that are left")
    };
    Node::malformed(format!(
        "attribute {number}, {fault}: {}",
        values::dump(after)
    ))
}

fn node(attribute: &Attribute, table: Table, place: Place) -> Node {
    let entry = table
        .iter()
        .find(|(number, _, _)| *number == attribute.number);
    let (value, children) = match entry {
        // A nest is a nest even where the table expects a plain value.
        Some((_, _, kind)) if !(attribute.nested && kind.is_plain()) => {
            show(kind, attribute.value, attribute.network_order, place)
        }
        _ if attribute.nested => (
            None,
            level(attribute.value, &[], place.family, place.depth + 1),
        ),
        _ => (Some(values::dump(attribute.value)), Vec::new()),
    };
    let mut name = match entry {
        Some((number, name, _)) => format!("{name} ({number}"),
        None => format!("attribute ({}", attribute.number),
    };
    if attribute.nested {
        name += "|NLA_F_NESTED";
    }
    if attribute.network_order {
        name += "|NLA_F_NET_BYTEORDER";
    }
    name += ")";
    Node {
        name,
        length: Some(attribute.length),
        value,
        children,
    }
}

fn show(kind: &Kind, bytes: &[u8], network_order: bool, place: Place) -> Shown {
    let below = |nodes: Vec<Node>| (None, nodes);
    match kind {
        Kind::Nest(table) => below(level(bytes, table, place.family, place.depth + 1)),
        Kind::Headed(header, table) => below(headed_below(bytes, header, table, place.depth + 1)),
        Kind::Each(kind) => below(each(kind, bytes, place)),
        Kind::List(header) => below(list(header, bytes)),
        Kind::NextHops => below(next_hops(bytes, place)),
        Kind::ByText(..) | Kind::ByNumber(..) | Kind::ByFamily(..) => match chosen(kind, place) {
            Some(kind) => show(kind, bytes, network_order, place),
            None => unexplained(bytes, place),
        },
        plain => {
            let value = values::value(plain, bytes, place.family, network_order);
            (Some(value), Vec::new())
        }
    }
}

/// The kind that the attribute beside this one, or the message's family, selects.
fn chosen(kind: &Kind, place: Place) -> Option<&'static Kind> {
    let beside = |number: u16| {
        let mut near = place.level.iter().take(BESIDE);
        near.find(|attribute| attribute.number == number)
            .map(|attribute| attribute.value)
    };
    match kind {
        Kind::ByText(number, kinds) => {
            let text = beside(*number)?;
            let text = text.strip_suffix(&[0]).unwrap_or(text);
            let (_, kind) = kinds.iter().find(|(name, _)| name.as_bytes() == text)?;
            Some(kind)
        }
        Kind::ByNumber(number, kinds) => {
            let wanted = values::read(Integer::U16, beside(*number)?, false)?;
            let (_, kind) = kinds.iter().find(|(number, _)| *number == wanted)?;
            Some(kind)
        }
        Kind::ByFamily(kinds, other) => {
            let found = kinds.iter().find(|(family, _)| *family == place.family);
            Some(found.map_or(*other, |(_, kind)| kind))
        }
        _ => None,
    }
}

/// Attributes without names where the bytes have their form, else the bytes.
fn unexplained(bytes: &[u8], place: Place) -> Shown {
    let (found, fault) = split(bytes);
    if found.is_empty() || fault.is_some() {
        return (Some(values::dump(bytes)), Vec::new());
    }
    (None, level(bytes, &[], place.family, place.depth + 1))
}

/// Attributes whose numbers only count.
fn each(kind: &Kind, bytes: &[u8], place: Place) -> Vec<Node> {
    let (found, fault) = split(bytes);
    let item = |attribute: &Attribute| Node {
        name: format!("[{}]", attribute.number),
        length: Some(attribute.length),
        value: Some(values::value(
            kind,
            attribute.value,
            place.family,
            attribute.network_order,
        )),
        children: Vec::new(),
    };
    found.iter().map(item).chain(fault).collect()
}

fn list(header: &Header, bytes: &[u8]) -> Vec<Node> {
    bytes
        .chunks(header.width().max(1))
        .map(|item| Node::with_value(header.name, values::record(header, item)))
        .collect()
}

/// RTA_MULTIPATH, linux/rtnetlink.h: `struct rtnexthop` has a length of its own, which covers the attributes after it.
fn next_hops(bytes: &[u8], place: Place) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let head = rest.split_first_chunk::<8>();
        let Some((&[l0, l1, flags, hops, i0, i1, i2, i3], _)) = head else {
            let fault = format!("{} where struct rtnexthop has 8", values::dump(rest));
            nodes.push(Node::malformed(fault));
            break;
        };
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let Some(attributes) = rest.get(8..length) else {
            let left = rest.len();
            let fault = format!("rtnexthop length {length}, with {left} bytes left and 8 needed");
            nodes.push(Node::malformed(fault));
            break;
        };
        let index = i32::from_ne_bytes([i0, i1, i2, i3]);
        let flags = values::flags(ROUTE_FLAGS, flags.into());
        nodes.push(Node {
            name: "rtnexthop".to_string(),
            length: Some(length),
            value: Some(format!(
                "flags {flags}, hops {hops} (weight {}), ifindex {index}",
                u16::from(hops) + 1
            )),
            children: level(attributes, ROUTE, place.family, place.depth + 1),
        });
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    nodes
}
