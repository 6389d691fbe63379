//! The commands that write and read files for others: exports in every format, imports, evidence, completions, man pages.

use std::{fs, path::Path};

use testcard::domain::settings::file_format::FileFormat;

use crate::support::program::Home;

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_ending_or_the_option_tells_the_format() {
    let home = Home::new();
    home.run(["mint", "insufficient_funds"]);
    for (name, format, begins) in [
        ("a.json", None, "{\n  \"format\": \"testcard\""),
        ("a.jsonl", None, "{\"id\":1,\"uid\":\""),
        ("a.csv", None, "id,created,status,target,token,"),
        ("a.har", None, "{\"log\":{\"version\":\"1.2\""),
        ("a.env", None, "# Test-card tokens, exported by Testcard."),
        ("a.py", None, "# Test-card tokens, exported by Testcard."),
        ("a.ts", None, "// Test-card tokens, exported by Testcard."),
        ("a.java", None, "// Test-card tokens, exported by Testcard."),
        ("a.go", None, "// Test-card tokens, exported by Testcard."),
        ("b.json", Some("stripe-cli"), "{\n  \"_meta\": {"),
        ("b.txt", None, "{\n  \"format\": \"testcard\""),
        ("b", Some("csv"), "id,created,"),
    ] {
        let options = format.map(|format| ["--format", format]);
        let run = home.run(["export", name].into_iter().chain(options.into_iter().flatten()));
        assert_eq!((run.exit, run.stdout.as_str()), (0, ""), "{run:?}");
        assert!(run.stderr.contains(&format!("1 entry exported to {name}")), "{run:?}");
        let text = read(&home.beside(name));
        assert!(text.starts_with(begins), "{name}: {text}");
    }
    assert!(read(&home.beside("a.ts")).contains("export const VISA_INSUFFICIENT_FUNDS = \"tok_"));
    assert_eq!(home.run(["export", "c.csv", "--columns", "note,token"]).exit, 0);
    assert!(read(&home.beside("c.csv")).starts_with("note,token\r\n,tok_"));
    for (args, says) in [
        (&["export", "d.csv", "--columns", "cvc"][..], "invalid value 'cvc'"),
        (&["export", "d.json", "--columns", "note"], "--columns is for CSV, and this is JSON"),
        (&["export", "d.json", "--format", "xml"], "invalid value 'xml'"),
    ] {
        let run = home.run(args.iter().copied());
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stderr.contains(says), "{run:?}");
    }
    assert!(!home.beside("d.csv").exists() && !home.beside("d.json").exists());
    assert_eq!(FileFormat::ALL.len(), 10, "a new format has a row above");
}

#[test]
fn an_export_is_imported_into_another_history_once() {
    let (home, other) = (Home::new(), Home::new());
    home.run(["mint"]);
    home.run(["mint", "4242424242424241"]);
    let (first, second) = (home.beside("a.json"), home.beside("b.json"));
    let (first_path, second_path) = (first.to_str().unwrap(), second.to_str().unwrap());
    home.run(["export", first_path]);
    let run = other.run(["import", first_path]);
    assert_eq!((run.exit, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("2 entries imported from"), "{run:?}");
    let run = other.run(["import", first_path]);
    assert!(
        run.stderr.contains("0 entries imported from") && run.stderr.contains("; 2 entries known already"),
        "{run:?}"
    );
    other.run(["export", second_path]);
    assert_eq!(read(&first), read(&second));

    let token = home.history()[1]["token"].as_str().unwrap().to_owned();
    let charge = other.run(["charge", &token]);
    assert_eq!(charge.exit, 1, "the minter of another history does not know the token: {charge:?}");

    fs::write(&first, read(&first).replacen("unused", "lost", 1)).unwrap();
    let run = other.run(["import", first_path]);
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr.contains("nothing of it was kept: line ") && run.stderr.contains("status is no word"),
        "{run:?}"
    );
    for (args, says) in [
        (&["import", "none.json"][..], "Could not import none.json"),
        (&["import", "x.png"], "Name it .json or .jsonl, or add --format"),
        (&["import"], "<FILE>"),
    ] {
        let run = other.run(args.iter().copied());
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stderr.contains(says), "{run:?}");
    }
}

#[test]
fn evidence_is_written_for_what_is_named() {
    let home = Home::new();
    home.run(["mint"]);
    home.run(["mint", "4242424242424241"]);
    let token = home.history()[1]["token"].as_str().unwrap().to_owned();
    let run = home.run(["evidence", &token, "2", "--to", "case.md"]);
    assert_eq!((run.exit, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("Evidence of 2 entries written to case.md"), "{run:?}");
    let text = read(&home.beside("case.md"));
    assert!(text.contains("## Entry 1 ·") && text.contains("## Entry 2 · incorrect\\_number · Failed"), "{text}");
    assert_eq!(home.run(["evidence", "1", "--to", "case.html"]).exit, 0);
    for (args, says) in [
        (&["evidence", "1", "--to", "case.md"][..], "replace it with --force"),
        (&["evidence", "1", "--to", "case.pdf"], "Let it end with .md, .html or .zip"),
        (&["evidence", "7", "--to", "x.md"], "The history has no entry 7"),
        (&["evidence", "--to", "x.md"], "<ENTRY>"),
    ] {
        let run = home.run(args.iter().copied());
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stderr.contains(says), "{run:?}");
    }
}

