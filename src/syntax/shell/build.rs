//! Tokens to commands.

use pest::iterators::Pair;

use super::grammar::{self, Rule};
use super::{Command, Join, Piece, Place, Script, Way, Word, words};

/// A block that is open.
struct Frame {
    kind: Kind,
    /// How what stands in it comes to run.
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    If,
    /// `for`, `while` and `until`.
    Loop,
    Case,
    Group,
    Subshell,
}

/// What the next tokens are part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Commands.
    Plain,
    /// `[[ ... ]]`.
    Test,
    /// The items of `name=(...)`.
    Array,
    /// Behind `for`: its variable.
    LoopName,
    /// Behind the variable of a `for`; with whether a `do` may come.
    LoopHead(bool),
    /// Behind `case`, up to `in`.
    CaseHead,
    /// A pattern of a `case`; with whether it may be `esac` instead.
    Pattern(bool),
    /// Behind `function`: its name.
    FunctionName,
    /// Behind `name(`.
    FunctionBracket,
    /// Behind `name()`: its block.
    FunctionBlock,
}

struct Builder {
    commands: Vec<Command>,
    frames: Vec<Frame>,
    mode: Mode,
    words: Vec<Word>,
    start: Option<usize>,
    end: usize,
    join: Join,
    /// Whether the command before this one is piped into it.
    piped: bool,
    /// Whether the next word is the file of a redirection.
    redirects: bool,
    /// Whether this command has a redirection.
    redirected: bool,
    /// Whether shells differ on a redirection of this command.
    bash_only: bool,
    /// Whether `time` stands before it.
    timed: bool,
    /// The group or subshell that has just been closed.
    closed: Option<Kind>,
}

/// What stands here is not read.
struct Unread;

/// Reads a script.
pub(super) fn build(text: &str) -> Script {
    let mut builder = Builder {
        commands: Vec::new(),
        frames: Vec::new(),
        mode: Mode::Plain,
        words: Vec::new(),
        start: None,
        end: 0,
        join: Join::Start,
        piped: false,
        redirects: false,
        redirected: false,
        bash_only: false,
        timed: false,
        closed: None,
    };
    let tokens = grammar::parse(text).into_iter().flat_map(Pair::into_inner);
    // A here-document holds the tokens behind it on its line.
    let tokens = tokens.flat_map(|token| match token.as_rule() {
        Rule::here => token.into_inner().collect::<Vec<_>>(),
        _ => vec![token],
    });
    let mut read = Ok(());
    for token in tokens {
        let start = token.as_span().start();
        read = builder.token(token);
        if read.is_err() {
            builder.end = start;
            break;
        }
    }
    let finished = read.and_then(|()| builder.separate("\n"));
    if finished.is_err() || !builder.frames.is_empty() || builder.mode != Mode::Plain {
        let range = builder.end..text.len();
        builder.push(Vec::new(), range, Place::Straight, Way::Unread);
    }
    Script { commands: builder.commands }
}

impl Builder {
    fn token(&mut self, token: Pair<'_, Rule>) -> Result<(), Unread> {
        let (start, end) = (token.as_span().start(), token.as_span().end());
        match token.as_rule() {
            Rule::newline => self.separate("\n"),
            Rule::operator => {
                let operator = token.as_str().to_owned();
                self.operator(&operator, start)?;
                if self.start.is_some() {
                    self.end = end;
                }
                Ok(())
            }
            Rule::word => self.word(words::word(token)),
            Rule::rest => Err(Unread),
            // A here-document is a redirection whose word the grammar has taken.
            _ => Ok(()),
        }
    }

    fn place(&self) -> Place {
        self.frames.last().map_or(Place::Straight, |frame| frame.place)
    }

    fn push(&mut self, words: Vec<Word>, range: std::ops::Range<usize>, place: Place, way: Way) {
        let bash_only = std::mem::take(&mut self.bash_only);
        let redirected = std::mem::take(&mut self.redirected);
        let timed = std::mem::take(&mut self.timed);
        let join = self.join;
        self.commands.push(Command { words, place, join, way, bash_only, redirected, timed, range });
    }

    fn open(&mut self, kind: Kind) {
        let parent = self.place();
        let place = match (kind, parent) {
            _ if self.mode == Mode::FunctionBlock => Place::Function,
            (_, Place::Function | Place::Apart) => parent,
            (Kind::Subshell, _) => Place::Apart,
            (Kind::Group, _) if self.join == Join::Start && !self.piped => parent,
            _ => Place::Perhaps,
        };
        self.mode = Mode::Plain;
        self.join = Join::Start;
        self.piped = false;
        self.frames.push(Frame { kind, place });
    }

