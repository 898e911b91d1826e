//! Goes through a definition as the service does: what runs, in which order, with which inputs, and how it ends.
//!
//! It knows the actions of the playbooks: `Http` and `ApiConnection`, whose answers the caller gives, `Compose`, `If` and
//! `Terminate`.

use serde_json::{Map, Value};

use super::evaluate::{Ended, Scene, Status};

/// An action that ran.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Its inputs with all expressions filled.
    pub inputs: Value,
}

/// A run that is over.
#[derive(Debug, Clone)]
pub struct Run {
    /// What ran, in order. Skipped actions are not in it.
    pub steps: Vec<Step>,
    /// How the run ended.
    pub status: Status,
    /// The error that it ended with, if it was terminated.
    pub error: Option<Value>,
}

/// Answers the calls of a run: from an action's name and its inputs, how it ends and with which outputs.
pub type Answer<'a> = dyn FnMut(&str, &Value) -> (Status, Value) + 'a;

/// Runs `definition` in `scene`, which holds the trigger's body and the parameters.
///
/// # Errors
/// What the service would stumble over: an expression without a value, or an action that is not known here.
pub fn run(definition: &Value, scene: Scene, answer: &mut Answer<'_>) -> Result<Run, String> {
    let mut runner = Runner {
        scene,
        answer,
        steps: Vec::new(),
        terminated: None,
    };
    let actions = object(definition, "actions")?;
    let status = runner.scope(actions)?;
    let (status, error) = match runner.terminated {
        Some((status, error)) => (status, Some(error)),
        None => (status, None),
    };
    Ok(Run {
        steps: runner.steps,
        status,
        error,
    })
}

struct Runner<'a, 'b> {
    scene: Scene,
    answer: &'a mut Answer<'b>,
    steps: Vec<Step>,
    terminated: Option<(Status, Value)>,
}

impl Runner<'_, '_> {
    /// Runs the actions of a scope, each when all that it runs after have ended.
    fn scope(&mut self, actions: &Map<String, Value>) -> Result<Status, String> {
        let mut open: Vec<&String> = actions.keys().collect();
        while !open.is_empty() && self.terminated.is_none() {
            let ready = open
                .iter()
                .position(|name| {
                    after(&actions[*name]).is_none_or(|after| {
                        after
                            .keys()
                            .all(|target| self.scene.actions.contains_key(target))
                    })
                })
                .ok_or_else(|| format!("nothing can run of {open:?}"))?;
            let name = open.remove(ready);
            let action = &actions[name];
            let ended = if self.may_run(action) {
                self.act(name, action)
                    .map_err(|problem| format!("{name}: {problem}"))?
            } else {
                skip(action, &mut self.scene);
                Ended {
                    status: Status::Skipped,
                    outputs: Value::Null,
                }
            };
            self.scene.actions.insert(name.clone(), ended);
        }
        Ok(self.outcome(actions))
    }

    fn may_run(&self, action: &Value) -> bool {
        after(action).into_iter().flatten().all(|(name, statuses)| {
            let ended = self.scene.actions.get(name).map(|ended| ended.status);
            statuses
                .as_array()
                .into_iter()
                .flatten()
                .any(|status| ended.is_some_and(|ended| status.as_str() == Some(ended.as_str())))
        })
    }

    fn act(&mut self, name: &str, action: &Value) -> Result<Ended, String> {
        let kind = action["type"].as_str().unwrap_or_default();
        if kind == "If" {
            let branch = if self.condition(&action["expression"])? {
                object(action, "actions")?
            } else {
                object(&action["else"], "actions")?
            };
            let status = self.scope(branch)?;
            return Ok(Ended {
                status,
                outputs: Value::Null,
            });
        }
        let inputs = self.scene.fill(&action["inputs"])?;
        self.steps.push(Step {
            name: name.to_owned(),
            inputs: inputs.clone(),
        });
        let (status, outputs) = match kind {
            "Http" | "ApiConnection" => (self.answer)(name, &inputs),
            "Compose" => (Status::Succeeded, inputs),
            "Terminate" => {
                let status = if inputs["runStatus"].as_str() == Some("Succeeded") {
                    Status::Succeeded
                } else {
                    Status::Failed
                };
                self.terminated = Some((status, inputs["runError"].clone()));
                (Status::Succeeded, Value::Null)
            }
            other => return Err(format!("`{other}` is not an action that is known here")),
        };
        Ok(Ended { status, outputs })
    }

    fn condition(&self, expression: &Value) -> Result<bool, String> {
        let Some((operator, operand)) = expression
            .as_object()
            .filter(|object| object.len() == 1)
            .and_then(|object| object.iter().next())
        else {
            return Err(format!("{expression} is not a condition"));
        };
        let operands = operand.as_array().map(Vec::as_slice).unwrap_or_default();
        match operator.as_str() {
            "and" => operands
                .iter()
                .try_fold(true, |all, one| Ok(all & self.condition(one)?)),
            "not" => Ok(!self.condition(operand)?),
            "equals" => match operands {
                [left, right] => Ok(self.scene.fill(left)? == self.scene.fill(right)?),
                _ => Err("`equals` takes two operands".to_owned()),
            },
            other => Err(format!("`{other}` is not a condition that is known here")),
        }
    }

    /// How a scope ended: failed if one of its last actions did. Of a last action that was skipped, what it runs after
    /// counts in its place.
    fn outcome(&self, actions: &Map<String, Value>) -> Status {
        let is_last = |name: &String| {
            !actions
                .values()
                .any(|action| after(action).is_some_and(|after| after.contains_key(name)))
        };
        let mut open: Vec<&String> = actions.keys().filter(|name| is_last(name)).collect();
        while let Some(name) = open.pop() {
            match self.scene.actions.get(name).map(|ended| ended.status) {
                Some(Status::Failed | Status::TimedOut) => return Status::Failed,
                Some(Status::Skipped) => {
                    open.extend(after(&actions[name]).into_iter().flat_map(Map::keys));
                }
                Some(Status::Succeeded) | None => {}
            }
        }
        Status::Succeeded
    }
}

fn after(action: &Value) -> Option<&Map<String, Value>> {
    action["runAfter"].as_object()
}

/// Marks all actions within a skipped action as skipped.
fn skip(action: &Value, scene: &mut Scene) {
    for scope in [&action["actions"], &action["else"]["actions"]] {
        for (name, inner) in scope.as_object().into_iter().flatten() {
            let ended = Ended {
                status: Status::Skipped,
                outputs: Value::Null,
            };
            scene.actions.insert(name.clone(), ended);
            skip(inner, scene);
        }
    }
}

fn object<'a>(value: &'a Value, name: &str) -> Result<&'a Map<String, Value>, String> {
    value[name]
        .as_object()
        .ok_or_else(|| format!("`{name}` is not an object"))
}
