//! netsh
pub mod kernel;
pub mod lab;
pub mod script;
pub mod packet;
pub mod probe;
pub mod shell;
