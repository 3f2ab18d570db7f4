//! Errors in imported modules: which text each position belongs to.

use rhai::module_resolvers::FileModuleResolver;

use super::{PLAIN, Verbs, engine, run, snapshot};
use crate::shell::report::report;
use crate::shell::source::Sources;

/// What a person sees when lab.rhai imports modules, which are files in a directory of the test's own.
fn shown_with_modules(test: &str, modules: &[(&str, &str)], script: &str) -> String {
    let directory =
        std::env::temp_dir().join(format!("netsh-report-{test}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    for (name, text) in modules {
        std::fs::write(directory.join(format!("{name}.rhai")), text).expect("a module");
    }
    let mut engine = engine();
    engine.set_module_resolver(FileModuleResolver::new_with_path(&directory));
    let main = directory.join("lab.rhai").to_string_lossy().into_owned();
    let error = run(&engine, &main, script).expect_err("an error");
    let report = report(&error, &Sources::new(main, script), &Verbs, PLAIN);
    std::fs::remove_dir_all(&directory).expect("removed");
    report.replace(&format!("{}/", directory.display()), "")
}

/// Functions three deep, two of them in a module.
#[test]
fn a_chain_through_a_module_shows_every_call_in_its_own_text() {
    let module = "// wires\nfn inner() {\n  addr_add(\"veth9\", \"x/24\");\n}\nfn outer() {\n    inner();\n}\n";
    let script = "import \"wires\" as wires;\nfn lab() { wires::outer() }\n   lab();";
    let shown = shown_with_modules("chain", &[("wires", module)], script);
    snapshot(
        &shown,
        r#"
error: cannot add x/24 to veth9: no such link
 --> wires.rhai:3:12
  |
3 |   addr_add("veth9", "x/24");
  |            ^^^^^^^ no such link
  |
  = kernel: No such device (ENODEV, 19)
  = note: in netns h1
  = help: did you mean veth0?
note: called from here: inner()
 --> wires.rhai:6:5
  |
6 |     inner();
  |     ^^^^^
note: called from here: outer()
 --> lab.rhai:2:19
  |
2 | fn lab() { wires::outer() }
  |                   ^^^^^
note: called from here: lab()
 --> lab.rhai:3:4
  |
3 |    lab();
  |    ^^^
"#,
    );
}

/// Rhai says that the closure lies in the module (`trace.rs`).
#[test]
fn a_closure_called_by_a_module_is_found_in_the_main_script() {
    let module = "\n\n\n\n fn twice(f) { f.call(); f.call() }";
    let script = "import \"again\" as again;\nagain::twice(|| addr_add(\"veth9\", \"x/24\"));";
    let shown = shown_with_modules("closure", &[("again", module)], script);
    snapshot(
        &shown,
        r#"
error: cannot add x/24 to veth9: no such link
 --> lab.rhai:2:26
  |
2 | again::twice(|| addr_add("veth9", "x/24"));
  |                          ^^^^^^^ no such link
  |
  = kernel: No such device (ENODEV, 19)
  = note: in netns h1
  = help: did you mean veth0?
note: called from here: the closure, by call()
 --> again.rhai:5:18
  |
5 |  fn twice(f) { f.call(); f.call() }
  |                  ^^^^
note: called from here: twice()
 --> lab.rhai:2:8
  |
2 | again::twice(|| addr_add("veth9", "x/24"));
  |        ^^^^^
"#,
    );
}

#[test]
fn errors_while_a_module_is_loaded_lie_in_the_module() {
    let modules = [
        ("broken", "fn f() {\n  addr_add(\"a\" \"b\");\n}"),
        ("failing", "let a = 1;\n  addr_add(\"veth9\", \"x/24\");"),
    ];
    let shown = shown_with_modules("broken", &modules, "import \"broken\" as b;");
    snapshot(
        &shown,
        r#"
error: missing `,` between the arguments of addr_add
 --> broken.rhai:2:15
  |
2 |   addr_add("a" "b");
  |               ^ missing here
  |
note: imported from here: "broken"
 --> lab.rhai:1:8
  |
1 | import "broken" as b;
  |        ^^^^^^^^
"#,
    );
    let shown = shown_with_modules("failing", &modules, "  import \"failing\" as f;");
    snapshot(
        &shown,
        r#"
error: cannot add x/24 to veth9: no such link
 --> failing.rhai:2:12
  |
2 |   addr_add("veth9", "x/24");
  |            ^^^^^^^ no such link
  |
  = kernel: No such device (ENODEV, 19)
  = note: in netns h1
  = help: did you mean veth0?
note: imported from here: "failing"
 --> lab.rhai:1:10
  |
1 |   import "failing" as f;
  |          ^^^^^^^^^
"#,
    );
}

#[test]
fn functions_of_modules_are_known() {
    let modules = [("wires", "fn plug(a, b) {}")];
    let script = "import \"wires\" as w;\nw::plugg(1);";
    let shown = shown_with_modules("unknown", &modules, script);
    snapshot(
        &shown,
        r#"
error: the module w has no function called plugg
 --> lab.rhai:2:4
  |
2 | w::plugg(1);
  |    ^^^^^
  |
  = help: did you mean plug?
"#,
    );
    let script = "import \"wires\" as w;\nw::plug(1);";
    let shown = shown_with_modules("arity", &modules, script);
    snapshot(
        &shown,
        r#"
error: plug takes 2 arguments, but got 1
 --> lab.rhai:2:4
  |
2 | w::plug(1);
  |    ^^^^ b is missing
  |
  = note: plug(a, b)
"#,
    );
    let shown = shown_with_modules("missing", &modules, "import \"wirez\" as w;");
    snapshot(
        &shown,
        r#"
error: there is no module called "wirez"
 --> lab.rhai:1:8
  |
1 | import "wirez" as w;
  |        ^^^^^^^ neither a file nor a module of netsh
"#,
    );
    let shown = shown_with_modules(
        "alias",
        &modules,
        "import \"wires\" as wires;\nwire::plug(1, 2);",
    );
    snapshot(
        &shown,
        r#"
error: no module is imported as wire
 --> lab.rhai:2:1
  |
2 | wire::plug(1, 2);
  | ^^^^ not imported before this line
  |
  = help: did you mean wires?
"#,
    );
}

/// A module that is in the binary has its text in `Sources`, not on disk.
#[test]
fn a_module_without_a_file_is_quoted() {
    let text = "fn f() {\n  nope\n}";
    let mut engine = engine();
    let mut ast = engine.compile(text).expect("a module");
    ast.set_source("topo");
    let module = rhai::Module::eval_ast_as_new(rhai::Scope::new(), &ast, &engine);
    let module: rhai::Shared<_> = module.expect("a module").into();
    engine.register_static_module("topo", module);
    let script = "topo::f();";
    let error = run(&engine, "lab.rhai", script).expect_err("an error");
    let sources = Sources::new("lab.rhai", script).with_module("topo", text);
    snapshot(
        &report(&error, &sources, &Verbs, PLAIN),
        r#"
error: there is no variable called nope
 --> topo:2:3
  |
2 |   nope
  |   ^^^^ not defined before this line
  |
note: called from here: f()
 --> lab.rhai:1:7
  |
1 | topo::f();
  |       ^
"#,
    );
    let sources = Sources::new("lab.rhai", script);
    snapshot(
        &report(&error, &sources, &Verbs, PLAIN),
        r#"
error: there is no variable called nope
 --> topo:2:3
  |
note: called from here: f()
 --> lab.rhai:1:7
  |
1 | topo::f();
  |       ^
"#,
    );
}
