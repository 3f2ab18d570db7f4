//! Attributes of netlink messages: `struct nlattr` of linux/netlink.h, a length, a type, and a value padded to 4 bytes.
//!
//! netlink-packet-route has types for most of what rtnetlink knows; this is for the rest of it and for netfilter. Written
//! rather than generated: netlink-bindings, made from the kernel's own specifications, takes 28 000 lines to compile for
//! nftables and conntrack, and its types, a method for each attribute, can't be driven by a table.

use std::net::IpAddr;

use crate::kernel::error::{Error, Result};
use crate::kernel::text;

/// `NLA_F_NESTED`: the value is attributes.
const NLA_F_NESTED: u16 = 0x8000;

/// The type without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
const NLA_TYPE_MASK: u16 = 0x3fff;

/// `struct nlattr` is 4 bytes.
const HEADER: usize = 4;

/// Attributes on their way into a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    bytes: Vec<u8>,
}

impl Attributes {
    /// None yet.
    pub fn new() -> Self {
        Attributes::default()
    }

    /// What stands for them in a message.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What stands for them in a message.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds one with any value.
    ///
    /// The length of an attribute has 16 bits; of a value that is longer, a message is made that the socket refuses to send.
    pub fn put(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        let length = u16::try_from(HEADER + value.len()).unwrap_or(u16::MAX);
        self.bytes.extend(length.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    /// Adds one that is there or not.
    pub fn flag(&mut self, kind: u16) -> &mut Self {
        self.put(kind, &[])
    }

    /// Adds a number of 8 bits.
    pub fn u8(&mut self, kind: u16, value: u8) -> &mut Self {
        self.put(kind, &[value])
    }

    /// Adds a number of 16 bits in the machine's order.
    pub fn u16(&mut self, kind: u16, value: u16) -> &mut Self {
        self.put(kind, &value.to_ne_bytes())
    }

    /// Adds a number of 32 bits in the machine's order.
    pub fn u32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.put(kind, &value.to_ne_bytes())
    }

    /// Adds a number of 64 bits in the machine's order.
    pub fn u64(&mut self, kind: u16, value: u64) -> &mut Self {
        self.put(kind, &value.to_ne_bytes())
    }

    /// Adds a number of 16 bits in the network's order.
    pub fn be16(&mut self, kind: u16, value: u16) -> &mut Self {
        self.put(kind, &value.to_be_bytes())
    }

    /// Adds a number of 32 bits in the network's order.
    pub fn be32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.put(kind, &value.to_be_bytes())
    }

    /// Adds a number of 64 bits in the network's order.
    pub fn be64(&mut self, kind: u16, value: u64) -> &mut Self {
        self.put(kind, &value.to_be_bytes())
    }

    /// Adds a text with the NUL that ends it.
    pub fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.put(kind, &bytes)
    }

    /// Adds an address of either family.
    pub fn ip(&mut self, kind: u16, value: IpAddr) -> &mut Self {
        match value {
            IpAddr::V4(ip) => self.put(kind, &ip.octets()),
            IpAddr::V6(ip) => self.put(kind, &ip.octets()),
        }
    }

    /// Adds one whose value is attributes.
    pub fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Attributes)) -> &mut Self {
        let mut inner = Attributes::new();
        fill(&mut inner);
        self.put(kind | NLA_F_NESTED, &inner.bytes)
    }

    /// Adds those of another list.
    pub fn extend(&mut self, others: &Attributes) -> &mut Self {
        self.bytes.extend(&others.bytes);
        self
    }
}

/// An attribute of a message that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Its type, without the flags in it.
    pub kind: u16,
    /// Its value.
    pub value: &'a [u8],
}

/// The attributes in these bytes. Of a malformed one, the error; after it there are no more.
pub fn read(mut bytes: &[u8]) -> impl Iterator<Item = Result<Attribute<'_>>> {
    std::iter::from_fn(move || {
        let [l0, l1, k0, k1] = *bytes.first_chunk::<HEADER>()?;
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let Some(value) = bytes.get(HEADER..length) else {
            bytes = &[];
            let words = format!("an attribute of {length} bytes that are not there");
            return Some(Err(Error::Unreadable(words)));
        };
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Ok(Attribute {
            kind: u16::from_ne_bytes([k0, k1]) & NLA_TYPE_MASK,
            value,
        }))
    })
}

/// The first attribute of this type in these bytes, if they have one that can be read.
pub fn find(bytes: &[u8], kind: u16) -> Option<Attribute<'_>> {
    read(bytes)
        .map_while(Result::ok)
        .find(|attribute| attribute.kind == kind)
}

impl<'a> Attribute<'a> {
    fn exact<const N: usize>(&self) -> Result<[u8; N]> {
        self.value.try_into().map_err(|_| {
            let (kind, length) = (self.kind, self.value.len());
            Error::Unreadable(format!(
                "attribute {kind} has {length} bytes in place of {N}"
            ))
        })
    }

    /// A number of 8 bits.
    pub fn u8(&self) -> Result<u8> {
        self.exact().map(u8::from_ne_bytes)
    }

    /// A number of 16 bits in the machine's order.
    pub fn u16(&self) -> Result<u16> {
        self.exact().map(u16::from_ne_bytes)
    }

    /// A number of 32 bits in the machine's order.
    pub fn u32(&self) -> Result<u32> {
        self.exact().map(u32::from_ne_bytes)
    }

    /// A number of 64 bits in the machine's order.
    pub fn u64(&self) -> Result<u64> {
        self.exact().map(u64::from_ne_bytes)
    }

    /// A number of 16 bits in the network's order.
    pub fn be16(&self) -> Result<u16> {
        self.exact().map(u16::from_be_bytes)
    }

    /// A number of 32 bits in the network's order.
    pub fn be32(&self) -> Result<u32> {
        self.exact().map(u32::from_be_bytes)
    }

    /// A number of 64 bits in the network's order.
    pub fn be64(&self) -> Result<u64> {
        self.exact().map(u64::from_be_bytes)
    }

    /// A text; what is no UTF-8 in it has question marks.
    pub fn text(&self) -> String {
        text::of_attribute(self.value)
    }

    /// An address, whose family its length tells.
    pub fn ip(&self) -> Result<IpAddr> {
        match self.value.len() {
            4 => self.exact::<4>().map(IpAddr::from),
            _ => self.exact::<16>().map(IpAddr::from),
        }
    }

    /// The attributes that are its value.
    pub fn nested(&self) -> impl Iterator<Item = Result<Attribute<'a>>> + use<'a> {
        read(self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let mut attributes = Attributes::new();
        attributes.u8(1, 7).be16(2, 443).text(3, "veth0");
        attributes.nest(4, |inner| {
            inner.u32(1, 9).flag(2);
        });
        let found: Vec<Attribute> = read(attributes.as_bytes())
            .collect::<Result<_>>()
            .expect("attributes");
        assert_eq!(found[0].u8(), Ok(7));
        assert_eq!(found[1].be16(), Ok(443));
        assert_eq!(found[2].text(), "veth0");
        assert_eq!(found[3].kind, 4);
        let inner: Vec<Attribute> = found[3]
            .nested()
            .collect::<Result<_>>()
            .expect("attributes");
        assert_eq!((inner[0].u32(), inner[1].value), (Ok(9), &[][..]));
        assert!(found[0].u32().is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic_or_without_end(bytes: Vec<u8>) {
            prop_assert!(read(&bytes).count() <= bytes.len() / HEADER + 1);
            for attribute in read(&bytes).flatten() {
                let _ = (attribute.u8(), attribute.be64(), attribute.ip(), attribute.text());
            }
        }
    }
}
