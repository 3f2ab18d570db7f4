//! The labs of scripts/: each is run as it stands, and has to print what its `// CHECK:` lines say.
//!
//! A lab that needs what this kernel lacks (`require("qdisc netem")`) ends with the status 77: it is ignored with what it
//! said, and counted. With NETSH_REQUIRE_KERNEL=1, as on kernels that have everything, it fails.

use std::path::{Path, PathBuf};

use libtest_mimic::{Completion, Failed, Trial};
use snapbox::Assert;

use crate::support::{Ran, User, lacking, netsh, redactions, test_that_may_end};

/// The exit status of a lab that can't run here.
pub const SKIPPED: Option<i32> = Some(77);

/// One test for each lab and user.
pub fn trials() -> Vec<Trial> {
    labs()
        .into_iter()
        .flat_map(|lab| {
            let name = format!(
                "lab: {}",
                lab.file_stem().unwrap_or_default().to_string_lossy()
            );
            test_that_may_end(&name, &[], move |user| prints_what_it_says(user, &lab))
        })
        .collect()
}

/// The scripts.
pub fn labs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let entries = std::fs::read_dir(folder).expect("the folder of the labs");
    let mut labs: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "rhai")
        })
        .collect();
    labs.sort();
    assert!(!labs.is_empty(), "scripts/ has no labs");
    labs
}

fn prints_what_it_says(user: User, lab: &Path) -> Result<Completion, Failed> {
    let text = std::fs::read_to_string(lab)?;
    let expected = expected(&text)?;
    let ran = Ran::from(netsh(user).arg(lab).output()?);
    if ran.status == SKIPPED {
        let said = ran.stdout.lines().last().unwrap_or("skipped");
        return lacking(said.trim_start_matches("skipped: ").into());
    }
    let output = ran.ok()?;
    Assert::new()
        .redact_with(redactions()?)
        .try_eq(Some(&lab.display()), output.into(), expected.into())
        .map(|()| Completion::Completed)
        .map_err(|difference| Failed::from(difference.to_string()))
}

/// The text behind `// CHECK:`; the header has to say what the lab is about.
fn expected(text: &str) -> Result<String, Failed> {
    let mut expected = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("// CHECK:") {
            expected.push_str(rest.strip_prefix(' ').unwrap_or(rest));
            expected.push('\n');
        }
    }
    if expected.is_empty() {
        return Err("the lab has no CHECK lines".into());
    }
    Ok(expected)
}
