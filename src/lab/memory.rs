//! How much memory a script may take: a loop that lets a value grow for ever ends with words, before the machine suffers.
//!
//! Rhai has limits of its own for strings, arrays and maps (`Engine::set_max_array_size` and the like), but to hold to them it
//! walks through the whole value at each call that touches it: filling an array takes time by the square. So the bytes are
//! counted where they are handed out. Between two steps of a script [`is_too_much`] is asked, and the script ends at a line that
//! can be shown. What makes much out of little in a single step asks [`can_afford`] before it does; a single step that takes
//! far more all the same ends netsh on the spot.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::libc;

/// What a script may hold. A thousand hosts with all that `link_list` tells of them take some megabytes.
const ENOUGH: usize = 512 << 20;

/// What a single step may reach: a value that is doubled exists three times for a moment, and a text of which a verb can make
/// nothing eight times (a name, on its way into the words of the refusal).
const MOST: usize = 10 * ENOUGH;

static USED: AtomicUsize = AtomicUsize::new(0);

/// What may be held now.
static LIMIT: AtomicUsize = AtomicUsize::new(ENOUGH);

/// What the next input of a session may take beyond what is held, so that it can let go of it.
const BREATH: usize = 64 << 20;

/// Whether the script holds more memory than it may.
pub fn is_too_much() -> bool {
    USED.load(Ordering::Relaxed) > LIMIT.load(Ordering::Relaxed)
}

/// Whether values that stay hold so much that the next step would be refused.
pub fn is_full() -> bool {
    USED.load(Ordering::Relaxed) > ENOUGH
}

/// How many bytes are held now.
pub fn used() -> usize {
    USED.load(Ordering::Relaxed)
}

/// How many bytes more the script may take.
pub fn left() -> usize {
    LIMIT.load(Ordering::Relaxed).saturating_sub(used())
}

/// Whether a step may make a value of so many bytes. Where the answer is no, the step fails instead.
pub fn can_afford(bytes: usize) -> bool {
    bytes <= left()
}

/// From now on everything is too much: for a step that can't afford its result and has no way to fail by itself. The script
/// ends before its next step.
pub fn refuse() {
    LIMIT.store(0, Ordering::Relaxed);
}

/// Whether a step was refused since the last [`grant`].
pub fn is_refused() -> bool {
    LIMIT.load(Ordering::Relaxed) == 0
}

/// Before an input of a session: where the ones before it left too much behind, this one can still give it back.
pub fn grant() {
    let used = USED.load(Ordering::Relaxed);
    LIMIT.store(ENOUGH.max(used.saturating_add(BREATH)), Ordering::Relaxed);
}

/// What to tell people when it does.
pub fn words() -> String {
    let limit = limit();
    format!("the script uses more than {} MiB of memory", limit >> 20)
}

/// What a script may hold.
pub fn limit() -> usize {
    match LIMIT.load(Ordering::Relaxed) {
        0 => ENOUGH,
        limit => limit,
    }
}

/// The system's allocator, with the bytes counted.
pub struct Counted;

// SAFETY: every block comes from the system's allocator and goes back to it with the layout that it was asked for with;
// counting touches nothing but an atomic.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller keeps to GlobalAlloc's rules, which are the system allocator's.
        got(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: as above.
        got(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // A large block is moved by mapping its pages elsewhere (mremap(2)): the old one and the new one are never both there.
        let more = size.saturating_sub(layout.size());
        take(more);
        // SAFETY: as above.
        let moved = got(unsafe { System.realloc(block, layout, size) }, more);
        if !moved.is_null() {
            USED.fetch_sub(layout.size().saturating_sub(size), Ordering::Relaxed);
        }
        moved
    }
}

/// A block that was asked for: where the system gives none (`ulimit -v`), nothing is held.
fn got(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        USED.fetch_sub(size, Ordering::Relaxed);
    }
    block
}

/// What the process keeps of memory that a script gave back, and from what size on a block is mapped by itself. The C library's
/// own 128 KiB would have each list of some thousand rows paid for again: a page is cleared before it is handed out.
#[cfg(target_env = "gnu")]
const KEPT: libc::c_int = 32 << 20;

/// For the begin of a program that runs scripts: memory that one list gave back is there for the next.
pub fn keep() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt(3) sets two numbers; no other thread is there yet.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, 2 * KEPT);
        libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT);
    }
}

fn take(size: usize) {
    let before = USED.fetch_add(size, Ordering::Relaxed);
    if before.saturating_add(size) > MOST {
        give_up();
    }
}

/// Ends netsh without another allocation. The kernel takes the sandbox away with its last process.
pub fn give_up() -> ! {
    const WORDS: &str =
        "error: a single step of the script wants more memory than a script may use\n";
    // SAFETY: write(2) reads that many bytes of a constant; _exit(2) runs no code of ours.
    unsafe {
        libc::write(libc::STDERR_FILENO, WORDS.as_ptr().cast(), WORDS.len());
        libc::_exit(1)
    }
}
