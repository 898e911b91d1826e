//! The operator's command at a pseudo terminal, as a person sees it: the question and its answer, and the progress of
//! the work.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use sandbox::functions::BrokerOptions;

use crate::support::operator_shell::{AZ_SCOPES, Shell};
use crate::verbs::letters_scale::{Scene, readable};

/// How long a text may take to appear: long enough for a machine under load.
const SOON: Duration = Duration::from_mins(1);

/// A command at a terminal of its own.
struct Terminal {
    screen: Arc<(Mutex<String>, Condvar)>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    reader: std::thread::JoinHandle<()>,
}

impl Terminal {
    fn open(shell: &Shell, kind: &str, arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_evict"));
        command.args(arguments);
        Self::with(shell, kind, command)
    }

    /// The same for a line that a shell reads, in which `$COMMAND` is the command.
    fn line(shell: &Shell, line: &str) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", line]);
        Self::with(shell, "xterm", command)
    }

    fn with(shell: &Shell, kind: &str, mut command: CommandBuilder) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows: 24,
                cols: 100,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        command.env_clear();
        // Not one of the command's own variables, which begin with EVICT_.
        command.env("COMMAND", env!("CARGO_BIN_EXE_evict"));
        for (name, value) in &shell.environment {
            command.env(name, value);
        }
        command.env("TERM", kind);
        command.cwd(shell.folder.path());
        let child = pair.slave.spawn_command(command).unwrap();
        // As long as this end is open here, the other one does not end.
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().unwrap();
        let keyboard = pair.master.take_writer().unwrap();
        let screen = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let shared = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let master = pair.master;
            let mut bytes = [0; 1024];
            // A terminal whose program has ended returns an error on Linux.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                shared.0.lock().unwrap().push_str(&text);
                shared.1.notify_all();
            }
            drop(master);
        });
        Self {
            screen,
            keyboard,
            child,
            reader,
        }
    }

    /// Waits until the screen shows this.
    fn shows(&self, text: &str) {
        let (screen, changed) = &*self.screen;
        let (seen, waited) = changed
            .wait_timeout_while(screen.lock().unwrap(), SOON, |seen| !seen.contains(text))
            .unwrap();
        assert!(!waited.timed_out(), "{text:?} is not in {seen:?}");
    }

    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// The exit code, and all that was on the screen.
    fn end(mut self) -> (u32, String) {
        let status = self.child.wait().unwrap();
        drop(self.keyboard);
        self.reader.join().unwrap();
        let screen = self.screen.0.lock().unwrap().clone();
        (status.exit_code(), screen)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_shown_who_is_meant_answers_and_sees_how_far_it_is() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    shell.tenant.hold("POST */revokeSignInSessions");
    let mut terminal = Terminal::open(&shell, "xterm", &["revoke", "alice@contoso.com"]);
    terminal.shows("Cut them? Type yes: ");
    assert!(
        shell
            .tenant
            .calls_matching("POST */revokeSignInSessions")
            .is_empty()
    );
    terminal.types("yes\n");
    terminal.shows("Cutting users");
    terminal.shows("0 of 1");
    shell.tenant.release_all();
    let (code, screen) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert_eq!(shell.alive("alice@contoso.com"), 0);
    for text in [
        "Every session of 1 user of the tenant",
        "alice@contoso.com  = alice@contoso.com, object id 6cace4d5-19d5-4695-92e7-4f7bfab36728",
        "1 of 1 cut.",
    ] {
        assert!(screen.contains(text), "{text:?} is not in {screen:?}");
    }
    assert!(!screen.contains("\u{1b}[3"), "a colour: {screen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_no_changes_nothing() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let before = shell.alive("alice@contoso.com");
    let mut terminal = Terminal::open(&shell, "xterm", &["revoke", "alice@contoso.com"]);
    terminal.shows("Cut them? Type yes: ");
    terminal.types("no\n");
    let (code, screen) = terminal.end();
    assert_eq!(code, 1);
    assert!(
        screen.contains("not confirmed. Nothing was changed."),
        "{screen:?}"
    );
    assert_eq!(shell.alive("alice@contoso.com"), before);
}

/// The list comes through a pipe, and the person is asked all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_pipes_a_list_in_is_asked_at_the_terminal() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let before = shell.alive("alice@contoso.com");
    for (answer, code, alive) in [("no\n", 1, before), ("yes\n", 0, 0)] {
        let line = "/usr/bin/printf 'alice@contoso.com\\n' | $COMMAND revoke -";
        let mut terminal = Terminal::line(&shell, line);
        terminal.shows("No function was asked (--url or a profile)");
        terminal.shows("Cut them? Type yes: ");
        terminal.types(answer);
        let (ended, screen) = terminal.end();
        assert_eq!(ended, code, "{screen}");
        assert_eq!(shell.alive("alice@contoso.com"), alive);
    }
}

