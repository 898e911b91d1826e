//! The handler as a process: exit codes, signals, and the streams that the host reads.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

const TENANT: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";

fn handler(port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handler"));
    command
        .env_clear()
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
        .env("EVICT_TENANT_ID", TENANT)
        // Nothing here may reach beyond this machine.
        .env("EVICT_GRAPH_ENDPOINT", "http://127.0.0.1:9")
        .env("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token")
        .env("IDENTITY_HEADER", "none")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Ends the process when a test is done with it, however the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A handler that has reported that it listens, with its port and the rest of its stdout.
fn listening() -> (Running, u16, BufReader<ChildStdout>) {
    let port = free_port();
    let mut child = Running(handler(port).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["message"], "handler.listening");
    assert_eq!(line["port"], port);
    (child, port, lines)
}

fn probe(port: u16) -> String {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        connection,
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

/// The lines of stderr, each of which has to be at the host's level Error.
fn errors(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    text.lines()
        .map(|line| {
            let lower = line.to_lowercase();
            assert!(lower.contains("error") && !lower.contains("warn"), "{line}");
            serde_json::from_str(line).unwrap()
        })
        .collect()
}

#[test]
fn it_listens_and_answers_the_probe_without_any_cloud() {
    let (_child, port, _lines) = listening();
    let answer = probe(port);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[test]
fn settings_that_cannot_be_used_end_it_with_64_and_a_line_for_each_problem() {
    let output = handler(7071)
        .env("EVICT_TENANT_ID", "contoso")
        .env("EVICT_LOG", "loud")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(output.stdout.is_empty());
    let errors = errors(&output);
    let variables: Vec<_> = errors.iter().map(|line| &line["variable"]).collect();
    assert_eq!(variables, ["EVICT_TENANT_ID", "EVICT_LOG"]);
    // The words of this setting would make the host log the line as a warning.
    assert!(errors[1]["problem"].as_str().unwrap().contains("warn"));
}

#[test]
fn a_port_that_is_taken_ends_it_with_69() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = handler(taken.local_addr().unwrap().port())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69));
    let errors = errors(&output);
    let next = errors[0]["next"].as_str().unwrap();
    assert!(next.contains("FUNCTIONS_CUSTOMHANDLER_PORT"), "{next}");
}

#[test]
fn closed_streams_do_not_end_it() {
    let (mut child, port, lines) = listening();
    drop(lines);
    drop(child.0.stderr.take());
    for _ in 0..3 {
        assert!(probe(port).starts_with("HTTP/1.1 200 OK\r\n"));
        // A request that causes a line on stderr.
        let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(
            connection,
            "POST /Check HTTP/1.1\r\nHost: a\r\nX-Azure-Functions-InvocationId: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert_eq!(child.0.try_wait().unwrap(), None);
}

#[cfg(unix)]
fn send(signal: &str, process: u32) {
    let kill = format!("kill -{signal} {process}");
    let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(sent.success());
}

#[cfg(unix)]
#[test]
fn without_a_host_a_signal_ends_it_at_once_with_the_code_that_a_shell_gives() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (mut child, _, mut lines) = listening();
        send(signal, child.0.id());
        assert_eq!(child.0.wait().unwrap().code(), Some(code));
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert!(rest.contains(r#""message":"handler.signalled""#), "{rest}");
        assert!(!rest.contains("handler.staying"), "{rest}");
    }
}

/// The shell plays the host: the handler is its child, and outlives the shell.
#[cfg(unix)]
#[test]
fn under_a_host_a_signal_leaves_it_serving_until_the_host_is_gone() {
    let port = free_port();
    let command = handler(port);
    let program = command.get_program().to_owned();
    let environment: Vec<_> = command
        .get_envs()
        .map(|(name, value)| (name.to_owned(), value.unwrap().to_owned()))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("host.json"), "{}").unwrap();
    std::fs::create_dir(folder.path().join("Check")).unwrap();
    std::fs::write(
        folder.path().join("Check/function.json"),
        r#"{"bindings": [{"type": "httpTrigger", "authLevel": "function"}]}"#,
    )
    .unwrap();
    let mut host = Command::new("/bin/sh");
    let mut host = Running(
        host.args(["-c", "\"$0\" & echo $!; read -r end"])
            .arg(program)
            .env_clear()
            .envs(environment)
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", "a")
            .env("FUNCTIONS_APP_ROOT_PATH", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(host.0.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        line
    };
    let worker: u32 = next().trim().parse().unwrap();
    let line = next();
    assert!(line.contains(r#""http_access":"function_key""#), "{line}");
    for signal in ["TERM", "INT", "TERM"] {
        send(signal, worker);
    }
    while !next().contains("handler.staying") {}
    assert!(probe(port).starts_with("HTTP/1.1 200 OK\r\n"));

    drop(host.0.stdin.take());
    host.0.wait().unwrap();
    while !next().contains("handler.left") {}
    // The end of the stream means that the process is gone.
    while !next().is_empty() {}
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_host_whose_functions_are_not_found_is_no_place_to_start_in_unless_tokens_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let start = |pairs: &[(&str, &str)]| {
        let mut command = handler(free_port());
        command
            .current_dir(folder.path())
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", "a")
            .env("FUNCTIONS_APP_ROOT_PATH", folder.path())
            .envs(pairs.iter().copied());
        command
    };
    let output = start(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    let problem = errors(&output)[0]["problem"].as_str().unwrap().to_owned();
    assert!(
        problem.starts_with("Perhaps everybody could call: "),
        "{problem}"
    );
    let tokens = [
        ("EVICT_HTTP_AUDIENCE", "api://evict.contoso.com"),
        ("EVICT_ALLOWED_CALLERS", TENANT),
        ("EVICT_LOGIN_ENDPOINT", "http://127.0.0.1:9"),
    ];
    let mut child = Running(start(&tokens).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains(r#""http_access":"entra_token""#), "{line}");
}

#[cfg(unix)]
#[test]
fn rust_log_is_not_read() {
    let port = free_port();
    let mut child = Running(
        handler(port)
            .env("EVICT_LOG", "error")
            .env("RUST_LOG", "trace")
            .spawn()
            .unwrap(),
    );
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert_eq!(child.0.try_wait().unwrap(), None);
    }
    probe(port);
    child.0.kill().unwrap();
    let mut written = String::new();
    child
        .0
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut written)
        .unwrap();
    assert_eq!(written, "");
}
