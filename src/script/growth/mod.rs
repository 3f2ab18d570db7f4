//! Rhai's own functions that make much out of little: a pad, a split, a replacement. Here they are again, and ask first whether
//! there is the memory.
//!
//! The memory that a script holds is looked at between two steps ([`memory`]), which bounds what doubles. A count, or a result
//! many times larger than what it is made of, passes all bounds within one step. These fail as a verb does, and a script may
//! catch it; but for that they do what Rhai's do, to the letter (a test compares them). What needs no memory at all if done
//! another way (a part of a string, its characters one by one) is done that way. Values as text are the business of [`super::text`].
//!
//! Comments here are no doc comments: those are the mark of a verb.

use std::any::TypeId;
use std::cell::Cell;

use nix::errno::Errno;
use rhai::plugin::*;
use rhai::{
    Dynamic, Engine, EvalAltResult, INT, ImmutableString, LexError, Module, Position, Token,
};

use crate::lab::failure::Failure;
use crate::lab::memory;

use super::call::{RhaiResultOf, terminated_because, thrown};

mod counted;
mod rewritten;
mod taken_apart;

use taken_apart::Characters;

/// A value in an array.
const VALUE: usize = size_of::<Dynamic>();

/// An entry of a map, when every map has but one: a node of the tree has room for eleven.
const ENTRY: usize = 512;

/// Takes the place of Rhai's own.
pub(super) fn replace(engine: &mut Engine) {
    let mut characters = Module::new();
    characters.set_iterator::<Characters>();
    characters.set_iter(TypeId::of::<ImmutableString>(), |text| {
        Box::new(Characters::of(text.cast(), 0, INT::MAX).map(Into::into))
    });
    engine.register_global_module(characters.into());
    engine.register_global_module(exported_module!(counted::api).into());
    engine.register_global_module(exported_module!(taken_apart::api).into());
    engine.register_global_module(exported_module!(rewritten::api).into());
}

/// Fails unless there is the memory for a result of so many bytes.
pub(super) fn afford(ctx: &NativeCallContext, bytes: usize) -> RhaiResultOf<()> {
    if memory::can_afford(bytes) {
        return Ok(());
    }
    let words = match bytes >> 20 {
        mebibytes if mebibytes > 1 << 30 => "more memory than any machine has".into(),
        0 => format!("{bytes} bytes of memory"),
        mebibytes => format!("{mebibytes} MiB of memory"),
    };
    Err(refused(ctx, format!("this would take {words}")))
}

/// The failure of a step that can't have the memory that it wants.
pub(super) fn refused(ctx: &NativeCallContext, words: String) -> Box<EvalAltResult> {
    let (most, taken) = (memory::limit() >> 20, memory::used() >> 20);
    let words = format!("{words}: a script may hold {most} MiB, and {taken} are taken");
    let hint = "make less at a time, and let go of what is no longer needed: x = ()";
    let mut failure = Failure::new(words).hint(hint);
    failure.errno = Some(Errno::ENOMEM);
    thrown(ctx.fn_name(), *failure, ctx.call_position())
}

thread_local! {
    /// Where a step was refused that could not fail.
    static REFUSED: Cell<Position> = const { Cell::new(Position::NONE) };
}

/// For a step that can't fail: Rhai would go on without its words and do what it was to be kept from. The script ends before
/// its next step.
pub(super) fn refuse_later(ctx: &NativeCallContext) {
    REFUSED.set(ctx.call_position());
    memory::refuse();
}

/// The end of a script, where its last step may have been refused.
pub(super) fn ended<T>(result: RhaiResultOf<T>) -> RhaiResultOf<T> {
    match result {
        Ok(_) if memory::is_refused() => Err(terminated_because(&memory::words(), REFUSED.take())),
        result => result,
    }
}

