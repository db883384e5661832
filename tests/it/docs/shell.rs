//! The subset of a shell and of curl that the documentation uses. Anything unsupported is an error in the
//! documentation.

use super::jq;
use crate::harness::{Answer, TestApp};
use chrono::TimeDelta;
use serde_json::Value;
use std::collections::HashMap;

/// A shell that sends its requests to a test server instead of the addresses in the documentation.
pub struct Shell {
    app: TestApp,
    variables: HashMap<String, String>,
}

/// A word or an operator of a command.
#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Pipe,
}

/// A command and the comment after it.
#[derive(Debug, Default)]
struct Statement {
    text: String,
    comment: String,
}

/// The output of a command.
struct Output {
    values: Vec<Value>,
    /// The output as text without quotes.
    raw: String,
}

impl Shell {
    /// Returns a shell that uses this server.
    pub fn on(app: TestApp) -> Self {
        Self { app, variables: HashMap::new() }
    }

    /// Runs a block and returns its output as JSON.
    pub async fn run(&mut self, block: &str) -> Vec<Value> {
        let mut written = Vec::new();
        for statement in statements(block) {
            // The clock advances, so that resources created later have later times.
            self.app.advance(TimeDelta::seconds(1));
            let (name, value) = statement.text.split_once('=').unwrap_or_default();
            let assigns =
                !name.is_empty() && name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
            if !assigns {
                written.extend(self.pipeline(&statement.text, &statement.comment).await.values);
            } else if let Some(command) = value.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')) {
                let output = self.pipeline(command, &statement.comment).await;
                assert!(!["", "null"].contains(&output.raw.as_str()), "{name} is empty: {}", statement.text);
                self.variables.insert(name.to_owned(), output.raw);
            } else {
                let value = words(value, &self.variables);
                let [Token::Word(value)] = &value[..] else { panic!("no value: {}", statement.text) };
                self.variables.insert(name.to_owned(), value.clone());
            }
        }
        written
    }

    async fn pipeline(&self, command: &str, comment: &str) -> Output {
        let tokens = words(command, &self.variables);
        let mut parts = tokens.split(|token| *token == Token::Pipe).map(|part| {
            let word = |token: &Token| match token {
                Token::Word(word) => word.clone(),
                Token::Pipe => unreachable!("pipes are split at"),
            };
            part.iter().map(word).collect::<Vec<_>>()
        });
        let curl = parts.next().expect("a command");
        assert_eq!(curl[0], "curl", "{command}");
        let answer = Answer::of(self.request(&curl[1..])).await;
        check(&answer, comment, command);
        match parts.next() {
            None if answer.text.is_empty() => Output { values: Vec::new(), raw: String::new() },
            None => Output { values: vec![answer.body.clone()], raw: answer.text },
            Some(filter) => {
                let (raw, filter) = match &filter.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                    ["jq", "-r", filter] => (true, (*filter).to_owned()),
                    ["jq", "-c", filter] | ["jq", filter] => (false, (*filter).to_owned()),
                    other => panic!("not jq: {other:?}"),
                };
                assert!(parts.next().is_none(), "too long: {command}");
                let values = jq::run(&filter, &answer.body);
                let text = |value: &Value| match value {
                    Value::String(text) if raw => text.clone(),
                    value => value.to_string(),
                };
                Output { raw: values.iter().map(text).collect::<Vec<_>>().join("\n"), values }
            }
        }
    }

    /// Builds the request that curl would send.
    fn request(&self, arguments: &[String]) -> reqwest::RequestBuilder {
        let (mut url, mut method, mut data, mut headers) = (None, None, Vec::new(), Vec::new());
        let (mut in_query, mut arguments) = (false, arguments.iter().map(String::as_str));
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_else(|| panic!("nothing behind {argument}"));
            match argument {
                "-s" => {}
                "-sG" => in_query = true,
                "-X" => method = Some(value()),
                "-H" => headers.push(value().split_once(": ").expect("a header")),
                "-d" => data.push(value().to_owned()),
                "--data-urlencode" => {
                    let (name, content) = value().split_once('=').expect("name=content");
                    let mut pair = reqwest::Url::parse("x:").expect("a URL");
                    pair.query_pairs_mut().append_pair(name, content);
                    data.push(pair.query().expect("a pair").to_owned());
                }
                option if option.starts_with('-') => panic!("curl {option}"),
                address => assert!(url.replace(address).is_none(), "two addresses"),
            }
        }
        let places = [(8000, &self.app.url), (8083, &self.app.health_url), (8080, &self.app.health_url)];
        let url = places.iter().find_map(|(port, place)| {
            let path = url?.strip_prefix(&format!("http://localhost:{port}"))?;
            Some(format!("{place}{path}"))
        });
        let mut url = url.expect("an address of the server");
        let body = (!in_query && !data.is_empty()).then(|| data.join("&"));
        if in_query {
            url = format!("{url}?{}", data.join("&"));
        }
        let method = method.unwrap_or(if body.is_some() { "POST" } else { "GET" });
        let request = self.app.client.request(method.parse().expect("a method"), url);
        let typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if body.is_some() && !typed {
            headers.push(("Content-Type", "application/x-www-form-urlencoded"));
        }
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        match body {
            Some(body) => request.body(body),
            None => request,
        }
    }
}

