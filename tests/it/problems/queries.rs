//! Query parameters of lists that are malformed or out of range.

use super::bad::{Bad, bad};

const BAD_REQUEST: &str = "HYPERFLEET-VAL-005";

pub fn all() -> Vec<Bad> {
    [paging(), searches(), orders(), several()].into_iter().flatten().collect()
}

fn list(what: &'static str, query: &str) -> Bad {
    bad(what, "GET", format!("clusters?{query}"))
}

fn paging() -> Vec<Bad> {
    vec![
        list("a page that is no number", "page=abc").at(&["page"]),
        list("page 0", "page=0").at(&["page"]),
        list("page -1", "page=-1").at(&["page"]),
        list("a page with a fraction", "page=1.5").at(&["page"]),
        list("a page beyond 64 bits", "page=18446744073709551616").at(&["page"]),
        list("an endless page", &format!("page={}", "9".repeat(200))).at(&["page"]),
        list("a size that is no number", "size=ten").at(&["size"]),
        list("size 0", "size=0").at(&["size"]),
        list("size 501", "size=501").at(&["size"]),
        list("size -5", "size=-5").at(&["size"]),
        list("pageSize 501", "pageSize=501").at(&["pageSize"]),
        list("an unclear total", "total=maybe").at(&["total"]),
        list("an unknown field", "fields=id,nope").at(&["fields"]),
        list("an unknown field below", "fields=status.nope").at(&["fields"]),
        list("fields without a name", "fields=,").at(&["fields"]),
        bad("fields of a report without a name", "GET", "clusters/{cluster}/statuses?fields=%20,")
            .at(&["fields"]),
        bad("an unknown field of a cluster", "GET", "clusters/{cluster}?fields=nope").at(&["fields"]),
        bad("page 0 of node pools", "GET", "clusters/{cluster}/nodepools?page=0").at(&["page"]),
        bad("page 0 of reports", "GET", "clusters/{cluster}/statuses?page=0").at(&["page"]),
        bad("an unknown field of a report", "GET", "nodepools/{pool}/statuses?fields=name").at(&["fields"]),
        list("NUL in a search", "search=name%3D'a%00b'").is(400, BAD_REQUEST).at(&["search"]),
        list("invalid UTF-8 in a search", "search=name%3D'%ff'").is(400, BAD_REQUEST).at(&["search"]),
        list("no cursor", "cursor=abc").is(400, BAD_REQUEST).at(&["cursor"]),
        list("no base64", "cursor=%21%21").is(400, BAD_REQUEST).at(&["cursor"]),
        list("another list's cursor", "cursor=eyJsIjoieCIsImsiOlsieCJdfQ").is(400, BAD_REQUEST),
    ]
}

fn searches() -> Vec<Bad> {
    let long = format!("name='{}'", "a".repeat(4096));
    let deep = format!("{}name='a'{}", "(".repeat(33), ")".repeat(33));
    let wide = vec!["name='a'"; 65].join(" or ");
    let values = format!("name in ({})", vec!["'a'"; 501].join(","));
    let texts = [
        ("an unknown field", "nope='x'"),
        ("a field of the tables", "status_phase='Ready'"),
        ("a bare word", "name"),
        ("a bare literal", "'abc'"),
        ("a comparison without end", "name="),
        ("an operator that is none", "name ~ 'a'"),
        ("a text without end", "name='a"),
        ("a parenthesis without end", "(name='a'"),
        ("a parenthesis too many", "name='a')"),
        ("half an and", "name='a' and"),
        ("an empty list", "name in ()"),
        ("a number for a text", "name=5"),
        ("a text for a number", "generation='x'"),
        ("a fraction for a generation", "generation=1.5"),
        ("no time", "created_time > 'yesterday'"),
        ("a day that is none", "created_time > '2026-02-30T00:00:00Z'"),
        ("a status that is none", "status.conditions.Ready='Maybe'"),
        ("a type that is none", "status.conditions.ready='True'"),
        ("a subfield that is none", "status.conditions.Ready.message='x'"),
        ("a label without key", "labels.='x'"),
        ("the end of a statement", "name='a'; drop table clusters"),
        ("a way out of the kind", "kind!='Cluster') or (name='zz'"),
        ("a text over 4096 bytes", &long),
        ("33 levels", &deep),
        ("65 comparisons", &wide),
        ("501 values", &values),
    ];
    let search = |(what, text): (&'static str, &str)| {
        let text = text.replace('%', "%25").replace('+', "%2B").replace('&', "%26");
        list(what, &format!("search={text}")).is(400, BAD_REQUEST).at(&["search"])
    };
    let mut all: Vec<Bad> = texts.into_iter().map(search).collect();
    all.push(
        bad("an unknown field, nested", "GET", "clusters/{cluster}/nodepools?search=nope='x'")
            .is(400, BAD_REQUEST),
    );
    all.push(
        bad("a field that reports do not have", "GET", "nodepools/{pool}/statuses?search=name='x'")
            .is(400, BAD_REQUEST)
            .at(&["search"]),
    );
    all.push(bad("an unknown field, flat", "GET", "nodepools?search=nope='x'").is(400, BAD_REQUEST));
    all
}

fn orders() -> Vec<Bad> {
    let order = |(what, query)| list(what, query).is(400, BAD_REQUEST).at(&["order"]);
    [
        ("an unknown field", "order=nope"),
        ("an unknown direction", "order=name up"),
        ("too many words", "order=name desc desc"),
        ("code for a field", "order=name;drop"),
        ("an unknown field by orderBy", "orderBy=nope"),
        ("orderBy with an unknown direction", "orderBy=name&order=up"),
        ("order by a label", "order=labels.env"),
    ]
    .into_iter()
    .map(order)
    .collect()
}

fn several() -> Vec<Bad> {
    vec![
        list("all at once", "page=0&size=501&total=x&search=nope&order=nope&fields=nope&cursor=x")
            .at(&["cursor", "fields", "order", "page", "search", "size", "total"]),
        list("page and size", "page=x&size=y").at(&["page", "size"]),
        list("search and order", "search=nope&order=nope").is(400, BAD_REQUEST).at(&["order", "search"]),
        bad(
            "all at once, of reports",
            "GET",
            "clusters/{cluster}/statuses?page=0&size=0&total=x&search=nope&order=nope&fields=nope&cursor=x",
        )
        .at(&["cursor", "fields", "order", "page", "search", "size", "total"]),
    ]
}
