//! nftables over netlink.
//!
//! | file | what it is |
//! |---|---|
//! | [`family`], [`types`], [`fields`] | the data: families of tables, types of values with their words, what a rule can look at |
//! | [`token`], [`parser`], `parse_*` | text to a tree |
//! | [`syntax`] | the tree |
//! | [`compile`], `compile_*` | a tree to the kernel's expressions |
//! | [`decode`], `decode_*` | the kernel's expressions to a tree |
//! | [`mod@print`] | a tree to text |
//! | [`value`] | values: words, numbers, bytes |
//! | [`expression`] | the kernel's expressions and their attributes |

pub mod chain;
pub mod compile;
mod compile_compare;
mod compile_load;
mod compile_nat;
mod compile_statement;
pub mod decode;
mod decode_act;
mod decode_compare;
mod decode_field;
pub mod expression;
pub mod extension;
pub mod family;
pub use crate::packet::fault;
pub mod fields;
pub mod hook;
pub mod list;
pub mod load;
pub mod message;
pub mod name;
pub mod object;
mod parse_load;
mod parse_nat;
mod parse_selector;
mod parse_sets;
mod parse_state;
mod parse_statement;
mod parse_value;
pub mod parser;
pub mod print;
pub mod print_selector;
pub mod print_set;
pub mod refusal;
pub mod rule;
pub mod set;
pub mod sets;
pub mod step;
pub mod syntax;
pub mod table;
#[cfg(test)]
mod tests;
pub mod text;
pub mod token;
pub mod trace;
pub mod type_of;
pub mod types;
pub mod value;
