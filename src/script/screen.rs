//! The verb that shows values.

use rhai::plugin::*;

use crate::lab::failure::Failure;
use crate::lab::screen::Screen;

use super::call::{RhaiResultOf, verb};
use super::handle;
use super::value::{can_be_shown, to_json, to_shown, too_large_to_show};

/// The verbs.
#[export_module]
pub mod api {
    /// Shows any value: an array of maps as a table, a map as its keys and values, the rest as text.
    ///
    /// Search words: `print`, `table`, `display`, `json`, `output`, `column`
    ///
    /// On a terminal the table fits its width; into a pipe nothing is cut and columns stand two spaces apart. With
    /// `--json` the same value is written as one line of JSON, with all its keys.
    ///
    /// # Example
    /// ```rhai
    /// show([#{ name: "a", mtu: 1500 }, #{ name: "b", mtu: 9000 }]);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn show(ctx: NativeCallContext, value: Dynamic) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            if !can_be_shown(&value) {
                let failure = Failure::new(too_large_to_show()).blame("value");
                return Err(failure.hint("show a part of it: show(x.extract(0, 10))"));
            }
            show_on(lab.screen(), &value);
            Ok(())
        })
    }
}

/// Shows a value as what it is: drawn, or as a table.
pub fn show_on(screen: &dyn Screen, value: &Dynamic) {
    let shown = match screen.shows_data() {
        true => to_json(value),
        false => to_shown(value),
    };
    match handle::drawing(value) {
        Some(drawing) => screen.draw(&*drawing, &shown),
        None => screen.show(&shown),
    }
}
