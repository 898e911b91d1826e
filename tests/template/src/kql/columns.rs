//! Follows the columns of a query from its tables through each operator, and reports a name that is no column there.

use std::collections::{BTreeMap, BTreeSet};

use super::Problem;
use super::lex::{Kind, Token};
use super::syntax::{items, split, statements, within};
use super::words::{CONVERSIONS, FUNCTIONS, OPERATORS, SHARED_TABLES, TABLES};

type Columns = BTreeSet<String>;

/// What a query may name besides functions: tables, and what it has bound by `let`.
struct Scope {
    tables: BTreeMap<String, Columns>,
    problems: Vec<Problem>,
}

/// Every name that is not known where it stands.
pub(super) fn check(tokens: &[Token<'_>]) -> Vec<Problem> {
    let tables = TABLES
        .iter()
        .map(|(name, columns)| {
            let columns = columns.iter().map(ToString::to_string).collect();
            ((*name).to_owned(), columns)
        })
        .collect();
    let mut scope = Scope {
        tables,
        problems: Vec::new(),
    };
    let statements = statements(tokens);
    for statement in &statements {
        match statement {
            [word, name, equals, tabular @ ..]
                if word.is(Kind::Word, "let") && equals.is_mark("=") =>
            {
                let columns = scope.pipeline(tabular);
                scope.tables.insert(name.text.to_owned(), columns);
            }
            other => {
                scope.pipeline(other);
            }
        }
    }
    if let Some([first, ..]) = statements.last()
        && first.is(Kind::Word, "let")
    {
        scope.report(first, "the query ends without a result");
    }
    scope.problems
}

impl Scope {
    fn report(&mut self, at: &Token<'_>, what: impl Into<String>) {
        self.problems.push(Problem::new(at.line, what));
    }

    fn pipeline(&mut self, tokens: &[Token<'_>]) -> Columns {
        let stages = split(tokens, |token| token.is_mark("|"));
        if stages.len() > 1
            && let Some(empty) = stages.iter().position(|stage| stage.is_empty())
        {
            let before: usize = stages[..empty].iter().map(|stage| stage.len() + 1).sum();
            if let Some(token) = tokens.get(before.saturating_sub(1)) {
                self.report(token, "a pipe leads from or to nothing");
            }
            return Columns::new();
        }
        let mut columns = self.source(stages[0]);
        if let [table] = stages[0]
            && SHARED_TABLES.contains(&table.text)
            && !stages
                .get(1)
                .is_some_and(|stage| is_of_one_component(stage))
        {
            let what = format!(
                "{} is read without `where _ResourceId endswith \"/components/{{ApplicationInsights}}\"` first",
                table.text
            );
            self.report(table, what);
        }
        for stage in &stages[1..] {
            if let Some((operator, rest)) = stage.split_first() {
                columns = self.stage(operator, rest, columns);
            }
        }
        columns
    }

    /// Where rows come from: a table, a bound name, a union, rows written out, or a pipeline in brackets.
    fn source(&mut self, tokens: &[Token<'_>]) -> Columns {
        match tokens {
            [] => Columns::new(),
            [table] => {
                let known = self.tables.get(table.text).cloned();
                known.unwrap_or_else(|| {
                    self.report(table, format!("{} is no table known here", table.text));
                    Columns::new()
                })
            }
            [word, isfuzzy, equals, _value, rest @ ..]
                if word.is(Kind::Word, "union")
                    && isfuzzy.text == "isfuzzy"
                    && equals.is_mark("=") =>
            {
                self.union(rest)
            }
            [word, rest @ ..] if word.is(Kind::Word, "union") => self.union(rest),
            [word, open, ..] if word.is(Kind::Word, "datatable") && open.is_mark("(") => {
                let colons = tokens.windows(2).filter(|pair| pair[1].is_mark(":"));
                colons.map(|pair| pair[0].text.to_owned()).collect()
            }
            [first, ..] => {
                if let Some(inner) = within(tokens) {
                    self.pipeline(inner)
                } else {
                    self.report(first, "rows come from nothing that is known here");
                    Columns::new()
                }
            }
        }
    }

    fn union(&mut self, tokens: &[Token<'_>]) -> Columns {
        let legs = items(tokens);
        legs.into_iter().flat_map(|leg| self.source(leg)).collect()
    }

    fn stage(&mut self, operator: &Token<'_>, rest: &[Token<'_>], columns: Columns) -> Columns {
        match operator.text {
            "where" => {
                self.names(rest, &columns);
                columns
            }
            "extend" => {
                let mut wider = columns.clone();
                wider.extend(self.assigned(rest, &columns));
                wider
            }
            "distinct" if matches!(rest, [all] if all.is_mark("*")) => columns,
            "project" | "distinct" => self.assigned(rest, &columns),
            "summarize" => {
                let parts = split(rest, |token| token.is(Kind::Word, "by"));
                let found = parts.iter().flat_map(|part| self.assigned(part, &columns));
                found.collect()
            }
            "order" => {
                let rest = rest.iter().filter(|token| {
                    token.kind != Kind::Word || !["by", "asc", "desc"].contains(&token.text)
                });
                let rest: Vec<_> = rest.copied().collect();
                self.names(&rest, &columns);
                columns
            }
            "join" => self.join(operator, rest, columns),
            other => {
                self.report(operator, format!("{other} is no operator known here"));
                columns
            }
        }
    }

    /// The columns that a list such as `A, B = f(C)` makes.
    fn assigned(&mut self, tokens: &[Token<'_>], columns: &Columns) -> Columns {
        let mut made = Columns::new();
        for item in items(tokens) {
            match item {
                [name, equals, value @ ..] if equals.is_mark("=") => {
                    self.names(value, columns);
                    made.insert(name.text.to_owned());
                }
                [name] if name.kind == Kind::Word => {
                    self.names(item, columns);
                    made.insert(name.text.to_owned());
                }
                [function, open, inner @ .., close]
                    if ["bin", "arg_max"].contains(&function.text)
                        && open.is_mark("(")
                        && close.is_mark(")") =>
                {
                    // `bin(At, 1h)` keeps the name At, `arg_max(At, A, B)` all three.
                    self.names(inner, columns);
                    let named = items(inner).into_iter().filter_map(|part| match part {
                        [name] if name.kind == Kind::Word => Some(name.text.to_owned()),
                        _ => None,
                    });
                    made.extend(named);
                }
                [first, ..] => self.report(first, "a value without a name"),
                [] => {
                    if let Some(first) = tokens.first() {
                        self.report(first, "a comma leads to nothing");
                    }
                }
            }
        }
        made
    }

    fn join(&mut self, at: &Token<'_>, rest: &[Token<'_>], left: Columns) -> Columns {
        let parts = split(rest, |token| token.is(Kind::Word, "on"));
        let [with, keys] = parts.as_slice() else {
            self.report(at, "a join without `on`");
            return left;
        };
        let [word, equals, kind, right @ ..] = with else {
            self.report(at, "a join without its kind");
            return left;
        };
        if word.text != "kind" || !equals.is_mark("=") {
            self.report(word, "a join without its kind");
        }
        let right = self.source(right);
        self.names(keys, &left);
        self.names(keys, &right);
        match kind.text {
            "leftanti" => left,
            "leftouter" | "inner" => left.into_iter().chain(right).collect(),
            other => {
                self.report(kind, format!("{other} is no kind of join known here"));
                left
            }
        }
    }

    /// Reports names that are neither columns nor functions. What follows a dot is a member of JSON, not a column.
    fn names(&mut self, tokens: &[Token<'_>], columns: &Columns) {
        for (at, token) in tokens.iter().enumerate() {
            let follows_dot = at
                .checked_sub(1)
                .is_some_and(|before| tokens[before].is_mark("."));
            if token.kind != Kind::Word || follows_dot || OPERATORS.contains(&token.text) {
                continue;
            }
            if tokens.get(at + 1).is_some_and(|next| next.is_mark("(")) {
                if !FUNCTIONS.contains(&token.text) && !CONVERSIONS.contains(&token.text) {
                    self.report(token, format!("{} is no function known here", token.text));
                }
            } else if !columns.contains(token.text) {
                self.report(token, format!("{} is no column at this place", token.text));
            }
        }
    }
}

fn is_of_one_component(stage: &[Token<'_>]) -> bool {
    let texts: Vec<_> = stage.iter().map(|token| token.text).collect();
    texts
        == [
            "where",
            "_ResourceId",
            "endswith",
            "/components/{ApplicationInsights}",
        ]
}
