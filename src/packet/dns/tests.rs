use proptest::prelude::*;

use super::*;

/// An answer for `a.b` with a name that points at itself.
#[test]
fn a_circle_ends() {
    let mut bytes = vec![0, 1, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    bytes.extend([0xc0, 12, 0, 1, 0, 1]);
    let message = Message::read(&bytes).expect("a header");
    assert!(message.is_cut);
    assert!(message.questions.is_empty());
}

#[test]
fn a_pointer_is_followed() {
    let mut bytes = vec![0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    bytes.extend(b"\x01a\x01b\0\0\x01\0\x01");
    bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 1]);
    let message = Message::read(&bytes).expect("a header");
    let [answer] = message.answers.as_slice() else {
        panic!("{message:?}");
    };
    assert_eq!((answer.name.as_str(), answer.ttl), ("a.b.", 60));
    assert_eq!(line(&bytes, bytes.len(), false), "7 1/0/0 A 10.0.0.1 (37)");
}

/// A name that goes on for ever is none.
#[test]
fn a_name_has_an_end() {
    let mut bytes = vec![0; 12];
    for _ in 0..200 {
        bytes.push(63);
        bytes.extend([b'x'; 63]);
    }
    bytes.extend([0xc0, 12]);
    bytes[5] = 255;
    let message = Message::read(&bytes).expect("a header");
    assert!(message.is_cut && message.questions.is_empty());
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(bytes: Vec<u8>, length in 0usize..600, is_multicast: bool) {
        let _ = line(&bytes, length, is_multicast);
    }

    #[test]
    fn no_names_are_a_panic(names: Vec<u8>, questions in 0u8..4, answers in 0u8..4, response: bool) {
        let mut bytes = vec![0, 1, if response { 0x80 } else { 0 }, 0, 0, questions, 0, answers, 0, 0, 0, 0];
        bytes.extend(names);
        let _ = line(&bytes, bytes.len(), false);
    }
}
