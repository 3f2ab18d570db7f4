//! Verbs that run other programs in the current namespace.

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::change::Command;
use crate::kernel::error::Error;
use crate::kernel::program;
use crate::lab::Lab;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::sandbox;

use super::call::RhaiResultOf;
use super::options::describe;
use super::serve::waiting;
use super::value::map;

/// The verbs.
#[export_module]
pub mod api {
    /// Runs a program in the current namespace and collects what it writes. It has no standard input.
    ///
    /// Equivalent to: `ip netns exec NETNS PROGRAM ARGS`
    ///
    /// Search words: `run`, `command`, `program`, `subprocess`, `capture output`, `stdout`
    ///
    /// # Returns
    /// A map: `code` (its exit status; 128 and the signal's number if a signal ended it), `stdout`, `stderr` (text).
    ///
    /// # Errors
    /// There is no such program (ENOENT), or it can't be run (EACCES). A status other than 0 is no error.
    ///
    /// # Example
    /// ```rhai
    /// let out = exec("cat", ["/proc/sys/net/ipv4/ip_forward"]);
    /// show(out.stdout.len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn exec(ctx: NativeCallContext, program: &str, args: Array) -> RhaiResultOf<Map> {
        waiting(&ctx, |lab, waiter| {
            let program = without_nul(program.into(), "program")?;
            let arguments = args.iter().map(read_argument);
            let arguments = arguments.collect::<Outcome<Vec<String>>>()?;
            lab.show_command(&lab.current(), || Command {
                program: program.clone(),
                arguments: arguments.iter().map(Into::into).collect(),
                everywhere: false,
            });
            let output = current(lab)
                .and_then(|namespace| program::capture(&namespace, &program, &arguments, waiter));
            sandbox::take_terminal_back();
            let output = output.map_err(|error| not_run(lab, &program, &error))?;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            Ok(map([
                ("code", i64::from(output.code).into()),
                ("stderr", text(&output.stderr).into()),
                ("stdout", text(&output.stdout).into()),
            ]))
        })
    }

    /// Runs a shell command in the current namespace, on netsh's own input and output.
    ///
    /// This is the way to what there is no verb for yet, where the tool is installed: `sh("tcpdump -ni veth0 -c 4")`,
    /// `h1.sh("ip route add default via 10.0.0.1")`, `sh("bash")` for a shell inside. A command that ends in `&` goes on beside the
    /// script, and ends with it. netsh itself shows the messages of the kernel (`netsh --show-netlink`), not packets.
    ///
    /// Equivalent to: `ip netns exec NETNS sh -c COMMAND`
    ///
    /// Search words: `bash`, `shell`, `command`, `tcpdump`, `capture`, `sniff`, `packets`, `wireshark`, `tshark`,
    /// `traceroute`, `tracepath`, `mtr`, `iptables`, `iperf`, `iperf3`, `curl`, `ss`, `netstat`, `dig`
    ///
    /// # Returns
    /// Its exit status; 128 and the signal's number if a signal ended it.
    ///
    /// # Errors
    /// There is no /bin/sh (ENOENT). A status other than 0 is no error.
    ///
    /// # Example
    /// ```rhai
    /// let status = sh("echo from the shell; exit 3");
    /// show(status);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sh(ctx: NativeCallContext, command: &str) -> RhaiResultOf<i64> {
        waiting(&ctx, |lab, waiter| {
            let command = without_nul(command.into(), "command")?;
            lab.show_shell(&command);
            lab.screen().lend(true);
            let code =
                current(lab).and_then(|namespace| program::stream(&namespace, &command, waiter));
            sandbox::take_terminal_back();
            lab.screen().lend(false);
            let code = code.map_err(|error| not_run(lab, "/bin/sh", &error))?;
            Ok(i64::from(code))
        })
    }
}

fn current(lab: &Lab) -> Result<std::rc::Rc<crate::kernel::netns::Namespace>, Error> {
    lab.settle();
    lab.current().namespace()
}

fn read_argument(value: &Dynamic) -> Outcome<String> {
    let is_word = value.is_string() || value.is_char() || value.is_bool();
    if is_word || value.is_int() || value.is_float() {
        return without_nul(value.to_string(), "args");
    }
    let words = format!(
        "an argument of a program is text or a number, not {}",
        describe(value)
    );
    Err(Failure::new(words).blame("args"))
}

/// Programs take texts that end with the first NUL (execve(2)).
fn without_nul(text: String, argument: &str) -> Outcome<String> {
    if text.contains('\0') {
        let words = format!("{text:?} holds a NUL, which no program can be given");
        return Err(Failure::new(words).about(text).blame(argument));
    }
    Ok(text)
}

fn not_run(lab: &Lab, program: &str, error: &Error) -> Box<Failure> {
    let mut failure = lab.explain_question(&format!("run {program}"), error);
    failure.object = program.into();
    failure.argument = "program".into();
    if error.errno() == Some(nix::errno::Errno::ENOENT) {
        failure.message = format!("cannot run {program}: there is no such program");
        failure.hint = "it is looked for in PATH; netsh's own verbs need none".into();
    }
    failure
}
