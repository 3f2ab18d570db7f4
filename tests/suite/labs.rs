//! The labs of scripts/: each is run as it stands, and has to print what its `// CHECK:` lines say.

use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use snapbox::Assert;

use crate::support::{Ran, User, Verdict, netsh, redactions, test_named};

/// One test for each lab and user.
pub fn trials() -> Vec<Trial> {
    labs()
        .into_iter()
        .flat_map(|lab| {
            let name = format!(
                "lab: {}",
                lab.file_stem().unwrap_or_default().to_string_lossy()
            );
            test_named(&name, &[], move |user| prints_what_it_says(user, &lab))
        })
        .collect()
}

fn labs() -> Vec<PathBuf> {
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

fn prints_what_it_says(user: User, lab: &Path) -> Verdict {
    let text = std::fs::read_to_string(lab)?;
    let expected = expected(&text)?;
    let ran = Ran::from(netsh(user).arg(lab).output()?);
    let output = ran.ok()?;
    Assert::new()
        .redact_with(redactions()?)
        .try_eq(Some(&lab.display()), output.into(), expected.into())
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
