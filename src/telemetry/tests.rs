//! The host logs each line at its own level.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, Level};

use super::line::line;
use super::sink::{Sink, Stream};
use super::subscriber;
use crate::domain::Clock;

#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<(Stream, String)>>>);

impl Sink for Collected {
    fn write(&self, stream: Stream, line: &str) {
        self.0.lock().unwrap().push((stream, line.to_owned()));
    }
}

#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        "2026-11-23T20:10:26Z".parse().unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Keeps two listeners without an effect for the life of the process. In a process with a single listener, `tracing`
/// asks the first thread at an event whether it listens, and applies a no to all threads: a test beside this one would
/// switch the event off.
fn listen_beside_others() {
    static OTHERS: LazyLock<[Dispatch; 2]> =
        LazyLock::new(|| std::array::from_fn(|_| Dispatch::new(NoSubscriber::default())));
    LazyLock::force(&OTHERS);
}

fn lines(level: LevelFilter, act: impl FnOnce()) -> Vec<(Stream, String)> {
    listen_beside_others();
    let collected = Collected::default();
    let subscriber = subscriber(level, collected.clone(), Arc::new(Stopped));
    tracing::subscriber::with_default(subscriber, act);
    let lines = collected.0.lock().unwrap();
    lines.clone()
}

fn texts(level: LevelFilter, act: impl FnOnce()) -> String {
    lines(level, act)
        .into_iter()
        .map(|(_, line)| line)
        .collect()
}

/// Without `listen_beside_others` it fails when it runs alone: the other thread's no counts for both.
#[test]
fn an_event_that_a_thread_without_a_log_comes_to_first_is_written_all_the_same() {
    fn say() {
        tracing::info!("said");
    }
    let written = texts(LevelFilter::INFO, || {
        std::thread::spawn(say).join().unwrap();
        say();
    });
    assert!(written.contains("said"), "{written:?}");
}

/// The level at which the host logs a line: `WorkerProcess.ParseErrorMessageAndLog`, `OnOutputDataReceived`.
fn level_at_the_host(stream: Stream, line: &str) -> Level {
    let line = line.to_lowercase();
    match stream {
        Stream::Err if line.contains("warn") => Level::WARN,
        Stream::Err if line.contains("error") => Level::ERROR,
        Stream::Err | Stream::Out => Level::INFO,
    }
}

#[test]
fn a_line_has_the_message_the_fields_and_those_of_the_spans_around() {
    let written = texts(LevelFilter::INFO, || {
        let _outer = tracing::error_span!(
            "invocation",
            faas.invocation_id = "0f8f",
            faas.coldstart = true
        )
        .entered();
        let inner = tracing::info_span!("user", user.id = "cafe", attempts = tracing::field::Empty);
        inner.record("attempts", 2_u64);
        let _inner = inner.entered();
        tracing::info!(
            outcome = "revoked",
            verified = true,
            none = None::<u8>,
            ratio = 0.5,
            count = -1,
            "user cut"
        );
        tracing::debug!("how");
    });
    insta::assert_snapshot!(written, @r#"{"time":"2026-11-23T20:10:26Z","level":"INFO","message":"user cut","outcome":"revoked","verified":true,"ratio":0.5,"count":-1,"user.id":"cafe","attempts":2,"faas.invocation_id":"0f8f","faas.coldstart":true}"#);
}

#[test]
fn information_goes_to_stdout_and_the_rest_to_stderr() {
    let lines = lines(LevelFilter::DEBUG, || {
        tracing::error!("e");
        tracing::warn!("w");
        tracing::info!("i");
        tracing::debug!("d");
    });
    let streams: Vec<_> = lines.iter().map(|(stream, _)| *stream).collect();
    assert_eq!(
        streams,
        [Stream::Err, Stream::Err, Stream::Out, Stream::Out]
    );
}

#[test]
fn a_warning_in_the_words_of_an_error_does_not_lower_its_level() {
    let lines = lines(LevelFilter::INFO, || {
        tracing::error!(
            expected = "one of error, warn, info",
            "WARNING: Warn wwarnn"
        );
    });
    let (stream, line) = &lines[0];
    assert_eq!(level_at_the_host(*stream, line), Level::ERROR);
    let read: Value = serde_json::from_str(line).unwrap();
    assert_eq!(read["message"], "WARNING: Warn wwarnn");
    assert_eq!(read["expected"], "one of error, warn, info");
}

#[test]
fn the_events_of_other_crates_are_dropped() {
    let written = texts(LevelFilter::DEBUG, || {
        tracing::error!(target: "reqwest::connect", "GET https://graph.microsoft.com/v1.0/users/alice@contoso.com");
        tracing::info!(target: "evictions", "not ours either");
        tracing::info!(target: "handler", "ours");
    });
    assert!(
        !written.contains("alice") && !written.contains("either"),
        "{written}"
    );
    assert!(written.contains("ours"), "{written}");
}

#[test]
fn a_panic_leaves_its_place_and_not_its_message() {
    let written = texts(LevelFilter::INFO, || {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|info| {
            super::panics::report(info);
        }));
        let ended = std::panic::catch_unwind(|| {
            let _span = tracing::error_span!("invocation", faas.invocation_id = "0f8f").entered();
            panic!("while cutting alice@contoso.com");
        });
        std::panic::set_hook(hook);
        assert!(ended.is_err());
    });
    assert!(written.contains("src/telemetry/tests.rs:"), "{written}");
    assert!(written.contains(r#""thread.name":""#), "{written}");
    assert!(written.contains("0f8f"), "{written}");
    assert!(!written.contains("alice"), "{written}");
}

struct Masked;

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[test]
fn a_field_shows_what_its_types_debug_shows() {
    let written = texts(
        LevelFilter::INFO,
        || tracing::info!(user = ?Masked, "user cut"),
    );
    assert!(written.contains(r#""user":"***""#), "{written}");
}

#[test]
fn a_long_text_is_cut_and_says_so() {
    let written = texts(LevelFilter::INFO, || {
        tracing::info!(text = "ä".repeat(10_000).as_str(), "long");
    });
    assert!(written.len() < 9_000);
    assert!(written.contains("… (cut, 20000 bytes)"), "{written}");
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[wWaArRnN\\\\\"\n\r\u{1}\u{85}\u{2028}\u{202e} ]{0,40}",
        "LanguageWorkerConsoleLog.*",
        "(error|fail|warn|\\\\u0077arn){0,5}",
    ]
}

proptest! {
    #[test]
    fn every_line_lands_at_its_own_level_and_says_what_was_said(text in any_text(), field in any_text()) {
        let fields = [("message", Value::from(text.clone())), ("field", Value::from(field.clone()))];
        for level in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG] {
            let stream = Stream::of(level);
            let line = line(Stopped.now(), level, &fields);
            let expected = level.min(Level::INFO);
            prop_assert_eq!(level_at_the_host(stream, &line), expected);
            prop_assert!(!line.to_lowercase().starts_with("languageworkerconsolelog"));
            let (content, end) = line.split_at(line.len() - 1);
            prop_assert_eq!(end, "\n");
            prop_assert!(!content.chars().any(char::is_control));
            let read: Value = serde_json::from_str(content).unwrap();
            prop_assert_eq!(&read["message"], &Value::from(text.clone()));
            prop_assert_eq!(&read["field"], &Value::from(field.clone()));
        }
    }
}
