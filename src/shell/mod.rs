//! Layer 4: people. Everything that is shown passes here.
//!
//! | file | what it is |
//! |---|---|
//! | [`attach`] | joining a running sandbox, and the list of those |
//! | [`command_line`] | what netsh can be asked to do |
//! | [`screen`] | standard output and standard error |
//! | [`table`], [`columns`], [`cell`], [`grid`], [`plain`] | values as tables |
//! | [`manual`], [`man_page`], [`completions`], [`markdown`] | help and the other pages of the manual |
//! | [`report`] | errors, with the place in the script |
//! | [`prompt`] | the prompt: a line editor over a session |
//! | [`progress`] | a sign of life while something takes long |
//! | [`translated`] | commands of other programs in netsh's words |
//! | [`deep_stack`] | the stack that scripts run on |
//! | [`last_words`] | when netsh itself can't go on |
//! | [`source`], [`span`], [`outline`] | the text of a script: what stands where |

pub mod attach;
pub mod cell;
pub mod columns;
pub mod command_line;
pub mod completions;
pub mod deep_stack;
pub mod grid;
pub mod last_words;
pub mod man_page;
pub mod manual;
pub mod markdown;
pub mod outline;
pub mod plain;
pub mod progress;
pub mod prompt;
pub mod report;
pub mod screen;
pub mod source;
pub mod span;
pub mod table;
pub mod translated;
