//! The expression language within the strings of a workflow definition.
//!
//! A string that begins with `@` is one expression as a whole, `@{…}` within a string is put into its text, and `@@` at the
//! beginning is an `@`. Source: "Workflow Definition Language schema reference for Azure Logic Apps".

use serde_json::Value;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A string, a whole number, `true`, `false` or `null`.
    Literal(Value),
    /// A function with its arguments.
    Call {
        /// The function's name as written.
        name: String,
        /// The arguments.
        arguments: Vec<Expression>,
    },
    /// A property or an element: `of[key]`, `of?[key]`, `of.key`.
    Member {
        /// What it is taken from.
        of: Box<Expression>,
        /// The name of the property or the number of the element.
        key: Box<Expression>,
        /// Whether null may be taken for a value that is absent (`?`).
        optional: bool,
    },
}

impl Expression {
    /// Shows `visitor` this expression and all that it consists of.
    pub fn visit(&self, visitor: &mut dyn FnMut(&Self)) {
        visitor(self);
        match self {
            Self::Literal(_) => {}
            Self::Call { arguments, .. } => {
                for argument in arguments {
                    argument.visit(visitor);
                }
            }
            Self::Member { of, key, .. } => {
                of.visit(visitor);
                key.visit(visitor);
            }
        }
    }
}

/// A part of a string with `@{…}` in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Text that stays as it is.
    Text(String),
    /// An expression whose value is put into the text.
    Expression(Expression),
}

/// A string of a workflow definition.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// A string whose value is that of one expression, of any type.
    Whole(Expression),
    /// Text with expressions in it.
    Pieces(Vec<Piece>),
}

impl Template {
    /// The expressions of the string.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let (whole, pieces) = match self {
            Self::Whole(expression) => (Some(expression), [].as_slice()),
            Self::Pieces(pieces) => (None, pieces.as_slice()),
        };
        whole
            .into_iter()
            .chain(pieces.iter().filter_map(|piece| match piece {
                Piece::Expression(expression) => Some(expression),
                Piece::Text(_) => None,
            }))
    }
}

/// Reads a string of a workflow definition.
///
/// # Errors
/// What is wrong with an expression in it, and at which character.
pub fn template(text: &str) -> Result<Template, String> {
    if let Some(escaped) = text.strip_prefix("@@") {
        return Ok(Template::Pieces(vec![Piece::Text(format!("@{escaped}"))]));
    }
    let mut reader = Reader {
        text: text.chars().collect(),
        at: 0,
    };
    if text.starts_with('@') && !text.starts_with("@{") {
        reader.at = 1;
        let expression = reader.expression()?;
        reader.spaces();
        return match reader.peek() {
            None => Ok(Template::Whole(expression)),
            Some(_) => Err(reader.wrong("the end of the expression")),
        };
    }
    let mut pieces = Vec::new();
    let mut plain = String::new();
    while let Some(character) = reader.peek() {
        if character == '@' && reader.text.get(reader.at + 1) == Some(&'{') {
            reader.at += 2;
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Expression(reader.expression()?));
            reader.expect('}')?;
        } else {
            plain.push(character);
            reader.at += 1;
        }
    }
    pieces.push(Piece::Text(plain));
    Ok(Template::Pieces(pieces))
}

struct Reader {
    text: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn wrong(&self, expected: &str) -> String {
        let found = self
            .peek()
            .map_or("the end of the string".to_owned(), |found| {
                format!("`{found}`")
            });
        format!(
            "expected {expected} at character {} but found {found}",
            self.at + 1
        )
    }

    fn take(&mut self, character: char) -> bool {
        self.spaces();
        let is_there = self.peek() == Some(character);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, character: char) -> Result<(), String> {
        if self.take(character) {
            Ok(())
        } else {
            Err(self.wrong(&format!("`{character}`")))
        }
    }

    fn expression(&mut self) -> Result<Expression, String> {
        let mut expression = self.primary()?;
        loop {
            let before = self.at;
            let optional = self.take('?');
            let key = if self.take('[') {
                let key = self.expression()?;
                self.expect(']')?;
                key
            } else if self.take('.') {
                Expression::Literal(self.name()?.into())
            } else if optional {
                return Err(self.wrong("`[` or `.` after `?`"));
            } else {
                self.at = before;
                return Ok(expression);
            };
            expression = Expression::Member {
                of: Box::new(expression),
                key: Box::new(key),
                optional,
            };
        }
    }

    fn primary(&mut self) -> Result<Expression, String> {
        self.spaces();
        match self.peek() {
            Some('\'') => self.quoted(),
            Some(digit) if digit.is_ascii_digit() || digit == '-' => self.number(),
            Some(letter) if letter.is_ascii_alphabetic() => {
                let name = self.name()?;
                match name.as_str() {
                    "true" => return Ok(Expression::Literal(true.into())),
                    "false" => return Ok(Expression::Literal(false.into())),
                    "null" => return Ok(Expression::Literal(Value::Null)),
                    _ => {}
                }
                self.expect('(')?;
                Ok(Expression::Call {
                    name,
                    arguments: self.arguments()?,
                })
            }
            _ => Err(self.wrong("an expression")),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Expression>, String> {
        let mut arguments = Vec::new();
        if self.take(')') {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if !self.take(',') {
                self.expect(')')?;
                return Ok(arguments);
            }
        }
    }

    fn name(&mut self) -> Result<String, String> {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|character| character.is_ascii_alphanumeric() || character == '_')
        {
            self.at += 1;
        }
        if start == self.at {
            return Err(self.wrong("a name"));
        }
        Ok(self.text[start..self.at].iter().collect())
    }

    fn number(&mut self) -> Result<Expression, String> {
        let start = self.at;
        self.at += 1;
        while self.peek().is_some_and(|digit| digit.is_ascii_digit()) {
            self.at += 1;
        }
        let text: String = self.text[start..self.at].iter().collect();
        text.parse::<i64>()
            .map(|number| Expression::Literal(number.into()))
            .map_err(|_| self.wrong("a whole number"))
    }

    /// A string in single quotes, in which two of them stand for one.
    fn quoted(&mut self) -> Result<Expression, String> {
        let mut text = String::new();
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(self.wrong("the closing quote")),
                Some('\'') if self.text.get(self.at + 1) == Some(&'\'') => {
                    text.push('\'');
                    self.at += 2;
                }
                Some('\'') => {
                    self.at += 1;
                    return Ok(Expression::Literal(text.into()));
                }
                Some(character) => {
                    text.push(character);
                    self.at += 1;
                }
            }
        }
    }
}
