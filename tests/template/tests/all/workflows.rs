//! The workflows of the repository. What they ask for and what they run is judged by zizmor (`.ci/run`); here stands what only this
//! repository knows.

use crate::support::text;

#[test]
fn a_release_attests_where_it_was_built_and_what_it_is_made_of() {
    let release = text(".github/workflows/release.yml");
    for step in [
        "bash .ci/run",
        "infra/package --callers entra",
        "infra/package --callers key",
        "actions/attest-build-provenance@",
        "actions/attest-sbom@",
        "id-token: write",
    ] {
        assert!(release.contains(step), "{step}");
    }
}
