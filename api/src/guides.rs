//! The guides of the folder `docs`, embedded at build time.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A file of the folder `docs`.
pub(crate) struct Guide {
    pub(crate) path: &'static str,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
}

macro_rules! guides {
    ($($file:literal: $title:literal),*) => {
        [$(Guide {
            path: concat!("/docs/", $file),
            title: $title,
            text: include_str!(concat!("../../docs/", $file)),
        }),*]
    };
}

/// All files of the folder `docs`, embedded at build time.
pub(crate) static GUIDES: [Guide; 15] = guides![
    "adapters.md": "Writing an adapter",
    "examples/adapter.py": "An adapter in Python",
    "examples/adapter.go": "An adapter in Go",
    "controllers.md": "Writing a controller",
    "changes.md": "Following changes",
    "examples/follow.py": "Following changes in Python",
    "examples/follow.go": "Following changes in Go",
    "search.md": "Search",
    "errors.md": "Errors",
    "compatibility.md": "Compatibility",
    "operations.md": "Operations",
    "architecture.md": "Architecture",
    "SECURITY.md": "Security",
    "CONTRIBUTING.md": "Contributing",
    "CHANGELOG.md": "Changelog"
];

impl Guide {
    /// Renders the guide as HTML, with links to the other guides and to its own sections. Returns `None` unless it
    /// is Markdown.
    pub(crate) fn rendered(&self) -> Option<String> {
        let Rendered { html, sections } = self.path.ends_with(".md").then(|| render(self.text))?;
        let item = |Guide { path, title, .. }: &Guide| {
            if *path == self.path {
                format!("<li><a href=\"#\" aria-current=\"page\">{title}</a>\n<ul>\n{sections}</ul></li>\n")
            } else {
                format!("<li><a href=\"{path}\">{title}</a></li>\n")
            }
        };
        let guides: String = GUIDES.iter().filter(|guide| guide.path.ends_with(".md")).map(item).collect();
        Some(format!(
            "<main>
<p class=\"narrow\"><a href=\"#guides\">Contents</a></p>
{html}</main>
<nav aria-label=\"Guides\" id=\"guides\">
<ul>
{guides}</ul>
</nav>"
        ))
    }
}

/// A guide rendered as HTML.
struct Rendered {
    html: String,
    /// Links to the sections, as list items.
    sections: String,
}

fn render(text: &str) -> Rendered {
    let mut parser = Parser::new_ext(text, Options::ENABLE_TABLES);
    let (mut events, mut sections) = (Vec::new(), String::new());
    // Replaces the end of a link to a file of the repository that is not served.
    let mut in_repository = None;
    let markup = |text: String| Event::Html(text.into());
    while let Some(event) = parser.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let is_inside = |event: &Event<'_>| !matches!(event, Event::End(TagEnd::Heading(_)));
                let title: Vec<Event<'_>> = parser.by_ref().take_while(is_inside).collect();
                let id = anchor(&title);
                let mut shown = String::new();
                html::push_html(&mut shown, title.into_iter());
                if level == HeadingLevel::H2 {
                    sections += &format!("<li><a href=\"#{id}\">{shown}</a></li>\n");
                }
                events
                    .push(markup(format!("<{level} id=\"{id}\"><a href=\"#{id}\">{shown}</a></{level}>\n")));
            }
            Event::Start(Tag::Link { dest_url, .. }) if dest_url.starts_with("../") => {
                let path = dest_url.trim_start_matches("../").split('#').next().unwrap_or_default();
                in_repository = Some(markup(format!(" (<code>{path}</code> in the repository)")));
            }
            Event::End(TagEnd::Link) => events.push(in_repository.take().unwrap_or(event)),
            Event::Start(Tag::Table(_)) => events.extend([markup("<div class=\"scroll\">".into()), event]),
            Event::End(TagEnd::Table) => events.extend([event, markup("</div>\n".into())]),
            event => events.push(event),
        }
    }
    let mut html = String::new();
    html::push_html(&mut html, events.into_iter());
    Rendered { html, sections }
}

/// Returns the anchor of a heading, in the format that GitHub uses.
fn anchor(title: &[Event<'_>]) -> String {
    let text = title.iter().filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.to_lowercase()),
        _ => None,
    });
    let text: String = text.collect();
    let allowed = |character: &char| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_');
    text.chars().filter(allowed).collect::<String>().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn what_is_not_served_is_named_instead_of_linked_to() {
        let Rendered { html, sections } = render("## Of `a_b`, and c\n\n[one](../x/y.md#z), [two](two.md)\n");
        let one = "one (<code>x/y.md</code> in the repository), <a href=\"two.md\">two</a>";
        assert!(html.contains(one), "{html}");
        assert_eq!(sections, "<li><a href=\"#of-a_b-and-c\">Of <code>a_b</code>, and c</a></li>\n");
    }

    #[test]
    fn the_whole_folder_of_guides_is_served() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let files = |folder: &Path| {
            let entries =
                std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
            entries.filter(|path| path.is_file()).collect::<Vec<_>>()
        };
        let all = [files(&root), files(&root.join("examples"))].concat();
        let path = |file: &std::path::PathBuf| {
            format!("/docs/{}", file.strip_prefix(&root).expect("below the folder").display())
        };
        let mut there: Vec<String> = all.iter().map(path).collect();
        let mut served: Vec<&str> = GUIDES.iter().map(|guide| guide.path).collect();
        there.sort_unstable();
        served.sort_unstable();
        assert_eq!(served, there);
    }
}
