//! Whatever happens in a script, a report comes out, and it does not drive the terminal.

use proptest::prelude::*;
use rhai::{Dynamic, EvalAltResult, FnPtr, Map, Position};

use super::{Netns, Verbs};
use crate::shell::report::{Style, report};
use crate::shell::source::Sources;

/// Every kind of error, with `text` in all places for text.
fn every_error(text: &str, value: Dynamic, position: Position) -> Vec<EvalAltResult> {
    use EvalAltResult as E;
    use rhai::{LexError as L, ParseErrorType as P};
    let t = || text.to_owned();
    let parsing = [
        P::UnexpectedEOF,
        P::BadInput(L::UnexpectedInput(t())),
        P::BadInput(L::UnterminatedString),
        P::BadInput(L::MalformedEscapeSequence(t())),
        P::BadInput(L::MalformedNumber(t())),
        P::BadInput(L::MalformedChar(t())),
        P::BadInput(L::MalformedIdentifier(t())),
        P::BadInput(L::ImproperSymbol(t(), t())),
        P::UnknownOperator(t()),
        P::MissingToken(t(), t()),
        P::MissingToken(";".to_owned(), "to terminate this statement".to_owned()),
        P::MissingToken(
            ",".to_owned(),
            "to separate the arguments to function call 'f'".to_owned(),
        ),
        P::MissingSymbol(t()),
        P::DuplicatedProperty(t()),
        P::PropertyExpected,
        P::VariableExpected,
        P::Reserved(t()),
        P::AssignmentToConstant(t()),
        P::VariableUndefined(t()),
        P::WrongDocComment,
        P::LoopBreak,
    ];
    let mut errors: Vec<_> = parsing
        .into_iter()
        .map(|error| E::ErrorParsing(error, position))
        .collect();
    errors.extend([
        E::ErrorSystem(t(), t().into()),
        E::ErrorVariableExists(t(), position),
        E::ErrorForbiddenVariable(t(), position),
        E::ErrorVariableNotFound(t(), position),
        E::ErrorPropertyNotFound(t(), position),
        E::ErrorIndexNotFound(value.clone(), position),
        E::ErrorFunctionNotFound(t(), position),
        E::ErrorFunctionNotFound(format!("addr_add ({text}, i64)"), position),
        E::ErrorModuleNotFound(t(), position),
        E::ErrorUnboundThis(position),
        E::ErrorMismatchDataType(t(), t(), position),
        E::ErrorMismatchOutputType(t(), t(), position),
        E::ErrorIndexingType(t(), position),
        E::ErrorArrayBounds(0, i64::MIN, position),
        E::ErrorStringBounds(usize::MAX, 3, position),
        E::ErrorBitFieldBounds(64, 70, position),
        E::ErrorFor(position),
        E::ErrorDataRace(t(), position),
        E::ErrorNonPureMethodCallOnConstant(t(), position),
        E::ErrorAssignmentToConstant(t(), position),
        E::ErrorDotExpr(t(), position),
        E::ErrorArithmetic(t(), position),
        E::ErrorTooManyOperations(position),
        E::ErrorTooManyVariables(position),
        E::ErrorTooManyModules(position),
        E::ErrorStackOverflow(position),
        E::ErrorDataTooLarge(t(), position),
        E::ErrorTerminated(value.clone(), position),
        E::ErrorCustomSyntax(t(), vec![t()], position),
        E::ErrorRuntime(value.clone(), position),
        E::LoopBreak(true, value.clone(), position),
        E::LoopBreak(false, value.clone(), position),
        E::Return(value.clone(), position),
        E::Exit(value, position),
    ]);
    errors
}

/// Values of every kind, maps with the keys of a failed verb among them.
fn any_value() -> impl Strategy<Value = Dynamic> {
    let leaf = prop_oneof![
        Just(Dynamic::UNIT),
        any::<i64>().prop_map(Dynamic::from),
        any::<f64>().prop_map(Dynamic::from),
        any::<bool>().prop_map(Dynamic::from),
        any::<char>().prop_map(Dynamic::from),
        any::<String>().prop_map(Dynamic::from),
        "[a-z]{1,6}: [a-z ]{0,80}".prop_map(Dynamic::from),
        Just(Dynamic::from(Netns)),
        Just(FnPtr::new("f").expect("a name").into()),
        Just(Dynamic::from_blob(vec![1, 2])),
    ];
    let keys = prop::sample::select(vec![
        "op", "message", "argument", "object", "netns", "errno", "code", "kernel", "hint", "other",
    ]);
    leaf.prop_recursive(3, 24, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Dynamic::from_array),
            prop::collection::vec((keys.clone(), inner), 0..12).prop_map(|entries| {
                let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
                Dynamic::from_map(entries.collect::<Map>())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A script can make a map as a verb throws it, with whatever in it.
    #[test]
    fn no_quoted_line_panics(
        quote in any::<String>(), line in any::<i64>(), column in -1i64..12, start in -1i64..12, length in -1i64..9,
    ) {
        let within = vec![Dynamic::from(start), Dynamic::from(start + length)];
        let value: Map = [
            ("op", "addr_add".into()),
            ("message", "wrong".into()),
            ("argument", "link".into()),
            ("within", within.into()),
            ("line", line.into()),
            ("column", column.into()),
            ("quote", quote.into()),
        ]
        .into_iter()
        .map(|(key, value): (&str, Dynamic)| (key.into(), value))
        .collect();
        let error = EvalAltResult::ErrorRuntime(value.into(), Position::new(1, 1));
        let sources = Sources::new("lab.rhai", "addr_add(x, y)");
        let style = Style { colour: false, ascii: true, width: 80 };
        let shown = report(&error, &sources, &Verbs, style);
        prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    }

    /// Whatever is thrown, wherever: a report comes out, and it does not drive the terminal.
    #[test]
    fn no_error_panics(
        value in any_value(),
        script in prop_oneof![Just("addr_add(\"a\", 'b, #{mtu: 1}); `${x".to_owned()), any::<String>()],
        text in prop_oneof![any::<String>(), "[a-z'.$: (),<>]{0,12}"],
        line in 1u16..4, column in 0u16..30, colour in any::<bool>(), ascii in any::<bool>(), width in 0usize..120,
    ) {
        let sources = Sources::new("lab.rhai", &script);
        let style = Style { colour: false, width, ascii };
        for position in [Position::new(line, column), Position::NONE] {
            for error in every_error(&text, value.clone(), position) {
                let shown = report(&error, &sources, &Verbs, style);
                prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
                let style = Style { colour, ..style };
                let error = EvalAltResult::ErrorInModule(text.clone(), error.into(), position);
                let error = EvalAltResult::ErrorInFunctionCall(text.clone(), text.clone(), error.into(), position);
                prop_assert!(report(&error, &sources, &Verbs, style).ends_with('\n'));
            }
        }
    }
}
