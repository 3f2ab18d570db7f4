//! What there is of what is wanted at the cursor.

use rhai::Token;

use super::super::super::outline::Import;
use super::super::super::source::Source;
use super::super::reading::{Reading, is_word};
use super::choice::{Form, Offer, Typed, Writing};
use super::offer_words::{Offered, at_last, files, in_shell};
use super::place::Place;
use super::rhai_words::{
    BETWEEN, FUNCTIONS, KEYWORDS, OF_ARRAYS, OF_EXPRESSIONS, OF_MAPS, OF_NUMBERS, OF_TEXTS, Word,
};
use super::surroundings::Surroundings;
use super::value::{HELD, Held, Value, Values};
use crate::catalog::expects::Expects;
use crate::catalog::fields::Field;
use crate::catalog::signature::{Parameter, Signature};
use crate::catalog::{Catalog, Entry};

/// What belongs at the cursor.
struct Wanted {
    expects: Expects,
    /// Whether an address has the length of its prefix.
    with_prefix: bool,
    /// The link whose address it is, where it has to be one of that.
    link: Option<String>,
}

/// What there is in a statement.
pub struct Offers<'a> {
    reading: &'a Reading,
    after: &'a str,
    catalog: &'a Catalog,
    around: &'a dyn Surroundings,
    values: Values<'a>,
}

impl<'a> Offers<'a> {
    /// What there is between the text before the cursor and the one after it.
    pub fn new(
        reading: &'a Reading,
        after: &'a str,
        catalog: &'a Catalog,
        around: &'a dyn Surroundings,
    ) -> Self {
        Offers {
            reading,
            after,
            catalog,
            around,
            values: Values::of(reading, catalog, around),
        }
    }

    /// What can stand at that place, for the token with that number, of which so much is typed.
    pub fn of_place(
        &self,
        place: &Place,
        token: usize,
        typed: &str,
        writing: Writing,
    ) -> Option<Typed> {
        let in_code = matches!(writing, Writing::InCode { .. });
        let (word, offers) = if in_code {
            self.in_code(place, token, typed)?
        } else {
            self.in_text(place, typed)?
        };
        Some(Typed {
            word,
            offers,
            writing,
        })
    }

    fn in_code(&self, place: &Place, token: usize, typed: &str) -> Option<Offered> {
        let mut offers = match place {
            Place::Nothing => return None,
            Place::Between => words(&BETWEEN),
            Place::Member(value) => self.members(*value),
            Place::InModule(module) => self.in_module(module),
            Place::Module => self.modules(),
            Place::Key { name, map } => self.keys(*name, *map),
            Place::Name | Place::Entry(_) => Vec::new(),
            Place::Argument { name, number } => match self.parameter(*name, *number) {
                Some(parameter) if parameter.name == "options?" && typed.is_empty() => {
                    self.options(*name)
                }
                Some(parameter) => self.expected_in_code(&self.wanted(*name, &parameter), typed),
                None => Vec::new(),
            },
            Place::OptionValue { name, key } => {
                let wanted = self.option(*name, *key);
                wanted.map_or_else(Vec::new, |wanted| self.expected_in_code(&wanted, typed))
            }
            Place::Index(value) => self.indices(*value),
        };
        let takes_names = matches!(
            place,
            Place::Name
                | Place::Entry(_)
                | Place::Argument { .. }
                | Place::OptionValue { .. }
                | Place::Index(_)
        );
        // Where a bool is wanted `tr` is one, and no verb that begins like it.
        let is_bool = |offer: &Offer| matches!(offer.name.as_str(), "true" | "false");
        let begins_bool = |offer: &Offer| is_bool(offer) && offer.name.starts_with(typed);
        if takes_names && (offers.is_empty() || !typed.is_empty()) {
            offers.extend(match offers.iter().any(begins_bool) {
                true => self.variables(token),
                false => self.names(token),
            });
            let in_brackets = !matches!(place, Place::Name);
            offers.retain(|offer| !(in_brackets && only_begins_statements(offer)));
        }
        Some((typed.into(), offers))
    }

    fn in_text(&self, place: &Place, typed: &str) -> Option<Offered> {
        Some(match place {
            Place::Argument { name, number } => {
                let parameter = self.parameter(*name, *number)?;
                if parameter.name == "command" {
                    return Some(in_shell(typed, Form::Group, self.around));
                }
                self.expected(&self.wanted(*name, &parameter), typed)
            }
            Place::Entry(name) => {
                let first = self.parameter(*name, 0)?;
                let runs = self.wanted(*name, &first).expects == Expects::Program;
                runs.then(|| files(typed, self.around))?
            }
            Place::OptionValue { name, key } => self.expected(&self.option(*name, *key)?, typed),
            Place::Key { name, map } => (typed.into(), self.keys(*name, *map)),
            Place::Index(value) => (typed.into(), self.indices(*value)),
            Place::Module => {
                let (word, files) = files(typed, self.around);
                // Those of netsh are in no folder.
                let in_folder = word.len() < typed.len();
                let mut offers = if in_folder {
                    Vec::new()
                } else {
                    self.modules()
                };
                offers.extend(files.into_iter().filter_map(without_extension));
                (word, offers)
            }
            Place::Nothing
            | Place::Name
            | Place::Between
            | Place::Member(_)
            | Place::InModule(_) => return None,
        })
    }

