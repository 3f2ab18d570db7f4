//! The names of tables, and of what is in them: `ip nat`, `ip nat postrouting`.

use std::fmt;

use super::family::Family;

/// A table by its family and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableName {
    /// Its family.
    pub family: Family,
    /// Its name.
    pub table: String,
}

/// A chain, set or map in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    /// The table.
    pub table: TableName,
    /// Its name.
    pub name: String,
}

/// A name that is none, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameFault {
    /// What is wrong.
    pub words: String,
    /// What to do.
    pub hint: String,
    /// A family that is none.
    pub family: Option<String>,
}

/// The longest name (`NFT_NAME_MAXLEN` without its NUL).
const LONGEST: usize = 255;

/// Reads the words of a name: family, table, and `inside` more. Without a family it is ip, as for nft.
fn words(text: &str, inside: &[&str]) -> Result<(Family, Vec<String>), NameFault> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let wanted = inside.len() + 1;
    let example = match inside.first() {
        None => "ip nat".to_string(),
        Some(&"chain") => "ip nat postrouting".into(),
        Some(what) => format!("ip filter my{what}"),
    };
    let family = match words.first().and_then(|word| Family::named(word)) {
        Some(family) if words.len() > wanted => {
            words.remove(0);
            family
        }
        _ => Family::Ip,
    };
    let bad = |words: String, hint: String| NameFault {
        words,
        hint,
        family: None,
    };
    if words.len() == wanted + 1 {
        let word = words.first().copied().unwrap_or("");
        let names: Vec<&str> = Family::ALL.iter().map(|(name, _)| *name).collect();
        return Err(NameFault {
            words: format!("{word:?} is not a family of tables"),
            hint: format!("the families are {}", names.join(", ")),
            family: Some(word.into()),
        });
    }
    if words.len() != wanted {
        let parts = ["family", "table"]
            .iter()
            .chain(inside)
            .copied()
            .collect::<Vec<_>>();
        let hint = format!("it has {}, such as {example:?}", parts.join(", "));
        return Err(bad(
            format!(
                "{text:?} does not name a {}",
                inside.last().unwrap_or(&"table")
            ),
            hint,
        ));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./\\".contains(c);
    for word in &words {
        if word.len() > LONGEST {
            return Err(bad(
                "the name is longer than 255 bytes".into(),
                String::new(),
            ));
        }
        if !word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            || !word.chars().all(plain)
        {
            return Err(bad(
                format!("{word:?} is not a name that nft can read"),
                "names begin with a letter and go on with letters, digits, _, -, . and /".into(),
            ));
        }
    }
    Ok((family, words.into_iter().map(Into::into).collect()))
}

impl TableName {
    /// Reads `ip nat`.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        let (family, mut words) = words(text, &[])?;
        Ok(TableName {
            family,
            table: words.pop().unwrap_or_default(),
        })
    }
}

impl Inside {
    /// Reads `ip nat postrouting`, whose last word is the name of a `what`.
    pub fn parse(text: &str, what: &str) -> Result<Self, NameFault> {
        let (family, mut words) = words(text, &[what])?;
        let name = words.pop().unwrap_or_default();
        let table = words.pop().unwrap_or_default();
        Ok(Inside {
            table: TableName { family, table },
            name,
        })
    }

    /// The names, for messages.
    pub fn names(&self) -> [&str; 2] {
        [&self.table.table, &self.name]
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.family, self.table)
    }
}

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.table, self.name)
    }
}