/// The person confirmed an object id: a user who gets the name meanwhile is not cut.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_person_was_shown_is_whom_is_cut() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let bob = "bob.stone@contoso.com";
    let mut terminal = Terminal::open(&shell, "xterm", &["revoke", "alice@contoso.com"]);
    terminal.shows("object id 6cace4d5-19d5-4695-92e7-4f7bfab36728");
    terminal.shows("Cut them? Type yes: ");
    let living = shell.alive(bob);
    assert!(living > 0);
    assert!(
        shell
            .tenant
            .rename("alice@contoso.com", "alice.before@contoso.com")
    );
    assert!(shell.tenant.rename(bob, "alice@contoso.com"));
    terminal.types("yes\n");
    let (code, screen) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert_eq!(shell.alive("alice.before@contoso.com"), 0);
    assert_eq!(shell.alive("alice@contoso.com"), living);
}

/// A user who was not shown is not cut: at the time of the question nobody had that name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_after_the_question_is_not_cut() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let people = ["revoke", "alice@contoso.com", "newcomer@contoso.com"];
    let mut terminal = Terminal::open(&shell, "xterm", &people);
    terminal.shows("newcomer@contoso.com  (nobody in this tenant)");
    terminal.shows("Cut them? Type yes: ");
    let bob = "bob.stone@contoso.com";
    let living = shell.alive(bob);
    assert!(shell.tenant.rename(bob, "newcomer@contoso.com"));
    terminal.types("yes\n");
    let (code, screen) = terminal.end();
    assert_eq!(code, 1, "{screen}");
    assert_eq!(shell.alive("newcomer@contoso.com"), living);
    assert_eq!(shell.alive("alice@contoso.com"), 0);
}

/// The locks hold while the person thinks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_all_is_replayed_a_person_is_asked_and_may_take_time() {
    let scene = Scene::open(BrokerOptions::default()).await;
    // The locks last five minutes, and are said to last two seconds.
    scene
        .bus
        .say_that_locks_end_early(Duration::from_mins(5) - Duration::from_secs(2));
    scene.reject("INC-1", readable());
    scene.reject("INC-2", readable());
    let bus = scene.bus.endpoint();
    let all = ["rejected", "replay", "--all", "--namespace", &bus];
    for (answer, code, left) in [("no\n", 1, 2), ("yes\n", 0, 0)] {
        let mut terminal = Terminal::open(&scene.shell, "xterm", &all);
        terminal.shows("2 messages are about to be put back on the queue evict; together they name 2 accounts.");
        terminal.shows("Replay them? Type yes: ");
        // Longer than a lock: some renewals of each.
        let renewals = |calls: &[String]| {
            calls
                .iter()
                .filter(|call| call.contains("/messages/INC-1/"))
                .count()
        };
        let before = renewals(&scene.bus.calls());
        while renewals(&scene.bus.calls()) < before + 5 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        terminal.types(answer);
        let (ended, screen) = terminal.end();
        assert_eq!(ended, code, "{screen}");
        assert_eq!(scene.left().len(), left, "{screen}");
    }
    assert_eq!(scene.put_back().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_is_not_written_to_a_terminal() {
    let scene = Scene::open(BrokerOptions::default()).await;
    scene.reject("INC-1", "\u{1b}]0;owned\u{7}\u{1b}[2J");
    let bus = scene.bus.endpoint();
    let show = ["rejected", "show", "INC-1", "--namespace", &bus];
    let raw = Terminal::open(&scene.shell, "xterm", &[&show[..], &["--body"]].concat());
    let (code, screen) = raw.end();
    assert_eq!(code, 64);
    assert!(
        !screen.contains("owned") && screen.contains("with `> FILE`"),
        "{screen:?}"
    );
    assert_eq!(scene.bus.calls(), Vec::<String>::new());
    let (code, screen) = Terminal::open(&scene.shell, "xterm", &show).end();
    assert_eq!(code, 0, "{screen:?}");
    assert!(
        screen.contains(r"\u{1b}]0;owned\u{7}\u{1b}[2J"),
        "{screen:?}"
    );
    // Into a file or another command it goes unchanged.
    let piped = scene.shell.evict(&[&show[..], &["--body"]].concat()).await;
    assert_eq!(piped.output, "\u{1b}]0;owned\u{7}\u{1b}[2J");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_that_cannot_redraw_gets_no_bar() {
    let shell = Shell::signed_in(AZ_SCOPES).await;
    let terminal = Terminal::open(&shell, "dumb", &["revoke", "--yes", "alice@contoso.com"]);
    let (code, screen) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(
        !screen.contains("Cutting users") && !screen.contains('\u{1b}'),
        "{screen:?}"
    );
}