    /// The variables of the text and of the session.
    fn variables(&self, token: usize) -> Vec<Offer> {
        let name = |name: String, about: String| Offer::new(name, about, Form::Name);
        let local = self.reading.source.visible_at(token).into_iter();
        let mut offers: Vec<Offer> = local.map(|one| name(one, "variable".into())).collect();
        offers.extend(self.values.variables().iter().map(|variable| {
            let about = match &variable.netns {
                Some(netns) => format!("{} {netns}", variable.kind),
                None => variable.kind.clone(),
            };
            name(variable.name.clone(), about)
        }));
        offers
    }

    /// The names with which an expression can begin.
    fn names(&self, token: usize) -> Vec<Offer> {
        let source = &self.reading.source;
        let name = |name: String, about: String| Offer::new(name, about, Form::Name);
        let mut offers = self.variables(token);
        let functions = source.functions().into_iter();
        for function in functions.chain(self.around.functions()) {
            let about = called_with(&function);
            let empty = function.parameters.is_empty();
            offers.push(Offer::new(function.name, about, Form::Call { empty }));
        }
        offers.extend(self.verbs());
        let imports = self.imports().into_iter();
        offers.extend(imports.map(|one| name(format!("{}::", one.name), "module".into())));
        offers.extend(words(&FUNCTIONS));
        offers.extend(words(&KEYWORDS));
        offers
    }

    /// The modules that the text and the session import; those of the text come first.
    fn imports(&self) -> Vec<Import> {
        let mut imports = self.reading.source.imports();
        imports.extend(self.around.imports());
        imports
    }

    /// The verbs that are no methods only.
    fn verbs(&self) -> impl Iterator<Item = Offer> {
        let entries = self.catalog.entries().iter();
        let plain = entries.filter(|entry| entry.module.is_none() && entry.receiver.is_none());
        plain.map(|entry| self.verb(entry))
    }

    /// A verb. Where one of its ways takes something, the brackets are left open for it.
    fn verb(&self, entry: &Entry) -> Offer {
        let name = &entry.signature.name;
        let same = |other: &&Entry| other.signature.name == *name && other.module == entry.module;
        let mut ways = self.catalog.entries().iter().filter(same);
        let empty = ways.all(|way| way.signature.parameters.is_empty());
        Offer::new(name, &entry.manual.summary, Form::Call { empty })
    }

    /// What can stand behind the dot after the value that ends with that token.
    fn members(&self, value: usize) -> Vec<Offer> {
        match self.values.ending_at(value) {
            Value::Netns(_) => self.of_handle(),
            Value::Held(held) => self.of_held(held),
            Value::Map(fields) => {
                // Other keys stand in brackets: `map["two words"]`.
                let fields = fields.into_iter().filter(|field| is_word(&field.name));
                let fields = fields.map(|field| key(field, Form::Name));
                fields.chain(words(&OF_MAPS)).collect()
            }
            Value::Array(_) => words(&OF_ARRAYS),
            Value::Text => words(&OF_TEXTS),
            Value::Number => words(&OF_NUMBERS),
            Value::Unknown => {
                let lists = [words(&OF_ARRAYS), words(&OF_MAPS), words(&OF_TEXTS)];
                let mut offers = lists.concat();
                offers.extend(words(&OF_NUMBERS));
                offers.sort_by(|a, b| a.name.cmp(&b.name));
                offers.extend(self.of_handle());
                offers.extend(HELD.iter().flat_map(|held| self.methods(held.kind)));
                offers
            }
        }
    }

    fn of_handle(&self) -> Vec<Offer> {
        let name = Offer::new("name", "The name of the namespace.", Form::Name);
        std::iter::once(name)
            .chain(self.methods("netns"))
            .chain(self.verbs())
            .collect()
    }

    fn of_held(&self, held: &Held) -> Vec<Offer> {
        let properties = held.properties.iter();
        properties
            .map(|(name, _, about)| Offer::new(*name, *about, Form::Name))
            .chain(self.methods(held.kind))
            .collect()
    }

    /// The verbs that are methods of this type only.
    fn methods(&self, receiver: &str) -> impl Iterator<Item = Offer> {
        let entries = self.catalog.entries().iter();
        let methods = entries.filter(move |entry| entry.receiver.as_deref() == Some(receiver));
        methods.map(|entry| self.verb(entry))
    }

