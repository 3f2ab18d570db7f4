//! What is made for all verbs in one place: the call without options, and the call as a method of a namespace's handle.
//!
//! Each verb is written once, with all its parameters. The engine's own metadata say which verbs there are and what
//! they take; for each, raw functions are registered here that fill in an empty map of options, or enter the namespace,
//! and call on.

use std::any::TypeId;

use rhai::{Dynamic, Engine, FnArgsVec, Map, NativeCallContext, Position};

use super::call::RhaiResultOf;
use super::handle;
use super::netns::{Handle, within};

/// What has to be known of a verb to call it in other forms.
struct Form {
    name: String,
    types: Vec<TypeId>,
}

/// Registers the other forms of every verb that the engine has.
pub fn register(engine: &mut Engine) {
    let forms = engine.collect_fn_metadata(
        None,
        |found| {
            let function = found.metadata;
            let is_verb = !function.comments.is_empty()
                && function
                    .name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !function.param_types.first().is_some_and(handle::is_type);
            is_verb.then(|| Form {
                name: function.name.to_string(),
                types: function.param_types.to_vec(),
            })
        },
        false,
    );
    for Form { name, types } in forms {
        if let [required @ .., last] = types.as_slice()
            && *last == TypeId::of::<Map>()
        {
            register_without_options(engine, &name, required);
            register_method(engine, &name, required);
        }
        register_method(engine, &name, &types);
    }
}

/// `addr_add("veth0", "10.0.0.1/24")` is `addr_add("veth0", "10.0.0.1/24", #{})`.
fn register_without_options(engine: &mut Engine, name: &str, required: &[TypeId]) {
    engine.register_raw_fn(name, required, |ctx, arguments| {
        let mut values = copied(arguments);
        values.push(Map::new().into());
        call(&ctx, values)
    });
}

/// `h1.addr_add(...)` is `h1.run(|| addr_add(...))`.
fn register_method(engine: &mut Engine, name: &str, types: &[TypeId]) {
    let mut with_handle = vec![TypeId::of::<Handle>()];
    with_handle.extend(types);
    engine.register_raw_fn(name, &with_handle, |ctx, arguments| {
        let (handle, rest) = match arguments {
            [handle, rest @ ..] => (handle.clone(), rest),
            [] => return Ok(Dynamic::UNIT),
        };
        let handle = handle.cast::<Handle>();
        let values = copied(rest);
        within(&ctx, &handle, || call(&ctx, values))
    });
}

/// Copies, for the first argument can be the script's own variable and not a copy of it: Rhai takes `f(x, y)` for `x.f(y)`.
fn copied(arguments: &[&mut Dynamic]) -> FnArgsVec<Dynamic> {
    let copy = |value: &&mut Dynamic| value.flatten_clone();
    arguments.iter().map(copy).collect()
}

/// Calls the verb of the same name with these arguments. Errors get the position of the call that the script wrote.
fn call(ctx: &NativeCallContext, mut values: FnArgsVec<Dynamic>) -> RhaiResultOf<Dynamic> {
    let mut arguments: FnArgsVec<&mut Dynamic> = values.iter_mut().collect();
    let result = ctx.call_native_fn_raw(ctx.fn_name(), false, &mut arguments);
    result.map_err(|mut error| {
        if error.position() == Position::NONE {
            error.set_position(ctx.call_position());
        }
        error
    })
}
