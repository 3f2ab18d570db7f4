//! The fields of what a verb gives, with what the manual says about each and the fields within them.

use super::Catalog;

/// How far fields within fields are followed: a manual may refer to itself.
const DEEPEST: usize = 3;

/// A field of a map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// Its key.
    pub name: String,
    /// What stands in parentheses behind it: the unit, the type.
    pub about: String,
    /// The fields of the map, or of each map of the array, that it holds.
    pub inside: Vec<Field>,
    /// Whether it is an array of maps.
    pub is_array: bool,
}

impl Catalog {
    /// The fields of the maps that a verb gives, in the order of the manual.
    pub fn fields_given(&self, verb: &str) -> Vec<Field> {
        self.fields_within(verb, DEEPEST)
    }

    fn fields_within(&self, verb: &str, depth: usize) -> Vec<Field> {
        let Some(depth) = depth.checked_sub(1) else {
            return Vec::new();
        };
        let returns = self.called(verb).map(|entry| entry.manual.returns.as_str());
        let mut fields: Vec<Field> = returns.flat_map(read).collect();
        // "A map like those of `link_list`": what another verb gives.
        if let [only] = fields.as_slice()
            && self.called(&only.name).next().is_some()
        {
            return self.fields_within(&only.name.clone(), depth);
        }
        for field in &mut fields {
            self.refer(field, depth);
        }
        fields
    }

    /// "`addresses` (see `addr_list`)": the fields are described elsewhere.
    fn refer(&self, field: &mut Field, depth: usize) {
        let Some(verb) = field.about.strip_prefix("see ") else {
            return;
        };
        if let Some(entry) = self.called(verb).next() {
            field.is_array = entry.signature.returns == "array";
            field.inside = self.fields_within(verb, depth);
        }
    }
}

/// The fields that a text names in back ticks. What stands in parentheses is about the name before.
fn read(text: &str) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '(']) {
        let (_, from) = rest.split_at(at);
        if let Some(after) = from.strip_prefix('(') {
            let inside = after.get(..closing(after)).unwrap_or(after);
            rest = after.get(inside.len()..).unwrap_or("");
            if let Some(field) = fields.last_mut().filter(|field| field.about.is_empty()) {
                describe(field, inside);
            }
            continue;
        }
        let (word, after) = from
            .get(1..)
            .and_then(|from| from.split_once('`'))
            .unwrap_or_default();
        rest = after;
        if is_name(word) {
            fields.push(Field {
                name: word.into(),
                ..Field::default()
            });
        }
    }
    fields
}

fn describe(field: &mut Field, about: &str) {
    let about = about.replace('\n', " ");
    field.is_array = about.starts_with("array of maps");
    if field.is_array || about.starts_with("map:") {
        field.inside = read(&about);
    }
    field.about = about.replace('`', "");
}

/// Where the parenthesis is closed, outside of back ticks.
fn closing(text: &str) -> usize {
    let (mut depth, mut quoted) = (1, false);
    let end = text.find(|c| {
        match c {
            '`' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.unwrap_or(text.len())
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(fields: &[Field]) -> Vec<&str> {
        fields.iter().map(|field| field.name.as_str()).collect()
    }

    #[test]
    fn fields_have_what_is_said_about_them() {
        let fields = read(
            "A map: `a` (int,\nbytes), `b`; `c` (array of maps: `d` (`()` is none), `e`); `f` (as `ip` has it) `()` `",
        );
        assert_eq!(names(&fields), ["a", "b", "c", "f"]);
        let abouts: Vec<&str> = fields.iter().map(|field| field.about.as_str()).collect();
        assert_eq!(
            abouts,
            [
                "int, bytes",
                "",
                "array of maps: d (() is none), e",
                "as ip has it"
            ]
        );
        assert_eq!(names(&fields[2].inside), ["d", "e"]);
        assert!(fields[2].is_array && !fields[3].is_array);
        assert!(fields[3].inside.is_empty());
        for odd in ["`", "(", "`a` (", "`a` (`", ")", "`a``", "((`a`)"] {
            let _ = read(odd);
        }
    }

    #[test]
    fn a_manual_can_refer_to_another() {
        let catalog = crate::script::catalog();
        let link = catalog.fields_given("link_get");
        assert!(names(&link).contains(&"mtu"));
        assert!(!names(&link).contains(&"ip"));
        let addresses = link.iter().find(|field| field.name == "addresses");
        let addresses = addresses.expect("the field");
        assert!(addresses.is_array);
        assert!(names(&addresses.inside).contains(&"prefix"));
        let ping = catalog.fields_given("ping");
        assert!(names(&ping).contains(&"rtt_avg") && !names(&ping).contains(&"seq"));
        assert!(catalog.fields_given("nothing").is_empty());
    }
}
