//! Hears the answer of the person at the terminal, also where something else is piped in.

use std::fs::File;
use std::io::{self, Read};

use tokio::sync::oneshot;

/// The most bytes of an answer that are read.
const MOST_BYTES: usize = 100;

/// The terminal at which a person sits, whatever the standard input is.
#[cfg(unix)]
pub(crate) fn open() -> io::Result<File> {
    File::open("/dev/tty")
}

/// The terminal at which a person sits, whatever the standard input is.
#[cfg(windows)]
pub(crate) fn open() -> io::Result<File> {
    File::open("CONIN$")
}

/// Whether the answer is yes.
pub(crate) fn is_yes(terminal: &mut dyn Read) -> io::Result<bool> {
    Ok(matches!(
        line(terminal)?.trim(),
        "yes" | "y" | "YES" | "Yes"
    ))
}

/// The same without keeping anything else from going on. Whoever no longer waits for it ends the process: the reading cannot be
/// ended.
pub(crate) async fn answered_aside() -> io::Result<bool> {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let answer = open().and_then(|mut terminal| is_yes(&mut terminal));
        // Nobody waits for it after a Ctrl-C.
        let _heard = tell.send(answer);
    });
    told.await
        .unwrap_or_else(|_| Err(io::Error::other("the answer was not heard")))
}

/// One line, byte by byte, so that nothing after it is taken.
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
