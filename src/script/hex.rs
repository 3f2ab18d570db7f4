//! Verbs between bytes and hex digits.

use rhai::Blob;
use rhai::plugin::*;

use crate::lab::failure::{Failure, Outcome};
use crate::packet::hex::{HexFault, decode, encode};

use super::call::{RhaiResultOf, verb};
use super::growth::afford;

/// The verbs.
#[export_module]
pub mod api {
    /// Makes a blob of hex digits.
    ///
    /// Each byte has two digits. Space, `:`, `-`, `.`, `,` and `0x` may stand between bytes: as in a dump, in a hardware address.
    ///
    /// Search words: `hexadecimal`, `bytes`, `unhex`, `fromhex`, `from hex`, `xxd`, `parse`, `blob`
    ///
    /// # Returns
    /// A blob.
    ///
    /// # Errors
    /// There is something else than digits, or a digit alone.
    ///
    /// # Example
    /// ```rhai
    /// let bytes = hex_decode("45 00 00:1c");
    /// show(bytes.len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn hex_decode(ctx: NativeCallContext, text: &str) -> RhaiResultOf<Blob> {
        verb(&ctx, |_| bytes_of(text, "text"))
    }

    /// Writes a blob as hex digits, two for each byte.
    ///
    /// Search words: `hexadecimal`, `bytes`, `to hex`, `hexdump`, `xxd`, `blob`
    ///
    /// # Returns
    /// A string.
    ///
    /// # Example
    /// ```rhai
    /// print(hex_encode(packet_encode(#{ udp: #{ sport: 53, dport: 5353, checksum: 0 } })));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn hex_encode(ctx: NativeCallContext, bytes: Blob) -> RhaiResultOf<String> {
        afford(&ctx, bytes.len().saturating_mul(2))?;
        verb(&ctx, |_| Ok(encode(&bytes)))
    }
}

/// The bytes of a text that is given as this parameter.
pub fn bytes_of(text: &str, parameter: &str) -> Outcome<Blob> {
    decode(text).map_err(|HexFault { words, place }| {
        Failure::new(format!("these are no bytes in hex: {words}"))
            .within(parameter, place)
            .hint("two digits are a byte, such as \"0800 4500\"; blob() and packet_encode() make bytes too")
    })
}
