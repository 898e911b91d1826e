//! Plays random stories, and those that were kept.
//!
//! The identity endpoint's address reaches the client by the environment, which a process cannot change for itself. So
//! the test starts itself once more, with the variables set, and plays the stories there.

#![expect(
    clippy::print_stdout,
    reason = "the seed is printed, and how many stories were told"
)]

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use sandbox::stage::stage;
use sandbox::tenant::SharedAddress;
use tokio::runtime::Runtime;

use super::case::Case;
use super::judge::judge;
use super::play::play;
use super::report;
use super::virtual_time;

/// The number of stories in an ordinary run.
const CASES: u32 = 2_000;

/// The number of processes in parallel.
const APPS: u32 = 2;

const SEED: u64 = 20_261_124;

const IDENTITY_HEADER: &str = "THE-PLATFORMS-HEADER";

/// Longer than any story, in virtual time.
const TOO_LONG: Duration = Duration::from_hours(24 * 30);

#[expect(
    clippy::disallowed_methods,
    reason = "a test that starts itself has to know which of the two it is, and a person says how much it shall do"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn number<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    match variable(name) {
        None => otherwise,
        Some(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text:?}")),
    }
}

/// Runs this test again in this many processes that have a managed identity; each calls `work` with its number.
fn in_apps(test: &str, apps: u32, work: impl FnOnce(&Setup, u32)) {
    if let Some(port) = variable("EVICT_TRUTH_PORT") {
        let number = number("EVICT_TRUTH_APP", 0);
        work(&Setup::open(port.parse().unwrap()), number);
        return;
    }
    // One root certificate instead of the machine's hundreds: each story creates a client, which calls loopback alone.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/truth/root.pem");
    let no_roots = tempfile::tempdir().unwrap();
    let start = |number: u32| {
        let port = free_port();
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env("RUST_BACKTRACE", "0")
            .env("EVICT_TRUTH_PORT", port.to_string())
            .env("EVICT_TRUTH_APP", number.to_string())
            .env(
                "IDENTITY_ENDPOINT",
                format!("http://127.0.0.1:{port}/msi/token"),
            )
            .env("IDENTITY_HEADER", IDENTITY_HEADER)
            .env_remove("IDENTITY_SERVER_THUMBPRINT")
            .env_remove("IMDS_ENDPOINT")
            .env_remove("MSI_ENDPOINT")
            .env_remove("MSI_SECRET")
            .env("SSL_CERT_FILE", &root)
            .env("SSL_CERT_DIR", no_roots.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut started: Vec<Child> = (0..apps).map(start).collect();
    let (ended, ends) = mpsc::channel();
    for (number, app) in started.iter_mut().enumerate() {
        let (out, err) = (app.stdout.take().unwrap(), app.stderr.take().unwrap());
        let ended = ended.clone();
        std::thread::spawn(move || {
            let errors = std::thread::spawn(move || std::io::read_to_string(err));
            let told = std::io::read_to_string(out);
            // The receiver is gone once one of the processes has failed.
            let _late = ended.send((number, told.unwrap(), errors.join().unwrap().unwrap()));
        });
    }
    drop(ended);
    for (number, told, errors) in ends {
        let status = started[number].wait().unwrap();
        if !status.success() {
            // The others would only run on for long.
            for other in &mut started {
                let _ended = other.kill();
            }
            panic!("{told}\n{errors}");
        }
        assert!(told.contains("1 passed"), "no such test: {test}\n{told}");
        println!("{told}");
    }
}

/// A port without a listener. The environment of a process has to name it before the process can listen.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The environment in which stories are played.
struct Setup {
    runtime: Runtime,
    address: Arc<SharedAddress>,
    staged: PathBuf,
    _folder: tempfile::TempDir,
}

impl Setup {
    fn open(port: u16) -> Self {
        let (runtime, address) = virtual_time::runtime(port, IDENTITY_HEADER);
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let handler = Path::new(env!("CARGO_BIN_EXE_handler"));
        let staged = stage(root, handler, folder.path()).unwrap();
        Self {
            runtime,
            address,
            staged,
            _folder: folder,
        }
    }

    /// The violations of a story, for a person to read; `Ok` if there are none.
    fn check(&self, case: &Case) -> Result<(), String> {
        let story =
            async { tokio::time::timeout(TOO_LONG, play(case, &self.address, &self.staged)).await };
        let played = self
            .runtime
            .block_on(story)
            .map_err(|_| format!("{case}\nthe story does not end"))?;
        let wrong = judge(case, &played);
        if wrong.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{}\n\n{case}\n\n{}",
            wrong.join("\n"),
            report::text(&played)
        ))
    }
}

#[test]
fn no_receipt_lies() {
    in_apps("truth::random::no_receipt_lies", APPS, |setup, app| {
        let cases = number("EVICT_TRUTH_CASES", CASES);
        let seed = number("EVICT_TRUTH_SEED", SEED);
        println!(
            "EVICT_TRUTH_CASES={cases} EVICT_TRUTH_SEED={seed}, part {} of {APPS}",
            app + 1
        );
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..12].copy_from_slice(&app.to_le_bytes());
        let config = Config {
            cases: cases.div_ceil(APPS),
            failure_persistence: None,
            max_shrink_iters: 3_000,
            ..Config::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let told = Cell::new(0);
        let first_failure = Cell::new(0);
        let result = runner.run(&super::strategy::case(), |case| {
            told.set(told.get() + 1);
            setup.check(&case).map_err(|why| {
                if first_failure.get() == 0 {
                    first_failure.set(told.get());
                }
                TestCaseError::fail(why)
            })
        });
        match result {
            Ok(()) => println!("{} stories told", told.get()),
            Err(TestError::Fail(why, _)) => panic!(
                "story {} fails; made smaller in {} attempts it is:\n{why}",
                first_failure.get(),
                told.get() - first_failure.get()
            ),
            Err(TestError::Abort(why)) => panic!("{why}"),
        }
    });
}

/// Stories that failed once. The name of each says what was wrong.
#[test]
fn the_stories_that_were_kept_hold() {
    in_apps(
        "truth::random::the_stories_that_were_kept_hold",
        1,
        |setup, _| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/truth/kept");
            let mut told = 0;
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let case = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
                if let Err(why) = setup.check(&case) {
                    panic!("{}:\n{why}", path.display());
                }
                told += 1;
            }
            assert!(told > 0, "no story was kept");
        },
    );
}
