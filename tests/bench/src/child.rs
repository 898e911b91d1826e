//! One running program: started as the host starts a custom handler, probed until it is ready, observed in `/proc`, and
//! ended by its own id.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::program::Program;

/// The time limit of a program's answer to the probe, which is the host's own.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause between two probes of a port without a listener: far below the measured times.
const PAUSE: Duration = Duration::from_micros(100);
/// The unit of the times in `/proc/<id>/stat` (`USER_HZ`), which is 100 Hz on every Linux.
const TICK_MILLISECONDS: f64 = 10.0;

/// A program that runs until this value is dropped.
#[derive(Debug)]
pub struct Running {
    process: Child,
    id: u32,
    address: SocketAddr,
    /// From the start of the process to its first answer.
    pub start_to_probe: Duration,
}

impl Running {
    /// Starts the program on a free port and waits until it answers the probe. With `core` it stays on that core.
    ///
    /// # Errors
    /// It cannot be started, ends, or does not answer in time; the message has its last output.
    pub async fn start(
        program: &Program,
        environment: &[(String, String)],
        core: Option<usize>,
    ) -> anyhow::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut command = match core {
            None => Command::new(&program.executable),
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &core.to_string()]);
                command.arg(&program.executable);
                command
            }
        };
        let words = fs::File::create(&program.last_words)
            .with_context(|| format!("making {}", program.last_words.display()))?;
        command
            .args(&program.arguments)
            .current_dir(&program.directory)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", "/home")
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(words)
            .kill_on_drop(true);
        let started = Instant::now();
        let mut process = command
            .spawn()
            .with_context(|| format!("starting {}", program.executable.display()))?;
        let id = process.id().context("the program has ended at once")?;
        // The runtime's timer counts in milliseconds, which is too coarse here.
        let probe = tokio::task::spawn_blocking(move || probe(address, started));
        let start_to_probe = tokio::select! {
            answered = probe => answered?,
            status = process.wait() => Err(anyhow::anyhow!("it ended with {}", status?)),
        };
        let start_to_probe = start_to_probe.with_context(|| {
            let words = fs::read_to_string(&program.last_words).unwrap_or_default();
            let last: Vec<&str> = words.lines().rev().take(5).collect();
            format!(
                "{} was not ready; its last words: {}",
                program.name,
                last.into_iter().rev().collect::<Vec<_>>().join(" / ")
            )
        })?;
        Ok(Self {
            process,
            id,
            address,
            start_to_probe,
        })
    }

    /// Its root URL, without a trailing slash.
    #[must_use]
    pub fn root(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its resident memory in MiB.
    ///
    /// # Errors
    /// It has ended.
    pub fn memory(&self) -> anyhow::Result<f64> {
        self.status("VmRSS:")
    }

    /// Its peak resident memory in MiB.
    ///
    /// # Errors
    /// It has ended.
    pub fn most_memory(&self) -> anyhow::Result<f64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> anyhow::Result<f64> {
        let path = format!("/proc/{}/status", self.id);
        let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let kibibytes: f64 = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().next())
            .with_context(|| format!("{path} has no {name}"))?
            .parse()?;
        Ok(kibibytes / 1024.0)
    }

    /// Its processor time so far in milliseconds, over all threads.
    ///
    /// # Errors
    /// It has ended.
    pub fn processor_milliseconds(&self) -> anyhow::Result<f64> {
        let path = format!("/proc/{}/stat", self.id);
        let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        // The name of the program is in parentheses and may contain anything; user and system time are the twelfth and
        // thirteenth field after it (proc_pid_stat(5), fields 14 and 15).
        let (_, fields) = text.rsplit_once(')').context("a stat without a name")?;
        let ticks: f64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<f64>().unwrap_or_default())
            .sum();
        Ok(ticks * TICK_MILLISECONDS)
    }

    /// Ends the program and waits until it is gone.
    ///
    /// # Errors
    /// The system cannot end it.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.process.kill().await.context("ending the program")
    }
}

/// Requests `/` until there is an answer, and returns how long that took.
fn probe(address: SocketAddr, started: Instant) -> anyhow::Result<Duration> {
    loop {
        if let Ok(mut stream) = TcpStream::connect(address) {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
            let mut answer = [0; 12];
            stream.read_exact(&mut answer)?;
            let elapsed = started.elapsed();
            ensure!(
                answer.starts_with(b"HTTP/1.1 2"),
                "the probe was answered {}",
                String::from_utf8_lossy(&answer)
            );
            return Ok(elapsed);
        }
        if started.elapsed() > PATIENCE {
            bail!("nothing listens at {address}");
        }
        std::thread::sleep(PAUSE);
    }
}

/// Pins this process to these cores; returns false if `taskset` is missing or refuses.
#[must_use]
pub fn stay_on(cores: &str) -> bool {
    let id = std::process::id().to_string();
    let done = std::process::Command::new("taskset")
        .args(["-acp", cores, &id])
        .output();
    done.is_ok_and(|output| output.status.success())
}
