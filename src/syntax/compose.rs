//! Compose files.
//!
//! YAML is read event by event into a flat list of nodes, so that neither nesting nor aliases cost more than the text
//! is long: an alias is a reference to the node that it names, never a copy of it.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{Parsed, SyntaxError};
use crate::source::{FileId, Span};

/// A node, as an index into the nodes of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(u32);

/// The first document of a file.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    root: Option<NodeId>,
    is_partial: bool,
}

/// A node of the document.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands, quotes included.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A text or a number, with its quotes and escapes resolved.
    Scalar {
        /// The text.
        text: String,
        /// Whether it is written without quotes, so that it can be a number.
        plain: bool,
    },
    /// A list.
    Sequence(Vec<NodeId>),
    /// Keys with their values, in the order of the file.
    Mapping(Vec<(NodeId, NodeId)>),
    /// Another name of a node that stands before it.
    Alias(NodeId),
}

/// The deepest nesting, the largest number of nodes and the most mappings merged into one that are read; no Compose file comes near them.
const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 20_000;
const MAX_MERGED: usize = 8;

impl Tree {
    /// The outermost node, if there is a document.
    pub fn root(&self) -> Option<&Node> {
        self.root.map(|id| self.get(id))
    }

    /// Whether there may be more than this in the file: the rest is no YAML, or a template engine puts it there. An
    /// expression within a text (`"{{ port }}:80"`) touches that text alone.
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// The node of an identifier of this tree; an alias gives the node that it names.
    pub fn get(&self, id: NodeId) -> &Node {
        let node = &self.nodes[id.0 as usize];
        match node.kind {
            // What an alias names is never an alias itself.
            NodeKind::Alias(target) => &self.nodes[target.0 as usize],
            _ => node,
        }
    }

    /// Where a node stands: an alias itself, not what it names.
    pub fn place(&self, id: NodeId) -> Span {
        self.nodes[id.0 as usize].span
    }

    /// The keys of a mapping that are texts, with their values; of a key that occurs twice the last counts. Entries
    /// that are merged in (`<<`) count where the mapping itself has none.
    pub fn entries<'a>(&'a self, mapping: &'a Node) -> Vec<(&'a str, NodeId)> {
        let mut entries: BTreeMap<&str, (NodeId, NodeId)> = BTreeMap::new();
        for (key, value) in mapping.pairs() {
            if let Some(name) = self.get(*key).text().filter(|name| *name != "<<") {
                entries.insert(name, (*key, *value));
            }
        }
        for (key, value) in self.merged(mapping).flat_map(Node::pairs) {
            if let Some(name) = self.get(*key).text().filter(|name| *name != "<<") {
                entries.entry(name).or_insert((*key, *value));
            }
        }
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by_key(|(_, (key, _))| *key);
        entries.into_iter().map(|(name, (_, value))| (name, value)).collect()
    }

    /// The value of a key of a mapping.
    pub fn value(&self, mapping: &Node, key: &str) -> Option<NodeId> {
        let is_it = |pair: &&(NodeId, NodeId)| self.get(pair.0).text() == Some(key);
        let own = mapping.pairs().iter().rfind(is_it);
        own.or_else(|| self.merged(mapping).find_map(|it| it.pairs().iter().find(is_it)))
            .map(|(_, value)| *value)
    }

    /// The mappings that a mapping merges in, the one that counts first. What these merge in turn is left out, and so
    /// is more than a person would merge.
    fn merged<'a>(&'a self, mapping: &'a Node) -> impl Iterator<Item = &'a Node> {
        let merges = mapping.pairs().iter().filter(|(key, _)| self.get(*key).text() == Some("<<"));
        let nodes = merges.flat_map(|(_, value)| {
            let node = self.get(*value);
            node.items().iter().map(|id| self.get(*id)).chain([node])
        });
        nodes.take(MAX_MERGED)
    }
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The items of a sequence; none of anything else.
    pub fn items(&self) -> &[NodeId] {
        match &self.kind {
            NodeKind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The keys and values of a mapping; none of anything else.
    pub fn pairs(&self) -> &[(NodeId, NodeId)] {
        match &self.kind {
            NodeKind::Mapping(pairs) => pairs,
            _ => &[],
        }
    }
}

/// Reads the first document of a Compose file. A file in which a template engine has a part has no errors: then the
/// tree holds what stands before the place that is no YAML.
pub fn parse(file: FileId, text: &str) -> Parsed<Tree> {
    let offsets = Offsets::new(text);
    let mut reader =
        Reader { text, offsets, tree: Tree::default(), open: Vec::new(), anchors: BTreeMap::new() };
    let mut errors = Vec::new();
    let decides = ["{%", "<%"].iter().any(|mark| text.contains(mark));
    let is_template = decides || text.contains("{{");
    reader.tree.is_partial = decides;
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (at, message) = match event {
            Ok((Event::DocumentEnd, _)) => break,
            Ok((event, span)) => {
                let start = reader.offsets.at(span.start.index());
                let end = match &event {
                    Event::Scalar(_, style, ..) => end_of_quoted(text, start, *style),
                    _ => None,
                };
                let range = start..end.unwrap_or_else(|| reader.offsets.at(span.end.index()));
                match reader.event(event, Span::new(file, range.clone())) {
                    Ok(()) => continue,
                    Err(message) => (range.start, message.to_owned()),
                }
            }
            Err(error) => (reader.offsets.at(error.marker().index()), error.info().to_owned()),
        };
        reader.tree.is_partial = true;
        if !is_template {
            errors.push(SyntaxError { span: Span::new(file, at..at), message, hint: None, ignored: false });
        }
        break;
    }
    while !reader.open.is_empty() {
        reader.close();
    }
    Parsed { tree: reader.tree, errors }
}

