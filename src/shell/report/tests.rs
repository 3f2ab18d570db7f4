//! What people see, on a real engine with a few verbs that fail as netsh's do. The texts for each class of error are
//! in `golden.rs` and `syntax.rs`, hints that read the script in `hints.rs`, modules in `modules.rs`, that nothing panics in `robust.rs`; here are the engine and the styles.

mod golden;
mod hints;
mod language;
mod modules;
mod robust;
mod syntax;

use rhai::plugin::*;
use rhai::{AST, Dynamic, Engine, EvalAltResult, Map, Position};

use super::{Style, report};
use crate::catalog::signature::{Parameter, Signature, Signatures};
use crate::shell::source::Sources;

/// A handle, as the real one is, but without a namespace.
#[derive(Clone)]
struct Netns;

/// Verbs that fail as the real ones do.
#[export_module]
mod verbs {
    use super::Netns;
    use rhai::{Dynamic, EvalAltResult, FnPtr, Map, NativeCallContext};

    type RhaiResultOf<T> = Result<T, Box<EvalAltResult>>;

    #[rhai_fn(return_raw)]
    pub fn addr_add(context: NativeCallContext, link: &str, cidr: &str) -> RhaiResultOf<()> {
        super::fail(&context, link, cidr, "")
    }

    #[rhai_fn(name = "addr_add", return_raw)]
    pub fn addr_add_with(
        context: NativeCallContext,
        link: &str,
        cidr: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        let key = options.keys().next().map_or("", |key| key.as_str());
        super::fail(&context, link, cidr, key)
    }

    #[rhai_fn(name = "addr_add", return_raw)]
    pub fn addr_add_in(
        context: NativeCallContext,
        _netns: &mut Netns,
        link: &str,
        cidr: &str,
    ) -> RhaiResultOf<()> {
        context.call_native_fn("addr_add", (link.to_owned(), cidr.to_owned()))
    }

    pub fn exec(_program: &str, _args: rhai::Array) {}

    #[rhai_fn(get = "name", pure)]
    pub fn name(_netns: &mut Netns) -> String {
        "h1".to_owned()
    }

    pub fn link_get(_link: &str) -> Map {
        Map::new()
    }

    pub fn netns_add(_name: &str) -> Netns {
        Netns
    }

    #[rhai_fn(return_raw)]
    pub fn run(
        context: NativeCallContext,
        _netns: &mut Netns,
        closure: FnPtr,
    ) -> RhaiResultOf<Dynamic> {
        closure.call_within_context(&context, ())
    }
}

/// A bad link is `link`'s fault, a bad address `cidr`'s, and else the first option is to blame.
fn fail(
    context: &NativeCallContext,
    link: &str,
    cidr: &str,
    key: &str,
) -> Result<(), Box<EvalAltResult>> {
    let (argument, reason) = match () {
        () if !link.starts_with("veth0") => ("link", "no such link"),
        () if !cidr.contains('/') => ("cidr", "the prefix length is missing"),
        () if !key.is_empty() => (key, "not an option of addr_add"),
        () => ("", "address exists"),
    };
    let missing = argument == "link";
    let text = |text: &str| Dynamic::from(text.to_owned());
    let if_missing = |words: &str| text(if missing { words } else { "" });
    let map: Map = [
        ("op", text("addr_add")),
        ("object", text(link)),
        ("netns", if_missing("h1")),
        (
            "errno",
            if missing {
                text("ENODEV")
            } else {
                Dynamic::UNIT
            },
        ),
        ("code", if missing { 19_i64.into() } else { 0_i64.into() }),
        (
            "message",
            text(&format!("cannot add {cidr} to {link}: {reason}")),
        ),
        ("kernel", if_missing("No such device")),
        ("hint", if_missing("did you mean veth0?")),
        ("argument", text(argument)),
    ]
    .into_iter()
    .map(|(key, value)| (key.into(), value))
    .collect();
    Err(EvalAltResult::ErrorRuntime(map.into(), context.call_position()).into())
}