    fn close(&mut self, kind: Kind) -> Result<(), Unread> {
        match self.frames.pop() {
            Some(frame) if frame.kind == kind => {
                self.closed = Some(kind);
                Ok(())
            }
            _ => Err(Unread),
        }
    }

    fn operator(&mut self, operator: &str, start: usize) -> Result<(), Unread> {
        match self.mode {
            Mode::Test => return Ok(()),
            Mode::Array if operator == ")" => self.mode = Mode::Plain,
            Mode::Array => return Err(Unread),
            Mode::Pattern(_) if operator == ")" => self.mode = Mode::Plain,
            Mode::Pattern(first) if matches!(operator, "(" | "|") => {
                self.mode = Mode::Pattern(first && operator == "(")
            }
            Mode::LoopHead(_) if operator == ";" => self.mode = Mode::LoopHead(true),
            Mode::FunctionBracket if operator == ")" => self.mode = Mode::FunctionBlock,
            Mode::FunctionBlock if operator == "(" && self.words.is_empty() => self.open(Kind::Subshell),
            Mode::Plain => return self.plain_operator(operator, start),
            _ => return Err(Unread),
        }
        Ok(())
    }

    fn plain_operator(&mut self, operator: &str, start: usize) -> Result<(), Unread> {
        if self.redirects {
            return Err(Unread);
        }
        match operator {
            ";" | "&" | "&&" | "||" | "|" | "|&" => self.separate(operator),
            ";;" | ";&" | ";;&" => {
                self.separate(";")?;
                match self.frames.last() {
                    Some(frame) if frame.kind == Kind::Case => {
                        self.mode = Mode::Pattern(true);
                        Ok(())
                    }
                    _ => Err(Unread),
                }
            }
            "(" => match self.words.as_slice() {
                [] if self.closed.is_none() => {
                    // `((` is arithmetic to bash.
                    let adjacent = self.frames.last().is_some_and(|frame| frame.kind == Kind::Subshell)
                        && self.end == start;
                    self.open(Kind::Subshell);
                    self.end = start + 1;
                    if adjacent { Err(Unread) } else { Ok(()) }
                }
                [.., last] if last.range.end == start && is_assigned(last) => {
                    if let Some(last) = self.words.last_mut() {
                        last.pieces.push(Piece::Odd(true));
                    }
                    self.mode = Mode::Array;
                    Ok(())
                }
                [name] if name.literal().is_some() => {
                    self.define()?;
                    self.mode = Mode::FunctionBracket;
                    Ok(())
                }
                _ => Err(Unread),
            },
            ")" => {
                self.separate(";")?;
                self.close(Kind::Subshell)
            }
            // What is left are redirections.
            _ => {
                let number = self.words.last().filter(|last| last.range.end == start);
                match number.map(Word::literal) {
                    Some(Some(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                        self.words.pop();
                    }
                    Some(Some(text)) if text.starts_with('{') && text.ends_with('}') => return Err(Unread),
                    _ => {}
                }
                self.start.get_or_insert(start);
                self.bash_only |= operator.starts_with('&');
                (self.redirects, self.redirected) = (true, true);
                Ok(())
            }
        }
    }

    /// The word so far names a function.
    fn define(&mut self) -> Result<(), Unread> {
        let (words, place) = (std::mem::take(&mut self.words), self.place());
        let range = self.start.take().unwrap_or(self.end)..self.end;
        if self.join != Join::Start || self.piped {
            return Err(Unread);
        }
        self.push(words, range, place, Way::Definition);
        Ok(())
    }

    /// The command so far is complete.
    fn separate(&mut self, operator: &str) -> Result<(), Unread> {
        match self.mode {
            Mode::Test | Mode::Array if operator == "\n" => return Ok(()),
            Mode::Pattern(_) | Mode::CaseHead | Mode::FunctionBlock if operator == "\n" => return Ok(()),
            Mode::LoopHead(_) => {
                self.mode = Mode::LoopHead(true);
                return Ok(());
            }
            Mode::Plain => {}
            _ => return Err(Unread),
        }
        if self.redirects {
            return Err(Unread);
        }
        let piping = matches!(operator, "|" | "|&");
        self.bash_only |= operator == "|&";
        if let Some(start) = self.start.take() {
            let way = match operator {
                _ if piping || self.piped => Way::Piped,
                "&" => Way::Background,
                _ => Way::Plain,
            };
            let words = std::mem::take(&mut self.words);
            if self.closed.is_none() {
                let place = self.place();
                self.push(words, start..self.end, place, way);
            } else if !words.is_empty() {
                return Err(Unread);
            }
        } else if self.closed.is_none() {
            // An empty line, which behind `&&`, `||` or `|` leaves the list open; or the end of a block.
            return if matches!(operator, "\n" | ";") { Ok(()) } else { Err(Unread) };
        }
        // What a group does that is piped or sent to the background is done in another process.
        if self.closed.take() == Some(Kind::Group) && (piping || self.piped || operator == "&") {
            return Err(Unread);
        }
        match operator {
            "&&" => (self.join, self.piped) = (Join::And, false),
            "||" => (self.join, self.piped) = (Join::Or, false),
            "|" | "|&" => self.piped = true,
            _ => (self.join, self.piped) = (Join::Start, false),
        }
        Ok(())
    }

    fn word(&mut self, word: Word) -> Result<(), Unread> {
        let text = word.literal().map(str::to_owned);
        let text = text.as_deref();
        if std::mem::take(&mut self.redirects) {
            self.end = word.range.end;
            return Ok(());
        }
        match self.mode {
            Mode::Test if text == Some("]]") => self.mode = Mode::Plain,
            Mode::Test | Mode::Array => {}
            Mode::LoopName => {
                let (range, place) = (word.range.clone(), self.place());
                self.push(vec![word], range, place, Way::Loop);
                self.mode = Mode::LoopHead(false);
            }
            Mode::LoopHead(true) if text == Some("do") => self.mode = Mode::Plain,
            Mode::LoopHead(_) => {}
            Mode::CaseHead if text == Some("in") => self.mode = Mode::Pattern(true),
            Mode::CaseHead => {}
            Mode::Pattern(true) if text == Some("esac") => {
                self.mode = Mode::Plain;
                return self.close(Kind::Case);
            }
            Mode::Pattern(_) => self.mode = Mode::Pattern(false),
            Mode::FunctionName => {
                (self.start, self.end) = (Some(word.range.start), word.range.end);
                self.words.push(word);
                self.define()?;
                self.mode = Mode::FunctionBlock;
            }
            Mode::FunctionBlock if text == Some("{") => self.open(Kind::Group),
            Mode::FunctionBlock | Mode::FunctionBracket => return Err(Unread),
            Mode::Plain if self.start.is_none() && self.closed.is_none() => return self.first_word(word),
            Mode::Plain => self.take(word),
        }
        Ok(())
    }

    fn take(&mut self, word: Word) {
        self.start.get_or_insert(word.range.start);
        self.end = word.range.end;
        self.words.push(word);
    }

    /// A word where a command begins: a reserved one, or its first.
    fn first_word(&mut self, word: Word) -> Result<(), Unread> {
        let top = self.frames.last().map(|frame| frame.kind);
        match word.literal() {
            Some("if") => self.open(Kind::If),
            Some("while" | "until") => self.open(Kind::Loop),
            Some("for") => {
                self.open(Kind::Loop);
                self.mode = Mode::LoopName;
            }
            Some("case") => {
                self.open(Kind::Case);
                self.mode = Mode::CaseHead;
            }
            Some("{") => self.open(Kind::Group),
            Some("function") => self.mode = Mode::FunctionName,
            Some("then" | "else" | "elif") if top == Some(Kind::If) => {}
            Some("do") if top == Some(Kind::Loop) => {}
            Some("fi") => return self.close(Kind::If),
            Some("done") => return self.close(Kind::Loop),
            Some("esac") => return self.close(Kind::Case),
            Some("}") => return self.close(Kind::Group),
            Some("!") => {}
            Some("time") => self.timed = true,
            Some("then" | "else" | "elif" | "do" | "select" | "coproc" | "in") => return Err(Unread),
            Some("[[") => {
                self.take(word);
                self.mode = Mode::Test;
            }
            _ => self.take(word),
        }
        Ok(())
    }
}

/// Whether a word is the beginning of an assignment: `name=`.
fn is_assigned(word: &Word) -> bool {
    word.literal().is_some_and(|text| text.ends_with('='))
}
