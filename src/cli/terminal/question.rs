//! Reads an answer from the person at the terminal, even when the standard input is a pipe.

use std::fs::File;
use std::io::{self, Read};

use tokio::sync::oneshot;

const MOST_BYTES: usize = 100;

/// The terminal, whatever the standard input is.
#[cfg(unix)]
pub(crate) fn open() -> io::Result<File> {
    File::open("/dev/tty")
}

/// The terminal, whatever the standard input is.
#[cfg(windows)]
pub(crate) fn open() -> io::Result<File> {
    File::open("CONIN$")
}

pub(crate) fn is_yes(terminal: &mut dyn Read) -> io::Result<bool> {
    Ok(matches!(
        line(terminal)?.trim(),
        "yes" | "y" | "YES" | "Yes"
    ))
}

/// Reads the answer on a thread of its own. The thread cannot be stopped; it ends with the process.
pub(crate) async fn read_answer() -> io::Result<bool> {
    let (sender, answer) = oneshot::channel();
    std::thread::spawn(move || {
        let answer = open().and_then(|mut terminal| is_yes(&mut terminal));
        // Nobody receives the answer after a Ctrl-C.
        let _received = sender.send(answer);
    });
    answer
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the answer was not heard")))
}

/// Reads one line, byte by byte, so that no later input is consumed.
fn line(terminal: &mut dyn Read) -> io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < MOST_BYTES && terminal.read(&mut byte)? == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (answer, yes) in [
            ("yes\n", true),
            ("y\r\n", true),
            ("", false),
            ("\n", false),
            ("no\n", false),
            ("yes please\n", false),
        ] {
            assert_eq!(is_yes(&mut answer.as_bytes()).unwrap(), yes, "{answer:?}");
        }
    }
}
