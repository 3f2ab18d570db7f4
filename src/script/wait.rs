//! Verbs about time, truth and the end: sleep, wait_until, assert, exit.

use std::any::TypeId;
use std::time::{Duration, Instant};

use rhai::plugin::*;
use rhai::{Dynamic, Engine, EvalAltResult, FLOAT, FnPtr, INT};

use super::call::{RhaiResultOf, terminated, thrown, verb};
use super::options::{Fault, OptionValue, describe};
use super::serve;
use crate::lab::failure::{Failure, Outcome};

/// How long wait_until waits between two looks: at first hardly, then longer, up to the second of these.
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// The verbs.
#[export_module]
pub mod api {
    /// Waits for a while. A lab that waits for something to happen uses `wait_until`.
    ///
    /// Equivalent to: `sleep TIME`
    ///
    /// Search words: `wait`, `pause`, `delay`
    ///
    /// # Errors
    /// The time is no duration: a number of seconds, or a string with a unit ("200ms").
    ///
    /// # Example
    /// ```rhai
    /// sleep("1ms");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sleep(ctx: NativeCallContext, time: Dynamic) -> RhaiResultOf<()> {
        sleep_for(&ctx, &time)
    }

    /// Waits until a condition holds, and fails if it does not in time.
    ///
    /// Search words: `poll`, `retry`, `timeout`, `wait for`, `ready`
    ///
    /// The condition is a closure; it holds when it returns anything but false and (). While it fails (a link that is not
    /// there yet) it does not hold.
    ///
    /// # Returns
    /// What the condition returned at last.
    ///
    /// # Errors
    /// The time is over (ETIMEDOUT): the message says what the condition returned, or how it failed, the last time.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// wait_until(|| link_get("veth0").operstate == "up", "5s");
    /// show(link_get("veth0").operstate);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn wait_until(
        ctx: NativeCallContext,
        condition: FnPtr,
        timeout: Dynamic,
    ) -> RhaiResultOf<Dynamic> {
        let limit = verb(&ctx, |lab| {
            let limit = read_duration(&timeout, "timeout")?;
            let words = format!("waiting for a condition, at most {limit:?}");
            lab.screen().doing(&words);
            Ok(limit)
        })?;
        let waited = wait(&ctx, &condition, limit);
        verb(&ctx, |lab| {
            lab.screen().doing("");
            Ok(())
        })?;
        waited
    }

    /// Ends the script, with an exit status for whoever started netsh.
    ///
    /// Equivalent to: `exit STATUS`
    ///
    /// Search words: `quit`, `status`, `stop`, `end`
    ///
    /// # Errors
    /// The status is no int between 0 and 255.
    ///
    /// # Example
    /// ```rhai
    /// if link_exists("lo") { exit(0); }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn exit(ctx: NativeCallContext, status: Dynamic) -> RhaiResultOf<()> {
        // Of any type, for Rhai has an exit of its own that takes whatever is no int here, and reports success.
        verb(&ctx, |lab| {
            let number = status.as_int().ok();
            let status = number
                .and_then(|number| u8::try_from(number).ok())
                .ok_or_else(|| {
                    let given =
                        number.map_or_else(|| describe(&status), |number| number.to_string());
                    Failure::new(format!("{given} is no exit status"))
                        .blame("status")
                        .hint("a status is 0 to 255; 0 is success")
                })?;
            lab.set_exit_status(status);
            Ok(())
        })?;
        Err(EvalAltResult::Exit(Dynamic::UNIT, ctx.call_position()).into())
    }

    /// Fails unless the condition is true.
    ///
    /// Search words: `test`, `check`, `expect`, `verify`
    ///
    /// # Errors
    /// The condition is false: the message is the one given.
    ///
    /// # Example
    /// ```rhai
    /// assert(link_exists("lo"), "every namespace has a loopback link");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn assert(ctx: NativeCallContext, condition: bool, message: &str) -> RhaiResultOf<()> {
        verb(&ctx, |_| match condition {
            true => Ok(()),
            false => Err(Failure::new(format!("assertion failed: {message}")).blame("condition")),
        })
    }

    /// Fails unless the condition is true.
    ///
    /// Search words: `test`, `check`, `expect`, `verify`
    ///
    /// # Errors
    /// The condition is false.
    ///
    /// # Example
    /// ```rhai
    /// assert(link_exists("lo"));
    /// ```
    #[rhai_fn(name = "assert", return_raw)]
    pub fn assert_alone(ctx: NativeCallContext, condition: bool) -> RhaiResultOf<()> {
        verb(&ctx, |_| match condition {
            true => Ok(()),
            false => Err(Failure::new("assertion failed").blame("condition")),
        })
    }
}