/// Where a quoted text ends. The parser counts what follows on the line to it.
fn end_of_quoted(text: &str, start: usize, style: ScalarStyle) -> Option<usize> {
    let quote = match style {
        ScalarStyle::SingleQuoted => b'\'',
        ScalarStyle::DoubleQuoted => b'"',
        _ => return None,
    };
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while *bytes.get(at)? != quote || (quote == b'\'' && bytes.get(at + 1) == Some(&quote)) {
        let pair = bytes[at] == quote || (quote == b'"' && bytes[at] == b'\\');
        at += 1 + usize::from(pair);
    }
    Some(at + 1)
}

/// A collection that is being read.
struct Open {
    node: NodeId,
    /// The key whose value comes next, in a mapping.
    key: Option<NodeId>,
    /// Whether it stands in brackets.
    is_flow: bool,
    /// Where what was read of it ends.
    end: u32,
}

struct Reader<'a> {
    text: &'a str,
    offsets: Offsets,
    tree: Tree,
    open: Vec<Open>,
    anchors: BTreeMap<usize, NodeId>,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), &'static str> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                self.add(NodeKind::Scalar { text: text.into_owned(), plain }, span, anchor)?;
            }
            Event::SequenceStart(anchor, _) => self.begin(NodeKind::Sequence(Vec::new()), span, anchor)?,
            Event::MappingStart(anchor, _) => self.begin(NodeKind::Mapping(Vec::new()), span, anchor)?,
            Event::SequenceEnd | Event::MappingEnd => {
                self.close();
            }
            Event::Alias(anchor) => {
                let target = *self.anchors.get(&anchor).ok_or("an alias of a node that is not there")?;
                if self.open.iter().any(|it| it.node == target) {
                    return Err("an alias of a node that it stands in");
                }
                self.add(NodeKind::Alias(target), span, 0)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, kind: NodeKind, span: Span, anchor: usize) -> Result<(), &'static str> {
        if self.open.len() >= MAX_DEPTH {
            return Err("the file is nested deeper than any Compose file");
        }
        let node = self.add(kind, span, anchor)?;
        // Brackets are there to be seen, while a block begins without a sign of its own.
        self.open.push(Open { node, key: None, is_flow: span.start < span.end, end: span.end });
        Ok(())
    }

    /// Adds a node to the collection that is open.
    fn add(&mut self, kind: NodeKind, span: Span, anchor: usize) -> Result<NodeId, &'static str> {
        if self.tree.nodes.len() >= MAX_NODES {
            return Err("the file is larger than any Compose file");
        }
        let id = NodeId(self.tree.nodes.len() as u32);
        self.tree.nodes.push(Node { span, kind });
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        let is_key = self.open.last().is_some_and(|parent| {
            parent.key.is_none() && matches!(self.tree.get(parent.node).kind, NodeKind::Mapping(_))
        });
        // `{{ name }}:` reads as a mapping that is a key; no Compose file has such keys.
        self.tree.is_partial |= is_key && self.tree.get(id).text().is_none();
        let Some(parent) = self.open.last_mut() else {
            self.tree.root.get_or_insert(id);
            return Ok(id);
        };
        parent.end = span.end;
        match &mut self.tree.nodes[parent.node.0 as usize].kind {
            NodeKind::Sequence(items) => items.push(id),
            NodeKind::Mapping(pairs) => match parent.key.take() {
                None => parent.key = Some(id),
                Some(key) => pairs.push((key, id)),
            },
            NodeKind::Scalar { .. } | NodeKind::Alias(_) => {}
        }
        Ok(id)
    }

    /// Ends the innermost collection: in brackets at the closing one, else with its last node, since the end of a block
    /// is only noticed at what follows it.
    fn close(&mut self) {
        let Some(closed) = self.open.pop() else { return };
        let behind = self.text.get(closed.end as usize..).unwrap_or_default();
        let bracket = behind.find(['}', ']']).filter(|_| closed.is_flow);
        let end = closed.end + bracket.map_or(0, |at| at as u32 + 1);
        self.tree.nodes[closed.node.0 as usize].span.end = end;
        if let Some(parent) = self.open.last_mut() {
            parent.end = end;
        }
    }
}

