//! The corpora of the fuzz targets, and their past findings, are part of the ordinary tests: each input passes the
//! checks of its target.

#[path = "../fuzz/checks/mod.rs"]
#[expect(unreachable_pub, reason = "they are public to the fuzz targets")]
pub(crate) mod checks;

use std::fs;
use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuzz");
    let mut inputs = 0;
    for entry in fs::read_dir(folder.join(target)).unwrap() {
        let path = entry.unwrap().path();
        let input = fs::read(&path).unwrap();
        let ended = std::panic::catch_unwind(|| check(&input));
        assert!(ended.is_ok(), "{}", path.display());
        inputs += 1;
    }
    assert!(inputs >= 10, "{inputs} inputs for {target}");
}

#[test]
fn an_alert_is_read_or_refused_with_its_place() {
    replay("alert", checks::alert::check);
}

#[test]
fn an_invocation_is_read_or_refused_with_its_place() {
    replay("invocation", checks::invocation::check);
}

#[test]
fn settings_are_in_force_or_refused_by_name() {
    replay("settings", checks::settings::check);
}

#[test]
fn nobody_is_let_in_but_by_a_sound_token() {
    replay("token", checks::token::check);
}

#[test]
fn every_rendering_keeps_its_promises() {
    replay("receipts", checks::receipts::check);
}