/// Between two tokens of a script, where it is not yet running: a text can be small and its program large.
pub(super) fn next_token(token: Token) -> Token {
    if memory::is_too_much() {
        return Token::LexError(Box::new(LexError::Runtime(memory::words())));
    }
    token
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rhai::Scope;

    use super::*;

    /// What can be done with a string, two others, a char and two numbers.
    const STEPS: &[&str] = &[
        "s.pad(n, c); s",
        "s.pad(n, `${t}.`); s",
        "let b = blob(n, m); b.pad(m, n); b.to_array()",
        "let a = [s]; a.pad(n, [t, n]); a + [n] + []",
        "s.replace(t, u); s",
        "s.replace(t, c); s",
        "s.replace(c, u); s",
        "s.split()",
        "s.split(t)",
        "s.split(c)",
        "s.split(t, n)",
        "s.split(c, n)",
        "s.split_rev(t)",
        "s.split_rev(c)",
        "s.split_rev(t, n)",
        "s.split_rev(c, n)",
        "s.to_chars()",
        "s.to_upper() + t.to_lower()",
        "s.make_upper(); t.make_lower(); s + t",
        "[s.sub_string(n), s.sub_string(n, m), s.sub_string(n..m), s.sub_string(n..=m)]",
        "s.crop(n); s",
        "s.crop(n, m); s",
        "s.crop(n..m); s",
        "s.crop(n..=m); s",
        "let a = []; for x in s { a.push(x) } for x in s.chars { a.push(x) } a",
        "let a = []; for x in s.chars(n) { a.push(x) } a",
        "let a = []; for x in s.chars(n, m) { a.push(x) } a",
        "let a = []; for x in s.chars(n..m) { a.push(x) } a",
        "let a = []; for x in s.chars(n..=m) { a.push(x) } a",
        "let b = s.to_blob(); b.push(n); b.as_string() + (t + b) + (b + u)",
        "let b = s.to_blob(); b.push(n); t += b; t.append(b); t",
        "[s, c, n, m * 0.5, (), true, [t], #{ \"a b\": u, c: c }, blob(n, m), 1..n, |x| x].to_string()",
        "#{ s: s, \"x\\n\": [t, c, n, 0.5, (), false, blob(n, m), 1..=n] }.to_debug()",
        "`${[s, c]} ${#{ a: t }} ${n} ${0.5} ${()} ${blob(n, m)} ${1..2}`",
        "s + n + [t, c] + () + #{ a: u } + 1e30 + blob(n, m) + (1..n) + true",
        "[t] + s",
        "0.5 + s + c",
        "t += [n, c]; t += #{}; t += 7; t.append([u]); t += 1.5; t",
        "[t.to_debug(), (0.5).to_string(), true.to_string(), n.to_debug(), blob(n).to_string()]",
        "#{ a: [n, 0.5, (), true, s], b: #{ c: t } }.to_json()",
        "[parse_json(#{ a: [n, 0.5, s], b: #{ c: t } }.to_json()), parse_json(\"[1, null]\")]",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// Where there is the memory, all is as Rhai has it.
        #[test]
        fn nothing_else_changes(
            s in "[aßb \u{1}É\"]{0,8}",
            t in "[ab\u{1}]{0,2}",
            u in "[xΐ]{0,3}",
            c in prop::sample::select(vec!['a', 'ß', ' ']),
            n in -4_i64..12,
            m in -4_i64..12,
        ) {
            let rhai = Engine::new();
            let mut ours = Engine::new();
            replace(&mut ours);
            super::super::text::replace(&mut ours);
            for step in STEPS {
                let result = |engine: &Engine| {
                    let mut scope = Scope::new();
                    scope.push("s", s.clone()).push("t", t.clone()).push("u", u.clone());
                    scope.push("c", c).push("n", n).push("m", m);
                    let result = engine.eval_with_scope::<Dynamic>(&mut scope, step);
                    result.map(|value| format!("{value:?}")).map_err(|error| error.to_string())
                };
                prop_assert_eq!(result(&ours), result(&rhai), "{}", step);
            }
        }
    }
}
