//! Writes the files that are made from others, and the snapshots of what the templates would deploy: `cargo run -p template`.

use template::bicep::Bicep;
use template::generated;

fn main() -> anyhow::Result<()> {
    let mut bicep = Bicep::find().map_err(anyhow::Error::msg)?;
    generated::write(&generated::all(&mut bicep)?)
}
