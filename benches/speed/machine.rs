//! What the figures were measured on, and which peers there are.

use std::fs;
use std::process::{Command, Stdio};

/// Prints the machine and the versions of all that is compared.
pub fn describe() {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let models: Vec<&str> = processors
        .lines()
        .filter_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']))
        .collect();
    println!("# netsh {} and its peers\n", env!("CARGO_PKG_VERSION"));
    println!(
        "Machine: {} processors ({}), Linux {}, load {}  ",
        models.len(),
        models.first().unwrap_or(&"unknown"),
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg").split(' ').next().unwrap_or_default(),
    );
    let peers = [
        ("ip", vec!["-V"]),
        ("unshare", vec!["-V"]),
        ("bash", vec!["-c", "echo bash $BASH_VERSION"]),
        ("python3", vec!["-V"]),
        (
            "python3",
            vec![
                "-c",
                "import pyroute2; print('pyroute2', pyroute2.__version__)",
            ],
        ),
    ];
    let said = peers.map(|(program, arguments)| says(program, &arguments));
    let said: Vec<String> = said.into_iter().flatten().collect();
    match said.is_empty() {
        true => println!("Peers: none is installed"),
        false => println!("Peers: {}", said.join("; ")),
    }
}

/// The first line that a program prints, if it is there and works.
fn says(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default().to_string();
    (output.status.success() && !line.is_empty()).then_some(line)
}

/// Whether a program is there and ends well.
pub fn has(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether iproute2 is there.
pub fn has_ip() -> bool {
    has("ip", &["-V"])
}

/// Whether pyroute2 is there.
pub fn has_pyroute2() -> bool {
    has("python3", &["-c", "import pyroute2"])
}
