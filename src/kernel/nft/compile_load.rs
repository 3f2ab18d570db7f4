//! How what a rule looks at comes into registers.

use super::compile::{Compiler, load_bytes, load_meta};
use super::expression::{Expression, Value as Raw};
use super::fault::Fault;
use super::syntax::{self, Kind, Selector};
use super::types::{Form, Order};
use super::value::to_network_bytes;

/// `NFT_BYTEORDER_HTON`.
const HTON: u32 = 1;

/// The register that begins so many times 4 bytes into the first one: `NFT_REG_1` to `NFT_REG_4` have 16 bytes each,
/// `NFT_REG32_00` and so on are their quarters.
pub fn register(quarter: usize) -> u32 {
    let quarter = u32::try_from(quarter).unwrap_or(0);
    match quarter % 4 {
        0 => 1 + quarter / 4,
        _ => 8 + quarter,
    }
}

/// What is loaded, and how it stands there.
pub struct Loaded {
    /// How it got there.
    pub expressions: Vec<Expression>,
    /// How far it stands from the end of its last byte.
    pub shift: u32,
    /// How many bits are there, those around a small field among them.
    pub bits: u32,
}

/// Keeps bits of a register and turns some (NFTA_BITWISE_SREG, DREG, LEN, MASK, XOR).
pub fn bitwise(register: u32, mask: Vec<u8>, xor: Vec<u8>) -> Expression {
    Expression::new("bitwise")
        .with(1, register)
        .with(2, register)
        .with(3, u32::try_from(mask.len()).unwrap_or(0))
        .set(4, Raw::Bytes(mask))
        .set(5, Raw::Bytes(xor))
}

/// Turns a number to the network's order, and back (NFTA_BYTEORDER_SREG, DREG, OP, LEN, SIZE).
pub fn turn(register: u32, bytes: u32) -> Expression {
    Expression::new("byteorder")
        .with(1, register)
        .with(2, register)
        .with(3, HTON)
        .with(4, bytes)
        .with(5, bytes)
}

/// Whether a value has to be turned to be in order.
pub fn needs_turning(kind: Kind) -> bool {
    kind.of.order == Order::Host && kind.of.form != Form::Text && kind.bytes() > 1
}

