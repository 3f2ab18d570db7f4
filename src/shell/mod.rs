//! Layer 4: people. Tables, error reports, the screen.
pub mod cell;
pub mod columns;
pub mod grid;
pub mod plain;
pub mod table;
pub mod screen;
