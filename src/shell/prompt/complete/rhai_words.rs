//! Rhai's own words, each with what it does: those that come up at a prompt.

/// A word and what it does.
pub type Word = (&'static str, &'static str);

/// Words with which a statement or an expression begins, or goes on behind a block.
pub const KEYWORDS: [Word; 24] = [
    ("let", "Makes a variable."),
    ("const", "Makes a constant."),
    ("fn", "Defines a function."),
    ("if", "Does something under a condition."),
    ("else", "What is done otherwise."),
    ("switch", "Chooses by a value."),
    ("for", "Goes through what is in an array, a map or a range."),
    ("while", "Repeats while a condition holds."),
    ("loop", "Repeats until a break."),
    ("do", "Repeats, and looks at the condition after each time."),
    ("until", "Ends a do: repeats until a condition holds."),
    ("break", "Leaves a loop."),
    ("continue", "Goes on with the next turn of a loop."),
    ("return", "Leaves a function with a value."),
    ("try", "Catches what is thrown."),
    ("catch", "What is done about what is thrown."),
    ("throw", "Fails with a value."),
    ("import", "Makes the functions of a module known."),
    ("export", "Lets a module be asked for a variable."),
    ("private", "Keeps a function within its module."),
    ("true", "A bool."),
    ("false", "A bool."),
    (
        "this",
        "The value that a function was called on as a method.",
    ),
    (
        "in",
        "Whether a value is in an array, a map, a string or a range.",
    ),
];

/// Those of them that an expression can begin with.
pub const OF_EXPRESSIONS: [&str; 5] = ["if", "switch", "true", "false", "this"];

/// Words between two expressions.
pub const BETWEEN: [Word; 2] = [
    (
        "in",
        "What a for goes through; whether a value is in another.",
    ),
    ("as", "The name that a module is to have."),
];

/// Functions.
pub const FUNCTIONS: [Word; 12] = [
    ("abs", "Gives a number without its sign."),
    ("debug", "Prints a value and where it was printed."),
    ("eval", "Runs a text as a script."),
    ("max", "Gives the larger of two values."),
    ("min", "Gives the smaller of two values."),
    ("parse_float", "Reads a float."),
    ("parse_int", "Reads an int."),
    ("parse_json", "Reads JSON."),
    ("print", "Prints a value."),
    ("range", "Gives the numbers from one to another."),
    ("timestamp", "Gives the time now, to measure from."),
    ("type_of", "Gives the type of a value."),
];

/// Methods of arrays.
pub const OF_ARRAYS: [Word; 28] = [
    ("all", "Whether a condition holds for all elements."),
    ("append", "Puts the elements of another array at the end."),
    ("clear", "Takes all elements out."),
    ("contains", "Whether a value is among the elements."),
    ("dedup", "Takes out what stands behind its like."),
    ("drain", "Takes elements out and gives them."),
    ("extract", "Gives a part as a new array."),
    ("filter", "Gives the elements that a condition holds for."),
    (
        "find",
        "Gives the first element that a condition holds for.",
    ),
    ("for_each", "Calls a function on each element, as `this`."),
    ("index_of", "Gives the place of a value, or -1."),
    ("insert", "Puts a value in at a place."),
    ("is_empty", "Whether there is no element."),
    ("len", "Gives the number of elements."),
    ("map", "Gives what a function makes of each element."),
    ("pop", "Takes the last element out and gives it."),
    ("push", "Puts a value at the end."),
    ("reduce", "Makes one value of all elements."),
    ("remove", "Takes the element at a place out and gives it."),
    (
        "retain",
        "Takes out the elements that a condition does not hold for.",
    ),
    ("reverse", "Turns the order round."),
    ("shift", "Takes the first element out and gives it."),
    ("some", "Whether a condition holds for an element."),
    ("sort", "Puts the elements in order."),
    ("splice", "Replaces a part by another array."),
    ("split", "Cuts the array in two and gives the second part."),
    ("to_string", "Gives the value as text."),
    ("zip", "Makes pairs with the elements of another array."),
];

/// Methods of maps.
pub const OF_MAPS: [Word; 12] = [
    ("clear", "Takes all keys out."),
    ("contains", "Whether there is a key."),
    (
        "filter",
        "Gives the keys and values that a condition holds for.",
    ),
    ("get", "Gives the value of a key, or ()."),
    ("is_empty", "Whether there is no key."),
    ("keys", "Gives the keys."),
    ("len", "Gives the number of keys."),
    ("mixin", "Takes the keys and values of another map in."),
    ("remove", "Takes a key out and gives its value."),
    ("set", "Sets the value of a key."),
    ("to_json", "Gives the map as JSON."),
    ("values", "Gives the values."),
];

/// Methods of strings.
pub const OF_TEXTS: [Word; 16] = [
    ("contains", "Whether a text is in it."),
    ("ends_with", "Whether it ends with a text."),
    ("index_of", "Gives the place of a text, or -1."),
    ("is_empty", "Whether it has no character."),
    ("len", "Gives the number of characters."),
    ("pad", "Makes it as long as given."),
    ("replace", "Puts one text in the place of another."),
    ("split", "Cuts it into an array."),
    ("starts_with", "Whether it begins with a text."),
    ("sub_string", "Gives a part."),
    ("to_float", "Reads a float."),
    ("to_int", "Reads an int."),
    ("to_lower", "Gives it in small letters."),
    ("to_upper", "Gives it in capital letters."),
    ("trim", "Takes blanks from both ends."),
    ("chars", "Gives its characters, one by one."),
];

/// Methods of numbers.
pub const OF_NUMBERS: [Word; 9] = [
    ("abs", "Gives it without its sign."),
    ("ceiling", "Gives the next whole number above."),
    ("floor", "Gives the next whole number below."),
    ("round", "Gives the nearest whole number."),
    ("sqrt", "Gives the square root."),
    ("to_float", "Gives it as a float."),
    ("to_hex", "Gives it as hexadecimal text."),
    ("to_int", "Gives it without its fraction."),
    ("to_string", "Gives the value as text."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rhai_has_all_these_functions() {
        let engine = rhai::Engine::new();
        let name = |found: rhai::FuncInfo| Some(found.metadata.name.to_string());
        let known: HashSet<String> = engine
            .collect_fn_metadata(None, name, true)
            .into_iter()
            .collect();
        let special = ["debug", "eval", "print", "type_of"];
        let lists: [&[Word]; 5] = [&FUNCTIONS, &OF_ARRAYS, &OF_MAPS, &OF_TEXTS, &OF_NUMBERS];
        let words = lists.into_iter().flatten().map(|word| word.0);
        let missing: Vec<&str> = words
            .filter(|word| !known.contains(*word) && !special.contains(word))
            .collect();
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn the_keywords_are_rhais() {
        for (word, _) in KEYWORDS.iter().chain(&BETWEEN) {
            let defined = format!("let {word} = 1;");
            assert!(rhai::Engine::new().compile(defined).is_err(), "{word}");
        }
    }
}
