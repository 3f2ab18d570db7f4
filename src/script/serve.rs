//! What is served while netsh waits. A script is one thread: while it waits for a ping or a program, somebody has to answer for
//! the hosts that it plays itself. So every wait of netsh's looks after what is served, too ([`waiting`]).
//!
//! A server is served for as long as a closure runs ([`serving`]), and its answers are closures themselves. They are called in
//! the middle of the verb that waits, and see all variables of the script.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rhai::{EvalAltResult, NativeCallContext};

use crate::kernel::wait::{GLANCE, Waiter, ready};
use crate::lab::Lab;
use crate::lab::failure::Outcome;
use crate::lab::interrupt;
use crate::lab::netns::Netns;

use super::call::{RhaiResultOf, SharedLab, lab, thrown, verb};

/// Something that wants to be looked after while netsh waits.
pub trait Server {
    /// What can be read when there is something to do; None if there will be nothing any more.
    fn watched(&self) -> Option<Rc<dyn AsFd>>;
    /// Does a part of what there is to do.
    fn serve(&self, ctx: &NativeCallContext) -> RhaiResultOf<()>;
}

/// A server at its work.
struct Served {
    server: Box<dyn Server>,
    /// Where its answers act.
    netns: Rc<Netns>,
    /// An answer that waits itself is not asked for the next one.
    busy: Cell<bool>,
}

thread_local! {
    /// The servers, the innermost last.
    static SERVED: RefCell<Vec<Rc<Served>>> = const { RefCell::new(Vec::new()) };
}

/// Takes the innermost server away when it goes out of scope.
struct Enough;

impl Drop for Enough {
    fn drop(&mut self) {
        SERVED.with_borrow_mut(|served| served.pop());
    }
}

/// Looks after a server for as long as `work` runs.
pub fn serving<T>(
    ctx: &NativeCallContext,
    server: impl Server + 'static,
    work: impl FnOnce() -> RhaiResultOf<T>,
) -> RhaiResultOf<T> {
    let served = Rc::new(Served {
        server: Box::new(server),
        netns: lab(ctx)?.current(),
        busy: Cell::new(false),
    });
    SERVED.with_borrow_mut(|all| all.push(served));
    let _enough = Enough;
    work()
}

/// Runs the body of a verb that waits: gives it the lab, and how to wait. An answer that fails ends it.
pub fn waiting<T>(
    ctx: &NativeCallContext,
    body: impl FnOnce(&Lab, &dyn Waiter) -> Outcome<T>,
) -> RhaiResultOf<T> {
    let waiting = Waiting {
        ctx,
        lab: lab(ctx)?,
        failed: RefCell::new(None),
    };
    let outcome = verb(ctx, |lab| body(lab, &waiting));
    match waiting.failed.take() {
        Some(error) => Err(error),
        None => outcome,
    }
}

/// Waits for a while; false if it was stopped.
pub fn sleep(ctx: &NativeCallContext, time: Duration) -> RhaiResultOf<bool> {
    if SERVED.with_borrow(Vec::is_empty) {
        return Ok(interrupt::sleep(time));
    }
    let start = Instant::now();
    waiting(ctx, |_, waiter| {
        loop {
            let left = time.saturating_sub(start.elapsed());
            if left.is_zero() || waiter.is_interrupted() {
                return Ok(left.is_zero());
            }
            // There is nothing to fail but the answers, which tell it themselves.
            let _ = waiter.wait(&[], left.min(GLANCE));
        }
    })
}

struct Waiting<'a, 'c> {
    ctx: &'a NativeCallContext<'c>,
    lab: SharedLab,
    /// How an answer failed.
    failed: RefCell<Option<Box<EvalAltResult>>>,
}

impl Waiter for Waiting<'_, '_> {
    fn wait(&self, watched: &[BorrowedFd<'_>], time: Duration) -> io::Result<()> {
        let idle: Vec<Rc<Served>> = SERVED.with_borrow(|all| {
            let idle = all.iter().filter(|served| !served.busy.get());
            idle.cloned().collect()
        });
        let open: Vec<(Rc<Served>, Rc<dyn AsFd>)> = idle
            .into_iter()
            .filter_map(|served| Some((served.clone(), served.server.watched()?)))
            .collect();
        let mut all = watched.to_vec();
        all.extend(open.iter().map(|(_, fd)| (**fd).as_fd()));
        let ready = ready(&all, time)?;
        let to_do = open.iter().zip(ready.into_iter().skip(watched.len()));
        for ((served, _), _) in to_do.filter(|(_, ready)| *ready) {
            if let Err(error) = self.serve(served) {
                self.failed.replace(Some(error));
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        interrupt::requested() || self.lab.screen().is_closed() || self.failed.borrow().is_some()
    }
}

impl Waiting<'_, '_> {
    fn serve(&self, served: &Served) -> RhaiResultOf<()> {
        served.busy.set(true);
        let inside = self
            .lab
            .within(&served.netns, || served.server.serve(self.ctx));
        served.busy.set(false);
        inside.unwrap_or_else(|error| {
            let words = "answer: its network namespace is gone";
            let failure = self.lab.explain_question(words, &error);
            Err(thrown(
                self.ctx.fn_name(),
                *failure,
                self.ctx.call_position(),
            ))
        })
    }
}
