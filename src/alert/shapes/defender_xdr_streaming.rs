//! Advanced hunting's table `AlertEvidence`: one piece of evidence of an alert in each record.
//!
//! The streaming API and the workspace's export write it, and so do scripts that forward a row of a query. The account
//! stands in columns, and again in `AdditionalFields`, a JSON string in the dialect of Sentinel's alerts. Records of
//! other tables on the same stream are no alerts. Source: "`AlertEvidence`" in the advanced hunting reference and in
//! the Azure Monitor Logs reference (whose `TenantId` is the workspace's); a published captured record.

use crate::alert::accounts::{Machines, flat_account, read_entity, role, together};
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object, Within};
use crate::domain::{NothingToDoReason, Shape};

use super::{Reading, Row, Sign, has_any, says};

const CATEGORY: &str = "advancedhunting-";

pub(crate) const ROW: Row = Row {
    shape: Shape::DefenderXdrStreaming,
    sender: "the streaming API of Defender XDR",
    signs: &[
        Sign {
            words: "`category` begins with `AdvancedHunting-`",
            holds: |record| category(record).is_some(),
        },
        Sign {
            words: "`properties`",
            holds: |record| record.has("properties"),
        },
    ],
    sample: "inbound/defender-xdr-streaming-alert-evidence.json",
    reading: Reading::Payload(read),
};

/// A row of the table, without the stream's frame.
pub(crate) const FLAT: Row = Row {
    shape: Shape::DefenderXdrStreaming,
    sender: "rows and exports of the table `AlertEvidence`, and of hunting queries that keep its columns",
    signs: &[
        Sign {
            words: "`AlertId`",
            holds: |row| row.has("AlertId"),
        },
        Sign {
            words: "`Type` is `AlertEvidence`, or `AccountObjectId`, `AccountUpn` or `AccountSid`",
            holds: |row| {
                says(row, "Type", "AlertEvidence")
                    || has_any(
                        row,
                        &[
                            "AccountObjectId",
                            "AccountUpn",
                            "AccountSid",
                            "EvidenceRole",
                        ],
                    )
            },
        },
        Sign {
            words: "`ServiceSource`, `DetectionSource`, `EvidenceRole` or `EntityType`, in no record of Office 365",
            holds: |row| {
                has_any(
                    row,
                    &[
                        "ServiceSource",
                        "DetectionSource",
                        "EvidenceRole",
                        "EntityType",
                    ],
                ) && !has_any(row, &["RecordType", "Workload"])
            },
        },
    ],
    sample: "field/loganalytics-alertevidence-export.json",
    reading: Reading::Payload(|row, builder| {
        builder.flagged(row.time("TimeGenerated").or_else(|| row.time("Timestamp")));
        read_row(row, builder)
    }),
};

/// The table of a record.
fn category(payload: &Object) -> Option<String> {
    let category = payload.text("category")?.to_ascii_lowercase();
    category.strip_prefix(CATEGORY).map(str::to_owned)
}

fn read(record: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let tenant = record.parse(&["tenantId"]);
    builder.tenant(tenant);
    if category(record).as_deref() != Some("alertevidence") {
        builder.otherwise = NothingToDoReason::NotAnAlert {
            taken_for: "a record of an advanced hunting table that names nobody for an alert",
        };
        return Ok(());
    }
    let properties = record.required("properties")?;
    builder.flagged(record.time("time").or_else(|| properties.time("Timestamp")));
    read_row(properties, builder).within("properties")?;
    builder.belong_to(tenant);
    Ok(())
}

/// Reads the columns of a row, and the entity in one of them.
fn read_row(row: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    builder.alert(row.text("AlertId"));
    builder.severity(row.text("Severity"));
    builder.said_at(row.time("Timestamp"));
    let said = role(row);
    let mut machines = Machines::default();
    if let Some(name) = row.text("DeviceName") {
        machines.note(&name);
    }
    let columns = flat_account(row, &machines);
    let mut fields = AlertBuilder::new(builder.shape());
    match row.written_object("AdditionalFields") {
        Ok(Some(entity)) => read_entity(&entity, &mut fields).within("AdditionalFields")?,
        // If the columns name an account, an unreadable entity would only repeat it.
        Err(problem) if columns.is_none() => return Err(problem),
        Ok(None) | Err(_) => {}
    }
    let mut fields = fields.into_subjects();
    // The columns and the entity describe one account, even without a common identifier.
    let columns = if fields.len() == 1 {
        together(columns, fields.pop())
    } else {
        columns
    };
    for account in columns.into_iter().chain(fields) {
        builder.named(account, said.clone());
    }
    Ok(())
}
