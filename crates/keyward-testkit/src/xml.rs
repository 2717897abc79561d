//! As much XML as the service writes.

/// An element: its children or its text.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) children: Vec<Self>,
    pub(crate) text: String,
}

impl Element {
    /// Reads a document, which must be sound.
    pub(crate) fn parse(document: &str) -> Self {
        let mut rest = document;
        let element = Self::read(&mut rest);
        assert_eq!(rest, "", "something follows the document");
        element
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    fn read(rest: &mut &str) -> Self {
        let (head, mut inside) = rest.strip_prefix('<').unwrap().split_once('>').unwrap();
        let (name, attribute) = head.split_once(' ').unwrap_or((head, ""));
        let namespace = attribute.strip_prefix("xmlns=\"").and_then(|rest| rest.strip_suffix('"'));
        let mut element = Self {
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
            ..Self::default()
        };
        let end = format!("</{name}>");
        loop {
            if let Some(after) = inside.strip_prefix(&end) {
                *rest = after;
                return element;
            }
            if inside.starts_with('<') {
                element.children.push(Self::read(&mut inside));
            } else {
                let (text, _) = inside.split_once('<').unwrap();
                element.text = unescaped(text);
                inside = &inside[text.len()..];
            }
        }
    }
}

fn unescaped(text: &str) -> String {
    assert!(!text.contains('>'), "`>` is escaped: {text}");
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#xD;", "\r"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (escape, letter)| text.replace(escape, letter))
}
