//! A token and its tag a line, and blank lines between texts.

use super::{Found, Numbered, TaggedConfig};

/// What stands before the intent in a comment.
const INTENT: &str = "intent";

/// A text's lines.
#[derive(Default)]
struct Block {
    /// The number of the first.
    line: u64,
    tokens: Vec<(String, String)>,
    intent: Option<String>,
    fault: Option<String>,
}

pub(super) fn read(
    lines: Numbered,
    intents: Option<Numbered>,
    config: &TaggedConfig,
) -> Vec<(u64, Result<Found, String>)> {
    let mut intents = intents.map(|lines| lines.into_iter().filter(|(_, line)| !is_blank(line)));
    let mut found = Vec::new();
    let mut block = Block::default();
    let mut finish = |block: Block| {
        // Texts that cannot be read have an intent, too.
        let intent = intents.as_mut().map(|intents| match intents.next() {
            Some((_, Ok(intent))) => Ok(intent),
            Some((_, Err(reason))) => Err(format!("its intent {reason}")),
            None => Err("has no line among the intents".to_owned()),
        });
        let line = block.line;
        found.push((line, block.finish(intent, config)));
    };
    for (number, line) in lines {
        if !is_blank(&line) {
            block.add(number, line);
        } else if block.line > 0 {
            finish(std::mem::take(&mut block));
        }
    }
    if block.line > 0 {
        finish(block);
    }
    found
}

fn is_blank(line: &Result<String, String>) -> bool {
    line.as_ref().is_ok_and(|line| line.trim().is_empty())
}

impl Block {
    fn add(&mut self, number: u64, line: Result<String, String>) {
        if self.line == 0 {
            self.line = number;
        }
        let line = match line {
            Ok(line) => line,
            Err(reason) => {
                self.fault.get_or_insert(reason);
                return;
            }
        };
        let last = line.trim_end();
        let fields = if last.contains('\t') { last.rsplit_once('\t') } else { last.rsplit_once(' ') };
        if let Some(comment) = last.strip_prefix("# ") {
            let said = comment.split_once([':', '=']).filter(|(name, _)| name.trim() == INTENT);
            if let Some((_, intent)) = said {
                self.intent = Some(intent.to_owned());
                return;
            }
        }
        match fields {
            Some((before, tag)) => {
                let token = before.split(['\t', ' ']).find(|field| !field.is_empty());
                self.tokens.push((token.unwrap_or(" ").to_owned(), tag.to_owned()));
            }
            None if !self.tokens.is_empty() && self.intent.is_none() => self.intent = Some(last.to_owned()),
            None => {
                self.fault.get_or_insert(format!("has no tag in {last:?}"));
            }
        }
    }

    fn finish(self, intent: Option<Result<String, String>>, config: &TaggedConfig) -> Result<Found, String> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let intent = intent.transpose()?.or(self.intent);
        let (tokens, tags): (Vec<&str>, Vec<&str>) =
            self.tokens.iter().map(|(token, tag)| (token.as_str(), tag.as_str())).unzip();
        Found::of_tokens(&tokens, &tags, intent, &config.between)
    }
}