#[test]
fn evidence_of_a_run_has_every_row_and_an_archive_the_raw_bodies() {
    let home = Home::new();
    let run =
        home.run(["run", "--matrix", "card=4242424242424242 cvc=good,bad", "--step", "charge", "--name", "../../up"]);
    assert_eq!(run.exit, 0, "{run:?}");
    let run = home.run(["evidence", "--run", "1", "--to", "run.md"]);
    assert!(run.exit == 0 && run.stderr.contains("Evidence of 2 rows written to run.md"), "{run:?}");
    let text = fs::read_to_string(home.beside("run.md")).unwrap();
    for part in [
        "# Evidence of run 1, ",
        "- **Result** 2 rows: 2 as expected\n",
        "- **Seed of its idempotency keys** ",
        "## Row 1 · 4242 4242 4242 4242 Visa · CVC good · As expected\n",
        "- **Expected** token, attach and charge work (predicted)\n",
        "- **Came** token ok, charge ok\n",
        "### Entry 1 · tok\\_",
        "#### What followed\n",
        "## Row 2 · 4242 4242 4242 4242 Visa · CVC bad · As expected\n",
        "- **Came** token invalid\\_cvc\n",
    ] {
        assert!(text.contains(part), "{part}\n\n{text}");
    }
    let run = home.run(["evidence", "--run", "1", "--to", "run", "--format", "zip"]);
    assert_eq!(run.exit, 0, "{run:?}");
    let mut archive = zip::ZipArchive::new(fs::File::open(home.beside("run")).unwrap()).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let expected = [
        "evidence.md",
        "evidence.html",
        "bodies/000001-row-1-1.json",
        "bodies/000001-row-1-2.json",
        "bodies/000002-row-2-1.json",
    ];
    assert_eq!(names, expected, "no name is made of what somebody typed");
    let mut read = |name: &str| std::io::read_to_string(archive.by_name(name).unwrap()).unwrap();
    assert!(read("bodies/000001-row-1-1.json").contains("\"object\": \"token\""));
    assert!(read("bodies/000002-row-2-1.json").contains("invalid_cvc"));
    assert!(read("evidence.html").contains("<h2>Row 1 · 4242"));
    // The documents say when they were written.
    let without_time =
        |text: String| text.lines().filter(|line| !line.contains("written on")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_time(read("evidence.md")), without_time(text));
    let run = home.run(["evidence", "--run", "7", "--to", "x.md"]);
    assert!(run.exit == 2 && run.stderr.contains("There is no run '7'"), "{run:?}");
}

#[test]
fn every_command_has_completions_and_a_man_page() {
    let home = Home::new();
    let commands: Vec<String> = home
        .run(["help"])
        .stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect();
    assert!(commands.len() > 20 && commands.contains(&"import".to_owned()), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(["completions", shell]);
        assert_eq!((script.exit, script.stderr.as_str()), (0, ""));
        for word in commands.iter().map(String::as_str).chain(["--isolate", "stripe-cli"]) {
            let is_named = script.stdout.contains(word);
            // These two complete no values.
            assert!(
                is_named || (word == "stripe-cli" && ["elvish", "powershell"].contains(&shell)),
                "{word} in {shell}"
            );
        }
    }
    let folder = home.beside("man");
    let path = folder.to_str().unwrap();
    assert!(home.run(["man", "--to", path]).stderr.contains("There is no folder"));
    fs::create_dir(&folder).unwrap();
    let run = home.run(["man", "--to", path]);
    assert_eq!((run.exit, run.stdout.as_str()), (0, ""), "{run:?}");
    let mut pages: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    pages.sort();
    let mut expected: Vec<String> = commands.iter().map(|name| format!("testcard-{name}.1")).collect();
    // The command as a whole, and the commands within commands.
    let within = [
        "testcard-events-resend.1",
        "testcard-fixtures-play.1",
        "testcard-runs-delete.1",
        "testcard-runs-rename.1",
        "testcard-webhooks-list.1",
        "testcard-webhooks-secret.1",
    ];
    expected.extend(["testcard.1"].into_iter().chain(within).map(str::to_owned));
    expected.sort();
    assert_eq!(pages, expected);
    assert!(run.stderr.contains(&format!("{} man pages written", pages.len())), "{run:?}");
    assert!(read(&folder.join("testcard.1")).contains(".TH testcard 1"));
    assert!(read(&folder.join("testcard-export.1")).contains("columns"));
    assert!(!home.path().exists(), "neither makes a data folder");
    assert_eq!(home.run(["completions", "tcsh"]).exit, 2);
}