    fn in_module(&self, name: &str) -> Vec<Offer> {
        let imports = self.imports();
        let path = imports
            .iter()
            .find(|import| import.name == name)
            .map_or(name, |import| import.path.as_str());
        let entries = self.catalog.entries().iter();
        let functions = entries.filter(|entry| entry.module.as_deref() == Some(path));
        functions.map(|entry| self.verb(entry)).collect()
    }

    /// The modules that are part of netsh.
    fn modules(&self) -> Vec<Offer> {
        let entries = self.catalog.entries().iter();
        let modules = entries.filter_map(|entry| Some((entry.module.as_ref()?, &entry.noun)));
        modules
            .map(|(module, noun)| Offer::new(module, noun, Form::Text))
            .collect()
    }

    /// The parameter of the function called there, in the first of its ways that has so many.
    fn parameter(&self, name: usize, number: usize) -> Option<Parameter> {
        let function = self.reading.source.word(name);
        // A function of a module is another one, whatever it is called.
        let called = self.catalog.called(function);
        let ways = called.filter(|entry| entry.module.is_none() || entry.path() == function);
        let ways = ways.map(|entry| &entry.signature);
        if let Some(parameter) = ways.filter_map(|way| way.parameters.get(number)).next() {
            return Some(parameter.clone());
        }
        let own = self.reading.source.functions().into_iter();
        let mut own = own.chain(self.around.functions());
        let own = own.find(|own| own.name == function)?;
        own.parameters.into_iter().nth(number)
    }

    fn wanted(&self, name: usize, parameter: &Parameter) -> Wanted {
        Wanted {
            expects: Expects::of_parameter(self.reading.source.word(name), parameter),
            with_prefix: parameter.name == "cidr",
            link: self.link_of(name),
        }
    }

    /// The link that the verb called there takes something from: the text that is its first argument.
    fn link_of(&self, name: usize) -> Option<String> {
        let source = &self.reading.source;
        let takes = source.word(name).ends_with("_del") && self.parameter(name, 0)?.name == "link";
        let open = self.reading.open.iter().rfind(|open| **open > name);
        let item = source.open_items(*open?).into_iter().next()?;
        match source.token(item.start) {
            Some(Token::StringConstant(link)) if takes && item.len() == 1 => Some(link.to_string()),
            _ => None,
        }
    }