/// Asserts that a response matches the comment: `201`, or `204 Header: value`.
fn check(answer: &Answer, comment: &str, command: &str) {
    let (status, header) = comment.split_once(' ').unwrap_or((comment, ""));
    match status.parse::<u16>() {
        Ok(status) => assert_eq!(answer.status, status, "{command}: {}", answer.text),
        Err(_) => assert!(answer.status < 300, "{command}: {} {}", answer.status, answer.text),
    }
    if let Some((name, value)) = header.split_once(": ") {
        assert_eq!(answer.header(name), value, "{command}");
    }
}

/// Returns the commands of a block that shows input after `$`, split into words.
pub fn commands(block: &str) -> Vec<Vec<String>> {
    let typed: String =
        block.lines().flat_map(|line| [line.strip_prefix("$ ").unwrap_or(line), "\n"]).collect();
    let word = |token| match token {
        Token::Word(word) => Some(word),
        Token::Pipe => None,
    };
    let words =
        |statement: Statement| words(&statement.text, &HashMap::new()).into_iter().map_while(word).collect();
    statements(&typed).into_iter().map(words).collect()
}

/// Splits a block into commands at line ends that are neither quoted nor escaped.
fn statements(block: &str) -> Vec<Statement> {
    let (mut all, mut now, mut quote, mut letters) = (Vec::new(), Statement::default(), None, block.chars());
    let mut in_comment = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\n' if quote.is_none() => {
                in_comment = false;
                all.push(std::mem::take(&mut now));
            }
            letter if in_comment => now.comment.push(letter),
            '#' if quote.is_none() && (now.text.is_empty() || now.text.ends_with(' ')) => in_comment = true,
            '\\' if quote.is_none() => match letters.next() {
                Some('\n') | None => {}
                Some(escaped) => now.text.extend(['\\', escaped]),
            },
            letter => {
                if quote == Some(letter) {
                    quote = None;
                } else if quote.is_none() && matches!(letter, '\'' | '"') {
                    quote = Some(letter);
                }
                now.text.push(letter);
            }
        }
    }
    assert!(quote.is_none() && now.text.is_empty(), "a command does not end: {now:?}");
    let trimmed = |statement: Statement| Statement {
        text: statement.text.trim().to_owned(),
        comment: statement.comment.trim().to_owned(),
    };
    all.into_iter().map(trimmed).filter(|statement| !statement.text.is_empty()).collect()
}

/// Splits a command into words and substitutes variables.
fn words(command: &str, variables: &HashMap<String, String>) -> Vec<Token> {
    let (mut tokens, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = command.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            letter if quote == Some(letter) => quote = None,
            '\'' | '"' if quote.is_none() => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            '$' if quote != Some('\'') => {
                let mut name = String::new();
                while let Some(letter) =
                    letters.next_if(|letter| letter.is_ascii_uppercase() || *letter == '_')
                {
                    name.push(letter);
                }
                let value = variables.get(&name);
                // Variables that are not defined here, such as those of other programs, stay as written.
                word.get_or_insert_default().push_str(value.unwrap_or(&format!("${name}")));
            }
            ' ' if quote.is_none() => tokens.extend(word.take().map(Token::Word)),
            '|' if quote.is_none() => {
                tokens.extend(word.take().map(Token::Word));
                tokens.push(Token::Pipe);
            }
            letter => word.get_or_insert_default().push(letter),
        }
    }
    tokens.extend(word.map(Token::Word));
    tokens
}

#[test]
fn blocks_are_read_as_a_shell_reads_them() {
    let block = "A=x # one\ncurl -d '{\n  \"a\": 1}' \\\n  $A | jq '.a | .b'  # 201 H: v\n\n# none\n";
    let statements = statements(block);
    let comments: Vec<&str> = statements.iter().map(|statement| statement.comment.as_str()).collect();
    assert_eq!(comments, ["one", "201 H: v"]);
    let variables = HashMap::from([("A".to_owned(), "http://a/b".to_owned())]);
    let word = |text: &str| Token::Word(text.to_owned());
    let expected = [
        word("curl"),
        word("-d"),
        word("{\n  \"a\": 1}"),
        word("http://a/b"),
        Token::Pipe,
        word("jq"),
        word(".a | .b"),
    ];
    assert_eq!(words(&statements[1].text, &variables), expected);
    assert_eq!(words("\"x $A\"'$A'", &variables), [word("x http://a/b$A")]);
}
