//! A stack for scripts. A value that holds a value that holds a value is copied and dropped by calls within calls: what the
//! system gives a program for its stack (8 MiB) is full at some thousand of them, and there netsh would end, with all that a
//! session holds. A stack that is full before the memory is that a script may hold costs nothing but addresses.

use crate::shell::last_words;

/// Room for all values that fit into the memory of a script.
const DEEP: usize = 1 << 30;

/// As much as the system gives.
const SHALLOW: usize = 8 << 20;

/// Does the work on a stack that is deep; where the system doesn't give so much, on one half as deep, or half of that.
pub fn work<R>(work: impl FnOnce() -> R) -> R {
    let mut size = DEEP;
    while !is_to_be_had(size) {
        size /= 2;
        if size <= SHALLOW {
            last_words::prepare();
            return work();
        }
    }
    stacker::grow(size, || {
        last_words::prepare_on(size);
        work()
    })
}

/// Asks for as much and half as much again, and gives it back: stacker panics where it gets none, and there has to be room left.
fn is_to_be_had(size: usize) -> bool {
    let with_room = size.saturating_add(size / 2);
    Vec::<u8>::new().try_reserve_exact(with_room).is_ok()
}
