//! The one integration target: one file for each behaviour.

#[cfg(test)]
mod alert_properties;
#[cfg(test)]
mod alert_refusals;
#[cfg(test)]
mod alert_round_trip;
#[cfg(test)]
mod alert_rules;
#[cfg(test)]
mod alert_samples;
#[cfg(test)]
mod config_settings;
#[cfg(test)]
mod entra_support;
#[cfg(test)]
mod entra_wire;
#[cfg(feature = "operator")]
#[cfg(test)]
mod explain;
#[cfg(test)]
mod receipt_comment;
#[cfg(test)]
mod receipt_json;
#[cfg(test)]
mod receipt_messages;
#[cfg(test)]
mod receipt_world;
