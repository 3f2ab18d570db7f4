//! The fields of C structs, read one after another.

use crate::kernel::error::{Error, Result};

/// A struct on its way out of a message. Kernels append fields to structs: what is left over is no fault.
pub struct Fields<'a> {
    name: &'static str,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The struct of this name in these bytes.
    pub fn of(name: &'static str, bytes: &'a [u8]) -> Self {
        Fields { name, rest: bytes }
    }

    /// The next bytes.
    pub fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let short = || Error::Unreadable(format!("a struct {} that is too short", self.name));
        let (&field, rest) = self.rest.split_first_chunk::<N>().ok_or_else(short)?;
        self.rest = rest;
        Ok(field)
    }

    /// The next 8 bits.
    pub fn u8(&mut self) -> Result<u8> {
        self.bytes().map(u8::from_ne_bytes)
    }

    /// The next 16 bits.
    pub fn u16(&mut self) -> Result<u16> {
        self.bytes().map(u16::from_ne_bytes)
    }

    /// The next 32 bits.
    pub fn u32(&mut self) -> Result<u32> {
        self.bytes().map(u32::from_ne_bytes)
    }

    /// The next 32 bits, with a sign.
    pub fn i32(&mut self) -> Result<i32> {
        self.bytes().map(i32::from_ne_bytes)
    }

    /// The next 64 bits.
    pub fn u64(&mut self) -> Result<u64> {
        self.bytes().map(u64::from_ne_bytes)
    }

    /// What comes after.
    pub fn rest(self) -> &'a [u8] {
        self.rest
    }
}

/// Numbers of 32 bits in a row.
pub fn words<const N: usize>(numbers: [u32; N]) -> Vec<u8> {
    numbers.iter().flat_map(|word| word.to_ne_bytes()).collect()
}
