//! Blocks of a Markdown file that a command generates.
//!
//! ```text
//! <!-- begin: cargo run --release --example coverage -- --markdown -->
//! …the command's standard output…
//! <!-- end -->
//! ```

/// Begins a block; the command follows.
const BEGIN: &str = "<!-- begin: ";
/// Ends it.
const END: &str = "<!-- end -->";

/// A generated part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The command.
    pub(crate) command: String,
    /// What stands there now, as [`Block::body`] would write it.
    pub(crate) body: String,
}

impl Block {
    /// The output of a command as it stands in the file: Markdown as it is, any other text fenced.
    pub(crate) fn body(command: &str, output: &str) -> String {
        let output = output.trim_end();
        if command.split_whitespace().any(|word| word == "--markdown") {
            format!("\n{output}\n\n")
        } else {
            format!("\n```text\n{output}\n```\n\n")
        }
    }
}

/// All blocks in order.
///
/// # Errors
/// A block that is not ended, with its command.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let (mut all, mut rest) = (Vec::new(), text);
    while let Some((_, begun)) = rest.split_once(BEGIN) {
        let (command, after) = begun.split_once(" -->\n").ok_or("a block without ` -->`")?;
        let (body, next) =
            after.split_once(END).ok_or_else(|| format!("`{command}` has no `{END}`"))?;
        all.push(Block { command: command.to_owned(), body: body.to_owned() });
        rest = next;
    }
    Ok(all)
}

/// The text with the body of each block replaced, in order.
pub(crate) fn replaced(text: &str, bodies: &[String]) -> String {
    let (mut out, mut rest) = (String::new(), text);
    for body in bodies {
        let Some((before, begun)) = rest.split_once(BEGIN) else { break };
        let Some((command, after)) = begun.split_once(" -->\n") else { break };
        let Some((_, next)) = after.split_once(END) else { break };
        out.extend([before, BEGIN, command, " -->\n", body.as_str(), END]);
        rest = next;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# A\n<!-- begin: one --markdown -->\nold\n<!-- end -->\nb\n\
                        <!-- begin: two -->\nolder\n<!-- end -->\nc\n";

    #[test]
    fn blocks_are_found_and_replaced_in_order() {
        let found = blocks(TEXT).expect("ended");
        let commands: Vec<&str> = found.iter().map(|block| block.command.as_str()).collect();
        assert_eq!(commands, ["one --markdown", "two"]);
        let bodies: Vec<String> =
            commands.iter().map(|command| Block::body(command, "new\n")).collect();
        let text = replaced(TEXT, &bodies);
        let again = blocks(&text).expect("ended");
        assert_eq!(again[0].body, "\nnew\n\n");
        assert_eq!(again[1].body, "\n```text\nnew\n```\n\n");
        assert!(text.starts_with("# A\n") && text.ends_with("<!-- end -->\nc\n"));
    }

    #[test]
    fn a_block_without_end_is_an_error() {
        assert!(blocks("<!-- begin: one -->\nold\n").is_err());
    }
}
