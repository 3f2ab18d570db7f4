//! A doc comment, taken apart. Its form is that of every verb: summary, details, `Equivalent to:`, `Search words:`, `# Options`,
//! `# Returns`, `# Errors`, `# Example`.

/// The manual of a verb.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manual {
    /// One sentence.
    pub summary: String,
    /// The paragraphs after it, as Markdown.
    pub details: String,
    /// The commands of other tools that do the same.
    pub equivalents: Vec<String>,
    /// What people look for when they want this.
    pub search_words: Vec<String>,
    /// The keys of the last argument, in the order of the manual.
    pub options: Vec<OptionManual>,
    /// Verbs whose options it takes beside its own: `Those of `qdisc_add`.`
    pub options_of: Vec<String>,
    /// What it gives, as Markdown; empty for nothing.
    pub returns: String,
    /// When it fails, as Markdown.
    pub errors: String,
    /// A script that runs.
    pub example: String,
}

/// An option of a verb.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptionManual {
    /// Its key in the map.
    pub key: String,
    /// Its type in words, and its unit: `int, bytes`, `link`, `duration`.
    pub kind: String,
    /// How the equivalent command spells it where that is another word than the key: `-c`.
    pub spelling: Option<String>,
    /// What it is for, and its default.
    pub text: String,
}

impl Manual {
    /// Reads a doc comment, without the marks of a comment.
    pub fn of(documentation: &str) -> Manual {
        let mut manual = Manual::default();
        let mut sections = sections(documentation).into_iter();
        if let Some((_, opening)) = sections.next() {
            manual.read_opening(&opening);
        }
        for (title, text) in sections {
            match title.as_str() {
                "Options" => {
                    manual.options = options(&text);
                    manual.options_of = others(&text);
                }
                "Returns" => manual.returns = text,
                "Errors" => manual.errors = text,
                "Example" => manual.example = code(&text),
                _ => {}
            }
        }
        manual
    }

    fn read_opening(&mut self, text: &str) {
        let mut details = Vec::new();
        for (at, paragraph) in text.split("\n\n").enumerate() {
            let joined = paragraph.lines().collect::<Vec<_>>().join(" ");
            if at == 0 {
                self.summary = joined;
            } else if let Some(rest) = joined.strip_prefix("Equivalent to:") {
                self.equivalents = quoted(rest);
            } else if let Some(rest) = joined.strip_prefix("Search words:") {
                self.search_words = quoted(rest);
            } else {
                details.push(paragraph.trim());
            }
        }
        self.details = details.join("\n\n");
    }
}

/// The parts between headings, with their titles; the first has none. What stands in a code block is no heading.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections = vec![(String::new(), String::new())];
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.starts_with("```");
        match line.strip_prefix("# ").filter(|_| !in_code) {
            Some(title) => sections.push((title.trim().into(), String::new())),
            None => {
                if let Some((_, text)) = sections.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    for (_, text) in &mut sections {
        *text = text.trim().into();
    }
    sections
}

/// What stands in back ticks.
fn quoted(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

/// The code of the first block.
fn code(text: &str) -> String {
    let after = text.split_once("```rhai\n").map_or("", |(_, after)| after);
    after.split("```").next().unwrap_or("").into()
}

/// The verbs that a line such as "Those of `qdisc_add`." names.
fn others(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with("Those of `"));
    lines.flat_map(quoted).collect()
}

/// The items of a list such as "- `count` (int; `-c`): how many". A line that begins otherwise goes on with the item above.
fn options(text: &str) -> Vec<OptionManual> {
    let mut options: Vec<OptionManual> = Vec::new();
    let lines = text.lines();
    for line in lines.filter(|line| !line.starts_with("Those of `")) {
        match (line.strip_prefix("- `"), options.last_mut()) {
            (Some(item), _) => options.push(option(item)),
            (None, Some(option)) => {
                option.text.push(' ');
                option.text.push_str(line.trim());
            }
            (None, None) => {}
        }
    }
    options
}

fn option(item: &str) -> OptionManual {
    let (key, rest) = item.split_once('`').unwrap_or((item, ""));
    let (inside, text) = rest.split_once("): ").unwrap_or((rest, ""));
    let inside = inside.trim_start().trim_start_matches('(');
    let (kind, spelling) = match inside.split_once("; `") {
        Some((kind, spelling)) => (kind, Some(spelling.trim_end_matches('`').to_owned())),
        None => (inside, None),
    };
    OptionManual {
        key: key.into(),
        kind: kind.trim().into(),
        spelling,
        text: text.trim().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r##"Sends echo requests
and waits.

More of it.
On two lines.

Equivalent to: `ping -c 4 DESTINATION`, `ping6`

Search words: `icmp`, `reachable`

# Options
Those of `other_verb`.
- `count` (int; `-c`): how many; 4
  unless given
- `scope` (string): "global" or "link"

# Returns
A map: `loss` (percent, `()` for none), `x`.

# Errors
None.

# Example
```rhai
# not a heading
ping("::1");
```"##;

    #[test]
    fn a_page_is_taken_apart() {
        let manual = Manual::of(PAGE);
        assert_eq!(manual.summary, "Sends echo requests and waits.");
        assert_eq!(manual.details, "More of it.\nOn two lines.");
        assert_eq!(manual.equivalents, ["ping -c 4 DESTINATION", "ping6"]);
        assert_eq!(manual.search_words, ["icmp", "reachable"]);
        assert_eq!(
            manual.returns,
            "A map: `loss` (percent, `()` for none), `x`."
        );
        assert_eq!(manual.errors, "None.");
        assert_eq!(manual.example, "# not a heading\nping(\"::1\");\n");
        let [count, scope] = manual.options.as_slice() else {
            panic!("{:?}", manual.options);
        };
        assert_eq!(
            (count.kind.as_str(), count.spelling.as_deref()),
            ("int", Some("-c"))
        );
        assert_eq!(manual.options_of, ["other_verb"]);
        assert_eq!(count.text, "how many; 4 unless given");
        assert_eq!((scope.key.as_str(), &scope.spelling), ("scope", &None));
    }

    #[test]
    fn nothing_is_a_manual_too() {
        assert_eq!(Manual::of(""), Manual::default());
        for odd in [
            "# Options\n- `",
            "- `x` (",
            "```",
            "# Example\n```rhai\n",
            "`",
            "# ",
        ] {
            let _ = Manual::of(odd);
        }
    }
}