    /// The verb called there, in the way that takes options.
    fn with_options(&self, name: usize) -> Option<&'a Entry> {
        let mut ways = self.catalog.called(self.reading.source.word(name));
        ways.find(|entry| entry.takes_options())
    }

    /// What belongs behind a key.
    fn option(&self, name: usize, key: usize) -> Option<Wanted> {
        let key = self.reading.source.key_of(&(key..key + 2))?;
        let options = &self.with_options(name)?.manual.options;
        let option = options.iter().find(|option| option.key == key)?;
        Some(Wanted {
            expects: Expects::of_option(option),
            with_prefix: false,
            link: None,
        })
    }

    /// The beginning of a map of options.
    fn options(&self, name: usize) -> Vec<Offer> {
        let entry = self.with_options(name);
        let keys = entry.map_or_else(Vec::new, |entry| {
            let options = entry.manual.options.iter();
            options.map(|option| option.key.as_str()).collect()
        });
        vec![Offer::new("#{ ", keys.join(", "), Form::Name)]
    }

    /// The options that are not given yet.
    fn keys(&self, name: usize, map: usize) -> Vec<Offer> {
        let Some(entry) = self.with_options(name) else {
            return Vec::new();
        };
        let given = self.given(map);
        let options = entry.manual.options.iter();
        let rest = options.filter(|option| !given.contains(&option.key));
        rest.map(|option| {
            let about = format!("{}: {}", option.kind, option.text);
            Offer::new(&option.key, about, Form::Key)
        })
        .collect()
    }

    /// The keys that the map behind that bracket has before and after the cursor.
    fn given(&self, map: usize) -> Vec<String> {
        let before = &self.reading.source;
        let current = before.open_items(map).last().map(|item| item.start);
        let whole = Source::new("", format!("{}{}", before.text(), self.after));
        let items = whole.open_items(map);
        let others = items.iter().filter(|item| Some(item.start) != current);
        others
            .filter_map(|item| whole.key_of(item).map(str::to_owned))
            .collect()
    }

    /// The keys of the map that ends with that token.
    fn indices(&self, value: usize) -> Vec<Offer> {
        match self.values.ending_at(value) {
            Value::Map(fields) => {
                let fields = fields.into_iter();
                fields.map(|it| key(it, Form::Text)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What there is of what is expected, where it need not be a text.
    fn expected_in_code(&self, wanted: &Wanted, typed: &str) -> Vec<Offer> {
        let name = |name: &str, about: &str| Offer::new(name, about, Form::Name);
        let mut offers = match wanted.expects {
            Expects::Netns => {
                let variables = self.values.variables().iter();
                let handles = variables.filter(|one| one.kind == "netns");
                handles.map(|one| name(&one.name, &one.kind)).collect()
            }
            Expects::Bool => ["true", "false"].map(|word| name(word, "")).to_vec(),
            _ => Vec::new(),
        };
        offers.extend(self.expected(wanted, typed).1);
        offers
    }

    /// The texts that there are of what is expected, and what is typed of one.
    fn expected(&self, wanted: &Wanted, typed: &str) -> Offered {
        let text = |name: String| Offer::new(name, "", Form::Text);
        let offers = match &wanted.expects {
            Expects::Link => self
                .acts_in(|netns| self.around.links(netns))
                .map(text)
                .collect(),
            Expects::Netns => self.around.namespaces().into_iter().map(text).collect(),
            Expects::Sysctl => return self.sysctls(typed),
            Expects::Address => self.addresses(wanted),
            Expects::Program => return in_shell(typed, Form::Text, self.around),
            Expects::Verb => topics(self.catalog),
            Expects::Words(words) => words.iter().cloned().map(text).collect(),
            // Neither is a text.
            Expects::Bool | Expects::Anything => Vec::new(),
        };
        (typed.into(), offers)
    }

    /// What there is in the namespace that the verb at the cursor acts in.
    fn acts_in(&self, ask: impl Fn(Option<&str>) -> Vec<String>) -> std::vec::IntoIter<String> {
        let names = match self.values.namespace() {
            None => ask(None),
            Some(Value::Netns(Some(name))) => ask(Some(&name)),
            // A handle of which nothing is known.
            Some(_) => Vec::new(),
        };
        names.into_iter()
    }

    /// What is in the group of kernel parameters that is typed, in the spelling that is typed.
    fn sysctls(&self, typed: &str) -> Offered {
        let slashed = typed
            .find(['.', '/'])
            .is_some_and(|at| typed.get(at..).is_some_and(|rest| rest.starts_with('/')));
        let spelt = |name: &str| match slashed {
            true => swapped(name),
            false => name.to_owned(),
        };
        let (group, word) = at_last(typed, if slashed { '/' } else { '.' });
        let inside = self.acts_in(|netns| self.around.sysctls(netns, &spelt(group)));
        let offers = inside.filter_map(|name| {
            let form = match name.ends_with('.') {
                true => Form::Group,
                false => Form::Text,
            };
            let name = spelt(&name);
            Some(Offer::new(name.strip_prefix(group)?, "", form))
        });
        (word.into(), offers.collect())
    }

    /// The addresses that there are, with the length of the prefix where it belongs to them.
    fn addresses(&self, wanted: &Wanted) -> Vec<Offer> {
        let link = wanted.link.as_deref();
        let addresses = self.acts_in(|netns| self.around.addresses(netns, link));
        let offer = |address: String| {
            let alone = address.split('/').next().unwrap_or_default();
            let name = if wanted.with_prefix { &address } else { alone };
            Offer::new(name, "", Form::Text)
        };
        addresses.map(offer).collect()
    }
}

fn words(list: &[Word]) -> Vec<Offer> {
    let offer = |(name, about): &Word| Offer::new(*name, *about, Form::Name);
    list.iter().map(offer).collect()
}

/// Whether it is a word that no expression begins with: `let`, `throw`.
fn only_begins_statements(offer: &Offer) -> bool {
    let is_keyword = KEYWORDS.contains(&(offer.name.as_str(), offer.about.as_str()));
    is_keyword && !OF_EXPRESSIONS.contains(&offer.name.as_str())
}

fn key(field: Field, form: Form) -> Offer {
    Offer::new(field.name, field.about, form)
}

fn called_with(function: &Signature) -> String {
    let parameters = function.parameters.iter();
    let names: Vec<&str> = parameters.map(|one| one.name.as_str()).collect();
    format!("({})", names.join(", "))
}

/// The names of all that has a manual.
fn topics(catalog: &Catalog) -> Vec<Offer> {
    let entries = catalog.entries().iter();
    let topic = |entry: &Entry| Offer::new(entry.path(), &entry.manual.summary, Form::Text);
    entries.map(topic).collect()
}

/// A file as `import` wants it: a script without its extension.
fn without_extension(mut file: Offer) -> Option<Offer> {
    if file.form != Form::Group {
        file.name = file.name.strip_suffix(".rhai")?.into();
    }
    Some(file)
}

/// A kernel parameter in the other spelling of sysctl(8), where `.` and `/` change places.
fn swapped(name: &str) -> String {
    let other = |c| match c {
        '.' => '/',
        '/' => '.',
        c => c,
    };
    name.chars().map(other).collect()
}
