//! Bytes as hex digits, and back.

use std::fmt::Write;
use std::ops::Range;

/// What is no hex, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HexFault {
    /// Why.
    pub words: String,
    /// The bytes of the text.
    pub place: Range<usize>,
}

/// What may stand between the digits of two bytes.
const BETWEEN: [char; 4] = [':', '-', '.', ','];

/// The digits of bytes, two for each.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text
}

/// Bytes in lines of sixteen, each with its place before and its characters behind, as `tcpdump -X` prints them.
pub fn dump(bytes: &[u8]) -> String {
    const LINE: usize = 16;
    let mut text = String::new();
    for (number, line) in bytes.chunks(LINE).enumerate() {
        let pairs: Vec<String> = line.chunks(2).map(encode).collect();
        let shown = line.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        });
        let shown: String = shown.collect();
        let separator = if number == 0 { "" } else { "\n" };
        let place = number * LINE;
        let _ = write!(
            text,
            "{separator}0x{place:04x}:  {:<39}  {shown}",
            pairs.join(" ")
        );
    }
    text
}

/// The bytes of hex digits: two for each, in upper or lower case. Space, `:`, `-`, `.`, `,` and `0x` may stand before the digits of a
/// byte.
pub fn decode(text: &str) -> Result<Vec<u8>, HexFault> {
    let fault = |words: String, place| Err(HexFault { words, place });
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut rest = text.char_indices().peekable();
    while let Some((at, first)) = rest.next() {
        if first.is_whitespace() || BETWEEN.contains(&first) {
            continue;
        }
        let second = rest.next_if(|(_, next)| !next.is_whitespace() && !BETWEEN.contains(next));
        if first == '0' && second.is_some_and(|(_, second)| matches!(second, 'x' | 'X')) {
            let digits = rest.peek().filter(|(_, next)| digit(*next).is_some());
            let again = text.get(at + 2..).is_some_and(|rest| {
                rest.starts_with(['0'])
                    && rest
                        .get(1..)
                        .is_some_and(|rest| rest.starts_with(['x', 'X']))
            });
            if digits.is_none() || again {
                return fault("behind 0x stand the digits of a byte".into(), at..at + 2);
            }
            continue;
        }
        let Some(high) = digit(first) else {
            return fault(
                format!("{first:?} is no hex digit"),
                at..at + first.len_utf8(),
            );
        };
        let Some((place, second)) = second else {
            return fault("a byte has two digits".into(), at..at + 1);
        };
        let Some(low) = digit(second) else {
            let words = format!("{second:?} is no hex digit");
            return fault(words, place..place + second.len_utf8());
        };
        bytes.push(high << 4 | low);
    }
    Ok(bytes)
}

fn digit(c: char) -> Option<u8> {
    u8::try_from(c.to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_are_dumped_as_by_tcpdump() {
        assert_eq!(dump(&[]), "");
        assert_eq!(
            dump(b"E\0 0123456789abcdef"),
            "0x0000:  4500 2030 3132 3334 3536 3738 3961 6263  E. 0123456789abc\n0x0010:  6465 66                                  def"
        );
    }

    #[test]
    fn digits_are_read_as_people_write_them() {
        let wanted = Ok(vec![0x45, 0x00, 0xab]);
        for text in [
            "4500ab",
            "4500AB",
            "45 00\n\tab ",
            "45:00:ab",
            "45-00-ab",
            "0x4500ab",
            "0x45, 0x00, 0xab",
            "4500.ab",
        ] {
            assert_eq!(decode(text), wanted, "{text:?}");
        }
        assert_eq!(decode(""), Ok(Vec::new()));
    }

    #[test]
    fn what_is_none_is_told_with_its_place() {
        for (text, place) in [
            ("450", 2..3),
            ("45 0 ab", 3..4),
            ("4x", 1..2),
            ("45é0", 2..4),
            ("x45", 0..1),
        ] {
            assert_eq!(decode(text).map_err(|fault| fault.place), Err(place));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes));
        }

        #[test]
        fn no_text_is_a_panic(text in ".*") {
            if let Err(fault) = decode(&text) {
                prop_assert!(text.get(fault.place).is_some());
            }
        }
    }
}
