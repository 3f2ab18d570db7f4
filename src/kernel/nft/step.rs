//! What changes of nftables have in common: each can be a step of a transaction.

use crate::kernel::change::{Action, Command, Names, Word};
use crate::kernel::error::Result;

use super::message::Transaction;

/// A step of a transaction.
pub trait Step {
    /// Adds its messages.
    fn write(&self, to: &mut Transaction) -> Result<()>;
}

/// A transaction of one step.
pub fn send(step: &dyn Step, names: &dyn Names) -> Result<Action> {
    let mut link = |name: &str| names.link(name);
    let mut transaction = Transaction::new(&mut link);
    step.write(&mut transaction)?;
    Ok(Action::Netfilter(transaction.requests))
}

/// A command of nft: words, and behind them a text that the shell is to leave alone.
pub fn nft(words: &[&str], text: &str) -> Command {
    let words = words.iter().flat_map(|words| words.split_whitespace());
    let mut arguments: Vec<Word> = words.map(Word::from).collect();
    if !text.is_empty() {
        arguments.push(text.into());
    }
    Command {
        program: "nft".into(),
        arguments,
        everywhere: false,
    }
}