impl Compiler<'_> {
    /// Loads one thing into a register.
    pub fn load(&mut self, selector: &Selector, register: u32) -> Result<Loaded, Fault> {
        let kind = selector.typed();
        let plain = |expression: Expression| Loaded {
            expressions: vec![expression],
            shift: 0,
            bits: kind.bits,
        };
        Ok(match selector {
            Selector::Field(protocol, field) => {
                field_bits(protocol.base, field.offset, field.bits, register)
            }
            Selector::Bits { base, offset, bits } => field_bits(*base, *offset, *bits, register),
            Selector::Meta(key) => plain(load_meta(key.number, register)),
            Selector::Ct(key, direction) => plain(
                Expression::new("ct")
                    .with(2, key.number)
                    .with(1, register)
                    .maybe(3, *direction),
            ),
            Selector::Fib { flags, result } => plain(
                Expression::new("fib")
                    .with(3, *flags)
                    .with(2, result.number)
                    .with(1, register),
            ),
            Selector::Rt(key) => plain(Expression::new("rt").with(2, key.number).with(1, register)),
            Selector::Socket(key) => plain(
                Expression::new("socket")
                    .with(1, key.number)
                    .with(2, register),
            ),
            Selector::Numgen {
                random,
                modulus,
                offset,
            } => plain(
                Expression::new("numgen")
                    .with(1, register)
                    .with(3, u32::from(*random))
                    .with(2, *modulus)
                    .with(4, *offset),
            ),
            Selector::Hash {
                parts,
                modulus,
                seed,
                offset,
            } => self.load_hash(parts, [*modulus, *offset], *seed, register)?,
            Selector::Extension(one, None) => {
                plain(extension(one.place, one.number, [0, 1], register, 1))
            }
            Selector::Extension(one, Some(field)) => {
                let first = field.offset / 8;
                let end = (field.offset + field.bits).div_ceil(8);
                let load = extension(one.place, one.number, [first, end - first], register, 0);
                masked(load, field.offset, field.bits, register)
            }
            Selector::TcpOption { option, field, .. } => {
                let (offset, length, flags) = match field {
                    Some((_, offset, length)) => (*offset, *length, 0),
                    // NFT_EXTHDR_F_PRESENT
                    None => (0, 1, 1u32),
                };
                // NFT_EXTHDR_OP_TCPOPT
                plain(extension(1, *option, [offset, length], register, flags))
            }
        })
    }

    fn load_hash(
        &mut self,
        parts: &[Selector],
        [modulus, offset]: [u32; 2],
        seed: Option<u32>,
        register: u32,
    ) -> Result<Loaded, Fault> {
        let hash = Expression::new("hash")
            .with(2, register)
            .with(4, modulus)
            .with(6, offset);
        let (mut expressions, bytes) = self.load_parts(parts, 4)?;
        expressions.push(match parts {
            // NFT_HASH_SYM
            [] => hash.with(7, 1u32),
            _ => hash
                .with(1, register + 1)
                .with(3, bytes)
                .with(7, 0u32)
                .maybe(5, seed),
        });
        Ok(Loaded {
            expressions,
            shift: 0,
            bits: 32,
        })
    }

    /// Loads several things one after the other, each padded to 4 bytes, from so many quarters on. Gives how many bytes too.
    pub fn load_parts(
        &mut self,
        parts: &[Selector],
        from: usize,
    ) -> Result<(Vec<Expression>, u32), Fault> {
        let mut expressions = Vec::new();
        let mut quarter = from;
        for part in parts {
            let loaded = self.load(part, register(quarter))?;
            if parts.len() > 1 && loaded.shift > 0 {
                let words =
                    "a field that does not end where a byte ends can't be joined with others";
                return Err(Fault::new(words, 0..0));
            }
            expressions.extend(loaded.expressions);
            quarter += part.typed().bytes().div_ceil(4);
        }
        if quarter > 16 {
            return Err(Fault::new(
                "so much does not fit into the 64 bytes of the registers",
                0..0,
            ));
        }
        let bytes = match parts {
            [only] => only.typed().bytes(),
            _ => (quarter - from) * 4,
        };
        Ok((expressions, u32::try_from(bytes).unwrap_or(0)))
    }

    /// Loads what a rule looks at into the first register.
    pub fn load_expression(&mut self, expression: &syntax::Expression) -> Result<Loaded, Fault> {
        for part in &expression.parts {
            self.depend(part)?;
        }
        match expression.parts.as_slice() {
            [only] => {
                let mut loaded = self.load(only, 1)?;
                if let Some(mask) = expression.mask {
                    mask_loaded(&mut loaded, mask, only.typed());
                }
                Ok(loaded)
            }
            parts => {
                let (expressions, bytes) = self.load_parts(parts, 0)?;
                Ok(Loaded {
                    expressions,
                    shift: 0,
                    bits: bytes * 8,
                })
            }
        }
    }
}

fn mask_loaded(loaded: &mut Loaded, mask: u128, kind: Kind) {
    // A small field has a mask already.
    if loaded.shift > 0 || loaded.bits != kind.bits {
        loaded.expressions.truncate(1);
    }
    let (mask, zero) = match loaded.bits == kind.bits && loaded.shift == 0 {
        true => (
            super::value::to_bytes(mask, kind),
            super::value::to_bytes(0, kind),
        ),
        false => (
            to_network_bytes(mask << loaded.shift, loaded.bits),
            to_network_bytes(0, loaded.bits),
        ),
    };
    loaded.expressions.push(bitwise(1, mask, zero));
}

/// Loads bytes of an option or an extension header, or whether it is there (NFTA_EXTHDR_DREG, TYPE, OFFSET, LEN, OP, FLAGS).
fn extension(
    place: u32,
    number: u8,
    [first, length]: [u32; 2],
    register: u32,
    flags: u32,
) -> Expression {
    Expression::new("exthdr")
        .with(1, register)
        .with(2, number)
        .with(3, first)
        .with(4, length)
        .with(6, place)
        .with(5, flags)
}

/// Loads bits of a header: their bytes, and if these hold other bits too, a mask.
fn field_bits(base: super::fields::Base, offset: u32, bits: u32, register: u32) -> Loaded {
    let first = offset / 8;
    let end = (offset + bits).div_ceil(8);
    masked(
        load_bytes(base, first, end - first, register),
        offset,
        bits,
        register,
    )
}

/// Bits of the bytes that are loaded.
fn masked(load: Expression, offset: u32, bits: u32, register: u32) -> Loaded {
    let first = offset / 8;
    let end = (offset + bits).div_ceil(8);
    let whole = (end - first) * 8;
    let shift = end * 8 - (offset + bits);
    let mut expressions = vec![load];
    if whole != bits {
        let mask = super::value::largest(bits) << shift;
        expressions.push(bitwise(
            register,
            to_network_bytes(mask, whole),
            to_network_bytes(0, whole),
        ));
    }
    Loaded {
        expressions,
        shift,
        bits: whole,
    }
}
