//! Goes through a definition as the service does: what runs, in which order, with which inputs, and how it ends. It knows the
//! actions of the playbooks, `Http` and `ApiConnection` (whose answers a test gives), `Compose`, `If` and `Terminate`, and reports
//! any other.

use serde_json::{Map, Value};

use crate::workflow_language::{Ended, Scene, Status};

/// A run that is over.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// The inputs of what ran, in order, by the name of the action.
    pub(crate) steps: Vec<(String, Value)>,
    pub(crate) status: Status,
    /// The error that it ended with, if it was terminated.
    pub(crate) error: Option<Value>,
}

/// Answers a call: from its inputs, how it ends and with which outputs.
pub(crate) type Answer<'a> = dyn FnMut(&Value) -> (Status, Value) + 'a;

/// Runs a definition, or says what the service would stumble over.
pub(crate) fn run(
    definition: &Value,
    scene: Scene,
    answer: &mut Answer<'_>,
) -> Result<Run, String> {
    let mut runner = Runner {
        scene,
        answer,
        steps: Vec::new(),
        terminated: None,
    };
    let ended = runner.scope(&definition["actions"])?;
    let (status, error) = match runner.terminated {
        Some((status, error)) => (status, Some(error)),
        None => (ended, None),
    };
    let steps = runner.steps;
    Ok(Run {
        steps,
        status,
        error,
    })
}

struct Runner<'a, 'b> {
    scene: Scene,
    answer: &'a mut Answer<'b>,
    steps: Vec<(String, Value)>,
    terminated: Option<(Status, Value)>,
}

impl Runner<'_, '_> {
    /// Runs the actions of a scope, each when all that it runs after have ended.
    fn scope(&mut self, actions: &Value) -> Result<Status, String> {
        let actions = actions.as_object().ok_or("a scope without actions")?;
        let mut open: Vec<_> = actions.iter().collect();
        while !open.is_empty() && self.terminated.is_none() {
            let is_ready = |action: &Value| {
                let mut after = after(action).map(|(name, _)| name);
                after.all(|name| self.scene.actions.contains_key(name))
            };
            let ready = open.iter().position(|(_, action)| is_ready(action));
            let (name, action) = open.remove(ready.ok_or("the actions wait for each other")?);
            if self.may_run(action) {
                let ended = self.act(name, action);
                let ended = ended.map_err(|problem| format!("{name}: {problem}"))?;
                self.scene.actions.insert(name.clone(), ended);
            } else {
                skip(name, action, &mut self.scene);
            }
        }
        Ok(self.outcome(actions))
    }

    fn may_run(&self, action: &Value) -> bool {
        after(action).all(|(name, statuses)| {
            let status = format!("{:?}", self.scene.actions[name].status);
            statuses
                .as_array()
                .is_some_and(|them| them.contains(&status.into()))
        })
    }

    fn act(&mut self, name: &str, action: &Value) -> Result<Ended, String> {
        let kind = action["type"].as_str().unwrap_or_default();
        if kind == "If" {
            let is_so = self.condition(&action["expression"])?;
            let branch = if is_so { action } else { &action["else"] };
            let (status, outputs) = (self.scope(&branch["actions"])?, Value::Null);
            return Ok(Ended { status, outputs });
        }
        let inputs = self.scene.fill(&action["inputs"])?;
        self.steps.push((name.to_owned(), inputs.clone()));
        let (status, outputs) = match kind {
            "Http" | "ApiConnection" => (self.answer)(&inputs),
            "Compose" => (Status::Succeeded, inputs),
            "Terminate" => {
                let status = match inputs["runStatus"].as_str() {
                    Some("Succeeded") => Status::Succeeded,
                    _ => Status::Failed,
                };
                self.terminated = Some((status, inputs["runError"].clone()));
                (Status::Succeeded, Value::Null)
            }
            other => return Err(format!("`{other}` is not an action that is known here")),
        };
        Ok(Ended { status, outputs })
    }

    fn condition(&self, expression: &Value) -> Result<bool, String> {
        let operator = |name: &str| {
            expression
                .get(name)
                .filter(|_| expression.as_object().is_some_and(|it| it.len() == 1))
        };
        if let Some(Value::Array(all)) = operator("and") {
            return all
                .iter()
                .try_fold(true, |so_far, one| Ok(so_far & self.condition(one)?));
        }
        if let Some(one) = operator("not") {
            return Ok(!self.condition(one)?);
        }
        match operator("equals")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            Some([left, right]) => Ok(self.scene.fill(left)? == self.scene.fill(right)?),
            _ => Err(format!(
                "{expression} is not a condition that is known here"
            )),
        }
    }

    /// How a scope ended: failed if one of its last actions did. Of a last action that was skipped, what it runs after
    /// counts in its place.
    fn outcome(&self, actions: &Map<String, Value>) -> Status {
        let is_last = |name: &&String| {
            !actions
                .values()
                .any(|it| after(it).any(|(other, _)| other == *name))
        };
        let mut open: Vec<_> = actions.keys().filter(is_last).collect();
        while let Some(name) = open.pop() {
            match self.scene.actions.get(name).map(|ended| ended.status) {
                Some(Status::Failed | Status::TimedOut) => return Status::Failed,
                Some(Status::Skipped) => open.extend(after(&actions[name]).map(|(name, _)| name)),
                Some(Status::Succeeded) | None => {}
            }
        }
        Status::Succeeded
    }
}

/// What an action runs after, with the statuses that it asks for.
fn after(action: &Value) -> impl Iterator<Item = (&String, &Value)> {
    action["runAfter"].as_object().into_iter().flatten()
}

/// Marks an action and all within it as skipped.
fn skip(name: &str, action: &Value, scene: &mut Scene) {
    let (status, outputs) = (Status::Skipped, Value::Null);
    scene
        .actions
        .insert(name.to_owned(), Ended { status, outputs });
    for scope in [&action["actions"], &action["else"]["actions"]] {
        for (name, inner) in scope.as_object().into_iter().flatten() {
            skip(name, inner, scene);
        }
    }
}
