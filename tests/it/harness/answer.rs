use serde_json::Value;

/// A response, with the assertions that tests make about it. Each assertion returns the response, so that calls
/// chain.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body as received.
    pub text: String,
    /// The body as JSON. Null if the body is not JSON.
    pub body: Value,
}

impl Answer {
    /// Sends the request and reads the whole response.
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, text, body }
    }

    /// Returns the value of a header as text, or the empty string if the header is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts the status code.
    #[track_caller]
    pub fn status(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Asserts the whole body.
    #[track_caller]
    pub fn body(&self, body: &Value) -> &Self {
        assert_eq!(&self.body, body);
        self
    }

    /// Asserts the whole body of a list except the position, whose presence and value depend on timing.
    #[track_caller]
    pub fn list(&self, list: &Value) -> &Self {
        let without_position = |list: &Value| {
            let mut list = list.clone();
            list.as_object_mut().map(|list| list.remove("position"));
            list
        };
        assert_eq!(without_position(&self.body), without_position(list));
        self
    }

    /// Asserts that the response is a complete problem document with this code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> &Self {
        self.status(status);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        assert_eq!(self.body["code"], code, "{}", self.text);
        assert_eq!(self.body["status"], status, "{}", self.text);
        assert_eq!(self.body["trace_id"], self.header("x-request-id"), "{}", self.text);
        for field in ["type", "title", "detail", "instance", "timestamp"] {
            assert!(self.body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {}", self.text);
        }
        // The detail is a sentence, unless it begins with a name from the request, as the message of a validation
        // error does.
        let detail = &self.body["detail"];
        let begins_small = detail.as_str().is_some_and(|text| text.starts_with(char::is_lowercase));
        let names = *detail == self.body["errors"][0]["message"]
            || detail.as_str().is_some_and(|text| text.starts_with("kind "));
        assert!(!begins_small || names, "{}", self.text);
        self
    }

    /// Returns the names of the fields listed in `errors`.
    pub fn error_fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["field"].as_str()).collect()
    }

    /// Returns the value of the body at a JSON pointer.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> &Value {
        self.body.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}: {}", self.text))
    }

    /// Returns the string of the body at a JSON pointer.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("no text at {pointer}: {}", self.text)).to_owned()
    }

    /// Returns the names of a list's items, in order.
    pub fn names(&self) -> Vec<String> {
        let items = self.body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|item| item["name"].as_str()).map(String::from).collect()
    }
}
