//! From a script's call to the lab and back: who is called, and how a failure becomes what a script can catch.

use std::rc::Rc;

use rhai::{Dynamic, EvalAltResult, Map, NativeCallContext, Position};

use crate::lab::Lab;
use crate::lab::failure::{Failure, Outcome, printable};
use crate::lab::interrupt;

/// The result of a verb. Rhai's metadata shows an alias of exactly this name as the type inside.
pub type RhaiResultOf<T> = Result<T, Box<EvalAltResult>>;

/// The lab on which the engine works, as it travels in the engine's tag.
pub type SharedLab = Rc<Lab>;

/// Runs the body of a verb: gives it the lab, and turns a failure into a thrown map.
pub fn verb<T>(ctx: &NativeCallContext, body: impl FnOnce(&Lab) -> Outcome<T>) -> RhaiResultOf<T> {
    let lab = lab(ctx)?;
    let outcome = body(&lab);
    if interrupt::requested() {
        return Err(terminated(ctx.call_position()));
    }
    outcome.map_err(|failure| thrown(ctx.fn_name(), *failure, ctx.call_position()))
}

/// The lab on which the engine works.
pub fn lab(ctx: &NativeCallContext) -> RhaiResultOf<SharedLab> {
    ctx.tag()
        .and_then(|tag| tag.read_lock::<SharedLab>().map(|lab| lab.clone()))
        .ok_or_else(|| "this engine has no lab".into())
}

/// The end of a script that was stopped from outside. No `try` of a script can catch it.
pub fn terminated(position: Position) -> Box<EvalAltResult> {
    EvalAltResult::ErrorTerminated(Dynamic::UNIT, position).into()
}

/// The end of a script that netsh stops, and why. No `try` can catch that either.
pub fn terminated_because(words: &str, position: Position) -> Box<EvalAltResult> {
    EvalAltResult::ErrorTerminated(words.into(), position).into()
}

/// A failure as a script sees it in `catch (e)`.
pub fn thrown(op: &str, failure: Failure, position: Position) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(failure_map(op, failure).into(), position).into()
}

fn failure_map(op: &str, failure: Failure) -> Map {
    let errno = failure.errno_name();
    let mut map = Map::new();
    let mut put = |key: &str, value: Dynamic| {
        map.insert(key.into(), value);
    };
    put("op", op.to_string().into());
    put("object", failure.object.into());
    put("netns", failure.netns.into());
    put("errno", errno.map_or(Dynamic::UNIT, Into::into));
    put(
        "code",
        failure
            .errno
            .map_or(0, |errno| i64::from(errno as i32))
            .into(),
    );
    put("message", printable(&failure.message).into());
    put("kernel", printable(&failure.kernel).into());
    put("hint", printable(&failure.hint).into());
    put("argument", failure.argument.into());
    if let Some(part) = failure.within {
        let bound = |at: usize| Dynamic::from(i64::try_from(at).unwrap_or(i64::MAX));
        put("within", vec![bound(part.start), bound(part.end)].into());
    }
    if let Some(quote) = failure.quote {
        let number = |count: usize| Dynamic::from(i64::try_from(count).unwrap_or(i64::MAX));
        put("line", number(quote.line));
        put("column", number(quote.column));
        put("quote", quote.text.into());
    }
    map
}