/// The parser counts characters; this finds the bytes.
struct Offsets {
    /// The byte offset of each character, where not all characters are one byte long.
    bytes: Option<Vec<u32>>,
    length: usize,
}

impl Offsets {
    fn new(text: &str) -> Offsets {
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at as u32).collect());
        Offsets { bytes, length: text.len() }
    }

    fn at(&self, character: usize) -> usize {
        match &self.bytes {
            Some(bytes) => bytes.get(character).map_or(self.length, |at| *at as usize),
            None => character.min(self.length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans_of_ports(text: &str) -> Vec<&str> {
        let tree = parse(FileId(0), text).tree;
        let Some(ports) = tree.root().and_then(|root| tree.value(root, "ports")) else { return Vec::new() };
        tree.get(ports).items().iter().map(|id| &text[tree.place(*id).range()]).collect()
    }

    #[test]
    fn nodes_know_where_they_stand() {
        assert_eq!(spans_of_ports("é: ü\nports:\n  - \"1:2\" # x\n  - 3\n"), ["\"1:2\"", "3"]);
        assert_eq!(spans_of_ports("ports: ['a''b' , \"c\\\"d\" , e ]"), ["'a''b'", "\"c\\\"d\"", "e"]);
        assert_eq!(spans_of_ports("\u{feff}ports: ['1:2', 3:4]"), ["'1:2'", "3:4"]);
    }

    #[test]
    fn collections_end_with_their_last_node() {
        let text = "ports:\n  - a: 1\n    b: 2\n\n  - {a: 1} # x\n  - [1]\n# y\n";
        assert_eq!(spans_of_ports(text), ["a: 1\n    b: 2", "{a: 1}", "[1]"]);
    }

    #[test]
    fn aliases_and_merges() {
        let text = "x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: *x\n";
        let tree = parse(FileId(0), text).tree;
        let root = tree.root().unwrap();
        let entries = |key: &str| -> Vec<(String, String)> {
            let node = tree.get(tree.value(root, key).unwrap());
            let entry =
                |(key, id): (&str, NodeId)| (key.to_owned(), tree.get(id).text().unwrap_or("").to_owned());
            tree.entries(node).into_iter().map(entry).collect()
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(entries("z"), [pair("a", "1"), pair("b", "2")]);
        assert_eq!(entries("y"), [pair("a", "1"), pair("b", "3")]);
    }

    #[test]
    fn what_is_no_yaml_is_an_error_unless_a_template_engine_has_a_part_in_it() {
        assert_eq!(parse(FileId(0), "a: [1").errors.len(), 1);
        assert_eq!(parse(FileId(0), "a: 1\n{% if b %}\nb: 2\n{% endif %}\n").errors, []);
        assert_eq!(parse(FileId(0), "a: b\n---\nc: [").errors, []);
        assert_eq!(parse(FileId(0), "").errors, []);
        assert_eq!(parse(FileId(0), "a: &a [*a]").errors.len(), 1);
        assert_eq!(parse(FileId(0), "a: *b").errors.len(), 1);
    }

    #[test]
    fn what_may_hold_more_than_it_shows() {
        for (text, is_partial) in [
            ("a: 1", false),
            ("a: '{{ b }}'", false),
            ("# {{ managed }}\na: x{{ b }}y", false),
            ("{{ a }}: 1", true),
            ("a: {{ b }}", true),
            ("a: 1\n# {% if b %}\nb: 2", true),
            ("a: [", true),
        ] {
            assert_eq!(parse(FileId(0), text).tree.is_partial(), is_partial, "{text}");
        }
    }

    #[test]
    fn hostile_files_cost_an_error() {
        for unit in ["[", "- ", "{a: ", "? ", "&a [", "!a ", "\"", "a: b\n", "- a\n", "&", "|\n"] {
            parse(FileId(0), &unit.repeat(30_000));
        }
        let mut bomb = String::from("a0: &a0 [x, x]\n");
        for level in 1..60 {
            bomb.push_str(&format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1));
        }
        let parsed = parse(FileId(0), &bomb);
        assert!(parsed.errors.is_empty() && parsed.tree.nodes.len() < 1000);
    }
}
