//! Tasks of incidents ("Incident Tasks - List", "Incident Tasks - Create Or Update").

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Context, error};
use crate::tenant::answer::Answer;
use crate::tenant::incidents::{Incident, IncidentTask};

#[derive(Deserialize)]
struct Document {
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    title: String,
    #[serde(default)]
    description: String,
    status: String,
}

pub(super) fn list(context: &Context<'_>, incident: &Incident) -> Answer {
    let all = incident.tasks.iter();
    let all: Vec<Value> = all.map(|task| shown(incident, task)).collect();
    super::page(context, &all, 50)
}

pub(super) fn write(context: &Context<'_>, incident: &mut Incident, id: &str) -> Answer {
    let refused = |message: &str| error(400, "BadRequest", message);
    let sent: Document = match serde_json::from_slice(&context.call.body) {
        Ok(sent) => sent,
        Err(problem) => return refused(&format!("Invalid data model: {problem}.")),
    };
    let sent = sent.properties;
    if sent.title.is_empty() || !["New", "Completed"].contains(&sent.status.as_str()) {
        return refused("Invalid data model: a task has a title and a status.");
    }
    let task = IncidentTask {
        id: id.to_owned(),
        title: sent.title,
        description: sent.description,
        status: sent.status,
        writes: 1,
    };
    let is_new = incident.assign(task.clone());
    Answer::json(if is_new { 201 } else { 200 }, shown(incident, &task))
}

fn shown(incident: &Incident, task: &IncidentTask) -> Value {
    json!({
        "id": format!("{}/Tasks/{}", incident.entry.id, task.id),
        "name": task.id,
        "etag": super::incidents::etag(incident),
        "type": "Microsoft.SecurityInsights/Incidents/Tasks",
        "properties": {
            "title": task.title,
            "description": task.description,
            "status": task.status,
        },
    })
}
