//! Where a part of a text stands in the literal that it is written as.

use std::ops::Range;

/// The part of a literal of Rhai's that stands for a part of its value, both in bytes. None if it is no literal of a text, or
/// is made of others.
///
/// `"..."` has escapes and can go on in the next line after a backslash, `` `...` `` has none and loses a line end at its
/// beginning, and both take their own quote doubled; `#"..."#` has nothing of all this.
pub fn part(literal: &str, part: &Range<usize>) -> Option<Range<usize>> {
    let start = place(literal, part.start)?;
    let end = place(literal, part.end)?;
    Some(start..end.max(start))
}

/// Where the byte of the value at `wanted` stands; its end stands at the closing quote.
fn place(literal: &str, wanted: usize) -> Option<usize> {
    let hashes = literal.len() - literal.trim_start_matches('#').len();
    let quote = literal.get(hashes..)?.chars().next()?;
    let mut at = hashes + 1;
    let mut value = 0;
    if quote == '`' && literal.get(at..)?.starts_with('\n') {
        at += 1;
    }
    if !matches!(quote, '"' | '`') || quote == '`' && literal.contains("${") {
        return None;
    }
    while value < wanted {
        let rest = literal.get(at..)?;
        let c = rest.chars().next()?;
        let (written, meant) = match c {
            '\\' if quote == '"' && hashes == 0 => escape(rest)?,
            c if c == quote && hashes == 0 => {
                // Doubled it is meant, alone it ends the text.
                rest.get(1..).filter(|rest| rest.starts_with(quote))?;
                (2, 1)
            }
            c => (c.len_utf8(), c.len_utf8()),
        };
        at += written;
        value += meant;
    }
    Some(at)
}

/// How long an escape is, and how long what it stands for.
fn escape(rest: &str) -> Option<(usize, usize)> {
    let digits = match rest.chars().nth(1)? {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        '\n' => {
            // The blanks that begin the next line are left out.
            let line = rest.get(2..)?;
            return Some((2 + line.len() - line.trim_start().len(), 0));
        }
        c => return Some((1 + c.len_utf8(), 1)),
    };
    let number = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
    Some((2 + digits, char::from_u32(number)?.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_are_found_in_every_kind_of_literal() {
        for (literal, at, wanted) in [
            (r#""tcp dport foo""#, 10..13, "foo"),
            (r#""log prefix \"a\" foo""#, 15..18, "foo"),
            (r#""\x41\u00e9 foo""#, 4..7, "foo"),
            ("`\ntcp dport\n foo`", 11..14, "foo"),
            ("`a `` foo`", 4..7, "foo"),
            (r##"#"a "b" foo"#"##, 6..9, "foo"),
            (r#""foo""#, 3..3, ""),
        ] {
            let found = part(literal, &at).expect(literal);
            assert_eq!(&literal[found], wanted, "{literal}");
        }
        assert_eq!(part("name", &(0..1)), None);
        assert_eq!(part("`a ${b} c`", &(0..1)), None);
        assert_eq!(part(r#""abc""#, &(0..9)), None);
    }

    proptest! {
        #[test]
        fn no_literal_is_a_panic(literal: String, start in 0usize..20, length in 0usize..20) {
            if let Some(found) = part(&literal, &(start..start + length)) {
                prop_assert!(literal.get(found).is_some());
            }
        }
    }
}