/// Asks the condition until it holds.
fn wait(ctx: &NativeCallContext, condition: &FnPtr, limit: Duration) -> RhaiResultOf<Dynamic> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let seen = match condition.call_within_context::<Dynamic>(ctx, ()) {
            Ok(value) if value.is_unit() || value.as_bool() == Ok(false) => {
                format!("it last returned {}", describe(&value))
            }
            Ok(value) => return Ok(value),
            Err(error) if is_the_scripts_own_mistake(&error) => return Err(error),
            Err(error) => format!("it last failed: {}", message_of(&error)),
        };
        let left = limit.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(timed_out(ctx, limit, &seen));
        }
        if !serve::sleep(ctx, pause.min(left))? {
            return Err(terminated(ctx.call_position()));
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn sleep_for(ctx: &NativeCallContext, time: &Dynamic) -> RhaiResultOf<()> {
    let doing = |words: &str| {
        verb(ctx, |lab| {
            lab.screen().doing(words);
            Ok(())
        })
    };
    let time = verb(ctx, |_| read_duration(time, "time"))?;
    doing(&format!("sleeping for {time:?}"))?;
    let slept = serve::sleep(ctx, time);
    doing("")?;
    slept.map(drop)
}

/// Rhai has a sleep of its own for ints and floats, which would be called before the verb, hears no Ctrl-C and takes
/// negative times. These take its place.
pub(super) fn replace_sleep(engine: &mut Engine) {
    for number in [TypeId::of::<INT>(), TypeId::of::<FLOAT>()] {
        engine.register_raw_fn("sleep", [number], |ctx, arguments| {
            let time = arguments.first().map(|time| (**time).clone());
            sleep_for(&ctx, &time.unwrap_or_default())
        });
    }
}

pub(super) fn read_duration(value: &Dynamic, argument: &str) -> Outcome<Duration> {
    Duration::read(value).map_err(|fault| {
        let words = match fault {
            Fault::Type(wanted) => format!("the {argument} is {wanted}, not {}", describe(value)),
            Fault::Wants(wanted) => {
                format!("the {argument} is {wanted}, not {}", describe(value))
            }
            Fault::Value(words) => words,
        };
        Failure::new(words).blame(argument)
    })
}

/// A thrown value may mean "not yet"; a misspelt name never will, and Ctrl-C is not to be waited away.
fn is_the_scripts_own_mistake(error: &EvalAltResult) -> bool {
    !matches!(error.unwrap_inner(), EvalAltResult::ErrorRuntime(..))
}

fn message_of(error: &EvalAltResult) -> String {
    let EvalAltResult::ErrorRuntime(value, _) = error.unwrap_inner() else {
        return error.to_string();
    };
    let message = value
        .read_lock::<rhai::Map>()
        .and_then(|map| map.get("message").map(ToString::to_string));
    message.unwrap_or_else(|| value.to_string())
}

fn timed_out(ctx: &NativeCallContext, limit: Duration, seen: &str) -> Box<EvalAltResult> {
    let words = format!("the condition did not hold within {limit:?}; {seen}");
    let mut failure = Failure::new(words).blame("condition");
    failure.errno = Some(nix::errno::Errno::ETIMEDOUT);
    thrown(ctx.fn_name(), *failure, ctx.call_position())
}