struct Verbs;

impl Signatures for Verbs {
    fn of(&self, name: &str) -> Vec<Signature> {
        let signature = |parameters: &[(&str, &str)]| Signature {
            name: name.to_owned(),
            parameters: parameters
                .iter()
                .map(|(name, kind)| Parameter {
                    name: (*name).to_owned(),
                    kind: (*kind).to_owned(),
                })
                .collect(),
            returns: String::new(),
        };
        let (link, cidr) = (("link", "string"), ("cidr", "string"));
        match name {
            "addr_add" => vec![
                signature(&[link, cidr]),
                signature(&[link, cidr, ("options", "map")]),
            ],
            "link_up" => vec![signature(&[link])],
            "link_list" => vec![signature(&[])],
            "netns_add" => vec![signature(&[("name", "string")])],
            "exec" => vec![signature(&[("program", "string"), ("args", "array")])],
            "sh" => vec![signature(&[("command", "string")])],
            _ => Vec::new(),
        }
    }

    fn names(&self) -> Vec<String> {
        [
            "addr_add",
            "link_get",
            "link_up",
            "link_list",
            "netns_add",
            "run",
            "sh",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn fields(&self, name: &str) -> Vec<String> {
        let fields: &[&str] = match name {
            "link_get" => &["carrier", "mtu", "name"],
            "link_list" => &["received"],
            _ => &[],
        };
        fields.iter().map(|field| (*field).to_owned()).collect()
    }
}

const PLAIN: Style = Style {
    colour: false,
    width: 100,
    ascii: true,
};

fn engine() -> Engine {
    let mut engine = Engine::new();
    engine.register_type_with_name::<Netns>("netns");
    engine.register_global_module(exported_module!(verbs).into());
    engine.set_max_call_levels(32);
    engine
}

fn run(engine: &Engine, name: &str, script: &str) -> Result<AST, Box<EvalAltResult>> {
    let mut ast = engine.compile(script)?;
    ast.set_source(name);
    engine.run_ast(&ast)?;
    Ok(ast)
}

/// What a person sees when the script is run as lab.rhai.
fn shown(script: &str) -> String {
    shown_by(&engine(), script)
}

fn shown_by(engine: &Engine, script: &str) -> String {
    match run(engine, "lab.rhai", script) {
        Ok(_) => "no error\n".to_owned(),
        Err(error) => report(&error, &Sources::new("lab.rhai", script), &Verbs, PLAIN),
    }
}

#[test]
fn a_long_chain_is_shortened() {
    let script = "fn f(n) {\n  if n == 0 { throw \"deep\" }\n  f(n - 1)\n}\nf(12);";
    let shown = shown(script);
    assert_eq!(shown.matches("called from here").count(), 7);
    assert!(
        shown.contains("note: 6 more calls are not shown\n"),
        "{shown}"
    );
}

#[test]
fn an_interruption_is_no_error() {
    let mut engine = engine();
    engine.on_progress(|steps| (steps > 100).then_some(Dynamic::UNIT));
    let script = "let n = 0;\n  try { loop { n += 1; } } catch { }";
    let error = run(&engine, "lab.rhai", script).expect_err("interrupted");
    let shown = report(&error, &Sources::new("lab.rhai", script), &Verbs, PLAIN);
    snapshot(
        &shown,
        r#"
interrupted
 --> lab.rhai:2:18
  |
2 |   try { loop { n += 1; } } catch { }
  |                  ^^
"#,
    );
}

#[test]
fn colours_and_frames_follow_the_style() {
    let script = "link_up(veth0)";
    let error = run(&engine(), "lab.rhai", script).expect_err("an error");
    let sources = Sources::new("lab.rhai", script);
    let shown = |style| report(&error, &sources, &Verbs, style);
    snapshot(
        &shown(Style {
            ascii: false,
            ..PLAIN
        }),
        r#"
error: there is no variable called veth0
  ╭▸ lab.rhai:1:9
  │
1 │ link_up(veth0)
  │         ━━━━━ not defined before this line
  │
  ╰ help: text needs quotes: "veth0"
"#,
    );
    assert!(!shown(PLAIN).contains('\u{1b}'));
    let colour = shown(Style {
        colour: true,
        ..PLAIN
    });
    assert!(colour.contains('\u{1b}'));
    assert!(colour.contains("veth0"));
}

#[test]
fn carets_stay_under_tabs_and_wide_characters() {
    snapshot(
        &shown("\tlet a = \"日本\"; link_up(veth0);\r\n"),
        r#"
error: there is no variable called veth0
 --> lab.rhai:1:24
  |
1 |     let a = "日本"; link_up(veth0);
  |                             ^^^^^ not defined before this line
  |
  = help: text needs quotes: "veth0"
"#,
    );
}

#[test]
fn the_first_line_for_the_shell_is_shown_but_not_read() {
    // The loader blanks the line for Rhai, and keeps it here.
    let original = "#!/usr/bin/env netsh\nlink_up(veth0)";
    let blanked = "\nlink_up(veth0)";
    let error = run(&engine(), "lab.rhai", blanked).expect_err("an error");
    let shown = report(&error, &Sources::new("lab.rhai", original), &Verbs, PLAIN);
    snapshot(
        &shown,
        r#"
error: there is no variable called veth0
 --> lab.rhai:2:9
  |
2 | link_up(veth0)
  |         ^^^^^ not defined before this line
  |
  = help: text needs quotes: "veth0"
"#,
    );
}

#[test]
fn a_long_line_is_cut_around_the_caret() {
    for (before, after) in [(20, 100_000), (30_000, 50_000), (90_000, 10)] {
        let script = format!(
            "/*{}*/ link_up(veth0); /*{}*/",
            " ".repeat(before),
            "x".repeat(after)
        );
        let shown = shown(&script);
        let widest = shown.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(PLAIN.width + 10), "{widest:?}");
        // Rhai counts columns up to 65535, so what is further right can't be told apart.
        assert_eq!(shown.contains("^^^^^"), before < 65_535, "{shown}");
    }
}

#[test]
fn a_line_that_rhai_does_not_count_is_not_named() {
    let shown = shown(&format!("{}link_up(veth0)", "\n".repeat(70_000)));
    assert!(shown.contains("lab.rhai, behind line 65534\n"), "{shown}");
}

#[test]
fn names_from_elsewhere_do_not_drive_the_terminal() {
    let script = "throw #{op: \"link_up\", message: \"a\\u001b[2J\\u009b31m: b\\rc\", kernel: \"\\u202e\", hint: \"\\u0007\"}; // \u{9b}31m \u{1b}[2J";
    let shown = shown(script);
    let drives = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!shown.contains(drives), "{shown:?}");
}

#[test]
fn a_position_outside_of_the_text_shows_the_file_alone() {
    let error = EvalAltResult::ErrorRuntime("gone".into(), Position::new(900, 3));
    let sources = Sources::new("lab.rhai", "1");
    snapshot(
        &report(&error, &sources, &Verbs, PLAIN),
        "error: gone\n--> lab.rhai:900:3\n",
    );
    let error = EvalAltResult::ErrorRuntime("gone".into(), Position::NONE);
    snapshot(
        &report(&error, &sources, &Verbs, PLAIN),
        "error: gone\n--> lab.rhai\n",
    );
}

/// A closure that holds the map that holds the closure: Rhai's own printing of it never ends.
#[test]
fn a_value_that_holds_itself_is_shown() {
    let script = "let m = #{}; let f = || m; m.f = f; throw [m, f];";
    let shown = shown(script);
    assert!(
        shown.starts_with("error: the script threw [#{f: function}, function]\n"),
        "{shown}"
    );
}

fn snapshot(shown: &str, expected: &str) {
    assert_eq!(shown.trim_end(), expected.trim(), "\n{shown}");
}
