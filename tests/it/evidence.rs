//! Evidence: complete, readable without the program, and harmless whatever it quotes.

use std::{fs, path::Path};

use tempfile::TempDir;
use testcard::{
    domain::{
        call::api::{Target, TransportError},
        evidence::EvidenceSubject,
        history::{edit::EntryEdit, entry::EntryId},
        rules::expectation::Expectation,
        settings::file_format::EvidenceFormat,
    },
    files::OwnFolders,
    jobs::{
        evidence::save_evidence,
        export::{ExportError, ExportFile},
    },
    store::{NewCall, Store, StoreLocation},
};
use tokio_util::sync::CancellationToken;

use crate::support::histories::{
    TOOK, check_holds_no_secret, creation, details, moment, plant_secrets, response, retrieval, say, token,
};

fn memory() -> Store {
    Store::open(&StoreLocation::Memory, moment(0)).unwrap()
}

fn save(store: &Store, ids: &[EntryId], path: &Path) -> Result<u64, ExportError> {
    let own = OwnFolders::default();
    let file = ExportFile { path, overwrite: false, own: &own };
    let format = EvidenceFormat::of_path(path).unwrap();
    let subject = EvidenceSubject::Entries(ids.to_vec());
    let cancelled = CancellationToken::new();
    save_evidence(&store.reader().unwrap(), &subject, format, moment(9), file, &mut |_| (), &cancelled)
}

fn written(store: &Store, ids: &[EntryId], name: &str) -> String {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    assert_eq!(save(store, ids, &path), Ok(ids.len() as u64));
    fs::read_to_string(path).unwrap()
}

/// A call to Stripe that was not as expected, with what followed it.
fn case(store: &Store) -> EntryId {
    let call = creation(Target::Stripe, &[("card[number]", "4539578763621486"), ("card[cvc]", "987"), ("x", "a\nb")]);
    let call = NewCall { expects: Some(Expectation::refused("invalid_cvc")), ..call };
    let journaled = store.journal(call).wait().unwrap();
    let id = journaled.entry.unwrap().id;
    store.finish(journaled.exchange, TOOK, Ok(token("tok_1", "Visa", "1486", false))).wait().unwrap();
    let later = store.journal(retrieval(Target::Stripe, "tok_1")).wait().unwrap();
    let not_json = TransportError::NotJson { host: "h".to_owned(), http_status: 502, text: "<p>`".to_owned() };
    store.finish(later.exchange, TOOK, Err(not_json)).wait().unwrap();
    let note = "<b>bold</b> [x](y) `code`\nnext".to_owned();
    store.edit(EntryEdit::Note { id, note }, moment(1)).wait().unwrap();
    id
}

#[test]
fn markdown_says_what_was_sent_answered_expected_and_what_followed() {
    let store = memory();
    let id = case(&store);
    let text = written(&store, &[id], "case.md");
    for part in [
        "# Evidence of test-card tokens\n",
        "1 entry of the history of Testcard",
        "written on 2001-09-09T01:46:49Z",
        "## Entry 1 · tok\\_1 · Unused\n",
        "- **Expected** token fails with invalid\\_cvc\n",
        "- **Verdict** Differs at token: expected invalid\\_cvc, got ok\n",
        "- **Answered by** Stripe, test mode\n",
        "- **Card** Visa 1486\n",
        "- **Sent** 2001-09-09T01:46:40.000Z\n",
        "- **Took** 1.5 ms\n",
        "- **Request id** [req\\_1](https://dashboard.stripe.com/test/logs/req_1)\n",
        "- **Idempotency key** key\n",
        "- **Note** &lt;b\\>bold&lt;/b\\> \\[x\\](y) \\`code\\`",
        "```http\nPOST /v1/tokens\nIdempotency-Key: key\n\ncard[number] = 453957******1486   (masked)\ncard[cvc] = •••   (hidden)\nx = a\\nb\n```\n",
        "```http\nHTTP 200\nRequest-Id: req_1\n```\n",
        "```json\n{\n  \"id\": \"tok_1\",\n",
        "### What followed\n\n#### GET /v1/tokens/tok\\_1\n",
        "No answer that could be used: h answered HTTP 502 with something that is not JSON",
        "```text\n<p>`\n```\n",
        "### The call as code\n\n```sh\n",
        "curl https://api.stripe.com/v1/tokens",
    ] {
        assert!(text.contains(part), "{part}\n\n{text}");
    }
}

#[test]
fn html_is_one_page_that_loads_and_runs_nothing() {
    let store = memory();
    let id = case(&store);
    let text = written(&store, &[id, id], "case.html");
    assert!(text.starts_with("<!DOCTYPE html>\n") && text.ends_with("</body>\n</html>\n"));
    assert!(text.contains("default-src 'none'") && !text.contains("<script") && !text.contains("src="));
    assert!(text.contains("<dt>Note</dt><dd>&lt;b&gt;bold&lt;/b&gt; [x](y) `code`"), "{text}");
    assert!(text.contains("<a href=\"https://dashboard.stripe.com/test/logs/req_1\">req_1</a>"));
    assert!(text.contains("card[number] = 453957******1486   (masked)"));
    assert_eq!(text.matches("<h2>").count(), 2, "an entry for each that was named, in their order");
}

#[test]
fn what_a_server_answered_cannot_become_part_of_the_page() {
    let store = memory();
    let body = serde_json::json!({"id": "</pre><script>x</script>", "object": "token", "x": "```\n# y\u{202e}"});
    let mut answer = response(200, &body);
    answer.headers.push(("Request-Id2".to_owned(), "\"><img>\n\u{1b}[31m".to_owned()));
    answer.headers[0].1 = "req_1\"onclick=".to_owned();
    let made = store.answer(creation(Target::Local, &[]), say(answer)).wait().unwrap();
    let ids = [made.entry.unwrap().id];
    let html = written(&store, &ids, "x.html");
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("\u{202e}"), "{html}");
    assert!(!html.contains("href") && !html.contains('\u{1b}'), "{html}");
    let markdown = written(&store, &ids, "x.md");
    assert!(
        !markdown.contains("\n# y") && !markdown.contains("\u{202e}") && !markdown.contains("\n```\n#"),
        "{markdown}"
    );
}

#[test]
fn evidence_holds_no_number_no_code_and_no_key() {
    let store = memory();
    plant_secrets(&store);
    let ids: Vec<EntryId> = details(&store.reader().unwrap()).into_iter().map(|detail| detail.entry.id).collect();
    for name in ["a.md", "a.html"] {
        check_holds_no_secret(name, written(&store, &ids, name).as_bytes());
    }
    let folder = TempDir::new().unwrap();
    save(&store, &ids, &folder.path().join("a.zip")).unwrap();
    let mut archive = zip::ZipArchive::new(fs::File::open(folder.path().join("a.zip")).unwrap()).unwrap();
    assert!(archive.len() > 2);
    for place in 0..archive.len() {
        let file = archive.by_index(place).unwrap();
        let name = file.name().unwrap().into_owned();
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.-".contains(&byte)), "{name}");
        check_holds_no_secret(&name, std::io::read_to_string(file).unwrap().as_bytes());
    }
}

#[test]
fn a_file_that_is_there_stays() {
    let store = memory();
    let id = case(&store);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.md");
    fs::write(&path, "mine").unwrap();
    assert!(matches!(save(&store, &[id], &path), Err(ExportError::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
