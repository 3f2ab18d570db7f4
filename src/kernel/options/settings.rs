//! Options with the values that they are given, or have.

use super::Row;
use super::form::Form;
use super::setting::Setting;

/// Attributes with their values.
pub type Always = &'static [(u16, &'static [u8])];

/// Values of options of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    rows: &'static [Row],
    always: Always,
    external: Always,
    given: Vec<(&'static Row, Setting)>,
}

impl Settings {
    /// None yet, of these options.
    pub fn of(rows: &'static [Row]) -> Self {
        Settings {
            rows,
            ..Settings::default()
        }
    }

    /// The same with attributes that are sent whatever is given, unless an option is that attribute; and those that are sent
    /// in their place where the option `external` is on.
    pub fn with(rows: &'static [Row], always: Always, external: Always) -> Self {
        Settings {
            always,
            external,
            ..Settings::of(rows)
        }
    }

    /// Gives an option a value; what comes later counts. Of a key that there is not, nothing.
    pub fn set(&mut self, key: &str, setting: Setting) {
        let row = self.rows.iter().find(|row| row.key == key);
        self.given.extend(row.map(|row| (row, setting)));
    }

    /// The same in the order of the table, in which tc wants to be told.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        let rows = self.rows;
        self.given
            .sort_by_key(|(row, _)| rows.iter().position(|known| known.key == row.key));
        self
    }

    /// The table.
    pub fn rows(&self) -> &'static [Row] {
        self.rows
    }

    /// The options that have a value, in the order in which they got it.
    pub fn given(&self) -> &[(&'static Row, Setting)] {
        &self.given
    }

    /// The value of an option.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        let found = self.given.iter().rfind(|(row, _)| row.key == key);
        found.map(|(_, setting)| setting)
    }

    /// The value of an option, which has none from now on.
    pub fn remove(&mut self, key: &str) -> Option<Setting> {
        let value = self.get(key).cloned();
        self.given.retain(|(row, _)| row.key != key);
        value
    }

    /// Whether no option has a value.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// The number in one.
    pub fn number(&self, key: &str) -> Option<u64> {
        self.get(key).map(Setting::number)
    }

    /// The number in one as 32 bits; what is more becomes the highest.
    pub fn u32(&self, key: &str) -> Option<u32> {
        let number = self.number(key)?;
        Some(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// The text of one.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Setting::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The values of one that is a list.
    pub fn list(&self, key: &str) -> Option<&[Setting]> {
        match self.get(key) {
            Some(Setting::List(settings)) => Some(settings),
            _ => None,
        }
    }

    /// Whether one is on.
    pub fn is_on(&self, key: &str) -> bool {
        self.get(key) == Some(&Setting::Switch(true))
    }

    /// The links that they name, each with its option.
    pub fn links(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.given
            .iter()
            .filter_map(|(row, setting)| match setting {
                Setting::Text(name) if row.form == Form::Link && !name.is_empty() => {
                    Some((row.key, name.as_str()))
                }
                _ => None,
            })
    }

    /// What is sent unless an option says otherwise.
    pub(super) fn always(&self) -> Always {
        match (self.get("external"), self.given.as_slice()) {
            (_, []) => &[],
            (Some(Setting::Switch(true)), _) => self.external,
            _ => self.always,
        }
    }
}
